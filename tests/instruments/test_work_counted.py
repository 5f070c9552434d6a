"""The work that readings say they took, against calls that are counted while they take it; and the memory of it."""

import collections
import dataclasses
import sys

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from oracles import CE, CLASSES, POINTS, Twice, drawn, normal, seeded
from phenoscope.instruments import Outcome, diagonal
from phenoscope.instruments.traces.layerwise import ByLayers
from phenoscope.objective import Matrix, Objective
from phenoscope.objective.layers.displaced import Displaced
from phenoscope.objective.layers.space import LayerSpace, layer_space
from phenoscope.objective.operators import Curvature

PASSES = {"hessian": 1, "_curved": 1, "gauss_newton": 1, "gauss_newton_form": 0}
"""Derivatives through the network in each method of a piece, those of the methods that it calls left out."""


NETWORKS = {
    "few outputs": lambda: [nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 3)],
    "many outputs": lambda: [nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, 40)],
    "partly by rules": lambda: [Twice()],
}


def counting(monkeypatch) -> collections.Counter:
    """What is called from now on, in passes over the data."""
    counts = collections.Counter()

    def counted(owner, name, cost):
        plain = getattr(owner, name)

        def call(self, *args, **options):
            counts[name] += cost(*args)
            return plain(self, *args, **options)

        monkeypatch.setattr(owner, name, call)

    for name, passes in PASSES.items():
        counted(Displaced, name, lambda moved, passes=passes: passes)
    counted(Displaced, "columns", lambda self=None: 0)
    counted(Curvature, "_apply", lambda block: block.shape[1])
    return counts


def made(name: str, which: str) -> tuple[Objective, LayerSpace]:
    """With a space of layers in which nothing is summed unit by unit."""
    objective = Objective(drawn(nn.Sequential(*NETWORKS[name]())), CE, (POINTS, CLASSES))
    return objective, dataclasses.replace(layer_space(objective, which), units=0)


PROBED = [("few outputs", "hessian"), ("many outputs", "hessian"), ("many outputs", "gauss_newton")]


@pytest.mark.parametrize(("name", "which"), [*PROBED, ("partly by rules", "hessian")])
def test_a_diagonal_counts_every_pass(name, which, monkeypatch):
    objective, space = made(name, which)
    monkeypatch.setattr(
        sys.modules["phenoscope.instruments.traces.diagonal_routes"], "layer_space", lambda *_, **__: space
    )
    counts = counting(monkeypatch)
    reading = diagonal(objective, 1e-6, operator=which, max_products=33)
    assert reading.probes >= 2
    assert reading.outcome is Outcome.NOT_CONVERGED
    columns = space.entries if "columns" in counts else 0  # pulled back one by one
    assert reading.products == sum(counts.values()) + columns
    assert 33 - 4 < reading.products <= 33


@pytest.mark.parametrize(("name", "which"), PROBED)
def test_a_trace_by_rules_counts_every_pass(name, which, monkeypatch):
    objective, space = made(name, which)
    rules = ByLayers(space, which, 1e-4, seeded(0))
    counts = counting(monkeypatch)
    found = rules.trace(100, 10**9, objective.hessian)
    assert found is not None
    assert found.products == sum(counts.values()) + (space.entries if "columns" in counts else 0)
    assert 40 < found.products <= 100


class Largest(TorchDispatchMode):
    """The entries of the largest tensor that is made."""

    entries = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        found = func(*args, **(kwargs or {}))
        if isinstance(found, torch.Tensor):
            self.entries = max(self.entries, found.untyped_storage().nbytes() // found.element_size())
        return found


def test_an_exact_diagonal_takes_no_memory_of_the_size_of_the_matrix():
    factor = normal(1500, 2)
    low_rank = Matrix(torch.zeros(1, 1).double())
    low_rank.size, low_rank._apply = 1500, lambda block: (block @ factor) @ factor.T
    with Largest() as seen:
        found = diagonal(low_rank, method="exact")
    assert torch.allclose(found.values, factor.square().sum(1))
    assert found.products == 1500
    assert seen.entries <= 100 * 1500
