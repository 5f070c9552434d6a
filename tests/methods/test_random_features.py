"""Random features against the same fits made another way: descent, refits without an example, predictions by hand."""

import dataclasses

import numpy as np
import pytest
import torch

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.data import dataset
from phenoscope.methods import Computation, RandomFeatures
from phenoscope.methods.random_features import RIDGES

DATA = dataset("digits", train=30, test=50, flat=True, label_noise=0.2)


def last(made):
    *_, found = made.readings()
    return found.values


def problem(made):
    """Features and targets as the member has them, with the draw."""
    draw, generator = made.data.draw(stream(made.seed, "data")), stream(made.seed, "features")
    return made.problem(draw, generator), draw, generator


def by_hand(made, weights):
    """What is read of a fit, from the definition."""
    seen, draw, _ = problem(made)
    labels = torch.nn.functional.one_hot(draw.train.targets, 10).double()
    wanted = torch.nn.functional.one_hot(draw.test.targets, 10).double()
    outputs = torch.as_tensor(seen.test @ weights) + labels.mean(dim=0)
    inside = torch.as_tensor(seen.train @ weights) + labels.mean(dim=0)
    wrong = (outputs.argmax(dim=1) != draw.test.targets).double().mean()
    losses = [(a - b).square().sum(dim=1).mean().item() for a, b in ((outputs, wanted), (inside, labels))]
    return {
        "test loss": losses[0],
        "test error": wrong.item(),
        "train loss": losses[1],
        "norm": np.square(weights).sum(),
    }


@pytest.mark.parametrize("features", [8, 90])
def test_the_smallest_norm(features):
    made = RandomFeatures(DATA, features, steps=1)
    seen, _, _ = problem(made)
    weights = np.linalg.pinv(seen.train) @ seen.targets
    found = last(made)
    assert found == pytest.approx(by_hand(made, weights), rel=1e-8, abs=1e-12)
    assert (found["train loss"] < 1e-20) == (features > 30)


@pytest.mark.parametrize("features", [8, 60])
def test_gradient_descent_that_is_stopped_or_begins_elsewhere(features):
    for fit, steps in (("stopped early", 4000), ("elsewhere", 200_000)):
        made = RandomFeatures(DATA, features, fit=fit, time=40.0, steps=1)
        seen, _, generator = problem(made)
        begun = torch.randn(features, 10, generator=generator, dtype=torch.float64).numpy()
        weights = made.start * begun if fit == "elsewhere" else np.zeros((features, 10))
        largest = np.linalg.norm(seen.train, 2) ** 2
        rate = 40.0 / steps / largest if fit == "stopped early" else 1 / largest
        values, axes = np.linalg.eigh(seen.train.T @ seen.train)
        kept = (1 - rate * values) ** steps  # so many steps at once
        pull = np.where(values > 1e-12, (1 - kept) / np.where(values > 1e-12, values, 1.0), rate * steps)
        weights = axes @ (kept[:, None] * (axes.T @ weights) + pull[:, None] * (axes.T @ (seen.train.T @ seen.targets)))
        assert last(made) == pytest.approx(by_hand(made, weights), rel=2e-2, abs=1e-3), fit


def test_the_ridge_is_the_best_on_examples_left_out():
    made = RandomFeatures(DATA, 40, fit="tuned ridge", steps=1)
    seen, _, _ = problem(made)
    scale, errors, fits = np.linalg.norm(seen.train, 2) ** 2, [], []
    for ridge in RIDGES * scale:

        def fitted(rows, ridge=ridge):
            x = seen.train[rows]
            return x.T @ np.linalg.solve(x @ x.T + ridge * np.eye(len(x)), seen.targets[rows])

        rest = [np.delete(np.arange(30), out) for out in range(30)]
        left_out = [seen.targets[out] - seen.train[out] @ fitted(rows) for out, rows in enumerate(rest)]
        errors.append(np.square(left_out).sum())
        fits.append(fitted(np.arange(30)))
    best = int(np.argmin(errors))
    assert 0 < best < len(RIDGES) - 1  # inside of what is tried
    assert last(made) == pytest.approx(by_hand(made, fits[best]), rel=1e-6)


def test_readings_are_medians_over_draws_of_features_on_one_set_of_data():
    made = RandomFeatures(DATA, 20, steps=3, seed=1)
    assert isinstance(made, Computation)
    found = list(made.readings())
    assert [each.step for each in found] == [1, 2, 3]
    draw, generator = made.data.draw(stream(1, "data")), stream(1, "features")
    losses = []
    for _ in range(3):
        seen = made.problem(draw, generator)
        outputs = seen.test @ (np.linalg.pinv(seen.train) @ seen.targets)
        losses.append(np.square(outputs - seen.truth).sum(axis=1).mean())
    assert found[-1].values["test loss"] == pytest.approx(np.median(losses))
    assert last(made) == last(made)
    assert last(dataclasses.replace(made, seed=2)) != last(made)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"features": 0}, "at least 1 feature"),
        ({"time": 0.0}, "a positive time"),
        ({"fit": "lasso"}, "fit must be one of"),
        ({"data": dataset("digits", train=30, test=0, flat=True)}, "judged on test examples"),
    ],
    ids=["features", "time", "fit", "data"],
)
def test_mistakes_are_refused(options, says):
    with pytest.raises(BadInput, match=says):
        last(RandomFeatures(**{"data": DATA, "features": 5, **options}))
