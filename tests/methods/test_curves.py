"""Trained curves: on a circle known in closed form, and against a dense integral differentiated by autograd."""

import pytest
import torch
from torch import nn
from torch.func import functional_call
from torch.testing import assert_close

import phenoscope as ps
from oracles import CE, drawn, labels, mlp, normal, seeded
from phenoscope.core.errors import BadInput
from phenoscope.core.points import layout, point
from phenoscope.instruments import Outcome, Path
from phenoscope.methods.curves import bends_gradient, gradients
from phenoscope.objective import Objective

LEFT, RIGHT = torch.tensor([-1.0, 0.1], dtype=torch.float64), torch.tensor([1.0, 0.1], dtype=torch.float64)


def circle():
    """(‖w‖² - 1)²: 0 on a circle, 1 at its centre."""
    model = nn.Linear(2, 1, bias=False, dtype=torch.float64)
    nn.init.zeros_(model.weight)
    inputs = torch.eye(2, dtype=torch.float64)
    return Objective(model, lambda outputs, _: (outputs.square().sum() - 1).square(), (inputs, inputs[:, :1]))


def classifying(seed=2):
    return Objective(mlp(seed=seed), CE, (normal(40, 4), labels(3, 40)))


@pytest.mark.parametrize(("kind", "bends"), [("bezier", 1), ("bezier", 3), ("polygon", 3)])
def test_a_curve_goes_round_where_the_line_goes_over(kind, bends):
    found = ps.curve(circle(), LEFT, RIGHT, kind=kind, bends=bends, steps=300)
    assert found.line.value == pytest.approx(1.0, abs=0.05)  # over the centre
    assert found.value < 0.25
    assert found.removed == 1 - found.value / found.line.value
    assert 1.2 < found.stretch < 2  # half a circle is π/2 times as long as its diameter
    assert len(found.path.bends) == bends


def test_a_bend_that_stays_gives_the_line_again():
    objective = classifying()
    ends = point(mlp(seed=3)), point(mlp(seed=4))
    for kind in ("bezier", "polygon"):
        found = ps.curve(objective, *ends, kind=kind, bends=1, steps=0)
        assert_close(found.value, found.line.value, rtol=1e-3, atol=0)
        assert found.stretch == pytest.approx(1.0, rel=1e-9)


@pytest.mark.parametrize("kind", ["bezier", "polygon"])
def test_the_gradient_of_the_bends_is_that_of_the_mean_loss(kind):
    """Differentiated by autograd through another way of writing the same curves."""
    objective, model, (inputs, targets) = classifying(), mlp(), (normal(40, 4), labels(3, 40))
    start, end = point(mlp(seed=3)), point(mlp(seed=4))
    bend, t = point(mlp(seed=5)).requires_grad_(), torch.tensor([0.1, 0.3, 0.5, 0.9], dtype=torch.float64)
    total = 0.0
    for place in t:
        first, second = start + place * (bend - start), bend + place * (end - bend)
        bezier = first + place * (second - first)
        half = 2 * place
        chain = start + half * (bend - start) if half <= 1 else bend + (half - 1) * (end - bend)
        parameters = layout(model).unravel(bezier if kind == "bezier" else chain)
        total = total + CE(functional_call(model, parameters, inputs), targets) / len(t)
    (expected,) = torch.autograd.grad(total, bend)
    path = Path(torch.stack([start, bend.detach(), end]), kind)
    assert_close(bends_gradient(objective, path, t)[0], expected, rtol=1e-9, atol=1e-12)


def test_the_mean_is_that_along_the_curve():
    objective = classifying()
    found = ps.curve(objective, point(mlp(seed=3)), point(mlp(seed=4)), steps=20)
    grid = (torch.arange(400, dtype=torch.float64) + 0.5) / 400
    assert_close(found.means[-1], torch.stack([objective.loss(each) for each in found.points(grid)]).mean(), rtol=1e-3,
                 atol=0)  # fmt: skip
    assert_close(found.losses[0], objective.loss(found.path.controls[0]), rtol=0, atol=0)


def test_the_same_generator_gives_the_same_curve_and_the_model_is_left_alone():
    objective = classifying()
    before, ends = objective.point, (point(mlp(seed=3)), point(mlp(seed=4)))
    options = {"steps": 30, "batch": 10, "places": 2}
    one, two, other = (ps.curve(objective, *ends, **options, generator=seeded(seed)) for seed in (1, 1, 2))
    assert torch.equal(one.path.controls, two.path.controls)
    assert not torch.equal(one.path.controls, other.path.controls)
    assert torch.equal(objective.point, before)
    assert all(p.grad is None for p in objective.model.parameters())


def test_training_that_was_cut_short_says_so():
    ends = point(mlp(seed=3)), point(mlp(seed=4))
    assert ps.curve(classifying(), *ends, steps=8, rate=1e-3).outcome is Outcome.NOT_CONVERGED
    assert ps.curve(classifying(), *ends, steps=300).outcome is Outcome.CONVERGED


def test_two_equal_ends_need_no_curve():
    objective = classifying()
    found = ps.curve(objective, objective.point, objective.point, steps=5)
    assert (found.value, found.path.length) == (0.0, pytest.approx(0.0, abs=1e-9))


def test_normalisation_layers_are_trained_along_with_the_statistics_of_each_point():
    def normalised(seed):
        return drawn(nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 3)), seed)

    model = normalised(1)
    buffers = {name: value.clone() for name, value in model.named_buffers()}
    found = ps.curve(Objective(model, CE, (normal(40, 4), labels(3, 40))), model, normalised(2), steps=50)
    assert "recomputed" in found.evidence
    assert found.means[-1] < found.means[0]
    assert all(torch.equal(value, buffers[name]) for name, value in model.named_buffers())


@pytest.mark.parametrize("examples", [40, 40_000])
def test_gradients_of_several_points_are_those_of_each(examples):
    """Few examples are taken together, many one by one."""
    objective = Objective(mlp(), CE, (normal(examples, 4), labels(3, examples)))
    points = torch.stack([point(mlp(seed=seed)) for seed in (3, 4, 5)])
    assert_close(gradients(objective, points), torch.stack([objective.gradient(each) for each in points]))


@pytest.mark.parametrize("options", [{"bends": 0}, {"steps": -1}, {"places": 0}, {"rate": 0.0}], ids=str)
def test_bad_input_is_told(options):
    objective = circle()
    with pytest.raises(BadInput, match=r"at least 1 trained bend|must be positive"):
        ps.curve(objective, LEFT, RIGHT, **options)
