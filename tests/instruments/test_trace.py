"""Traces against dense ones: unbiased, deflated, stopped on an error whose coverage is what it promises."""

import math

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from oracles import PROBLEMS, dense_gauss_newton, dense_hessian, normal, seeded
from phenoscope.core.errors import BadInput
from phenoscope.instruments import Outcome, Trace, eigenvalues, sharpness, trace
from phenoscope.instruments.spectra import whole
from phenoscope.objective import Matrix, Objective, Operator

P = 200


def wishart(p: int = P, seed: int = 0) -> torch.Tensor:
    factor = normal(p, p, seed=seed)
    return factor @ factor.T / p


def spiked(height: float, seed: int = 0) -> torch.Tensor:
    """One large eigenvalue, its vector spread over all coordinates."""
    top = torch.nn.functional.normalize(normal(P, seed=seed + 1), dim=0)
    return wishart(seed=seed) + height * torch.outer(top, top)


def symmetric(shift: float, seed: int = 0) -> torch.Tensor:
    entries = normal(P, P, seed=seed)
    return (entries + entries.T) / 2 + shift * torch.eye(P, dtype=torch.float64)


def replayed(matrix: torch.Tensor, n: int, seed: int = 0) -> torch.Tensor:
    """The sign vectors (n, p) that an estimate of n probes with this seed has used."""
    generator, rows = seeded(seed), []
    while len(rows) < n:
        width = min(10 - len(rows) if len(rows) < 10 else n, 8, n - len(rows))
        drawn = torch.randint(2, (width, len(matrix)), generator=generator, dtype=torch.int8)
        rows += list(drawn.double() * 2 - 1)
    return torch.stack(rows)


@pytest.mark.parametrize("which", ["hessian", "gauss_newton"])
@pytest.mark.parametrize("name", PROBLEMS)
def test_the_dense_trace_of_every_architecture(name, which):
    """Asked for an error that probes would pay dearly for, it sums the diagonal: exact, for at most p more products."""
    problem = PROBLEMS[name]()
    objective = Objective(problem.model, problem.loss, problem.data, 4)
    dense = dense_hessian(problem.total, problem.model) if which == "hessian" else dense_gauss_newton(problem)
    reading = trace(objective, 1e-9, operator=which, method="hutchinson")
    assert_close(reading.value, torch.trace(dense).item(), rtol=1e-10, atol=1e-12)
    assert_close(reading.scale, torch.linalg.matrix_norm(dense).item(), rtol=1e-10, atol=1e-12)
    assert reading.converged
    assert reading.probes == 0
    assert reading.products <= len(dense) + 10
    assert reading.standard_error <= 1e-14 * reading.scale


MATRICES = {
    "positive": (wishart(), 0.02),
    "spike": (spiked(30), 0.02),
    "higher spike": (spiked(300), 0.2),
    "indefinite": (symmetric(0.0), 0.3),
    "indefinite, shifted": (symmetric(2.0), 0.1),
}


@pytest.mark.parametrize("name", MATRICES)
def test_the_error_covers_with_the_stopping_rule_on(name):
    matrix, tol = MATRICES[name]
    exact, draws = torch.trace(matrix).item(), 500
    readings = [trace(Matrix(matrix), tol, generator=seeded(seed)) for seed in range(draws)]
    errors = np.array([reading.value - exact for reading in readings])
    sizes = np.array([reading.standard_error for reading in readings])
    covered = (np.abs(errors) <= 1.96 * sizes).mean()
    assert 0.92 <= covered <= 0.975  # 0.95 give or take three deviations of a share of 500, less the cost of looking
    assert abs(errors.mean()) <= 4 * errors.std() / math.sqrt(draws) + 0.1 * sizes.mean()
    assert all(reading.converged and reading.probes >= 10 for reading in readings)
    limits = [tol * max(abs(reading.value), reading.scale) for reading in readings]
    assert all(reading.standard_error <= limit for reading, limit in zip(readings, limits, strict=True))


def stopped(forms: np.ndarray, scale: float, tol: float, error) -> tuple[float, float]:
    """The running mean where a rule's own error is first small enough, and that error."""
    for n in range(10, len(forms)):
        mean, size = forms[:n].mean(), error(forms[:n])
        if size <= tol * max(abs(mean), scale):
            return mean, size
    return forms.mean(), error(forms)


COUSINS = {
    "deviation of the sums": lambda forms: forms.std(ddof=1) / math.sqrt(len(forms)),
    "change of the running mean": lambda forms: abs(forms.mean() - forms[:-1].mean()),
}


@pytest.mark.parametrize("name", COUSINS)
def test_the_nearest_wrong_cousins_cover_less(name):
    """Stopping on the deviation of the n sums, or on how little the mean moved: right means, wrong errors."""
    matrix, tol = spiked(300), 0.2
    exact, scale = torch.trace(matrix).item(), torch.linalg.matrix_norm(matrix).item()
    covered = []
    for seed in range(300):
        signs = torch.randint(2, (60, P), generator=seeded(seed)).double() * 2 - 1
        forms = ((signs @ matrix) * signs).sum(dim=1).numpy()
        mean, size = stopped(forms, scale, tol, COUSINS[name])
        covered.append(abs(mean - exact) <= 1.96 * size)
    assert np.mean(covered) < 0.9


def test_the_error_is_that_of_the_probes_drawn_with_the_samples_own_deviation():
    matrix = wishart()
    reading = trace(Matrix(matrix), 0.02, generator=seeded(3))
    n = reading.probes
    assert n > 10
    signs = replayed(matrix, n, 3)
    terms = (signs * (signs @ matrix)).numpy()
    assert_close(reading.value, float(terms.sum(axis=1).mean()), rtol=1e-12, atol=0)
    assert_close(reading.scale, float(np.sqrt((terms**2).sum(axis=1).mean())), rtol=1e-12, atol=0)
    sample, population = (math.sqrt(2 * terms.var(axis=0, ddof=ddof).sum() / n) for ddof in (1, 0))
    assert_close(reading.standard_error, sample, rtol=1e-12, atol=0)
    assert abs(population / sample - 1) > 1e-3


def test_the_estimated_error_is_the_true_one():
    """√(2 Σ_{i≠j} Bᵢⱼ² / n), from the entries."""
    matrix = symmetric(3.0)
    reading = trace(Matrix(matrix), 1e-3, max_products=100)
    off_diagonal = matrix - torch.diag(torch.diagonal(matrix))
    assert_close(reading.standard_error, math.sqrt(2 / 100) * off_diagonal.norm().item(), rtol=0.02, atol=0)


def test_deflation_is_exact_for_its_share_and_saves_probes():
    matrix = spiked(300)
    plain = trace(Matrix(matrix), 0.02)
    top = sharpness(Matrix(matrix), 1e-8)
    deflated = trace(Matrix(matrix), 0.02, deflate=top)
    assert deflated.products == deflated.probes + 1 < plain.products / 3
    assert abs(deflated.value - torch.trace(matrix).item()) <= 3 * deflated.standard_error
    assert_close(deflated.scale, torch.linalg.matrix_norm(matrix).item(), rtol=0.02, atol=0)  # the spike counts once
    everything = trace(Matrix(matrix), 0.02, deflate=eigenvalues(Matrix(matrix), P, risk=None))
    assert_close(everything.value, torch.trace(matrix).item(), rtol=1e-12, atol=0)
    assert (everything.probes, everything.products) == (0, P)


VECTORS = {
    "no eigenvectors": normal(P, 3, seed=5),
    "one, not normalised": 40 * normal(P, seed=6),
    "dependent": normal(P, 1, seed=7).expand(P, 3),
    "zero": torch.zeros(P, dtype=torch.float64),
}


@pytest.mark.parametrize("name", VECTORS)
def test_any_vectors_may_be_deflated(name):
    """The nearest wrong cousin subtracts λ vvᵀ, or projects with vectors that are not orthonormal."""
    matrix = symmetric(1.0)
    exact = torch.trace(matrix).item()
    options = {"tol": 1e-9, "max_products": 25, "deflate": VECTORS[name]}  # so many probes, whatever they give
    readings = [trace(Matrix(matrix), **options, generator=seeded(seed)) for seed in range(300)]
    errors = np.array([reading.value - exact for reading in readings])
    assert abs(errors.mean()) <= 4 * errors.std() / math.sqrt(300)
    covered = np.mean([abs(e) <= 1.96 * r.standard_error for e, r in zip(errors, readings, strict=True)])
    assert covered >= 0.9


def test_a_diagonal_matrix_is_known_from_any_signs():
    entries = torch.arange(100, dtype=torch.float64) - 20
    reading = trace(Matrix(torch.diag(entries)), 1e-12)
    assert reading.value == entries.sum().item()
    assert (reading.probes, reading.converged) == (10, True)
    assert reading.standard_error == pytest.approx(2.2e-16 * entries.norm().item(), rel=0.01)


def test_the_zero_matrix_and_the_smallest_ones():
    nothing = trace(Matrix(torch.zeros(30, 30)))
    assert (nothing.value, nothing.standard_error, nothing.converged) == (0.0, 0.0, True)
    for p in (1, 2, 10):
        reading = trace(Matrix(wishart(p)))
        assert_close(reading.value, torch.trace(wishart(p)).item(), rtol=1e-12, atol=0)
        assert (reading.probes, reading.products) == (0, p)


def test_a_trace_near_zero_is_measured_against_the_norm():
    matrix = symmetric(0.0)
    matrix = matrix - torch.trace(matrix) / P * torch.eye(P, dtype=torch.float64)
    reading = trace(Matrix(matrix), 0.3)
    assert reading.converged
    assert reading.probes <= 40
    assert reading.standard_error <= 0.3 * reading.scale
    assert_close(reading.scale, torch.linalg.matrix_norm(matrix).item(), rtol=0.05, atol=0)


def test_too_few_products_are_an_outcome_whose_error_still_holds():
    matrix = symmetric(0.0)
    reading = trace(Matrix(matrix), 1e-3, max_products=40)
    assert reading.outcome is Outcome.NOT_CONVERGED
    assert (reading.products, reading.probes) == (40, 40)
    assert abs(reading.value - torch.trace(matrix).item()) <= 3 * reading.standard_error
    few = trace(Matrix(torch.eye(50)), max_products=5)  # no spread at all, but too few to be sure of it
    assert few.outcome is Outcome.NOT_CONVERGED


def test_single_precision_does_not_claim_more_than_rounding_allows():
    reading = trace(Matrix(wishart().float()), 1e-9)
    assert reading.outcome is Outcome.PRECISION_FLOOR
    assert reading.standard_error >= 1e-7 * reading.scale
    assert abs(reading.value - torch.trace(wishart()).item()) <= 10 * reading.standard_error


class Broken(Operator):
    """The identity, until a product comes back with an entry that is not finite."""

    def __init__(self, value: float, after: int) -> None:
        super().__init__(1, 30, torch.float32, torch.device("cpu"))
        self.value, self.left = value, after

    def _apply(self, block: torch.Tensor) -> torch.Tensor:
        self.left -= 1
        return block if self.left >= 0 else torch.full_like(block, self.value)


@pytest.mark.parametrize("after", [0, 1])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("deflate", [None, torch.ones(30)])
def test_products_that_are_not_finite_are_an_outcome(after, value, deflate):
    reading = trace(Broken(value, after), deflate=deflate)
    assert reading.outcome is Outcome.NOT_FINITE
    assert math.isnan(reading.value)
    assert math.isnan(reading.standard_error)
    assert "not finite" in str(reading)


def test_one_generator_one_reading_and_the_global_state_untouched():
    matrix = spiked(3)
    before = torch.get_rng_state()
    one, same, other = (trace(Matrix(matrix), 0.02, generator=seeded(seed)) for seed in (5, 5, 6))
    default = [trace(Matrix(matrix), 0.02) for _ in range(2)]
    assert torch.equal(before, torch.get_rng_state())
    assert one == same
    assert default[0] == default[1]
    assert one.value != other.value


def test_large_operators_are_probed_one_vector_at_a_time(monkeypatch):
    blocks = []

    class Watched(Matrix):
        def _apply(self, block: torch.Tensor) -> torch.Tensor:
            blocks.append(block.shape[1])
            return super()._apply(block)

    together = trace(Watched(wishart()), 0.02)
    assert max(blocks) == 8
    blocks.clear()
    monkeypatch.setattr(whole, "ENTRIES", P)
    alone = trace(Watched(wishart()), 0.02)
    assert set(blocks) == {1}
    assert abs(alone.value - together.value) <= 4 * together.standard_error


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"tol": 0.0}, "`tol` must be positive"),
        ({"tol": float("nan")}, "`tol` must be positive"),
        ({"max_products": 1}, "`max_products` must be at least 2, got 1"),
        ({"max_products": 3, "deflate": torch.eye(4)[:, :2]}, "at least 4, got 3"),
        ({"deflate": torch.ones(3)}, r"`deflate` must have shape \(4,\) or \(4, k\)"),
        ({"deflate": torch.ones(4, 0)}, r"`deflate` must have shape"),
        ({"deflate": torch.ones(4, 5)}, "k <= 4"),
        ({"deflate": torch.ones(4, 1, 1)}, r"`deflate` must have shape"),
        ({"deflate": torch.full((4,), float("inf"))}, "nan or infinity"),
    ],
)
def test_mistakes_are_refused(options, says):
    with pytest.raises(BadInput, match=says):
        trace(Matrix(torch.eye(4)), **options)


def test_many_networks_are_refused():
    with pytest.raises(BadInput, match="2 rows"):
        trace(Matrix(torch.eye(4).expand(2, 4, 4)))


def test_the_reading_says_what_it_is():
    reading = trace(Matrix(wishart()), 0.02)
    assert isinstance(reading, Trace)
    assert str(reading).startswith(f"{reading.value:.6g} (standard error {reading.standard_error:.2g}; converged, ")
    assert str(reading).endswith(f"{reading.probes} probes, {reading.products} products, hutchinson)")
    assert "summed exactly, 3 products" in str(trace(Matrix(torch.eye(3))))
