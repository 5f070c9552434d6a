"""Eigenvalues against dense matrices: signs, ends, multiplicities, precision, warm starts, what readings say."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from oracles import PROBLEMS, dense_gauss_newton, dense_hessian, normal, seeded
from phenoscope.core.errors import BadInput
from phenoscope.instruments import Eigenpairs, Outcome, eigenvalues, sharpness
from phenoscope.objective import Matrix, Objective, Operator


def rotated(values, seed=0, dtype=torch.float64):
    """A dense matrix with these eigenvalues, and its eigenvectors as columns."""
    spectrum = torch.as_tensor(values, dtype=torch.float64)
    vectors, _ = torch.linalg.qr(normal(len(spectrum), len(spectrum), seed=seed))
    matrix = (vectors * spectrum) @ vectors.T
    return ((matrix + matrix.T) / 2).to(dtype), vectors


def wanted(spectrum, k, which):
    ordered = sorted(map(float, spectrum))
    top, bottom = ordered[::-1][:k], ordered[:k]
    found = {"largest": top, "smallest": bottom, "both": top + bottom[::-1]}[which]
    return torch.tensor(found[: len(ordered)], dtype=torch.float64)


def check_evidence(reading, matrix, tol=1e-11):
    """Unit orthogonal vectors, and residuals that are what they say, computed anew from the dense matrix."""
    vectors = reading.vectors.double()
    width = vectors.shape[1]
    assert_close(vectors.T @ vectors, torch.eye(width, dtype=torch.float64), rtol=0, atol=tol)
    residuals = (matrix.double() @ vectors - vectors * reading.values.double()).norm(dim=0)
    assert_close(reading.residuals.double(), residuals, rtol=1e-6, atol=tol * matrix.abs().max().item())
    nearest = (torch.linalg.eigvalsh(matrix.double())[:, None] - reading.values.double()).abs().amin(dim=0)
    assert (nearest <= residuals + tol).all()


@pytest.mark.parametrize(
    "name", [name for name in PROBLEMS if not name.startswith(("found", "tuple", "mapping", "sum", "label"))]
)
def test_matches_the_dense_hessian_of_every_architecture(name):
    problem = PROBLEMS[name]()
    objective = Objective(problem.model, problem.loss, problem.data, 4)
    dense = dense_hessian(problem.total, problem.model)
    spectrum = torch.linalg.eigvalsh(dense)
    reading = sharpness(objective, 1e-10)
    assert_close(reading.value, spectrum[-1], rtol=1e-9, atol=1e-12)
    assert reading.converged
    assert reading.failure_probability <= 1e-2
    both = eigenvalues(objective, 2, "both", tol=1e-10)
    assert_close(both.values, wanted(spectrum, 2, "both"), rtol=1e-8, atol=1e-10)
    check_evidence(both, dense)
    gauss_newton = torch.linalg.eigvalsh(dense_gauss_newton(problem))
    found = eigenvalues(objective, 1, operator="gauss_newton", tol=1e-10)
    assert_close(found.values[0], gauss_newton[-1], rtol=1e-9, atol=1e-12)


SPECTRA = {
    "simple": [5.0, 3.0, 2.0, 1.0, 0.5, -0.3],
    "negative dominates": [2.0, 1.0, 0.5, -1.0, -7.0],
    "all negative": [-1.0, -2.0, -3.0, -9.0],
    "multiplicity two": [4.0, 4.0, 1.0, 0.5, 0.2, -1.0],
    "clustered": [3.0, 2.999, 2.998, 1.0, *np.linspace(-1, 0.9, 30)],
    "identity": [1.0] * 7,
    "low rank": [3.0, -2.0] + [0.0] * 40,
    "one": [2.5],
    "two": [1.0, -1.0],
    "wide": [*np.linspace(-1, 1, 120), 1.3],
}


@pytest.mark.parametrize("which", ["largest", "smallest", "both"])
@pytest.mark.parametrize("name", SPECTRA)
@pytest.mark.parametrize("k", [1, 2, 3])
def test_all_kinds_of_spectra(name, which, k):
    spectrum = SPECTRA[name]
    matrix, _ = rotated(spectrum)
    if k > max(1, len(spectrum) // (2 if which == "both" else 1)):
        with pytest.raises(BadInput, match="`k` must be from 1"):
            eigenvalues(Matrix(matrix), k, which)
        return
    operator = Matrix(matrix)
    reading = eigenvalues(operator, k, which, tol=1e-10, risk=1e-8)
    assert_close(reading.values, wanted(spectrum, k, which), rtol=0, atol=1e-8)
    assert reading.outcome is Outcome.CONVERGED
    assert reading.failure_probability <= 1e-8
    assert reading.products == operator.products
    check_evidence(reading, matrix)


def test_the_largest_is_signed():
    matrix, _ = rotated([2.0, 1.0, 0.5, -1.0, -7.0])
    assert_close(sharpness(Matrix(matrix), 1e-10).value.item(), 2.0)
    assert_close(torch.linalg.matrix_norm(matrix, 2).item(), 7.0)  # what power iteration would find


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_zero_matrix_costs_one_product_and_has_no_doubt(dtype):
    reading = eigenvalues(Matrix(torch.zeros(50, 50, dtype=dtype)), 1)
    assert (reading.values.item(), reading.failure_probability, reading.products) == (0.0, 0.0, 1)
    assert reading.converged
    several = eigenvalues(Matrix(torch.zeros(50, 50, dtype=dtype)), 3, "both")
    assert several.values.tolist() == [0.0] * 6
    assert several.products <= 12


@pytest.mark.parametrize("name", SPECTRA)
@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("warm", [False, True])
def test_single_precision_ends_at_its_floor(name, k, warm):
    spectrum = SPECTRA[name]
    k = min(k, len(spectrum))
    matrix, vectors = rotated(spectrum, dtype=torch.float32)
    operator = Matrix(matrix)
    start = vectors[:, :1].float() if warm else None
    reading = eigenvalues(operator, k, tol=1e-6, start=start)
    scale = max(map(abs, spectrum))
    assert reading.outcome in (Outcome.CONVERGED, Outcome.PRECISION_FLOOR)
    assert_close(reading.values.double(), wanted(spectrum, k, "largest"), rtol=1e-5, atol=1e-5 * scale)
    assert operator.products <= 130  # rounding is never taken for a discovery, which would go on and on
    check_evidence(reading, matrix, tol=2e-5)


def test_a_small_k_is_all_there_is():
    matrix, _ = rotated([3.0, 1.0, -2.0])
    reading = eigenvalues(Matrix(matrix), 3, tol=1e-12)
    assert_close(reading.values, torch.tensor([3.0, 1.0, -2.0], dtype=torch.float64), rtol=0, atol=1e-12)
    assert reading.failure_probability == 0.0
    assert reading.products == 3


def test_too_few_products_are_an_outcome_whose_residual_still_holds():
    matrix, _ = rotated(np.linspace(-1, 1, 200))
    reading = eigenvalues(Matrix(matrix), 3, tol=1e-8, max_products=10)
    assert reading.outcome is Outcome.NOT_CONVERGED
    assert not reading.converged
    assert reading.products == 10
    assert reading.failure_probability == 1.0
    check_evidence(reading, matrix)
    assert "not converged" in str(reading)


def test_a_challenge_keeps_within_the_products_allowed():
    matrix, _ = rotated(SPECTRA["wide"])
    needed = eigenvalues(Matrix(matrix), 2, tol=1e-3, risk=None).products
    for more in (0, 3):
        reading = eigenvalues(Matrix(matrix), 2, tol=1e-3, max_products=needed + more)
        assert reading.products == needed + more
        assert reading.outcome is Outcome.UNSURE
        assert reading.failure_probability > 1e-2


@pytest.mark.parametrize(("above", "k", "warm"), [([4.0, 4.0], 1, False), ([], 2, True), ([4.0] * 50, 2, False)])
def test_rounding_is_no_discovery(above, k, warm):
    """In single precision a challenge sees the same eigenvalue again, higher by a rounding error."""
    matrix, vectors = rotated(above + [1.0] * (300 - len(above)), dtype=torch.float32)
    start = vectors[:, :k].float() if warm else None
    for seed in range(4):
        operator = Matrix(matrix)
        reading = eigenvalues(operator, k, tol=1e-9, start=start, generator=seeded(seed))
        assert reading.outcome in (Outcome.CONVERGED, Outcome.PRECISION_FLOOR)
        assert operator.products < 27


def test_no_ghosts():
    """Without orthogonalisation Lanczos finds the top eigenvalue again and again once it has converged."""
    spectrum = [100.0, *np.linspace(0, 1, 80)]
    matrix, _ = rotated(spectrum)
    reading = eigenvalues(Matrix(matrix), 4, tol=1e-12)
    assert_close(reading.values, wanted(spectrum, 4, "largest"), rtol=0, atol=1e-9)
    assert (reading.values > 50).sum() == 1


@pytest.mark.parametrize("columns", [1, 2, 3])
def test_a_start_on_the_second_eigenvector_is_challenged(columns):
    spectrum = [1.5, 1.0, 0.9, 0.8, *np.linspace(-0.5, 0.5, 60)]
    matrix, vectors = rotated(spectrum)
    start = vectors[:, 1 : 1 + columns]
    trusting = eigenvalues(Matrix(matrix), 1, tol=1e-6, start=start, risk=None)
    assert trusting.converged  # the nearest wrong cousin: its residual passes
    assert_close(trusting.values.item(), 1.0, rtol=1e-6, atol=0)
    assert trusting.failure_probability == 1.0
    reading = eigenvalues(Matrix(matrix), 1, tol=1e-6, start=start)
    assert_close(reading.values.item(), 1.5, rtol=1e-6, atol=0)
    assert reading.failure_probability <= 1e-2


def test_a_good_start_saves_products():
    matrix, vectors = rotated([1.5, 1.2, *np.linspace(-1, 1, 150)])
    near = vectors[:, :2] + 3e-5 * normal(152, 2)
    cold, warm = (eigenvalues(Matrix(matrix), 2, tol=1e-3, start=start, risk=None) for start in (None, near))
    assert warm.products == 2 < cold.products
    again = sharpness(Matrix(matrix), start=sharpness(Matrix(matrix)), risk=None)
    assert again.products == 1
    assert eigenvalues(Matrix(matrix), 2, start=cold, risk=None).products == 2


def test_dependent_start_vectors_are_replaced():
    matrix, vectors = rotated([3.0, 2.0, *np.linspace(-1, 1, 20)])
    start = vectors[:, [2, 2, 2]]
    reading = eigenvalues(Matrix(matrix), 2, tol=1e-10, start=start)
    assert_close(reading.values, torch.tensor([3.0, 2.0], dtype=torch.float64), rtol=0, atol=1e-8)
    check_evidence(reading, matrix)


class Broken(Operator):
    """Gives nan (or an image too large to square) from a certain product on."""

    def __init__(self, value, after, dtype=torch.float64):
        super().__init__(1, 30, dtype, torch.device("cpu"))
        self.value, self.left = value, after

    def _apply(self, block):
        self.left -= 1
        return (
            block * torch.linspace(-1, 1, 30, dtype=self.dtype)
            if self.left >= 0
            else torch.full_like(block, self.value)
        )


@pytest.mark.parametrize("after", [0, 1, 4])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e30])
@pytest.mark.parametrize("k", [1, 2])
def test_products_that_are_not_finite_are_an_outcome(after, value, k):
    operator = Broken(value, after, torch.float32)
    reading = eigenvalues(operator, k, tol=1e-6)
    assert reading.outcome is Outcome.NOT_FINITE
    assert torch.isnan(reading.values).all()
    assert reading.failure_probability == 1.0
    assert operator.products <= after + 2


def test_one_generator_one_reading_and_the_global_state_untouched():
    matrix, _ = rotated(np.linspace(-1, 1, 60))
    before = torch.get_rng_state()
    readings = [eigenvalues(Matrix(matrix), 2, tol=1e-2, generator=seeded(seed)) for seed in (5, 5, 6)]
    default = [eigenvalues(Matrix(matrix), 2, tol=1e-2) for _ in range(2)]
    assert torch.equal(before, torch.get_rng_state())
    for one, other in ((readings[0], readings[1]), tuple(default)):
        assert torch.equal(one.values, other.values)
        assert torch.equal(one.vectors, other.vectors)
        assert one.failure_probability == other.failure_probability
    assert not torch.equal(readings[0].vectors, readings[2].vectors)


def test_the_thick_restart_reaches_the_same_values(monkeypatch):
    spectrum = [1.1, 1.05, *np.linspace(-1, 1, 300)]
    matrix, _ = rotated(spectrum)
    sizes = []

    def small(space, count):
        sizes.append(space.dimension)
        return 4 * count + 20

    monkeypatch.setattr("phenoscope.instruments.spectra.extremes._largest_basis", small)
    for which in ("largest", "both"):
        sizes.clear()
        reading = eigenvalues(Matrix(matrix), 2, which, tol=1e-9)
        assert max(sizes) <= (28 if which == "largest" else 36)
        assert reading.products > 60  # so it did restart
        assert_close(reading.values, wanted(spectrum, 2, which), rtol=0, atol=1e-8)
        check_evidence(reading, matrix)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"k": 0}, "`k` must be from 1 to 4"),
        ({"k": 5}, "`k` must be from 1 to 4"),
        ({"k": 3, "which": "both"}, "from 1 to 2"),
        ({"tol": 0.0}, "`tol` must be positive"),
        ({"tol": float("nan")}, "`tol` must be positive"),
        ({"start": torch.zeros(3)}, r"`start` must have shape \(4,\)"),
        ({"start": torch.zeros(4, 0)}, r"`start` must have shape \(4,\)"),
        ({"start": torch.zeros(4, 5)}, r"k <= 4"),
        ({"start": torch.zeros(4, 1, 1)}, r"`start` must have shape \(4,\)"),
        ({"start": torch.full((4,), float("nan"))}, "nan or infinity"),
    ],
)
def test_mistakes_are_refused(options, says):
    with pytest.raises(BadInput, match=says):
        eigenvalues(Matrix(torch.eye(4)), **options)


def test_many_networks_are_refused():
    with pytest.raises(BadInput, match="2 rows"):
        sharpness(Matrix(torch.eye(4).expand(2, 4, 4)))


def test_readings_say_what_they_are():
    matrix, _ = rotated([3.0, 1.0, -2.0])
    reading = eigenvalues(Matrix(matrix), 2)
    assert isinstance(reading, Eigenpairs)
    assert str(reading).startswith("3 (residual ")
    assert "converged, 3 products; chance of a missed larger one 0e+00" in str(reading)
    assert str(sharpness(Matrix(matrix))).startswith("3 (residual ")


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    spectrum=st.lists(st.sampled_from([-3.0, -1.0, 0.0, 0.5, 1.0, 2.0]) | st.floats(-4, 4), min_size=1, max_size=25),
    which=st.sampled_from(["largest", "smallest", "both"]),
    share=st.floats(0, 1),
    seed=st.integers(0, 100),
)
def test_random_spectra(spectrum, which, share, seed):
    most = max(1, len(spectrum) // (2 if which == "both" else 1))
    k = 1 + round(share * (most - 1))
    matrix, _ = rotated(spectrum, seed)
    reading = eigenvalues(Matrix(matrix), k, which, tol=1e-8, risk=1e-9, generator=seeded(seed))
    norm = max(map(abs, spectrum))
    assert reading.converged
    expected = wanted(spectrum, k, which)
    assert ((reading.values - expected).abs() <= (reading.margin + 1e-8) * norm + 1e-12).all()
    assert_close(reading.values[0], expected[0], rtol=0, atol=reading.margin * norm + 1e-12)
    check_evidence(reading, matrix)


@pytest.mark.parametrize("size", [1e-25, 1e-20, 1e15])
def test_tiny_and_huge_curvatures_in_single_precision(size):
    """Squares of their residuals are no numbers in float32."""
    spectrum = torch.cat([torch.tensor([3.0, 2.0, 1.0]), torch.linspace(-0.5, 0.5, 97)])
    found = eigenvalues(Matrix(size * torch.diag(spectrum)), 2)
    assert found.converged
    assert found.failure_probability < 0.02
    assert_close(found.values / size, torch.tensor([3.0, 2.0]), rtol=2e-3, atol=0)
    assert (found.residuals > 0).all()


def test_whoever_takes_the_largest_absolute_value_is_told(monkeypatch):
    """Even where the whole spectrum is known: the chance of a missed larger one is 1, not 0."""

    def by_size(space, top, bottom):
        values, coefficients = torch.linalg.eigh(space.matrix)
        order = values.abs().argsort(dim=1, descending=True)[0, : top + bottom]
        return values[:, order], coefficients[:, :, order].mT, values.abs().amax(dim=1)

    matrix = Matrix(torch.diag(torch.cat([torch.tensor([5.0, -8.0]), torch.linspace(-1, 1, 38)])).double())
    assert eigenvalues(matrix, 1).failure_probability < 0.02
    monkeypatch.setattr("phenoscope.instruments.spectra.subspace._ritz_values", by_size)
    for k in (1, 3):
        assert eigenvalues(matrix, k).failure_probability == 1
