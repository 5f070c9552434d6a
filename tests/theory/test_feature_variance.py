"""The variance of random features by source, against simulated factorial designs and the risk in one formula."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from phenoscope.core.errors import BadInput
from phenoscope.instruments import variance_sources
from phenoscope.theory import kernel_learning, random_feature_risk, random_feature_variance

VALUES = np.arange(1, 121) ** -1.2
TARGET = VALUES**0.5
FACTORS = ("examples", "labels", "features")
PARTS = {
    "examples": ("examples",), "features": ("features",), "examples_features": ("examples", "features"),
    "noise": ("examples", "labels"), "noise_features": FACTORS,
}  # fmt: skip


def simulated(n, k, *, noise, ridge, draws, seed):
    """Every combination of draws of Gaussian inputs, noise, and Gaussian features; predictions as coefficients."""
    random = np.random.default_rng(seed)
    inputs, errors = random.standard_normal((draws, n, len(VALUES))), random.standard_normal((draws, n))
    projections = random.standard_normal((draws, len(VALUES), k)) / np.sqrt(k)
    made = np.empty((draws, draws, draws, 1, len(VALUES)))
    for i, x in enumerate(inputs):
        for j, drawn in enumerate(projections):
            features = np.sqrt(VALUES)[:, None] * drawn
            gram = (x @ features) @ (x @ features).T + ridge * np.eye(n)
            targets = (x @ TARGET)[:, None] + np.sqrt(noise) * errors.T
            made[i, :, j, 0] = (features @ (features.T @ (x.T @ np.linalg.solve(gram, targets)))).T
    return variance_sources(torch.from_numpy(made), FACTORS, targets=torch.from_numpy(TARGET)[None])


@pytest.mark.parametrize(("n", "k"), [(40, 20), (40, 56), (40, 120)])
def test_as_simulated(n, k):
    """Means over designs, so that the interactions with few levels have errors that may be relied on."""
    designs = [simulated(n, k, noise=0.3, ridge=0.02, draws=8, seed=seed) for seed in range(6)]
    expected = random_feature_variance(n, k, VALUES, TARGET, noise=0.3, ridge=0.02)
    found = {name: np.array([one.parts[source] for one in designs]) for name, source in PARTS.items()}
    found |= {"bias": np.array([one.bias for one in designs]), "variance": np.array([one.value for one in designs])}
    for name, values in found.items():
        close = max(0.1 * getattr(expected, name), 4 * values.std(ddof=1) / np.sqrt(len(values)))
        assert values.mean() == pytest.approx(getattr(expected, name), abs=close), name
    for source in (("labels",), ("labels", "features")):  # noise makes none without the examples
        assert abs(np.mean([one.parts[source] for one in designs])) < 0.01


@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(5, 200), k=st.integers(5, 200), power=st.floats(0.5, 2.5), noise=st.floats(0, 3),
    ridge=st.floats(1e-4, 10),
)  # fmt: skip
def test_parts_are_never_negative_and_sum_to_the_risk(n, k, power, noise, ridge):
    values = np.arange(1, 301) ** -power
    found = random_feature_variance(n, k, values, np.sqrt(values), noise=noise, ridge=ridge)
    risk = random_feature_risk(n, k, values, np.sqrt(values), noise=noise, ridge=ridge)
    assert found.bias + found.variance == pytest.approx(risk, rel=1e-9)
    parts = [getattr(found, name) for name in PARTS]
    assert min(parts) > -1e-9 * risk
    assert sum(parts) == pytest.approx(found.variance, rel=1e-9)


def test_many_features_are_the_kernel_itself():
    found = random_feature_variance(50, 10**8, VALUES, TARGET, noise=0.2, ridge=1e-3)
    kernel = kernel_learning(50, VALUES, TARGET, noise=0.2, ridge=1e-3)
    assert found.with_features < 1e-4 * found.variance
    assert found.bias + found.variance == pytest.approx(kernel.risk, rel=1e-4)
    assert found.learned == pytest.approx(kernel.learned, rel=1e-4)


def test_the_peak_is_where_examples_and_features_meet():
    def at(k):
        return random_feature_variance(60, k, VALUES, TARGET, noise=0.2, ridge=1e-7)

    near, nearer = (dataclasses.asdict(at(k)) for k in (62, 61))
    for name in ("bias", "features", "examples", "noise"):
        assert nearer[name] == pytest.approx(near[name], rel=0.1), name
    for name in ("examples_features", "noise_features"):
        assert nearer[name] > 1.7 * near[name], name


@pytest.mark.parametrize("target", [TARGET[:-1], np.full(len(VALUES), np.nan)], ids=["too few", "not finite"])
def test_coefficients_that_do_not_go_are_refused(target):
    with pytest.raises(BadInput, match="a finite coefficient for each"):
        random_feature_variance(10, 10, VALUES, target, ridge=0.1)
    with pytest.raises(BadInput, match="needs a ridge"):
        random_feature_variance(10, 10, VALUES, TARGET)
