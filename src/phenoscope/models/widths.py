"""How a network of one's own is made wider: by how much each parameter's start and learning rate change with width."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of

Ratios = tuple[float, float]
"""Of a parameter's fan-in and fan-out to those of the base."""


@dataclasses.dataclass(frozen=True)
class LayerScale:
    """What changes of one parameter against the base.

    Attributes:
        role: "input" (only its fan-out grows), "hidden" (both do), "output" (only its fan-in), "fixed" (neither); a
            bias or a gain counts as "input", or as "fixed".
        start: multiplies the weights as a standard initialisation has drawn them, with a variance of 1/fan-in.
        rate: multiplies the learning rate.
    """

    role: str
    start: float
    rate: float


def width_scaling(
    model: nn.Module, base: nn.Module, *, parametrisation: str = "maximal update", rule: str = "sgd"
) -> dict[str, LayerScale]:
    """By how much each parameter's start and rate change from a base network to the same one with other widths.

    With these no multiplier is needed in the forward pass. In the maximal update parametrisation the features of every
    layer move as much at any width, and the best learning rate of the base is that of the wide network, too (Yang and
    Hu 2020, arXiv:2011.14522; Yang et al. 2022, arXiv:2203.03466; Adam: Yang and Littwin 2023, arXiv:2308.01814).
    In "ntk" the wide network's kernel comes to a limit and its features stand still; it is of gradient descent alone.
    "mean field" is the maximal update of a network with one hidden layer, and refused for others. Weight decay is not
    scaled, nor are the 1/√d of attention heads that grow (1/d under maximal update).

    Args:
        model: whose parameters have as many axes as the base's; weights have the fan-out on their first axis and the
            fan-in on the second, as linear layers and convolutions have, or the reverse in `nn.Embedding`.
        base: the network whose learning rate is known.
        parametrisation: "standard", "ntk", "mean field" or "maximal update".
        rule: "sgd", with or without momentum, or "adam", with or without decoupled decay.

    Returns:
        The scales by name of parameter.

    Raises:
        BadInput: networks of other parameters, a parametrisation that is not defined there, or an embedding that also
            reads the outputs.

    Example:
        >>> wide, base = (nn.Sequential(nn.Linear(3, n), nn.ReLU(), nn.Linear(n, 2)) for n in (64, 16))
        >>> width_scaling(wide, base)["2.weight"]
        LayerScale(role='output', start=0.5, rate=0.25)
    """
    one_of("parametrisation", parametrisation, ("standard", "ntk", "mean field", "maximal update"))
    one_of("rule", rule, ("sgd", "adam"))
    if parametrisation == "ntk" and rule == "adam":
        raise BadInput(
            'the "ntk" parametrisation is of gradient descent. Use rule="sgd", or "maximal update" for Adam.'
        )
    ratios = _ratios(model, base)
    scales = {name: _scale(parametrisation, rule, *each) for name, each in ratios.items()}
    hidden = [name for name, scale in scales.items() if scale.role == "hidden"]
    if parametrisation == "mean field" and hidden:
        raise BadInput(
            f"the mean-field scaling is of one hidden layer, and {hidden[0]!r} lies between two. "
            'Use "maximal update", which is the same for one.'
        )
    return scales


def scale_start(model: nn.Module, scales: Mapping[str, LayerScale]) -> None:
    """Multiply the parameters of a freshly drawn model, in place, by the `start` of their scales.

    Args:
        model: as its standard initialisation has left it; called twice it is scaled twice.
        scales: made by `width_scaling`.
    """
    with torch.no_grad():
        for name, parameter in _named(model, scales):
            parameter.mul_(scales[name].start)


def rate_groups(model: nn.Module, scales: Mapping[str, LayerScale], lr: float) -> list[dict[str, Any]]:
    """Parameter groups for a PyTorch optimizer, one for each different rate.

    Args:
        model: the network.
        scales: made by `width_scaling`.
        lr: the rate of the base.

    Example:
        >>> wide, base = (nn.Sequential(nn.Linear(3, n), nn.ReLU(), nn.Linear(n, 2)) for n in (64, 16))
        >>> [group["lr"] for group in rate_groups(wide, width_scaling(wide, base, rule="adam"), 0.1)]
        [0.1, 0.025]
    """
    groups: dict[float, list[nn.Parameter]] = {}
    for name, parameter in _named(model, scales):
        groups.setdefault(lr * scales[name].rate, []).append(parameter)
    return [{"params": parameters, "lr": rate} for rate, parameters in groups.items()]


def _named(model: nn.Module, scales: Mapping[str, LayerScale]) -> list[tuple[str, nn.Parameter]]:
    named = list(model.named_parameters())
    if {name for name, _ in named} != set(scales):
        raise BadInput("the scales are of another model: make them with `width_scaling` from this one and its base.")
    return named


def _ratios(model: nn.Module, base: nn.Module) -> dict[str, Ratios]:
    shapes = {name: value.shape for name, value in base.named_parameters()}
    own = {name: value.shape for name, value in model.named_parameters()}
    if own.keys() != shapes.keys() or any(len(own[name]) != len(shapes[name]) for name in own):
        odd = sorted(own.keys() ^ shapes.keys()) or [name for name in own if len(own[name]) != len(shapes[name])]
        raise BadInput(
            f"model and base must differ in their widths alone, but they differ in the parameter {odd[0]!r}."
        )
    embeddings = _embeddings(model)
    found: dict[str, Ratios] = {}
    for name, shape in own.items():
        grown = [now / before for now, before in zip(shape, shapes[name], strict=True)]
        if len(grown) < 2:  # a bias adds to each unit one number of its own
            found[name] = (1.0, grown[0] if grown else 1.0)
        else:
            found[name] = (grown[0], grown[1]) if name in embeddings else (grown[1], grown[0])
    return found


def _embeddings(model: nn.Module) -> set[str]:
    """The names of embedding tables, none of which may also be the weights of another layer."""
    names = {id(value): name for name, value in model.named_parameters()}
    tables: set[str] = set()
    others: set[str] = set()
    for module in model.modules():
        group = tables if isinstance(module, nn.Embedding) else others
        group |= {names[id(value)] for value in module.parameters(recurse=False) if id(value) in names}
    if tables & others:
        tied = sorted(tables & others)[0]
        raise BadInput(
            f"{tied!r} embeds and reads out, and would need two starts and two rates at once. "
            "Untie it, here and in the base."
        )
    return tables


def _scale(parametrisation: str, rule: str, fan_in: float, fan_out: float) -> LayerScale:
    role = {(False, True): "input", (True, True): "hidden", (True, False): "output"}.get((fan_in != 1, fan_out != 1))
    if parametrisation == "standard" or role is None:
        return LayerScale(role or "fixed", 1.0, 1.0)
    if parametrisation == "ntk":
        return LayerScale(role, 1.0, 1 / fan_in)
    rate = fan_out / fan_in if rule == "sgd" else 1 / fan_in
    return LayerScale(role, math.sqrt(fan_out / fan_in) if role == "output" else 1.0, rate)
