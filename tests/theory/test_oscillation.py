"""The covariance at the edge: closed forms, the conditions that define it, and a search that knows nothing of them."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from phenoscope.core.seeds import stream
from phenoscope.theory import edge_covariance


def problem(seed, k, rows=3, p=12):
    generator = stream(seed)
    slopes = torch.randn(rows, k, k, p, generator=generator, dtype=torch.float64)
    slopes = (slopes + slopes.transpose(1, 2)) / 2
    growth = torch.randn(rows, k, k, generator=generator, dtype=torch.float64)
    return (growth + growth.mT) / 2, torch.einsum("nijp,nlmp->nijlm", slopes, slopes)


def test_one_direction_is_twice_its_growth_over_its_coupling():
    growth = torch.tensor([3.0, -2.0, 0.0], dtype=torch.float64).reshape(3, 1, 1)
    coupling = torch.tensor([4.0, 4.0, 1.0], dtype=torch.float64).reshape(3, 1, 1, 1, 1)
    assert_close(edge_covariance(growth, coupling).flatten(), torch.tensor([1.5, 0.0, 0.0], dtype=torch.float64))


def test_directions_that_do_not_meet_are_each_on_their_own():
    """The sign taken entry by entry would lose the part off the diagonal, or leave a negative eigenvalue."""
    coupling = torch.zeros(1, 2, 2, 2, 2, dtype=torch.float64)
    for i in range(2):
        for j in range(2):
            coupling[0, i, j, i, j] = 2.0
    growth = torch.tensor([[[1.0, 2.0], [2.0, 1.0]]], dtype=torch.float64)  # eigenvalues 3 and -1
    half = torch.full((1, 2, 2), 1.5, dtype=torch.float64)
    assert_close(edge_covariance(growth, coupling), half, rtol=1e-5, atol=1e-6)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 4))
def test_the_conditions_that_define_it_hold(seed, k):
    growth, coupling = problem(seed, k)
    found = edge_covariance(growth, coupling)
    drift = growth - torch.einsum("nijlm,nlm->nij", coupling, found) / 2
    assert_close(found, found.mT)
    assert float(torch.linalg.eigvalsh(found).min()) >= -1e-9
    size = growth.norm(dim=(1, 2))
    assert bool((torch.linalg.eigvalsh(drift).max(dim=1).values <= 2e-3 * size).all())
    assert bool(((found * drift).sum(dim=(1, 2)).abs() <= 2e-3 * size * found.norm(dim=(1, 2))).all())


def test_nothing_else_is_lower():
    growth, coupling = problem(7, 3, rows=1)

    def value(x):
        return (x * torch.einsum("nijlm,nlm->nij", coupling, x)).sum() / 4 - (growth * x).sum()

    best = value(edge_covariance(growth, coupling))
    generator = stream(1)
    others = [torch.randn(1, 3, 3, generator=generator, dtype=torch.float64) for _ in range(2000)]
    assert all(value(scale * (x @ x.mT)) >= best - 1e-9 for x in others for scale in (0.01, 0.1, 1.0))


def test_a_guess_changes_nothing_but_the_time():
    growth, coupling = problem(3, 3)
    plain = edge_covariance(growth, coupling)
    guess = torch.eye(3, dtype=torch.float64).expand(3, 3, 3)
    assert_close(edge_covariance(growth, coupling, start=guess), plain, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_where_nothing_grows_nothing_oscillates(k):
    _, coupling = problem(5, k)
    assert not edge_covariance(-torch.eye(k, dtype=torch.float64).expand(3, k, k), coupling).any()
