"""Training in function space: against integration, against descent on a linear model, and over many networks."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from torch.testing import assert_close

from oracles import normal, seeded
from phenoscope.core.errors import BadInput
from phenoscope.theory import kernel_descent, mode_decay, posterior


def test_the_flow_against_integration():
    features, targets, start = normal(5, 7), normal(5, 2, seed=1), normal(5, 2, seed=2)
    kernel = features @ features.T

    def speed(_, flat):
        return (-kernel @ (torch.from_numpy(flat).reshape(5, 2) - targets) / 5).flatten().numpy()

    integrated = solve_ivp(speed, (0, 1.5), start.flatten().numpy(), rtol=1e-10, atol=1e-12).y[:, -1]
    assert_close(kernel_descent(kernel, targets, start, 1.5).flatten(), torch.from_numpy(integrated), rtol=1e-7, atol=0)


@given(st.integers(1, 40), st.floats(0.01, 0.5), st.integers(0, 20))
@settings(max_examples=20, deadline=None)
def test_steps_against_gradient_descent_on_a_linear_model(steps, rate, seed):
    features, targets = normal(4, 6, seed=seed), normal(4, 2, seed=seed + 50)
    weights = normal(6, 2, seed=seed + 90)
    start = features @ weights
    for _ in range(steps):
        weights = weights - rate * features.T @ (features @ weights - targets) / 4
    found = kernel_descent(features @ features.T, targets, start, rate * steps, steps=steps)
    assert_close(found, features @ weights, rtol=1e-8, atol=1e-8 * float((features @ weights).abs().max()))


def test_small_steps_are_the_flow_and_modes_relax_one_by_one():
    values = torch.tensor([0.0, 1.0, 4.0], dtype=torch.float64)
    assert_close(mode_decay(values, 2, 3.0), torch.exp(-values * 1.5))
    assert_close(mode_decay(values, 2, 3.0, steps=10**7), mode_decay(values, 2, 3.0), rtol=1e-4, atol=0)
    assert mode_decay(values, 1, 0.9, steps=1).tolist() == pytest.approx([1.0, 0.1, -2.6])  # beyond the edge it grows
    with pytest.raises(BadInput, match="must not be negative"):
        mode_decay(values, 2, -1.0)


def test_the_posterior_is_that_of_many_trained_networks():
    """Random features: readouts drawn, then trained by the flow of a linear model; its kernels are known."""
    features, targets, time = normal(7, 10, seed=3) / 3, normal(4, 1, seed=1), 6.0
    kernel = features @ features.T
    drawn = torch.randn(10, 20_000, generator=seeded(5), dtype=torch.float64)
    start = features @ drawn
    moved = kernel_descent(kernel[:4, :4], targets.expand(-1, 20_000), start[:4], time)
    # Where the weights went is told by the integral of the residual: Δw = Φᵀ K⁻¹ (moved - start).
    there = start[4:] + kernel[4:, :4] @ torch.linalg.solve(kernel[:4, :4], moved - start[:4])
    found = posterior(kernel, kernel, targets, time)
    errors = there.std(1) / math.sqrt(20_000)
    assert float(((there.mean(1) - found.mean[:, 0]) / errors).abs().max()) < 4
    assert_close(
        torch.cov(there), found.covariance, rtol=0, atol=5 * math.sqrt(2 / 20_000) * float(torch.cov(there).max())
    )


def test_at_the_end_of_training_a_readout_is_a_gaussian_process():
    kernel, targets = normal(6, 8) @ normal(6, 8).T, normal(4, 2, seed=1)
    found = posterior(2 * kernel + 1, kernel, targets, frozen_body=True)
    gain = kernel[4:, :4] @ torch.linalg.inv(kernel[:4, :4])
    assert_close(found.mean, gain @ targets)
    assert_close(found.covariance, kernel[4:, 4:] - gain @ kernel[:4, 4:])
    late = posterior(kernel, kernel, targets, 1e7)
    assert_close(late.mean, found.mean, rtol=1e-6, atol=1e-9)
    other = posterior(
        kernel + torch.eye(6), kernel, targets
    )  # another tangent kernel: another covariance, no posterior
    assert float((other.covariance.diagonal() - found.covariance.diagonal()).min()) > 0
    first = posterior(kernel, kernel, targets, 0.0)
    assert_close(first.mean, torch.zeros(2, 2, dtype=torch.float64))
    assert_close(first.covariance, kernel[4:, 4:])
    singular = torch.ones(3, 3, dtype=torch.float64)
    assert_close(posterior(singular, singular, targets[:2, :1]).mean, targets[:2, :1].mean(0, keepdim=True))
    assert bool(torch.isfinite(posterior(singular, singular, targets[:2, :1], 3.0).mean).all())
    with pytest.raises(BadInput, match="training inputs and the test inputs"):
        posterior(kernel[:2, :2], kernel[:2, :2], targets)
