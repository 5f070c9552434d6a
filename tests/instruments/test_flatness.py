"""Relative flatness of a layer against the sum over its dense Hessian's blocks; invariance under layer rescaling."""

import pytest
import torch
from test_neighbourhood import relu, rescaled
from torch import nn
from torch.testing import assert_close

from oracles import CE, PROBLEMS, dense_hessian, drawn, labels, normal, seeded
from phenoscope.core.errors import BadInput
from phenoscope.core.points import layout
from phenoscope.instruments import Outcome, relative_flatness, trace
from phenoscope.objective import Objective, Restricted

WEIGHTED = [name for name in PROBLEMS if name not in ("batch normalisation, running",)]


def by_blocks(problem, name: str) -> float:
    """Σ ⟨w_s, w_s'⟩ tr H_{s,s'}, block after block."""
    places = layout(problem.model)
    index = places.names.index(name)
    first, size = sum(places.sizes[:index]), places.sizes[index]
    weights = dict(problem.model.named_parameters())[name].detach().flatten(start_dim=1)
    rows, columns = weights.shape
    own = dense_hessian(problem.total, problem.model)[first : first + size, first : first + size]
    blocks = own.reshape(rows, columns, rows, columns)
    return sum(
        float(weights[s] @ weights[t]) * float(torch.trace(blocks[s, :, t])) for s in range(rows) for t in range(rows)
    )


@pytest.mark.parametrize("name", PROBLEMS)
def test_it_is_the_sum_over_blocks(name):
    problem = PROBLEMS[name]()
    names = [n for n, shape in zip(*_places(problem.model), strict=True) if len(shape) > 1]
    objective = Objective(problem.model, problem.loss, problem.data, 4)
    hessian = objective.hessian()
    for layer in names[:2]:
        reading = relative_flatness(objective, layer, 1e-9, hessian=hessian)
        assert_close(reading.value, by_blocks(problem, layer), rtol=1e-9, atol=1e-12)
        assert (reading.layer, reading.probes, reading.converged) == (layer, 0, True)
    assert relative_flatness(objective, hessian=hessian).layer == names[-1]


def _places(model):
    return layout(model).names, layout(model).shapes


def wide():
    model = drawn(nn.Sequential(nn.Linear(20, 3), nn.ReLU(), nn.Linear(3, 10)))
    return Objective(model, CE, (normal(30, 20), labels(10, 30)))


def test_its_error_covers_and_a_layer_of_few_rows_costs_as_few_products():
    objective = wide()
    exact = relative_flatness(objective, "0.weight", 1e-9)
    assert exact.products <= 60 + 10
    found = [relative_flatness(objective, "0.weight", 0.15, generator=seeded(seed)) for seed in range(40)]
    assert all(each.probes for each in found)
    inside = sum(abs(each.value - exact.value) <= 1.96 * each.standard_error for each in found)
    assert inside >= 34  # of 40 at 95 %: fewer come about once in a thousand
    cut = relative_flatness(objective, "0.weight", 1e-9, max_products=20)
    assert cut.outcome is Outcome.NOT_CONVERGED
    assert abs(cut.value - exact.value) <= 4 * cut.standard_error


@pytest.mark.parametrize("c", [4.0, 1 / 16])
@pytest.mark.parametrize(("layer", "power"), [("0.weight", -2), ("2.weight", 2)])
def test_layer_rescaling_changes_the_trace_and_not_the_relative_flatness(layer, power, c):
    found = []
    for factor in (1.0, c):
        model, data = relu()
        objective = Objective(rescaled(model, factor), CE, data)
        own = Restricted(objective.hessian(), objective.chosen(layer))
        found.append((relative_flatness(objective, layer, 1e-9).value, trace(own, 1e-9).value))
    assert_close(found[1][0], found[0][0], rtol=1e-5, atol=0)
    assert_close(found[1][1] / found[0][1], c**power, rtol=1e-5, atol=0)


def test_a_layer_is_chosen_by_a_pattern_that_fits_one():
    model, data = relu()
    objective = Objective(model, CE, data)
    assert relative_flatness(objective, "0.w*").layer == "0.weight"
    for pattern in ("*", "3.weight", "0.bias"):
        with pytest.raises(BadInput, match="must fit the weights of one layer"):
            relative_flatness(objective, pattern)


def test_a_model_without_weights():
    class Shift(nn.Module):
        def __init__(self):
            super().__init__()
            self.shift = nn.Parameter(torch.zeros(2))

        def forward(self, x):
            return x + self.shift

    with pytest.raises(BadInput, match="no parameter of two axes"):
        relative_flatness(Objective(Shift(), nn.MSELoss(), (torch.ones(3, 2), torch.zeros(3, 2))))
