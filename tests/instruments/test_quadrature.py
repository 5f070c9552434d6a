"""Bounds on the mass below a point, against the measure itself and against orthogonal polynomials."""

import math

import pytest
import torch
from torch.testing import assert_close

from oracles import normal, seeded
from phenoscope.instruments.spectra.lanczos import lanczos
from phenoscope.instruments.spectra.quadrature import mass_below, widening
from phenoscope.objective import Matrix

SPREAD = torch.cat([0.01 * normal(30, seed=1), torch.linspace(-1, 2, 9, dtype=torch.float64)]).sort().values


def seen(steps: int, probes: int = 4):
    """Jacobi matrices of random sign vectors of a dense matrix, and the masses (probes, p) of its eigenvalues."""
    basis = torch.linalg.qr(normal(len(SPREAD), len(SPREAD))).Q
    alpha, beta = lanczos(Matrix(basis @ torch.diag(SPREAD) @ basis.T), probes, steps, seeded(3))
    signs = torch.randint(2, (probes, len(SPREAD)), generator=seeded(3), dtype=torch.int8).double() * 2 - 1
    return alpha, beta, (signs @ basis).square() / len(SPREAD)


@pytest.mark.parametrize("steps", [1, 4, 12, 30])
def test_the_mass_lies_between_its_bounds(steps):
    alpha, beta, masses = seen(steps)
    gaps = []
    for point in torch.linspace(-1.5, 2.5, 41).tolist():
        least, most = mass_below(alpha, beta, point)
        below = masses[:, point > SPREAD].sum(dim=1)
        assert bool((least <= below + 1e-9).all())
        assert bool((below <= most + 1e-9).all())
        gaps.append((most - least).max().item())
    assert max(gaps) > 0.05
    assert steps < 12 or min(gaps) < 1e-3


def test_no_bounds_from_as_many_moments_lie_closer():
    """Their distance is Christoffel's function, 1 / Σ pₖ(t)² with the orthonormal polynomials of degree below m."""
    alpha, beta, masses = seen(5)
    for point in (-0.7, 0.003, 1.2):
        least, most = mass_below(alpha, beta, point)
        for own, distance in zip(masses, most - least, strict=True):
            powers = torch.stack([SPREAD**k for k in range(5)])
            at = torch.tensor([point**k for k in range(5)], dtype=torch.float64)
            kernel = at @ torch.linalg.solve((powers * own) @ powers.T, at)
            assert_close(distance, 1 / kernel, rtol=1e-6, atol=0)


def test_beyond_everything_all_is_known():
    alpha, beta, _ = seen(4)
    assert mass_below(alpha, beta, -math.inf).tolist() == [[0.0] * 4] * 2
    assert mass_below(alpha, beta, math.inf).tolist() == [[1.0] * 4] * 2


def test_few_draws_widen_an_error_by_students_law():
    assert widening(2) == pytest.approx(12.706 / 1.96, rel=1e-3)
    assert widening(10) == pytest.approx(2.262 / 1.96, rel=1e-3)
