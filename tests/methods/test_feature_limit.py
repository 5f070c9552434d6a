"""Features and their limit: by a kernel written out, by ever more features, and by another solver."""

import dataclasses
import math

import numpy as np
import pytest

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.data import dataset
from phenoscope.methods import Computation, FeatureLimit, RandomFeatures

MADE = FeatureLimit(dataset("digits", train=20, test=30, flat=True, label_noise=0.2), 60, steps=3)


def last(made):
    *_, found = made.readings()
    return found.values


def arccosine(x, y):
    """E max(0, ⟨w, x⟩) max(0, ⟨w, y⟩) over normal w, up to rounding."""
    size = math.sqrt((x @ x) * (y @ y))
    angle = math.acos(max(-1.0, min(1.0, (x @ y) / size)))
    return size / (2 * math.pi) * (math.sin(angle) + (math.pi - angle) * math.cos(angle))


def test_the_limit_is_interpolation_with_the_kernel_of_relu_features():
    draw = MADE.data.draw(stream(0, "data"))
    train, test = (part.inputs.double().numpy() for part in (draw.train, draw.test))
    here, there = (np.array([[arccosine(a, b) for b in train] for a in rows]) for rows in (train, test))
    labels, truth = (np.eye(10)[part.targets.numpy()] for part in (draw.train, draw.test))
    mean = labels.mean(axis=0)
    made = there @ np.linalg.pinv(here) @ (labels - mean) + mean
    assert last(MADE)["limit loss"] == pytest.approx(np.square(made - truth).sum(axis=1).mean(), rel=1e-8)


def test_ever_more_features_come_to_it():
    few, many = (last(dataclasses.replace(MADE, features=p, steps=8))["excess"] for p in (100, 20_000))
    assert abs(many) < 0.02 * abs(few)


@pytest.mark.parametrize("features", [10, 60])
def test_one_draw_has_the_loss_of_plain_random_features(features):
    made = dataclasses.replace(MADE, features=features, steps=1)
    *_, plain = RandomFeatures(made.data, features, steps=1).readings()
    found = last(made)
    assert found["test loss"] == pytest.approx(plain.values["test loss"], rel=1e-8)
    assert found["excess"] == pytest.approx(found["test loss"] - found["limit loss"])
    assert math.isnan(found["excess.standard error"])


def test_the_error_is_that_of_the_mean_over_draws():
    found = last(dataclasses.replace(MADE, steps=12))
    again = [last(dataclasses.replace(MADE, steps=n))["test loss"] * n for n in range(1, 13)]
    losses = np.diff([0.0, *again])
    assert found["test loss"] == pytest.approx(losses.mean())
    assert found["excess.standard error"] == pytest.approx(losses.std(ddof=1) / math.sqrt(12))
    assert found == last(dataclasses.replace(MADE, steps=12))


def test_what_makes_no_sense():
    assert isinstance(MADE, Computation)
    with pytest.raises(BadInput):
        dataclasses.replace(MADE, features=0)
    with pytest.raises(BadInput, match="test examples"):
        last(dataclasses.replace(MADE, data=dataset("digits", train=20, test=0, flat=True)))
