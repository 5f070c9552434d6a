"""Losses at many points of a line or plane: those of a loop that writes each point into the model and runs it."""

import copy
import math

import pytest
import torch
from torch import nn
from torch.testing import assert_close
from torch.utils.data import DataLoader, TensorDataset

from oracles import CE, PROBLEMS, drawn, labels, normal, seeded
from phenoscope.core.errors import BadInput
from phenoscope.core.points import point, write
from phenoscope.objective import Objective
from phenoscope.objective.slices import slices

EXACT = {"rtol": 1e-9, "atol": 1e-12}


def plane(objective, side=4, reach=0.5):
    """Axes and coordinates in no order that a mixed-up row could hide in."""
    size = len(objective.point)
    ends = torch.linspace(-reach, 0.7 * reach, side, dtype=torch.float64)
    return torch.cartesian_prod(ends, 1.1 * ends + 0.05), normal(2, size, seed=11) / size**0.5


def looped(made, coordinates, axes):
    """The oracle: every point by itself, through the model's own parameters."""
    start, found = point(made.model), []
    for row in coordinates:
        write(start + row @ axes, made.model)
        with torch.no_grad():
            found.append(made.total())
    write(start, made.model)
    return torch.stack(found)


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("batch_size", [None, 4])
@pytest.mark.parametrize("largest", [1, 5, 1024])
@pytest.mark.parametrize("stacks", [True, False])
def test_every_point_is_that_of_a_loop(name, batch_size, largest, stacks, monkeypatch):
    if not stacks:
        monkeypatch.setattr(slices, "stack", lambda *a: None)
    monkeypatch.setattr(slices, "LARGEST", largest)
    made = PROBLEMS[name]()
    objective = Objective(made.model, made.loss, made.data, batch_size, **made.options)
    coordinates, axes = plane(objective)
    assert_close(objective.losses(coordinates, axes), looped(made, coordinates, axes), **EXACT)


def test_several_threads_say_the_same_to_the_last_bit(monkeypatch):
    """Points of a stack of layers are shared out among the threads, each operation having one."""
    monkeypatch.setattr(slices, "LARGEST", 3)
    made, before, found = PROBLEMS["tanh perceptron"](), torch.get_num_threads(), []
    objective = Objective(made.model, made.loss, made.data)
    coordinates, axes = plane(objective)
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            found.append(objective.losses(coordinates, axes))
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert torch.equal(*found)


@pytest.mark.parametrize(
    "name", ["tanh perceptron", "convolution", "layer normalisation", "batch normalisation, running"]
)
def test_points_are_evaluated_together_and_not_one_by_one(name, monkeypatch):
    made = PROBLEMS[name]()
    objective = Objective(made.model, made.loss, made.data)
    alone, plain = [], slices.Slice._alone
    monkeypatch.setattr(slices.Slice, "_alone", lambda *a: alone.append(a[1]) or plain(*a))
    coordinates, axes = plane(objective)
    objective.losses(coordinates, axes)
    assert len(alone) == 1  # the furthest, to see that it is the same


def test_a_layer_on_the_data_runs_once_an_axis_whatever_the_number_of_points(monkeypatch):
    """Three dense evaluations (the point and two axes), each with all examples, and not one for each of 16 points."""
    sizes = []
    monkeypatch.setattr(slices, "stack", lambda *a: None)
    plain = slices.Affine._mixed
    monkeypatch.setattr(slices.Affine, "_mixed", lambda *a: sizes.append(a[2][0].shape) or plain(*a))
    made = PROBLEMS["tanh perceptron"]()
    objective = Objective(made.model, made.loss, made.data)
    coordinates, axes = plane(objective)
    objective.losses(coordinates, axes)
    assert sizes == [(10, 4)]


class Preprocessed(nn.Module):
    """Inputs are shifted and joined before they meet a weight, which meets them twice and the hidden layer as well."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Linear(4, 4)
        self.register_buffer("mean", torch.full((4,), 0.3))

    def forward(self, x):
        first = self.dense((x - 0.1) / 2)
        second = self.dense(x - self.mean)
        return self.dense((first * second).tanh())[:, :3]


class InPlace(nn.Module):
    """Inputs are copied and then overwritten with something that depends on a parameter."""

    def __init__(self) -> None:
        super().__init__()
        self.gain, self.dense = nn.Linear(4, 4), nn.Linear(4, 3)

    def forward(self, x):
        copied = x.clone()
        copied += self.gain(x).tanh()
        return self.dense(copied)


class Written(nn.Module):
    """A copy of the inputs has a column written by an assignment, and another through a view."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.dense = nn.Linear(1, 1), nn.Linear(1, 1), nn.Linear(4, 3)

    def forward(self, x):
        copied, column = x.clone(), x[:, :1]
        copied[:, 0] = self.first(column)[:, 0]
        copied[:, 1].copy_(self.second(column)[:, 0])
        return self.dense(copied)


class Branching(nn.Module):
    """Looks at a value, so that it cannot be mapped over networks."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Linear(4, 3)

    def forward(self, x):
        found = self.dense(x)
        return found if found.sum().item() > 0 else found.tanh()


class Squared(nn.Module):
    """A dense layer whose weight is squared first."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Linear(4, 3)

    def forward(self, x):
        return nn.functional.linear(x, self.dense.weight**2, bias=self.dense.bias)


@pytest.mark.parametrize("most", [1, slices.LARGEST])
@pytest.mark.parametrize("build", [Preprocessed, InPlace, Written, Branching, Squared])
def test_models_that_use_their_inputs_in_other_ways(build, most, monkeypatch):
    monkeypatch.setattr(slices, "LARGEST", most)
    model = drawn(build())
    made = PROBLEMS["tanh perceptron"]()
    made = type(made)(model, made.loss, made.inputs, made.targets)
    objective = Objective(model, made.loss, made.data)
    coordinates, axes = plane(objective, reach=3)
    assert_close(objective.losses(coordinates, axes), looped(made, coordinates, axes), **EXACT)


def test_a_frozen_first_layer_or_bias_is_left_alone():
    model = drawn(nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3)))
    model[0].bias.requires_grad_(False)
    made = PROBLEMS["tanh perceptron"]()
    made = type(made)(model, made.loss, made.inputs, made.targets)
    objective = Objective(model, made.loss, made.data)
    coordinates, axes = plane(objective)
    assert_close(objective.losses(coordinates, axes), looped(made, coordinates, axes), **EXACT)


def test_a_ragged_loader_weighs_its_batches():
    """Not the plain average over batches of 4, 4 and 2 examples."""
    made = PROBLEMS["tanh perceptron"]()
    loader = DataLoader(TensorDataset(*made.data), batch_size=4, shuffle=True, generator=seeded(3))
    objective = Objective(made.model, made.loss, loader)
    coordinates, axes = plane(objective)
    expected = looped(made, coordinates, axes)
    assert_close(objective.losses(coordinates, axes), expected, **EXACT)
    parts = [type(made)(made.model, made.loss, x, y) for x, y in DataLoader(TensorDataset(*made.data), batch_size=4)]
    wrong = torch.stack([looped(part, coordinates, axes) for part in parts]).mean(dim=0)
    assert (wrong - expected).abs().max() > 1e-3


def test_batch_statistics_are_those_of_each_point_and_leave_no_trace():
    model = PROBLEMS["batch normalisation, running"]().model
    before = copy.deepcopy(model.state_dict())
    objective = Objective(model, CE, (normal(10, 1, 3, 3), labels(3, 10)), buffers="batch")
    coordinates, axes = plane(objective)
    expected = [objective.loss(objective.point + row @ axes) for row in coordinates]
    assert_close(objective.losses(coordinates, axes), torch.stack(expected), **EXACT)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not model.training


def test_what_is_not_finite_is_shown_as_such():
    model = nn.Linear(1, 1, bias=False).double()
    nn.init.ones_(model.weight)
    objective = Objective(model, lambda o, t: (o.log() - t).square().mean(), (torch.ones(3, 1).double(),) * 2)
    found = objective.losses(torch.tensor([[-2.0], [-1.0], [0.0], [1.0]]), torch.ones(1, 1))
    assert found.isnan().tolist() == [True, False, False, False]
    assert math.isinf(found[1])
    assert found[2] == 1


def test_single_precision_agrees_with_double():
    made = PROBLEMS["tanh perceptron"]()
    objective = Objective(made.model, made.loss, made.data)
    coordinates, axes = plane(objective)
    single = Objective(copy.deepcopy(made.model).float(), made.loss, (made.inputs.float(), made.targets))
    assert_close(single.losses(coordinates, axes), objective.losses(coordinates, axes), rtol=1e-5, atol=0)


def test_another_point_may_be_the_origin():
    made = PROBLEMS["tanh perceptron"]()
    objective = Objective(made.model, made.loss, made.data)
    other = objective.point + 0.3
    found = objective.losses(torch.zeros(1, 1), torch.ones(1, len(other)), other)
    assert_close(found[0], objective.loss(other), **EXACT)


def test_bad_shapes_are_one_sentence():
    objective = Objective(drawn(nn.Linear(2, 1)), nn.MSELoss(), (normal(3, 2), normal(3, 1)))
    with pytest.raises(BadInput, match=r"axes of a slice must have shape \(k, 3\), got \(1, 2\)"):
        objective.losses(torch.zeros(4, 1), torch.ones(1, 2))
    with pytest.raises(BadInput, match=r"coordinates along 1 axes must have shape \(m, 1\), got \(4, 2\)"):
        objective.losses(torch.zeros(4, 2), torch.ones(1, 3))


def test_the_same_objective_of_another_model():
    made = PROBLEMS["tied, ignoring targets"]()
    objective = Objective(made.model, made.loss, made.data, 4)
    other = copy.deepcopy(made.model)
    write(objective.point + 0.1, other)
    assert_close(objective.of(other).loss(), objective.loss(objective.point + 0.1), **EXACT)
    assert_close(objective.of(other).hessian().loss[0], objective.loss(objective.point + 0.1), **EXACT)
    with pytest.raises(BadInput, match="got shape"):
        objective.of(nn.Linear(2, 1).double())
