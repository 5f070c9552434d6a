"""Expected sharpness under noise against its closed form on quadratics; coverage; invariance."""

import math

import numpy as np
import pytest
import torch
from test_neighbourhood import relu, rescaled
from torch.testing import assert_close

from oracles import CE, PROBLEMS, dense_hessian, normal, seeded
from phenoscope.core.errors import BadInput
from phenoscope.instruments import Outcome, gaussian_sharpness
from phenoscope.instruments.flatness import perturbed
from phenoscope.objective import Objective
from quadratics import bowl, spread, turned

HESSIAN = turned(spread(6.0, 2.0, 1.0, -0.5))


@pytest.mark.parametrize("scale", [None, "magnitude", spread(0.0, 1.0, 2.0, 3.0)], ids=["none", "magnitude", "given"])
def test_on_a_quadratic_it_is_half_the_trace_whatever_the_gradient(scale):
    at = spread(1.0, -2.0, 0.5, 3.0)
    factors = {None: torch.ones(4, dtype=torch.float64)}.get(scale, at.abs()) if not torch.is_tensor(scale) else scale
    expected = 0.3**2 / 2 * (factors.square() * torch.diagonal(HESSIAN)).sum().item()
    reading = gaussian_sharpness(bowl(HESSIAN, 5 * normal(4), at), 0.3, scale=scale)
    assert abs(reading.value - expected) <= 3.5 * reading.standard_error
    assert reading.converged
    assert reading.standard_error <= 0.05 * reading.value
    assert_close(reading.predicted, expected, rtol=1e-10, atol=0)  # four parameters: their diagonal is summed
    assert reading.predicted_error <= 1e-12


SPECTRA = {"even": torch.ones(20), "one": spread(1.0, *[0.0] * 19), "mixed": spread(8.0, *np.linspace(0.1, 1, 19))}


@pytest.mark.parametrize("name", SPECTRA)
def test_the_error_covers_with_the_stopping_rule_on(name):
    """Rises of a quadratic are Σ λᵢzᵢ²/2; with one eigenvalue they are as skewed as they can be."""
    values, covered, errors, sizes = np.asarray(SPECTRA[name], dtype=float), [], [], []
    exact = values.sum() / 2
    for seed in range(400):
        random = np.random.default_rng(seed)
        drawn = perturbed._enough(lambda k, r=random: list(r.normal(size=(k, 20)) ** 2 @ values / 2), 0.1, 1000)
        value, error = perturbed._mean(drawn)
        covered.append(abs(value - exact) <= 1.96 * error)
        errors.append(value - exact)
        sizes.append(error)
    assert 0.90 <= np.mean(covered) <= 0.98
    assert 0.85 < np.std(errors) / np.mean(sizes) < 1.15


def test_opposite_pairs_cancel_the_gradient():
    """The nearest wrong cousin, z without -z, has a hundred times the deviation here."""
    slope = 100 * normal(4)
    reading = gaussian_sharpness(bowl(HESSIAN, slope), 0.1, max_pairs=50)
    single = 0.1 * slope.norm().item() / math.sqrt(50)
    assert reading.standard_error < single / 50


def test_what_is_scaled_by_magnitude_is_unchanged_under_layer_rescaling():
    found = []
    for c in (1.0, 8.0):
        model, data = relu()
        objective = Objective(rescaled(model, c), CE, data)
        adaptive, plain = (gaussian_sharpness(objective, 0.1, 0.2, scale=scale) for scale in ("magnitude", None))
        found.append((adaptive.value, adaptive.predicted, plain.value))
    assert_close(found[1][:2], found[0][:2], rtol=1e-4, atol=0)
    assert abs(found[1][2] / found[0][2] - 1) > 1


@pytest.mark.parametrize("name", ["tanh perceptron", "frozen", "unused", "tied, ignoring targets", "sum"])
def test_noise_so_small_that_the_loss_is_quadratic(name):
    problem = PROBLEMS[name]()
    objective = Objective(problem.model, problem.loss, problem.data, 4)
    reading = gaussian_sharpness(objective, 1e-3, 0.2)
    expected = 1e-6 / 2 * torch.trace(dense_hessian(problem.total, problem.model)).item()
    assert abs(reading.value - expected) <= 4 * reading.standard_error
    assert abs(reading.predicted - expected) <= 4 * reading.predicted_error
    assert reading.value == gaussian_sharpness(objective, 1e-3, 0.2, predict=False).value
    assert reading.value != gaussian_sharpness(objective, 1e-3, 0.2, predict=False, generator=seeded(5)).value


def test_single_precision_differs_by_no_more_than_its_rounding():
    """All pairs share the rounding of the loss at the point itself: it does not average out."""
    readings = []
    for dtype in (torch.float64, torch.float32):
        model, data = relu(dtype)
        readings.append(gaussian_sharpness(Objective(model, CE, data), 3e-4, 1e-3, max_pairs=200, predict=False))
    assert abs(readings[1].value - readings[0].value) <= readings[1].standard_error
    assert readings[1].standard_error >= 1e-7


def test_ends_other_than_success():
    few = gaussian_sharpness(bowl(HESSIAN), 0.1, 1e-4, max_pairs=20, predict=False)
    assert (few.outcome, few.pairs) == (Outcome.NOT_CONVERGED, 20)
    assert math.isnan(few.predicted)
    model, data = relu(torch.float32)
    assert gaussian_sharpness(Objective(model, CE, data), 1e-5, predict=False).outcome is Outcome.PRECISION_FLOOR
    assert gaussian_sharpness(bowl(HESSIAN), 1e200, predict=False).outcome is Outcome.NOT_FINITE
    for options in ({"sigma": 0.0}, {"tol": 0.0}, {"max_pairs": 1}):
        with pytest.raises(BadInput, match="must be positive"):
            gaussian_sharpness(bowl(HESSIAN), **options)
