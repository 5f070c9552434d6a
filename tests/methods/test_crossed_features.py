"""Crossed features against single fits, made one after the other from the same draws."""

import dataclasses

import numpy as np
import pytest
import torch

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.data import dataset
from phenoscope.data.dataset import noisy_labels
from phenoscope.methods import Computation, CrossedFeatures
from phenoscope.theory import random_feature_variance

MADE = CrossedFeatures(dataset("digits", train=90, test=40, flat=True), 12, examples=20, steps=3, seed=2)


def last(made):
    *_, found = made.readings()
    return found.values


def one_by_one(made):
    """Predictions of every combination and the truth, fit by fit."""
    draw = made.data.draw(stream(made.seed, "data"))
    flat, held = draw.train.inputs.double(), draw.test.inputs.double()
    size = (flat.square().sum() / len(flat)).sqrt()
    outputs = torch.empty(3, 3, 3, len(held), 10, dtype=torch.float64)
    for s, j, i in np.ndindex(3, 3, 3):
        chosen = torch.randperm(len(flat), generator=stream(made.seed, "examples", int(s)))[:20]
        noise = stream(made.seed, "labels", int(j))
        labels = noisy_labels(draw.train.targets[chosen], classes=10, fraction=made.flipped, generator=noise)
        weights = torch.randn(
            64, made.features, generator=stream(made.seed, "start", int(i)), dtype=torch.float64
        ) / size / made.features**0.5  # fmt: skip
        here, there = (flat[chosen] @ weights).relu(), (held @ weights).relu()
        wanted = torch.nn.functional.one_hot(labels, 10).double()
        if made.ridge:
            scale = torch.linalg.matrix_norm(here, 2) ** 2 * made.ridge
            gram = here.T @ here + scale * torch.eye(made.features, dtype=torch.float64)
            fitted = torch.linalg.solve(gram, here.T @ wanted)
        else:
            fitted = torch.linalg.pinv(here) @ wanted
        outputs[s, j, i] = there @ fitted
    return outputs, torch.nn.functional.one_hot(draw.test.targets, 10).double()


@pytest.mark.parametrize("changes", [{}, {"features": 60}, {"ridge": 0.1}], ids=str)
def test_as_fit_by_fit(changes):
    made = dataclasses.replace(MADE, **changes)
    found, (outputs, truth) = last(made), one_by_one(made)
    assert found["risk"] == pytest.approx((outputs - truth).square().sum(dim=-1).mean().item(), rel=1e-6)
    mean = outputs.mean(dim=2)
    assert found["ensemble risk"] == pytest.approx((mean - truth).square().sum(dim=-1).mean().item(), rel=1e-6)
    assert found["risk"] == pytest.approx(found["bias"] + found["variance"])


def test_the_parts_add_up_and_no_wrong_labels_make_none():
    found = last(MADE)
    parts = [value for name, value in found.items() if name.startswith("variance of ") and "error" not in name]
    assert sum(parts) == pytest.approx(found["variance"])
    with_start = [v for k, v in found.items() if k.startswith("variance of ") and "start" in k and "error" not in k]
    assert sum(with_start) == pytest.approx(found["variance with start"])
    clean = last(dataclasses.replace(MADE, flipped=0.0))
    assert clean["variance with labels"] == pytest.approx(0.0, abs=1e-9)
    assert clean["variance with examples"] > 0
    assert set(MADE.units) == {name for name in found if not name.endswith("standard error")}
    assert isinstance(MADE, Computation)


@pytest.mark.parametrize("bad", [{"steps": 2}, {"flipped": 1.5}, {"ridge": -1.0}, {"features": 0}], ids=str)
def test_settings_that_make_no_sense(bad):
    with pytest.raises(BadInput):
        dataclasses.replace(MADE, **bad)


def test_more_examples_than_there_are():
    with pytest.raises(BadInput, match="95 examples are to be taken from 90"):
        last(dataclasses.replace(MADE, examples=95))


def test_with_a_ridge_the_variance_is_nearly_what_is_foretold():
    """The parts by the formula, from a kernel that is estimated with a hundred thousand features."""
    made = dataclasses.replace(MADE, data=dataset("digits", train=500, test=200, flat=True), ridge=0.02, flipped=0.3)
    made = dataclasses.replace(made, examples=60, features=90, steps=6)
    found = last(made)
    draw = made.data.draw(stream(made.seed, "data"))
    inputs, labels = (
        torch.cat([getattr(part, name) for part in (draw.train, draw.test)]) for name in ("inputs", "targets")
    )
    flat = inputs.double() / draw.train.inputs.double().square().sum(dim=1).mean().sqrt()
    drawn = torch.randn(64, 20_000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    features = (flat @ drawn).relu() / 20_000**0.5
    values, vectors = torch.linalg.eigh(features @ features.T / len(flat))
    wrong = torch.full((10, 10), made.flipped / 9, dtype=torch.float64).fill_diagonal_(1 - made.flipped)
    along = vectors.T @ wrong[labels] / len(flat) ** 0.5
    spread = 1 - wrong[0].square().sum().item()
    energy = along.square().sum(dim=1).sqrt()
    parts = random_feature_variance(
        60, 90, values.clamp_min(1e-15).numpy(), energy.numpy(), noise=spread, ridge=0.02 * 60 * values[-1].item()
    )
    assert found["predicted variance"] == pytest.approx(parts.variance, rel=0.02)
    assert found["predicted variance with start"] == pytest.approx(parts.with_features, rel=0.05)
    truth = vectors.T @ torch.eye(10, dtype=torch.float64)[labels] / len(flat) ** 0.5
    missed = truth - torch.from_numpy(parts.learned)[:, None] * along
    assert found["predicted bias"] == pytest.approx(missed.square().sum().item(), rel=0.02)
    for name in ("bias", "variance", "risk", "ensemble risk"):
        assert found[name] == pytest.approx(found[f"predicted {name}"], rel=0.3), name
