"""An early clock: against a training written out by hand, and copies trained one at a time."""

import dataclasses
import functools
import itertools

import pytest
import torch
from torch.nn.functional import cross_entropy, relu

from phenoscope.core.errors import BadInput
from phenoscope.data import dataset
from phenoscope.methods import Computation, EarlyClock
from phenoscope.training import Inherited, Point, Start, train

SMALL = EarlyClock(
    seed=3, steps=40, lr=0.5, data=dataset("mnist1d", train=60, flat=True), widths=(6,), batch=20, looks=3, forks=2,
    rounds=2, share=0.3,
)  # fmt: skip
AT_ONE_STEP = Point(SMALL.recipe, 0)
WEIGHTS = ((6, 40), (6,), (10, 6), (10,))


@pytest.fixture(scope="module")
def found():
    return {one.step: one.values for one in SMALL.readings()}


def loss_at(point, inputs, targets):
    """The loss of the network with one hidden layer, from its flat parameters."""
    sizes = [torch.Size(shape).numel() for shape in WEIGHTS]
    first, shift, last, bias = (part.reshape(shape) for part, shape in zip(point.split(sizes), WEIGHTS, strict=True))
    return cross_entropy(relu(inputs @ first.T + shift) @ last.T + bias, targets)


def trained(recipe, **options):
    return list(train([recipe], **options))


def test_loss_and_sharpness_are_those_of_the_dense_training(found):
    drawn = SMALL.data.draw(SMALL.recipe.stream("data")).train
    states = {state.step: state for state in trained(SMALL.recipe) if state.step in SMALL.looking}
    assert list(states) == [0, 1, 5, 27]  # before the rate falls
    for step, state in states.items():
        point = state.points[0].double()
        inputs = drawn.inputs.double()
        loss = loss_at(point, inputs, drawn.targets)
        hessian = torch.func.hessian(lambda here: loss_at(here, inputs, drawn.targets))(point)  # noqa: B023
        sharpest = torch.linalg.eigvalsh(hessian)[-1].item()
        assert found[step]["loss"] == pytest.approx(loss.item(), rel=1e-5)
        assert found[step]["sharpness"] == pytest.approx(sharpest, rel=2e-3)
        assert found[step]["sharpness / threshold"] == pytest.approx(sharpest * SMALL.lr / 2, rel=2e-3)


def test_the_rate_falls_at_the_end_of_every_training():
    rates = {state.step: state.rates.item() for state in trained(SMALL.recipe)}
    assert [rates[step] for step in (0, 27, 28, 40)] == pytest.approx([0.5, 0.5, 0.05, 0.05])


@functools.cache
def searched():
    """Points and masks of the search, by step."""
    return {state.step: (state.points, state.mask) for state in train([SMALL.search])}


def ends_alone(at, kind, order):
    """The end of one copy, trained by itself, and its accuracy late."""
    mask = searched()[SMALL.search.steps][1]
    recipe = dataclasses.replace(SMALL.recipe, order=order)
    point = searched()[at][0]
    if kind == "dense":
        states = trained(dataclasses.replace(recipe, start=AT_ONE_STEP), start=Start(point))
    else:
        dealt = "as found" if kind == "found" else "shuffled"
        inherited = Inherited(SMALL.search, SMALL.search.steps, dealt)
        copy = dataclasses.replace(recipe, start=AT_ONE_STEP, mask=inherited)
        states = trained(copy, start=Start(point, None, mask))
        kept = states[0].mask
        assert int(kept.sum()) == int(mask.sum())
        assert bool((states[-1].points[~kept] == 0).all())
        assert bool((kept == mask).all()) == (kind == "found")
    late = {round((0.75 + 0.0125 * number) * SMALL.steps) for number in range(21)}
    right = [state.accuracy("test").item() for state in states if state.step in late]
    return states[-1].points[0], sum(right) / len(right)


def test_barriers_and_leads_are_those_of_copies_trained_alone(found):
    drawn = SMALL.data.draw(SMALL.recipe.stream("data")).train
    for at in (SMALL.leaving[0], SMALL.leaving[-1]):
        dense = [ends_alone(at, "dense", order) for order in (1, 2, 3)]
        heights = []
        for (one, _), (two, _) in itertools.combinations(dense, 2):
            losses = [
                loss_at(one + t * (two - one), drawn.inputs, drawn.targets).item() for t in torch.linspace(0, 1, 101)
            ]
            heights.append(max(losses) - (losses[0] + losses[-1]) / 2)
        assert found[at]["barrier"] == pytest.approx(sum(heights) / 3, abs=max(2e-3, found[at]["barrier.residual"]))
        mean = sum(right for _, right in dense) / 3
        tickets = [ends_alone(at, "found", order)[1] for order in (1, 2)]
        assert found[at]["ticket lead"] == pytest.approx(sum(tickets) / 2 - mean, abs=2e-3)
        shuffled = ends_alone(at, "shuffled", 1)[1]
        assert found[at]["shuffled lead"] == pytest.approx(shuffled - mean, abs=2e-3)


def test_the_mask_is_what_two_rounds_leave(found):
    weights, biases = 6 * 40 + 10 * 6, 16
    left = weights
    for _ in range(2):
        left -= round(0.3 * left)
    assert found[40]["density"] * (weights + biases) == pytest.approx(left + biases, abs=1.5)
    assert 0 < found[40]["accuracy"] < 1


def test_another_initialisation_has_the_same_data():
    other = dataclasses.replace(SMALL, initialisation=1)
    one, two = (clock.recipe for clock in (SMALL, other))
    seen = [recipe.data.draw(recipe.stream("data")).train.inputs for recipe in (one, two)]
    assert torch.equal(*seen)
    first, second = (next(iter(train([recipe]))).points for recipe in (one, two))
    assert not torch.equal(first, second)


def test_the_same_spec_finds_the_same(found):
    assert {one.step: one.values for one in SMALL.readings()} == found


def test_with_frozen_features_copies_run_alone():
    twin = dataclasses.replace(SMALL, widths=(3,), steps=20, looks=1, forks=1, rounds=1).frozen()
    steps = [one.step for one in twin.readings()]
    assert steps == sorted(steps)
    assert twin.frozen() == twin
    assert twin.recipe.dynamics == "linearised"


def test_what_diverges_says_so():
    (only,) = dataclasses.replace(SMALL, lr=1e6).readings()
    assert only.diverged


def test_steps_are_in_geometric_progression():
    clock = EarlyClock()
    assert isinstance(clock, Computation)
    assert clock.leaving[:2] == (0, 4)
    assert clock.leaving[-1] == 400
    assert len(clock.leaving) == 9
    ratios = [later / sooner for sooner, later in itertools.pairwise(clock.leaving[1:])]
    assert max(ratios) < 2.01
    assert clock.looking[-1] == clock.dropped - 1
    for wrong in ({"steps": 10}, {"rounds": 0}, {"dynamics": "none"}, {"share": 1.0}):
        with pytest.raises(BadInput):
            EarlyClock(**wrong)
