"""The chance of a missed eigenvalue: the inequality behind it, its law on the sphere, and the promise it makes."""

import numpy as np
import pytest
import torch
from scipy import stats
from torch.testing import assert_close

from oracles import normal, seeded
from phenoscope.instruments import Outcome, eigenvalues
from phenoscope.instruments.spectra.challenge import End, challenge, hidden_probability, settled
from phenoscope.instruments.spectra.extremes import Wanted, extremes
from phenoscope.instruments.spectra.subspace import begin, extend, lengthen, orthonormal, restart, ritz
from phenoscope.objective import Matrix


def krylov(matrix, m, seed=0):
    """The Krylov space of a random unit vector, grown by the library, and that vector."""
    operator = Matrix(matrix)
    generator = seeded(seed)
    q = torch.randn(1, 1, len(matrix), generator=generator, dtype=torch.float64)
    space = begin(operator.multiply, q, generator)
    for _ in range(m - 1):
        space = extend(space, operator.multiply, space.images[:, -1:], generator)
    return space, (q / q.norm())[0, 0]


def bound(matrix, space, q, level):
    """C = ‖∏(A - θ) q‖ / ∏(level - θ), the polynomial applied densely."""
    thetas = torch.linalg.eigvalsh(space.basis[0] @ matrix @ space.basis[0].T)
    image = q
    for theta in thetas:
        image = matrix @ image - theta * image
    return (image.norm() / (level - thetas).prod()).item()


@pytest.mark.parametrize("m", [1, 2, 3, 5])
def test_the_law_is_that_of_a_random_direction(m):
    """Against points drawn on the sphere, with the bound computed from the dense polynomial."""
    matrix = torch.diag(torch.linspace(-1, 1, 12, dtype=torch.float64))
    space, q = krylov(matrix, m)
    for level in (1.1, 1.5, 4.0):
        c = bound(matrix, space, q, level)
        sphere = normal(200_000, 12, seed=7)
        hidden = ((sphere[:, 0] / sphere.norm(dim=1)).abs() <= c).double().mean()
        level_of = torch.tensor([level], dtype=torch.float64)
        found = hidden_probability(space, level_of, 12, torch.ones(1, dtype=torch.float64))
        assert_close(found.item(), hidden.item(), rtol=0, atol=0.005)


@pytest.mark.parametrize("m", [1, 2, 4, 8])
def test_no_eigenvalue_above_hides_more_than_the_bound(m):
    """|u·q| ≤ c for every eigenvector whose eigenvalue lies above all Ritz values: the inequality itself."""
    for seed in range(5):
        spectrum = normal(20, seed=seed).sort().values
        spectrum[-1] += 3
        matrix = torch.diag(spectrum)
        space, q = krylov(matrix, m, seed)
        top = ritz(space, 1, 0).values.item()
        for index, value in enumerate(spectrum.tolist()):
            if value > top + 1e-9:
                assert q[index].abs() <= bound(matrix, space, q, value) * (1 + 1e-6)


def test_nothing_is_excluded_below_a_ritz_value_and_everything_above_a_whole_space():
    matrix = torch.diag(torch.linspace(-1, 1, 12, dtype=torch.float64))
    space, _ = krylov(matrix, 4)
    one = torch.ones(1, dtype=torch.float64)
    assert hidden_probability(space, ritz(space, 1, 0).values[:, 0] - 0.01, 12, one).item() == 1.0
    assert hidden_probability(space, 0.3 * one, 12, 0.2 * one).item() == 0.2  # earlier stages still count
    full, _ = krylov(matrix, 12)
    assert hidden_probability(full, 1.01 * one, 12, one).item() == 0.0


def test_an_impure_space_proves_nothing_new():
    """Once a row runs out of directions, random ones take their place, which no longer make a Krylov space."""
    matrix = torch.diag(torch.tensor([2.0] + [1.0] * 19, dtype=torch.float64))
    operator, generator = Matrix(matrix), seeded()
    space, _ = krylov(matrix, 2)
    assert space.pure.all()
    space = extend(space, operator.multiply, space.images[:, -1:], generator)
    assert not space.pure.any()
    kept = torch.tensor([0.7], dtype=torch.float64)
    assert torch.equal(hidden_probability(space, 10 * kept, 20, kept), kept)


def test_a_row_that_runs_out_does_not_disturb_the_others():
    """Replacing one row's direction must not replace those of all rows, or their spaces would be no Krylov spaces."""
    poor, rich = (
        torch.diag(torch.ones(10, dtype=torch.float64)),
        torch.diag(torch.linspace(-1, 1, 10, dtype=torch.float64)),
    )
    basis = begin(Matrix(torch.stack([poor, rich])).multiply, normal(2, 1, 10), seeded()).basis
    wanted = torch.stack([basis[0, 0], normal(10, seed=3)])
    unit, taken = orthonormal(wanted, basis, seeded(5))
    assert taken.tolist() == [False, True]
    left = wanted[1] - basis[1, 0] * (basis[1, 0] @ wanted[1])
    assert_close(unit[1], left / left.norm())
    assert_close((unit * basis[:, 0]).sum(dim=1), torch.zeros(2, dtype=torch.float64), rtol=0, atol=1e-14)
    assert_close(unit.norm(dim=1), torch.ones(2, dtype=torch.float64))


def test_directions_stay_orthogonal_when_almost_nothing_is_left():
    basis = torch.linalg.qr(normal(40, 6)).Q.T[None]
    column = basis[:, 2] + 1e-11 * normal(1, 40)
    unit, taken = orthonormal(column, basis, seeded())
    assert taken.all()
    assert (basis[0] @ unit[0]).abs().max() < 1e-12
    assert abs(unit.norm() - 1) < 1e-12


def test_the_basis_is_orthonormal_and_its_matrix_true():
    spectrum = torch.cat([torch.tensor([50.0, 49.99]), torch.linspace(-1, 1, 118)]).double()
    matrix = torch.diag(spectrum)
    space, _ = krylov(matrix, 80)
    for one in (space, restart(space, 9)):
        basis = one.basis[0]
        assert_close(basis @ basis.T, torch.eye(len(basis), dtype=torch.float64), rtol=0, atol=1e-12)
        assert_close(one.images[0], basis @ matrix, rtol=0, atol=1e-11)
        assert_close(one.matrix[0], basis @ matrix @ basis.T, rtol=0, atol=1e-11)
    assert restart(space, 9).dimension == 18
    assert_close(ritz(restart(space, 9), 3, 2).values, ritz(space, 3, 2).values, rtol=0, atol=1e-11)


def test_a_challenge_keeps_out_of_the_known_vectors():
    """A matrix with few eigenvalues exhausts the complement at once; what is known must not be found again."""
    vectors = torch.linalg.qr(normal(30, 30)).Q
    spectrum = torch.tensor([9.0, 8.0] + [1.0] * 28, dtype=torch.float64)
    matrix = (vectors * spectrum) @ vectors.T
    operator = Matrix((matrix + matrix.T) / 2)
    known = begin(operator.multiply, vectors[:, :2].T[None], seeded())
    level = torch.tensor([8.1], dtype=torch.float64)
    ends = [End(1.0, level, level)]
    found = challenge(known, operator.multiply, ends, risk=0.0, generator=seeded(), most=10)
    assert not found.found.any()
    assert found.failure_probability.item() < 1e-9
    assert found.space.dimension == 2 + found.products
    assert (found.space.basis[0, 2:] @ vectors[:, :2]).abs().max() < 1e-10


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_what_is_projected_out_hides_no_eigenvalue_from_the_rest(sign):
    """If the matrix has more eigenvalues above the level than the Ritz values have, the rest has one above its own."""
    more = 0
    for seed in range(300):
        spectrum = torch.cat([normal(16, seed=seed), 2 + 0.3 * normal(4, seed=seed + 1000)])
        vectors = torch.linalg.qr(normal(20, 20, seed=seed)).Q
        matrix = sign * (vectors * spectrum) @ vectors.T
        space = begin(Matrix(matrix).multiply, normal(1, 3, 20, seed=seed + 2000), seeded())
        for _ in range(seed % 4):
            space = lengthen(space, Matrix(matrix).multiply, seeded())
        level = ritz(space, 1, 1).values[:, 0 if sign > 0 else 1] * sign * 0.9
        top, bottom, budget = (2, 0, 0.5) if sign > 0 else (0, 2, 0.5)
        known, (end,) = settled(space, [End(sign, level, level)], top, bottom, torch.full_like(level, budget))
        basis = known.basis[0]
        assert_close(basis @ matrix @ basis.T, known.matrix[0], rtol=0, atol=1e-12)
        above = (sign * torch.linalg.eigvalsh(known.matrix[0]) > level).sum()
        if (sign * torch.linalg.eigvalsh(matrix) > level).sum() > above:
            more += 1
            outside = torch.eye(20, dtype=torch.float64) - basis.T @ basis
            rest = sign * torch.linalg.eigvalsh(outside @ matrix @ outside)
            assert rest.max() > end.level - 1e-12
            assert end.level <= level
    assert more > 50  # so the test tests something


def misses(spectrum, runs, *, k, risk, warm):
    """How often an eigenvalue beyond the margin was missed, with the chance each run reported."""
    matrix, top = torch.diag(spectrum), spectrum.sort(descending=True).values[k - 1]
    missed, chances = [], []
    for seed in range(runs):
        start = torch.eye(len(spectrum), k, dtype=torch.float64) if warm else None
        reading = eigenvalues(Matrix(matrix), k, tol=0.5, start=start, risk=risk, generator=seeded(seed))
        missed.append(bool(top > reading.values[-1] + reading.margin * spectrum.abs().max()))
        chances.append(reading.failure_probability)
    return np.array(missed), np.array(chances)


BULK = torch.linspace(-1, 1, 398, dtype=torch.float64)
HARD = {  # a bulk, outliers above it, how many eigenvalues are asked for, from a warm start?
    "one outlier, hardly apart": (BULK, [1.09], 1, False),
    "one outlier over a dense edge": (BULK.abs().pow(0.25), [1.08], 1, False),
    "one outlier over a point": (0 * BULK, [1.0], 1, False),
    "two outliers": (BULK, [1.09, 1.09], 2, False),
    "warm elsewhere": (BULK.flip(0), [1.09], 1, True),
}


@pytest.mark.parametrize("case", HARD)
def test_the_promise_is_kept(case):
    """P(missed by more than the margin, and reported chance at most r) ≤ r for every r; loose tolerances miss often."""
    bulk, outliers, k, warm = HARD[case]
    spectrum, runs = torch.cat([bulk, bulk.new_tensor(outliers)]), 120
    missed, chances = misses(spectrum, runs, k=k, risk=0.3, warm=warm)
    for r in (0.02, 0.05, 0.1, 0.2, 0.3):
        count = int((missed & (chances <= r)).sum())
        assert stats.binom.sf(count - 1, runs, r) > 1e-4, (r, count)
    assert chances.max() <= 0.3
    careless, _ = misses(spectrum, 30, k=k, risk=None, warm=warm)
    if case != "one outlier over a point":
        assert careless.mean() > 0.3  # so the promise is worth something: without it many are missed


def test_what_a_loose_vector_hides_is_counted():
    """Take out e₁, and the rest has nothing above the margin; but e₁ is no eigenvector, and the whole has."""
    matrix = torch.zeros(20, 20, dtype=torch.float64)
    matrix[0, 0], matrix[1, 1], matrix[0, 1], matrix[1, 0] = 1.0, 1.049, 0.024, 0.024
    truth = torch.linalg.eigvalsh(matrix)[-1]
    assert truth > 1.0 + 0.05 * truth
    reading = eigenvalues(Matrix(matrix), 1, tol=0.5, start=torch.eye(20, dtype=torch.float64)[0])
    assert reading.values[0] > truth - 0.05 * truth
    assert reading.failure_probability <= 1e-2


def test_rows_are_what_they_are_alone():
    matrices = torch.stack([torch.diag(normal(60, seed=s) + (s % 2) * torch.eye(60)[0] * 9) for s in range(4)])
    wanted = Wanted(2, 1, 1e-9)
    like = matrices[:, 0]
    together = extremes(Matrix(matrices).multiply, like, wanted, seeded())
    for row, matrix in enumerate(matrices):
        alone = extremes(Matrix(matrix).multiply, like[:1], wanted, seeded(1))
        exact = torch.linalg.eigvalsh(matrix)
        assert_close(together.values[row], alone.values[0], rtol=0, atol=1e-8)
        assert_close(together.values[row], exact[[-1, -2, 0]], rtol=0, atol=1e-8)
    assert together.outcomes == (Outcome.CONVERGED,) * 4
    residuals = (together.vectors @ matrices - together.values[..., None] * together.vectors).norm(dim=-1)
    assert_close(together.residuals, residuals, rtol=1e-6, atol=1e-12)


def test_a_broken_row_leaves_the_others_alone():
    matrices = torch.stack([torch.diag(normal(60, seed=s)) for s in range(3)])
    broken = matrices.clone()
    broken[1, 3, 3] = torch.nan

    def multiply(block):
        return block @ broken

    for top in (1, 2):
        found = extremes(multiply, matrices[:, 0], Wanted(top, 0, 1e-9), seeded())
        assert found.outcomes == (Outcome.CONVERGED, Outcome.NOT_FINITE, Outcome.CONVERGED)
        assert torch.isnan(found.values[1]).all()
        assert found.failure_probability[1] == 1.0
        exact = torch.linalg.eigvalsh(matrices)
        assert_close(found.values[[0, 2], 0], exact[[0, 2], -1], rtol=0, atol=1e-8)
