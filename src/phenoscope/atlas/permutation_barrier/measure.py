"""Barriers between two networks that were trained from different starts, with one's units in several orders."""

import copy
from collections.abc import Mapping

import torch
from torch import Generator, Tensor, nn

from phenoscope.comparisons import Kept
from phenoscope.core.points import point, write
from phenoscope.core.seeds import stream
from phenoscope.instruments import PermutationStructure, barrier
from phenoscope.methods import align

ORDERS = ("naive", "weights", "activations", "random", "at the start")
SERIES = (
    *(f"{name} barrier" for name in ORDERS), *(f"{name} error barrier" for name in ORDERS),
    "copy barrier", "copy barrier before", "units found again",
)  # fmt: skip
NOISE = 0.1
"""Of the copy whose units must be found again, relative to the root mean square of each parameter."""


def between(first: Kept, second: Kept) -> dict[str, float]:
    """Barriers of the training loss to the second network in several orders, and what became of copies of the first."""
    objective, recipe = first.objective(), first.recipe
    assert recipe is not None  # members are trained
    inputs = recipe.data.draw(recipe.stream("data")).train.inputs
    reference, model = (_at(objective.model, kept["final"]) for kept in (first, second))
    matched, drawing = align(model, reference, data=inputs), stream(recipe.seed, "orders")
    early = align(_at(objective.model, second["initial"]), _at(objective.model, first["initial"]), data=inputs)
    orders = {
        "naive": model,
        "weights": matched.model,
        "activations": align(model, reference, "activations", inputs).model,
        "random": _ordered(matched.structure, model, matched.structure.random(drawing)),
        "at the start": _ordered(matched.structure, model, early.permutations),
    }
    ends = {name: barrier(objective, first["final"], point(each), errors=True) for name, each in orders.items()}
    found = {f"{name} barrier": each.value for name, each in ends.items()}
    found |= {f"{name} error barrier": each.error_value for name, each in ends.items()}
    order = matched.structure.random(drawing)
    twin = _ordered(matched.structure, reference, order)
    back = align(twin, reference, data=inputs).model
    found["copy barrier"], found["copy barrier before"] = (
        barrier(objective, first["final"], point(each)).value for each in (back, twin)
    )
    again = align(_disturbed(twin, drawing), reference, data=inputs).permutations
    right = [each[again[name]] == torch.arange(len(each)) for name, each in order.items()]
    return found | {"units found again": torch.cat(right).double().mean().item()}


def _at(model: nn.Module, place: Tensor) -> nn.Module:
    twin = copy.deepcopy(model)
    write(place, twin)
    return twin


def _ordered(structure: PermutationStructure, model: nn.Module, orders: Mapping[str, Tensor]) -> nn.Module:
    """A copy with its units in another order."""
    twin = copy.deepcopy(model)
    twin.load_state_dict(structure.permuted(twin.state_dict(), orders))
    return twin


def _disturbed(model: nn.Module, generator: Generator) -> nn.Module:
    """A copy with noise on its parameters."""
    twin = copy.deepcopy(model)
    with torch.no_grad():
        for value in twin.parameters():
            value.add_(NOISE * value.square().mean().sqrt() * torch.randn(value.shape, generator=generator))
    return twin
