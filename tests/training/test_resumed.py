"""Training gone on with at any step passes through the same bits as training that was not interrupted."""

import dataclasses

import pytest
import torch

from phenoscope.core.errors import BadInput
from phenoscope.training import (
    Adam,
    Clipped,
    GradientDescent,
    HeavyBall,
    PerSharpness,
    Point,
    Projected,
    Start,
    Steepest,
    train,
)
from small import recipe, seeded

PARENT = recipe()
FORK = {"start": Point(PARENT, 2)}
COHORTS = {
    "full batch": [recipe(steps=9), recipe(0.3, steps=9)],
    "batches that divide an epoch": [recipe(steps=9, batch=8, seed=seed) for seed in (0, 1)],
    "a ragged last batch": [recipe(steps=11, batch=5, rule=Clipped(HeavyBall(0.1), 0.5), seed=3)],
    "a batch of all": [recipe(steps=5, batch=16)],
    "adam in float32": [recipe(steps=9, batch=7, rule=Adam(0.02), dtype="float32", seed=seed) for seed in (0, 1)],
    "a row that diverges": [recipe(rate, steps=40) for rate in (0.1, 1e3)],
    "a space that is followed": [recipe(steps=9, batch=8, rule=Projected(HeavyBall(0.1), 3, "bulk", every=2))],
    "orthogonal steps": [recipe(steps=9, batch=8, rule=Steepest(0.02, "spectral", 0.9))],
    "rates per sharpness": [recipe(steps=5, rule=GradientDescent(PerSharpness(1.0)), seed=seed) for seed in (0, 1)],
    "quadratic around a fork": [recipe(0.3, steps=6, dynamics="quadratic", **FORK)],
    "linearised around a fork": [recipe(0.3, steps=6, dynamics="linearised", **FORK)],
}


def started(recipes):
    points = next(iter(train([seeded(PARENT, one.seed) for one in recipes]))).points
    return None if recipes[0].start is None else Start(points)


def told(state):
    loss = state.around.loss
    return [state.step, state.points, state.alive, loss, state.rates, *state.memory.values()]


def equal(one, two) -> bool:
    same = [a == b if isinstance(a, int) else torch.equal(a, b) for a, b in zip(one, two, strict=True)]
    return all(same)


@pytest.mark.parametrize("name", COHORTS)
def test_from_every_step_on_it_is_the_same_path(name):
    recipes = COHORTS[name]
    start = started(recipes)
    states = list(train(recipes, start=start))
    path = [told(state) for state in states]
    for state in states[:-1] if not states[-1].alive.any() else states:
        resumed = [told(later) for later in train(recipes, start=start, resume=state.reached)]
        assert len(resumed) == len(path) - state.step
        assert all(equal(one, two) for one, two in zip(resumed, path[state.step :], strict=True))


def test_a_resumed_expansion_stays_around_its_start():
    """Around the resumed points instead, the gradient there would be that of the network."""
    recipes = COHORTS["quadratic around a fork"]
    start = started(recipes)
    *_, last = train(recipes, start=start)
    wrong = next(train(recipes, start=Start(last.points), resume=last.reached))
    assert not torch.allclose(wrong.around.gradient, last.around.gradient, rtol=1e-6)


OTHERS = {
    "another number of rows": [recipe(steps=9)],
    "another rule": [recipe(rule=HeavyBall(0.1), steps=9), recipe(rule=HeavyBall(0.3), steps=9)],
    "fewer steps": [recipe(steps=2), recipe(0.3, steps=2)],
}


@pytest.mark.parametrize("name", OTHERS)
def test_the_state_of_others_is_refused(name):
    states = list(train(COHORTS["full batch"]))
    with pytest.raises(BadInput, match=r"is not of these recipes|another rule's"):
        next(train(OTHERS[name], resume=states[5].reached))


def test_a_state_that_lacks_its_first_losses_is_refused():
    reached = dataclasses.replace(list(train(COHORTS["full batch"]))[5].reached, first=None)
    with pytest.raises(BadInput, match="the state to resume, step 5"):
        next(train(COHORTS["full batch"], resume=reached))


def test_the_memory_of_a_start_is_not_taken_for_that_of_the_state():
    ball = [recipe(rule=HeavyBall(0.1), steps=6, start=Point(PARENT, 2))]
    start = Start(torch.zeros(1, 26, dtype=torch.float64), {"momentum": torch.full((1, 26), 7.0, dtype=torch.float64)})
    states = list(train(ball, start=start))
    (again, *_) = train(ball, start=start, resume=states[3].reached)
    assert torch.equal(again.memory["momentum"], states[3].memory["momentum"])
    assert GradientDescent(0.1).init(start.points) == {}
