"""Regression on spectra against the estimate by its definition, and against theory and the limits of the field."""

import math

import numpy as np
import pytest
import torch

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.methods import Computation, SpectralRegression
from phenoscope.theory import effective_ranks


def last(made):
    *_, found = made.readings()
    return found.values


@pytest.mark.parametrize("ridge", [0.0, 0.3])
@pytest.mark.parametrize("spectrum", ["spikes", "power", "exponential"])
def test_the_risk_by_its_definition(spectrum, ridge):
    made = SpectralRegression(12, spectrum=spectrum, decay=1.5, ridge=ridge, steps=2, seed=3)
    values, generator, risks = made.eigenvalues, stream(3, "draws"), []
    theta = np.where(np.arange(len(values)) < 5, 1 / np.sqrt(5 * values), 0.0)
    assert (values * theta**2).sum() == pytest.approx(1.0)
    for _ in range(2):
        x = torch.randn(12, len(values), generator=generator, dtype=torch.float64).numpy() * np.sqrt(values)
        y = x @ theta + 0.5 * torch.randn(12, generator=generator, dtype=torch.float64).numpy()
        found = x.T @ np.linalg.solve(x @ x.T + ridge * 12 * np.eye(12), y)
        risks.append((values * (found - theta) ** 2).sum())
    assert last(made)["risk"] == pytest.approx(np.mean(risks), rel=1e-6)
    assert last(made)["risk.standard error"] == pytest.approx(abs(risks[0] - risks[1]) / 2, rel=1e-6)


@pytest.mark.parametrize(
    ("options", "n"), [({"spectrum": "spikes"}, 60), ({"spectrum": "power", "decay": 1.5}, 60),
                       ({"spectrum": "exponential", "decay": 0.1}, 60),
                       ({"spectrum": "exponential", "decay": 0.1, "ridge": 0.01}, 60)], ids=str,
)  # fmt: skip
def test_as_theory_says(options, n):
    found = last(SpectralRegression(n, steps=30, **options))
    assert found["predicted risk"] == pytest.approx(
        found["risk"], abs=4 * found["risk.standard error"] + 0.05 * found["risk"]
    )


def test_the_classes_of_overfitting():
    """Benign, tempered at (α - 1) σ², and catastrophic."""
    risks = {name: last(SpectralRegression(150, spectrum=name, decay=decay, steps=2))["predicted risk"]
             for name, decay in (("spikes", 1.0), ("power", 2.0), ("exponential", 0.1))}  # fmt: skip
    assert risks["spikes"] < 0.05
    assert risks["power"] == pytest.approx(0.25, rel=0.05)
    assert risks["exponential"] == pytest.approx(0.25 * (0.1 * 150 - 1), rel=0.05)


def test_the_rank_risk():
    made = SpectralRegression(30, noise=2.0, steps=2)
    small = round(30**1.5)
    assert effective_ranks(made.eigenvalues, n=30)[0] == 5
    assert last(made)["rank risk"] == pytest.approx(2.0 * (5 / 30 + 30 / small))
    assert "rank risk" not in last(SpectralRegression(30, spectrum="exponential", decay=0.5, steps=2))
    assert isinstance(made, Computation)
    assert math.isfinite(last(made)["risk"])


@pytest.mark.parametrize(
    "bad", [{"examples": 4}, {"examples": 9, "spectrum": "flat"}, {"examples": 9, "decay": 0.0},
            {"examples": 9, "growth": 1.0}, {"examples": 9, "noise": -1.0}, {"examples": 9, "ridge": -1.0}], ids=str,
)  # fmt: skip
def test_settings_that_make_no_sense(bad):
    with pytest.raises(BadInput):
        SpectralRegression(**bad)
