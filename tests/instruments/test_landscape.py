"""Lines and planes: against loops, closed forms and dense matrices; rows and columns in their places; the control."""

import dataclasses
import itertools
import json
import math

import pytest
import torch
from torch import nn
from torch.testing import assert_close

import phenoscope as ps
from oracles import CE, CLASSES, POINTS, PROBLEMS, dense_hessian, drawn, labels, mlp, normal, seeded
from phenoscope.core.errors import BadInput
from phenoscope.core.points import point, write
from phenoscope.objective import Objective

EXACT = {"rtol": 1e-9, "atol": 1e-12}
KINDS = ("random", "filter-normalised", "hessian")


def relu(seed=2):
    return drawn(nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3)), seed)


def normalised():
    model = drawn(nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 3)))
    model(normal(20, 4, seed=9))
    return model.eval()


def classifying(model):
    return Objective(model, CE, (normal(40, 4), labels(3, 40)))


def looped(objective, picture):
    """The oracle: each point is written into the model, in two plain loops, and its whole loss taken."""
    start, rows = objective.point, []
    first, second = (axis.vector for axis in picture.axes)
    for a, b in itertools.product(*(places.tolist() for places in picture.coordinates)):
        write(start + a * first + b * second, objective.model)
        rows.append(objective.loss())
    write(start, objective.model)
    return torch.stack(rows).reshape(picture.losses.shape)


@pytest.mark.parametrize("kind", KINDS)
def test_a_plane_is_that_of_two_loops_row_by_row(kind):
    """No row or column in another's place: not transposed, no odd row turned round or shifted by one step."""
    objective = classifying(mlp())
    picture = ps.loss_plane(objective, kind, points=7, span=(-0.4, 1.0))
    expected = looped(objective, picture)
    assert_close(picture.losses, expected, **EXACT)
    shifted, turned = expected.clone(), expected.clone()
    shifted[1::2] = expected[1::2].roll(1, dims=1)
    turned[1::2] = expected[1::2].flip(1)
    for wrong in (expected.T, shifted, turned):  # that the test can tell
        assert (wrong - expected).abs().max() > 1e-3


@pytest.mark.parametrize("kind", KINDS)
def test_the_centre_is_the_loss_at_the_point_and_the_maximum_a_loss_that_occurs(kind):
    objective = classifying(mlp())
    picture = ps.loss_plane(objective, kind, points=9)
    assert picture.centre == pytest.approx(float(objective.loss()), rel=1e-14)
    assert float(picture.losses[4, 4]) == picture.centre
    assert_close(picture.losses.max(), looped(objective, picture).max(), **EXACT)
    assert picture.rounding == pytest.approx(2.2e-16 * picture.centre, rel=0.01)


def test_a_line_is_a_row_of_the_plane():
    objective = classifying(mlp())
    plane = ps.loss_plane(objective, "random", points=9, generator=seeded(4))
    line = ps.loss_line(objective, plane.axes[0].vector, points=9)
    assert_close(line.losses, plane.losses[:, 4], **EXACT)
    assert_close(line.coordinates, plane.coordinates[0], **EXACT)
    assert line.kind == "given"


def test_a_quadratic_in_closed_form():
    """½ (a, b) diag(1, 9) (a, b)ᵀ on the axes of the parameters."""
    model = nn.Linear(2, 1, bias=False).double()
    nn.init.zeros_(model.weight)
    inputs = torch.diag(torch.tensor([1.0, 3.0], dtype=torch.float64)) / 2**0.5
    objective = Objective(model, nn.MSELoss(reduction="sum"), (inputs, torch.zeros(2, 1, dtype=torch.float64)))
    plane = ps.loss_plane(objective, torch.eye(2).double(), span=2.0, points=5)
    a, b = torch.meshgrid(*plane.coordinates, indexing="ij")
    assert_close(plane.losses, (a**2 + 9 * b**2) / 2, **EXACT)
    assert [axis.curvature.value for axis in plane.axes] == pytest.approx([1.0, 9.0])
    assert plane.coordinates[0].tolist() == [-2.0, -1.0, 0.0, 1.0, 2.0]
    assert plane.cosine == 0.0
    with_angle = ps.loss_plane(objective, torch.tensor([[1.0, 0.0], [3.0, 4.0]]).double(), points=3)
    assert with_angle.cosine == pytest.approx(0.6)
    assert [axis.length for axis in with_angle.axes] == pytest.approx([1.0, 5.0])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("name", ["tanh perceptron", "layer normalisation", "convolution", "tied, ignoring targets"])
def test_along_hessian_axes_the_losses_have_the_eigenvalues_as_their_curvature(name, dtype):
    made = PROBLEMS[name]()
    exact = torch.linalg.eigvalsh(dense_hessian(made.total, made.model)).flip(0)
    inputs = made.inputs.to(dtype) if made.inputs.is_floating_point() else made.inputs
    objective = Objective(made.model.to(dtype), made.loss, (inputs, made.targets))
    plane = ps.loss_plane(objective, "hessian", points=3)
    for axis, eigenvalue in zip(plane.axes, exact[:2].tolist(), strict=True):
        assert axis.eigenvalue == pytest.approx(eigenvalue, rel=0.01)
        assert axis.curvature.value == pytest.approx(eigenvalue, rel=0.05)
        assert abs(axis.curvature.value - eigenvalue) <= 3 * axis.curvature.residual + 0.01 * eigenvalue
        assert axis.length == pytest.approx(1.0, rel=1e-6)
        assert float(axis.coordinates[-1]) <= (1 + 1e-6) * float(objective.point.norm())
    assert plane.cosine == pytest.approx(0.0, abs=1e-3)


def test_a_wrong_eigenvector_is_exposed_by_the_losses(monkeypatch):
    """Half an eigenvalue too much, as an unweighted batch or a wrong sign would give, is seen in the reading."""
    honest = ps.eigenvalues
    planted = lambda *a, **k: dataclasses.replace(found := honest(*a, **k), values=1.5 * found.values)  # noqa: E731
    monkeypatch.setattr("phenoscope.instruments.landscapes.directions.eigenvalues", planted)
    (axis,) = ps.loss_line(classifying(mlp()), "hessian").axes
    assert abs(axis.curvature.value - axis.eigenvalue) > 10 * axis.curvature.residual


@pytest.mark.parametrize("build", [relu, normalised])
def test_filter_normalised_axes_follow_their_definition(build):
    model = build()
    objective = classifying(model)
    axis = ps.loss_line(objective, "filter-normalised", generator=seeded(5)).axis
    drawing = torch.randn(1, len(axis.vector), generator=seeded(5), dtype=torch.float64)[0]
    start = 0
    for name, weight in model.named_parameters():
        part, raw = (whole[start : start + weight.numel()].reshape(weight.shape) for whole in (axis.vector, drawing))
        start += weight.numel()
        if weight.ndim == 1:
            assert not part.any(), name
            continue
        for along, filter_, drawn_ in zip(part, weight.detach(), raw, strict=True):
            assert_close(along.norm(), filter_.norm(), **EXACT)
            assert_close(along / along.norm(), drawn_ / drawn_.norm(), **EXACT)


def test_random_axes_are_as_long_as_the_point():
    objective = classifying(mlp())
    axis = ps.loss_line(objective, "random").axis
    assert axis.length == pytest.approx(float(objective.point.norm()))
    assert float(axis.coordinates[0]) == -1.0


@pytest.mark.parametrize("build", [relu, normalised])
def test_random_and_hessian_axes_fail_the_control_and_filter_normalised_ones_pass(build):
    objective = classifying(build())
    found = {kind: ps.loss_plane(objective, kind, points=11, generator=seeded(1)) for kind in KINDS}
    assert found["filter-normalised"].distortion < 1e-9
    assert found["random"].distortion > 0.3
    assert found["hessian"].distortion > 0.01
    assert "times 4" in found["random"].twin
    assert "distortion" in str(found["random"])


def test_the_control_compares_with_the_picture_of_a_network_rescaled_by_hand():
    model = relu()
    objective = classifying(model)
    line = ps.loss_line(objective, "random", points=11, generator=seeded(1))
    twin = relu()
    with torch.no_grad():
        twin[0].weight.mul_(4)
        twin[0].bias.mul_(4)
        twin[2].weight.div_(4)
    other = ps.loss_line(classifying(twin), "random", points=11, generator=seeded(1)).losses
    expected = (other - line.losses).abs().max() / (line.losses.max() - line.losses.min())
    assert line.distortion == pytest.approx(float(expected), rel=1e-9)


def test_where_no_change_preserves_the_function_there_is_no_control_and_it_says_so():
    line = ps.loss_line(classifying(mlp()), "random")
    assert line.distortion is None
    assert "tanh" in line.twin
    assert ps.loss_line(classifying(relu()), "random", control=False).twin == "not asked for"
    assert ps.loss_line(classifying(relu()), torch.ones(67).double()).distortion is None


def test_lines_to_other_models_reach_them_at_coordinate_1():
    objective, other = classifying(mlp()), mlp(seed=8)
    line = ps.loss_line(objective, other, span=(0.0, 1.0), points=5)
    assert float(line.losses[0]) == pytest.approx(float(objective.loss()))
    assert float(line.losses[-1]) == pytest.approx(float(objective.loss(point(other))))
    plane = ps.loss_plane(objective, [other, mlp(seed=9)], span=(0.0, 1.0), points=3)
    assert float(plane.losses[0, 2]) == pytest.approx(float(objective.loss(point(mlp(seed=9)))))


def test_losses_that_are_not_finite_stay_so_and_are_told():
    model = nn.Linear(1, 1, bias=False).double()
    nn.init.ones_(model.weight)
    one = torch.ones(3, 1, dtype=torch.float64)
    objective = Objective(model, lambda o, t: (o.log() - t).square().mean(), (one, one))
    line = ps.loss_line(objective, torch.ones(1).double(), span=2.0, points=5)
    assert line.losses.isfinite().tolist() == [False, False, True, True, True]
    assert line.finite == 0.6
    assert "finite at 60.0% of the points" in str(line)
    assert line.to_json()["losses"][:2] == [None, None]
    json.dumps(line.to_json(), allow_nan=False)
    line.plot(_axes())


def test_a_picture_that_is_finite_nowhere_but_at_the_point_can_be_told_and_drawn():
    objective = classifying(mlp())
    plane = ps.loss_plane(objective, "random", points=3)
    lost = dataclasses.replace(plane, losses=torch.full((3, 3), math.nan, dtype=torch.float64))
    assert "nowhere finite" in str(lost)
    assert "nowhere finite" in lost._repr_html_()
    lost.plot(_axes())


def test_a_plane_is_drawn_the_right_way_round():
    """The first axis to the right: the minimum of (a - 1)² + b² lies there."""
    model = nn.Linear(2, 1, bias=False).double()
    nn.init.zeros_(model.weight)
    data = (torch.eye(2).double(), torch.tensor([[1.0], [0.0]]).double())
    plane = ps.loss_plane(Objective(model, nn.MSELoss(reduction="sum"), data), torch.eye(2).double(), span=2.0)
    axes = _axes()
    plane.plot(axes)
    (contours,) = [part for part in axes.collections if hasattr(part, "levels")]
    lowest = contours.get_paths()[0].vertices.mean(axis=0)
    assert lowest == pytest.approx([1.0, 0.0], abs=0.1)
    ratios = (contours.levels[1:] - plane.losses.min().item()) / (contours.levels[:-1] - plane.losses.min().item())
    assert ratios == pytest.approx([ratios[0]] * len(ratios))
    assert "distance of 1" in axes.get_xlabel()


def test_same_generator_same_picture():
    objective = classifying(relu())
    for kind in KINDS:
        first, second, other = (ps.loss_line(objective, kind, generator=seeded(s)) for s in (3, 3, 4))
        assert torch.equal(first.losses, second.losses)
        assert first.distortion == second.distortion
        assert kind == "hessian" or not torch.equal(first.losses, other.losses)


def test_the_model_is_left_as_found():
    model = normalised()
    model[0].weight.grad = torch.ones_like(model[0].weight)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    hooks = [len(module._forward_hooks) for module in model.modules()]
    torch.manual_seed(3)
    state = torch.get_rng_state()
    for kind in KINDS:
        ps.loss_plane(classifying(model), kind, points=3)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert torch.equal(state, torch.get_rng_state())
    assert [len(module._forward_hooks) for module in model.modules()] == hooks
    assert not model.training
    assert model[1].eps == 1e-5
    assert bool((model[0].weight.grad == 1).all())
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_the_curvature_along_a_line_is_that_of_the_dense_hessian():
    made = PROBLEMS["tanh perceptron"]()
    objective = Objective(made.model, made.loss, (POINTS, CLASSES))
    vector = normal(len(objective.point), seed=3)
    expected = float(vector @ dense_hessian(made.total, made.model) @ vector)
    found = ps.line_curvature(objective, vector, step=1e-2)
    assert abs(found.value - expected) <= found.residual
    assert found.value == pytest.approx(expected, rel=1e-3)
    coarse = ps.line_curvature(objective, vector, step=0.5)
    assert coarse.residual > 10 * found.residual


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda o: ps.loss_plane(o, "hesse"), "kind of axes must be one of 'filter-normalised', 'hessian', 'random'"),
        (lambda o: ps.loss_plane(o, torch.ones(5)), "an axis must be a finite vector of 43 entries"),
        (lambda o: ps.loss_plane(o, torch.ones(43)), "needs 2 axes, got 1"),
        (lambda o: ps.loss_line(o, torch.ones(2, 43)), "needs 1 axis, got 2"),
        (lambda o: ps.loss_line(o, torch.zeros(43)), "an axis is zero"),
        (lambda o: ps.loss_line(o, points=1), "at least 2 points"),
        (lambda o: ps.loss_line(o, span=0.0), "a span must be a positive number"),
        (lambda o: ps.loss_line(o, span=(1.0, -1.0)), "a span must be a positive number"),
        (lambda o: ps.line_curvature(o, step=0.0), "`step` must be positive"),
    ],
)
def test_bad_input_is_one_sentence(call, sentence):
    with pytest.raises(BadInput, match=sentence):
        call(classifying(mlp()))


def _axes():
    from matplotlib.figure import Figure

    return Figure().subplots()
