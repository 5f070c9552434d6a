"""The share of clearly negative eigenvalues, against counting them."""

import math

import pytest
import torch

from oracles import PROBLEMS, dense_hessian, normal, seeded
from phenoscope.instruments import Outcome, density, negative_share
from phenoscope.objective import Matrix, Objective


def test_it_is_the_share_that_counting_gives():
    problem = PROBLEMS["tanh perceptron"]()
    objective = Objective(problem.model, problem.loss, problem.data, 4)
    spectrum = torch.linalg.eigvalsh(dense_hessian(problem.total, problem.model))
    exact = (spectrum < -0.01 * spectrum.abs().max()).double().mean().item()
    assert 0 < exact < 1
    found = negative_share(density(objective, probes=200, tol=0, generator=seeded(1)))
    assert abs(found.value - exact) <= 4 * found.standard_error
    assert found.standard_error < 0.05
    assert found.size == len(spectrum)
    assert found.converged
    assert not negative_share(density(objective, probes=2, tol=0, generator=seeded(1)), 1e-6).converged
    assert "below -1% of the largest of 43" in found.evidence


def test_what_the_steps_cannot_tell_is_not_converged():
    """Eigenvalues close to the margin, on both sides of it, which a few steps see as one."""
    values = torch.cat([-0.01 + 1e-4 * normal(200), torch.linspace(-0.5, 1, 20, dtype=torch.float64)])
    exact = (values < -0.01).double().mean().item()
    basis = torch.linalg.qr(normal(220, 220)).Q
    found = density(Matrix(basis @ torch.diag(values) @ basis.T), probes=40, steps=20, tol=0)
    reading = negative_share(found)
    assert reading.outcome is Outcome.NOT_CONVERGED
    assert reading.least < exact < reading.most
    assert abs(reading.value - exact) <= 1.96 * reading.standard_error
    assert f"its steps leave {reading.least:.2g} to {reading.most:.2g}" in str(reading)
    made = Matrix(torch.eye(5))
    made._entries = torch.full((1, 5, 5), math.nan)
    assert negative_share(density(made, probes=3, steps=3)).outcome is Outcome.NOT_FINITE


def test_what_is_zero_but_for_rounding_is_not_negative():
    factor = normal(60, 5)
    flat = (factor @ factor.T).float()  # positive, 55 of 60 eigenvalues zero, which rounding makes of either sign
    assert bool((torch.linalg.eigvalsh(flat) < 0).any())
    assert negative_share(density(Matrix(flat))).value < 1e-12


def test_the_same_generator_gives_the_same_share():
    entries = normal(40, 40)
    matrix = Matrix(entries + entries.T)
    first, second, other = (negative_share(density(matrix, steps=10, generator=seeded(s))) for s in (1, 1, 2))
    assert first == second != other
    assert math.isfinite(first.standard_error)
    assert first.value == pytest.approx(0.5, abs=0.2)
