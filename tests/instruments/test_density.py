"""The spectral density against matrices whose eigenvalues are known; its error band; no ghosts."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from oracles import labels, mlp, normal, seeded
from phenoscope.core.errors import BadInput
from phenoscope.instruments import Outcome, density
from phenoscope.objective import Matrix, Objective


def rotated(values, seed=0, dtype=torch.float64):
    """A dense matrix with these eigenvalues, in a random basis."""
    basis = torch.linalg.qr(normal(len(values), len(values), seed=seed)).Q
    return Matrix((basis @ torch.diag(values.double()) @ basis.T).to(dtype))


def bulk(size=200, seed=1):
    """A bulk around zero and three outliers, one of them negative."""
    values = 0.3 * normal(size - 3, seed=seed)
    return torch.cat([values, torch.tensor([4.0, 6.0, -3.0], dtype=torch.float64)])


def smoothed(values, grid, width):
    bumps = torch.exp(-(((grid[:, None] - values) / width) ** 2) / 2) / (width * math.sqrt(2 * math.pi))
    return bumps.mean(dim=1)


def distance(found, expected):
    return float((found.values - expected).abs().sum() * (found.grid[1] - found.grid[0]))


def test_the_density_is_that_of_the_eigenvalues():
    values = bulk()
    found = density(rotated(values), probes=60, steps=60, tol=0)
    exact = smoothed(values, found.grid, found.width)
    assert distance(found, exact) < 3 * found.error
    assert found.error < 0.1
    assert found.step_error < 0.02
    mass = float(found.values.sum() * (found.grid[1] - found.grid[0]))
    assert mass == pytest.approx(1, abs=1e-6)
    assert found.weights.sum(dim=1).tolist() == pytest.approx([1.0] * 60)


def test_signed_and_not_absolute():
    found = density(rotated(torch.cat([torch.full((30,), -2.0), torch.full((10,), 1.0)])), probes=30, steps=5, tol=0)
    share = found.share(high=-1.0)
    assert share.value == pytest.approx(0.75, abs=4 * share.standard_error)
    assert float(found.nodes.min()) == pytest.approx(-2)


def spike():
    """Most eigenvalues next to zero, on both sides, as those of networks lie."""
    values = [1e-3 * normal(100, seed=1), torch.linspace(-1, 2, 17), torch.tensor([8.0, 10.0])]
    return torch.cat([part.double() for part in values])


@pytest.mark.parametrize(
    ("values", "point", "probes", "steps"),
    [(bulk(80), 0.2, 10, 30), (spike(), 0.0, 3, 12), (spike(), 0.0, 10, 30), (spike(), -0.1, 3, 12)],
)
def test_the_error_of_a_share_covers_it_as_often_as_it_says(values, point, probes, steps):
    matrix, exact = rotated(values), float((values > point).double().mean())
    covered, draws = 0, 40
    for draw in range(draws):
        share = density(matrix, probes=probes, steps=steps, tol=0, generator=seeded(draw)).share(low=point)
        assert share.least <= share.value <= share.most
        covered += abs(share.value - exact) <= 1.96 * share.standard_error
    assert covered / draws > 0.87


def test_a_band_of_three_probes_covers():
    values, covered = bulk(80), []
    matrix = rotated(values)
    for draw in range(40):
        found = density(matrix, probes=3, steps=20, width=0.3, tol=0, generator=seeded(draw))
        inside = (found.grid > -1) & (found.grid < 1)
        apart = (found.values - smoothed(values, found.grid, 0.3)).abs()
        covered.append(float((apart <= 1.96 * found.errors)[inside].double().mean()))
    assert 0.9 <= np.mean(covered) <= 0.99


def test_the_error_band_is_of_the_size_of_the_error():
    values = bulk(120)
    matrix = rotated(values)
    distances, bands = [], []
    for draw in range(40):
        found = density(matrix, probes=10, steps=60, width=0.1, tol=0, generator=seeded(draw))
        distances.append(distance(found, smoothed(values, found.grid, 0.1)))
        bands.append(found.error)
    # The mean of |error| of a normal variable is sqrt(2/π) of its standard deviation.
    assert np.mean(distances) == pytest.approx(math.sqrt(2 / math.pi) * np.mean(bands), rel=0.2)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_an_outlier_has_no_ghosts(dtype):
    """Without orthogonalisation its copies appear among the nodes once it has converged, in single precision soon."""
    values = torch.cat([torch.linspace(0, 1, 149, dtype=torch.float64), torch.tensor([50.0], dtype=torch.float64)])
    found = density(rotated(values, dtype=dtype), probes=5, steps=100, tol=0)
    assert ((found.nodes > 10).sum(dim=1) == 1).all()
    share = found.share(low=10)
    assert share.value == pytest.approx(1 / 150, abs=4 * share.standard_error)


def test_it_stops_when_the_band_is_narrow_enough():
    matrix = rotated(0.1 * normal(300) + 1)
    wide = density(matrix, probes=50, steps=20, width=0.5, tol=0.05)
    assert wide.converged
    assert wide.error <= 0.05
    assert len(wide.nodes) < 50
    assert wide.products == wide.nodes.numel() == matrix.products
    strict = density(matrix, probes=4, steps=20, width=0.01, tol=1e-4)
    assert strict.outcome is Outcome.NOT_CONVERGED
    assert len(strict.nodes) == 4


def test_few_probes_must_lie_further_below_the_tolerance_than_many():
    values, draws = bulk(300), 60
    matrix, over = rotated(values), 0
    for draw in range(draws):
        found = density(matrix, probes=60, steps=40, width=0.5, tol=0.1, generator=seeded(draw))
        over += distance(found, smoothed(values, found.grid, 0.5)) > 0.1
    assert over <= 0.15 * draws  # with the spread of two or three taken at its word it is every fifth
    least = density(matrix, probes=60, fewest=6, steps=40, width=0.5, tol=0.3)
    assert len(least.nodes) == 6


def test_it_ends_its_iterations_when_further_steps_change_nothing():
    matrix = rotated(bulk(300))
    early = density(matrix, probes=40, steps=120, width=0.3, tol=0.08)
    assert early.converged
    assert early.products == early.nodes.numel() == matrix.products
    assert early.nodes.shape[1] < 40
    whole = density(matrix, probes=len(early.nodes), steps=120, width=0.3, tol=0)
    assert distance(early, smoothed(bulk(300), early.grid, 0.3)) < 3 * early.error
    assert distance(whole, smoothed(bulk(300), whole.grid, 0.3)) < 3 * early.error
    needed = density(matrix, probes=40, steps=120, width=0.01, tol=0.05)
    assert needed.nodes.shape[1] > 2 * early.nodes.shape[1]


def test_too_few_steps_are_told():
    found = density(rotated(torch.linspace(0, 1, 300, dtype=torch.float64)), probes=40, steps=8, width=0.005, tol=0.5)
    assert found.step_error > 0.5
    assert not found.converged


def test_an_iteration_that_ends_early():
    """Three different eigenvalues: three steps see them all, further ones have no weight."""
    values = torch.cat([torch.zeros(20), torch.full((20,), 1.0), torch.full((10,), 2.0)])
    found = density(rotated(values), probes=40, steps=12, tol=0)
    share = found.share(low=1.5)
    assert share.value == pytest.approx(0.2, abs=4 * share.standard_error)
    assert share.most - share.least < 1e-9
    assert found.step_error < 1e-9
    assert density(Matrix(torch.zeros(6, 6)), probes=3, steps=3, tol=0).share(-1e-6, 1e-6).value == pytest.approx(1)


def test_of_a_loss_and_its_matrices():
    objective = Objective(mlp(), nn.CrossEntropyLoss(), (normal(6, 4), labels(3, 6)), 4)
    for which in ("hessian", "gauss_newton", "empirical_fisher"):
        exact = torch.linalg.eigvalsh(objective.operator(which) @ torch.eye(43, dtype=torch.float64))
        found = density(objective, operator=which, probes=400, steps=43, tol=0)
        assert distance(found, smoothed(exact, found.grid, found.width)) < 3 * found.error
        assert found.step_error == 0
        assert found.size == 43


def test_the_same_generator_gives_the_same_reading():
    matrix = rotated(bulk(60))
    one, same, other = (density(matrix, probes=4, steps=10, generator=seeded(seed)) for seed in (1, 1, 2))
    assert torch.equal(one.values, same.values)
    assert not torch.equal(one.nodes, other.nodes)


def test_what_is_not_finite_is_told():
    entries = torch.eye(5)
    entries[2, 2] = math.nan
    made = Matrix(torch.eye(5))
    made._entries = entries[None]
    assert density(made, probes=3, steps=3).outcome is Outcome.NOT_FINITE


@pytest.mark.parametrize(
    "wrong",
    [
        {"probes": 1},
        {"fewest": 1},
        {"probes": 3, "fewest": 4},
        {"steps": 0},
        {"tol": -1.0},
        {"width": 0.0},
        {"tol": math.nan},
        {"width": -1.0},
    ],
)
def test_what_cannot_be_asked_for(wrong):
    with pytest.raises(BadInput, match="a density needs"):
        density(Matrix(torch.eye(3)), **wrong)
    with pytest.raises(BadInput, match="one network"):
        density(Matrix(torch.eye(3).expand(2, 3, 3)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_of_a_small_matrix_all_eigenvalues_are_taken_where_that_costs_no_more(dtype):
    values, matrix = bulk(150), rotated(bulk(150), dtype=dtype)
    found = density(matrix, width=0.2)
    assert found.converged
    assert found.exact
    assert found.products == matrix.products == 150
    assert found.error == found.step_error == 0
    assert torch.equal(found.errors, torch.zeros_like(found.errors))
    assert found.nodes[0].tolist() == pytest.approx(values.sort(descending=True).values.tolist(), abs=1e-5)
    assert distance(found, smoothed(values, found.grid, 0.2)) < 1e-4
    for low, high in ((-0.2, 0.2), (1.0, math.inf), (-math.inf, -5.0)):
        share = found.share(low, high)
        inside = float(((values >= low) & (values <= high)).double().mean())
        assert share.value == share.least == share.most == pytest.approx(inside)
        assert share.standard_error == 0
    larger = density(rotated(bulk(161)), width=0.2)  # two probes of 80 steps are fewer products
    assert not larger.exact
    assert not density(rotated(bulk(150)), width=0.2, tol=0, probes=2).exact


def test_what_is_no_symmetric_matrix_has_no_exact_density_either():
    class Turned(Matrix):
        def _apply(self, block):
            return super()._apply(block) + block.roll(1, dims=-1)

    assert density(Turned(rotated(bulk(60))._entries[0])).outcome is Outcome.NOT_SYMMETRIC
    nothing = density(Matrix(torch.full((5, 5), math.nan)))
    assert nothing.outcome is Outcome.NOT_FINITE
