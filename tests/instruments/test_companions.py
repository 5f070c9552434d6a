"""Companions of tracked eigenvectors: against dense solves and dense Rayleigh-Ritz in float64."""

import pytest
import torch
from torch.testing import assert_close

from oracles import normal, seeded
from phenoscope.instruments.spectra.companions import NEAR, STEADY, Companions, of_either, unknown
from phenoscope.instruments.spectra.subspace import begin

P, ROWS = 30, 2


def operators():
    """Two matrices of spectrum 10, 8, 7, 3, ... and their eigenvectors as rows."""
    values = torch.cat([torch.tensor([10.0, 8.0, 7.0, 3.0]), torch.linspace(-1, 1, P - 4)]).double()
    vectors = torch.linalg.qr(normal(ROWS, P, P)).Q.mT
    return vectors.mT @ (values[:, None] * vectors), vectors, values.expand(ROWS, P)


def block(matrices):
    return lambda vectors: vectors @ matrices


def test_the_correction_solves_with_what_is_known():
    """Against a dense solve with the companions' matrix: zero outside them, as no product tells otherwise."""
    _, vectors, values = operators()
    companions = Companions(vectors[:, 1:4], values[:, 1:4])
    residuals, theta = normal(ROWS, 2, P, seed=3), torch.tensor([[10.0, 5.0], [20.0, 12.0]]).double()
    known = companions.vectors.mT @ (companions.values[..., None] * companions.vectors)
    shifted = known[:, None] - theta[..., None, None] * torch.eye(P).double()
    expected = -torch.linalg.solve(shifted, residuals)
    assert_close(companions.correction(residuals, theta), expected, rtol=1e-12, atol=1e-12)


def test_it_restores_an_eigenvector_where_a_power_step_hardly_does():
    """A part along the next eigenvector goes at once; the power method, the nearest cousin, leaves 8/10 of it."""
    matrices, vectors, values = operators()
    x = vectors[:, :1] + 1e-3 * vectors[:, 1:2]
    x = x / x.norm(dim=2, keepdim=True)
    theta = (x @ matrices * x).sum(dim=2)
    residuals = x @ matrices - theta[..., None] * x

    def left(companions):
        better = x + companions.correction(residuals, theta)
        return ((better @ vectors[:, 1:].mT).norm(dim=2) / better.norm(dim=2)).flatten()

    assert (left(Companions(vectors[:, 1:4], values[:, 1:4])) < 1e-5).all()
    assert_close(left(unknown(x[:, 0], 3)), torch.full((ROWS,), 8e-4).double(), rtol=1e-2, atol=0)


def test_nothing_is_added_where_a_step_would_lead_away():
    _, vectors, values = operators()
    companions = Companions(vectors[:, 1:4], values[:, 1:4])
    found = companions.correction(normal(ROWS, 1, P), torch.tensor([[-1.0], [0.0]]).double())
    assert_close(found, torch.zeros_like(found))


def test_a_distance_that_old_values_cannot_tell_is_not_divided_by():
    _, vectors, _ = operators()
    companions = Companions(vectors[:, 1:2], torch.full((ROWS, 1), 10.0).double())
    found = companions.correction(vectors[:, 1:2], torch.full((ROWS, 1), 10.0).double())
    assert_close(found, vectors[:, 1:2], rtol=1e-12, atol=1e-12)


def test_wrong_companions_lead_nowhere_in_the_long_run():
    """Steps in a row, with no product to say how far: from distances of a tenth what is missing grows without end."""
    matrices, vectors, _ = operators()
    turned = torch.linalg.qr(normal(ROWS, P, P, seed=9)).Q.mT[:, :3]
    wrong = Companions(turned, torch.full((ROWS, 3), 9.9).double())  # of no eigenvector, and of too large a value

    def left(nearest):
        x = vectors[:, :1] + 1e-4 * turned.sum(dim=1, keepdim=True)
        for _ in range(30):
            x = x / x.norm(dim=2, keepdim=True)
            theta = (x @ matrices * x).sum(dim=2)
            x = x + wrong.correction(x @ matrices - theta[..., None] * x, theta, nearest=nearest)
        return ((x @ vectors[:, 1:].mT).norm(dim=2) / x.norm(dim=2)).max()

    assert left(STEADY) < 1e-3
    assert left(NEAR) > 1e-2


@pytest.mark.parametrize("wanted", [1, 2])
def test_refined_they_are_the_ritz_pairs_of_all_that_is_known(wanted):
    """Companions that are eigenpairs have no products to be remembered wrongly: then it is plain Rayleigh-Ritz."""
    matrices, vectors, values = operators()
    space = begin(block(matrices), normal(ROWS, 3, P, seed=5), seeded())
    found = Companions(vectors[:, 1:4], values[:, 1:4]).refined(space, wanted)
    whole = torch.linalg.qr(torch.cat([space.basis, vectors[:, 1:4]], dim=1).mT).Q
    expected, mix = torch.linalg.eigh(whole.mT @ matrices @ whole)
    assert_close(found.values, expected.flip(1)[:, wanted : wanted + 3], rtol=1e-10, atol=1e-10)
    along = (found.vectors * (whole @ mix).mT.flip(1)[:, wanted : wanted + 3]).sum(dim=2).abs()
    assert_close(along, torch.ones(ROWS, 3).double(), rtol=1e-8, atol=0)


def test_what_is_known_already_counts_once():
    """Companions inside the subspace add nothing: its own Ritz pairs remain, and nothing stands for the others."""
    matrices, vectors, values = operators()
    space = begin(block(matrices), vectors[:, [0, 1, 2]], seeded())
    found = Companions(vectors[:, [1, 2, 1]], values[:, [1, 2, 1]] + 0.5).refined(space, 1)
    assert_close(found.values, torch.tensor([[8.0, 7.0, 0.0]] * ROWS).double(), rtol=1e-10, atol=1e-10)
    assert_close(found.vectors.norm(dim=2), torch.tensor([[1.0, 1.0, 0.0]] * ROWS).double(), rtol=1e-10, atol=1e-8)


def test_unknown_ones_do_no_harm():
    matrices, vectors, _ = operators()
    space = begin(block(matrices), vectors[:, [0, 2]], seeded())
    found = unknown(vectors[:, 0], 2).refined(space, 1)
    assert_close(found.values, torch.tensor([[7.0, 0.0]] * ROWS).double(), rtol=1e-10, atol=1e-10)
    again = found.refined(space, 1)
    assert_close(again.values, found.values)
    assert_close(again.vectors.norm(dim=2), found.vectors.norm(dim=2), rtol=1e-10, atol=1e-8)


def test_rows_choose_for_themselves():
    _, vectors, values = operators()
    one, other = Companions(vectors[:, :2], values[:, :2]), Companions(vectors[:, 2:4], values[:, 2:4])
    for which in ([True, False], [True, True], [False, False]):
        found = of_either(torch.tensor(which), one, other)
        for row, first in enumerate(which):
            assert_close(found.vectors[row], (one if first else other).vectors[row])
            assert_close(found.values[row], (one if first else other).values[row])
