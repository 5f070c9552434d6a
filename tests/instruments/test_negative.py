"""The share of clearly negative eigenvalues, against counting them."""

import math

import pytest
import torch

from oracles import PROBLEMS, dense_hessian, normal, seeded
from phenoscope.instruments import density, negative_share
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


def test_what_is_zero_but_for_rounding_is_not_negative():
    factor = normal(60, 5)
    flat = (factor @ factor.T).float()  # positive, 55 of 60 eigenvalues zero, which rounding makes of either sign
    assert bool((torch.linalg.eigvalsh(flat) < 0).any())
    assert negative_share(density(Matrix(flat))).value == 0.0


def test_the_same_generator_gives_the_same_share():
    entries = normal(40, 40)
    matrix = Matrix(entries + entries.T)
    first, second, other = (negative_share(density(matrix, steps=10, generator=seeded(s))) for s in (1, 1, 2))
    assert first == second != other
    assert math.isfinite(first.standard_error)
    assert first.value == pytest.approx(0.5, abs=0.2)
