"""Local learning coefficients against closed forms, integrals and known coefficients; chains that must be caught."""

import math
import sys

import pytest
import torch
from torch import nn

from oracles import PROBLEMS, normal, seeded
from phenoscope.core.errors import BadInput
from phenoscope.core.points import write
from phenoscope.instruments import LearningCoefficient, Outcome, learning_coefficient
from phenoscope.instruments.flatness import langevin
from phenoscope.objective import Objective
from phenoscope.theory import linear_network_coefficient, reduced_rank_coefficient

module = sys.modules[learning_coefficient.__module__]  # of the same name as the function
MANY = {"chains": 40, "burn_in": 100, "draws": 150}
"""Chains move as rows of one matrix, so that many cost little more than few."""


def regression(p: int = 6, n: int = 200) -> tuple[Objective, torch.Tensor]:
    """A linear model at its least squares, and the eigenvalues of its Hessian."""
    inputs = normal(n, p) * torch.linspace(3, 0.1, p, dtype=torch.float64)
    targets = inputs.sum(dim=1, keepdim=True) + 0.1 * normal(n, 1, seed=3)
    model = nn.Linear(p, 1, bias=False).double()
    write(torch.linalg.lstsq(inputs, targets).solution[:, 0], model)
    return Objective(model, nn.MSELoss(), (inputs, targets)), torch.linalg.eigvalsh(2 * inputs.T @ inputs / n)


class Product(nn.Module):
    """Factors w = 0 whose product is the output."""

    def __init__(self, factors: int = 2) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.zeros(factors, dtype=torch.float64))

    def forward(self, x):
        return x * self.w.prod()


class Layers(nn.Module):
    """x -> B A x with A = B = diag(1, ..., 1, 0, ..., 0) of a rank."""

    def __init__(self, size: int, rank: int) -> None:
        super().__init__()
        start = torch.diag((torch.arange(size) < rank).double())
        self.first, self.second = nn.Parameter(start.clone()), nn.Parameter(start.clone())

    def forward(self, x):
        return x @ self.first.T @ self.second.T


def product() -> Objective:
    return Objective(Product(), nn.MSELoss(), (torch.ones(3, 1).double(), torch.zeros(3, 1).double()))


def layers(rank: int) -> Objective:
    """Whose loss is ½ ‖BA - A₀‖² on an identity of inputs."""
    model, inputs = Layers(2, rank), torch.eye(2, dtype=torch.float64)
    targets = model(inputs).detach()
    return Objective(model, lambda o, t: (o - t).square().sum() / 2, (inputs, targets), denominator="sum")


def within(reading: LearningCoefficient, expected: float, rel: float) -> bool:
    """Whether the error covers the value, and is small enough for that to say something."""
    return abs(reading.value - expected) <= 1.5 * 1.96 * reading.standard_error <= rel * expected


@pytest.mark.parametrize("localisation", [1.0, 100.0])
def test_a_regular_model_is_the_gaussian_integral(localisation):
    objective, curvatures = regression()
    strength = 200 / math.log(200)
    expected = (strength * curvatures / (strength * curvatures + localisation)).sum().item() / 2
    reading = learning_coefficient(objective, localisation=localisation, **MANY)
    assert within(reading, expected, 0.1)
    assert reading.converged
    assert reading.penalty + reading.value == pytest.approx(3.0, rel=0.06)  # half the parameters
    assert reading.radius == pytest.approx(math.sqrt(2 * reading.penalty / localisation))


def test_the_error_over_a_few_chains_covers():
    """Of a quadratic energy in closed form: 60 readings of 6 chains each, which are rows of one walk."""
    curvatures = torch.tensor([30.0, 10.0, 3.0, 1.0], dtype=torch.float64)

    def energy(points):
        return (points.square() * (curvatures + 1)).sum(dim=1) / 2, points * (curvatures + 1)

    metric = langevin.Metric(torch.eye(4, dtype=torch.float64)[:, :2], 1 / (curvatures[:2] + 1), 0.25)
    start = torch.zeros(4, dtype=torch.float64)
    drawn = langevin.walked(energy, start, metric, langevin.Walk(360, 100, 150, True, None), seeded(1))
    expected, covered = (curvatures / (curvatures + 1)).sum().item() / 2, 0
    weights = drawn.energies, drawn.distances, drawn.points, drawn.acceptance
    for energies, distances, points, accepted in zip(*(part.split(6) for part in weights), strict=True):
        # The localisation is γ = 1 of a loss that has the curvatures.
        few = langevin.Draws(energies, points, distances, drawn.step, accepted)
        reading = module.summarised(few, (2.0, 1.0, 1.0))
        covered += abs(reading.value - expected) <= 1.96 * reading.standard_error
    assert 0.87 <= covered / 60 <= 1.0


def test_towards_many_examples_a_regular_model_has_half_its_parameters():
    objective, _ = regression()
    reading = learning_coefficient(objective, n=1e6, localisation=1.0, **MANY)
    assert within(reading, 3.0, 0.1)


def test_crossing_lines_are_the_integral_at_that_temperature():
    """(w₁w₂)² by quadrature: at finite n the mean lies well below the coefficient ½, whose multiplicity is 2."""
    grid = torch.linspace(-7, 7, 1401, dtype=torch.float64)
    square = torch.cartesian_prod(grid, grid).square()
    loss = 100 * square.prod(dim=1)
    density = torch.exp(-loss - square.sum(dim=1) / 2)
    expected = ((loss * density).sum() / density.sum()).item()
    assert expected < 0.4 < float(reduced_rank_coefficient(1, 1, 1, 0)[0])
    options = {"n": 100.0, "inverse_temperature": 1.0, "localisation": 1.0}
    assert within(learning_coefficient(product(), **options, **MANY), expected, 0.25)


@pytest.mark.parametrize("rank", [0, 1])
def test_a_linear_network_is_the_integral_at_that_temperature(rank):
    """By weighing draws from the localising normal distribution: no chain, no gradient."""
    gamma = 10.0 if rank else 1.0
    start = torch.diag((torch.arange(2) < rank).double())
    first, second = (start + normal(1_000_000, 2, 2, seed=seed) / math.sqrt(gamma) for seed in (1, 2))
    loss = 100 * (second @ first - start).square().sum(dim=(1, 2))
    expected = ((loss * torch.exp(-loss)).sum() / torch.exp(-loss).sum()).item()
    options = {"n": 200.0, "inverse_temperature": 200.0, "localisation": gamma}  # of a sum β alone counts
    assert within(learning_coefficient(layers(rank), **options, **MANY), expected, 0.15)


def test_a_linear_network_of_full_rank_has_the_known_coefficient():
    known, multiplicity = linear_network_coefficient((2, 2, 2), 2)
    assert multiplicity == 1
    reading = learning_coefficient(layers(2), inverse_temperature=2e4, **MANY)
    assert within(reading, float(known), 0.1)
    assert known < 8 / 2  # the nearest wrong cousin counts parameters


def test_without_the_correction_the_step_biases_and_with_it_not():
    objective, curvatures = regression(p=3)
    strength = 200 / math.log(200)
    expected = (strength * curvatures / (strength * curvatures + 1)).sum().item() / 2
    options = {"localisation": 1.0, "step": 0.8, **MANY}
    plain = learning_coefficient(objective, metropolis=False, **options)
    exact = learning_coefficient(objective, **options)
    assert plain.value - expected > 4 * plain.standard_error  # variances are 1/(1 - ε/2) too large
    assert plain.value == pytest.approx(expected / 0.6, rel=0.1)
    assert abs(exact.value - expected) <= 3 * exact.standard_error
    assert (plain.acceptance, plain.step) == (1.0, 0.8)
    assert 0.2 < exact.acceptance < 1.0


def test_chains_that_have_not_met_are_not_converged():
    objective, _ = regression()
    reading = learning_coefficient(objective, step=1e-5, burn_in=0, draws=100, localisation=1.0)
    assert reading.outcome is Outcome.NOT_CONVERGED
    assert reading.ratio > 1.1


def test_a_point_that_is_no_minimum_is_flagged():
    objective, _ = regression()
    write(objective.point + 1.0, objective.model)
    reading = learning_coefficient(objective, **MANY)
    assert reading.value < 0
    assert reading.outcome is Outcome.UNDETERMINED
    assert "no minimum, points lower by" in str(reading)


def test_a_loss_that_is_a_sum_counts_once():
    objective, _ = regression()
    inputs, targets = next(iter(objective.terms.passes()))
    total = Objective(objective.model, nn.MSELoss(reduction="sum"), (inputs, targets))
    mean, of_sum = (learning_coefficient(made, localisation=1.0, **MANY) for made in (objective, total))
    assert of_sum.value == pytest.approx(mean.value, rel=1e-6)


def test_a_network_that_cannot_be_mapped_over_points_and_one_that_can_agree():
    class Looking(Product):
        def forward(self, x):
            return x * self.w.prod() if float(self.w.detach().abs().max()) < 1e9 else x

    data = (torch.ones(3, 1).double(), torch.zeros(3, 1).double())
    options = {"n": 50.0, "localisation": 1.0, "burn_in": 5, "draws": 10}
    one = learning_coefficient(Objective(Looking(), nn.MSELoss(), data), **options)
    assert one.value == pytest.approx(learning_coefficient(product(), **options).value, rel=1e-9)


def test_a_loss_that_is_not_finite_somewhere_is_not_entered():
    class Log(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = nn.Parameter(torch.ones(1, dtype=torch.float64))

        def forward(self, x):
            return (self.w.log() + 0 * x).mean()

    made = Objective(
        Log(), lambda o, t: o.square(), (torch.zeros(2, 1).double(), torch.zeros(2)), denominator="examples"
    )
    reading = learning_coefficient(made, n=10.0, localisation=1.0, **MANY)
    assert math.isfinite(reading.value)
    assert (
        learning_coefficient(made, n=10.0, localisation=1.0, metropolis=False, step=5.0, draws=10).outcome
        is Outcome.NOT_FINITE
    )


def test_same_generator_same_reading_and_nothing_else_touched():
    problem = PROBLEMS["tanh perceptron"]()
    objective = Objective(problem.model, problem.loss, problem.data, 4)
    before, state = objective.point, torch.get_rng_state()
    few = {"burn_in": 5, "draws": 10}
    one, same, other = (learning_coefficient(objective, generator=seeded(s), **few) for s in (1, 1, 2))
    assert one == same
    assert one.value != other.value
    assert torch.equal(objective.point, before)
    assert torch.equal(torch.get_rng_state(), state)


def test_effective_counts_and_ratios_of_known_chains():
    """An autoregressive process of ρ = 0.8 is worth (1 - ρ)/(1 + ρ) of its draws."""
    noise, chain = normal(8, 4000), torch.zeros(8, 4000, dtype=torch.float64)
    chain[:, 0] = noise[:, 0]
    for t in range(1, 4000):
        chain[:, t] = 0.8 * chain[:, t - 1] + 0.6 * noise[:, t]
    assert langevin.effective_count(chain) == pytest.approx(8 * 4000 / 9, rel=0.15)
    assert langevin.effective_count(noise) == pytest.approx(8 * 4000, rel=0.1)
    assert langevin.split_ratio(noise) == pytest.approx(1.0, abs=2e-3)
    apart = noise + torch.arange(8.0, dtype=torch.float64)[:, None]
    assert langevin.split_ratio(apart) == pytest.approx(math.sqrt(1 + 16 / 15 * 5.25), rel=0.05)
    assert langevin.effective_count(apart) < 100


def test_precision_and_the_cut_of_the_data_change_nothing_but_rounding():
    objective, _ = regression()
    inputs, targets = next(iter(objective.terms.passes()))
    few = {"localisation": 1.0, "burn_in": 5, "draws": 20}
    whole = learning_coefficient(objective, **few)
    cut = learning_coefficient(Objective(objective.model, nn.MSELoss(), (inputs, targets), 77), **few)
    assert cut.value == pytest.approx(whole.value, rel=1e-8)
    model = nn.Linear(6, 1, bias=False)
    write(objective.point.float(), model)
    single = learning_coefficient(
        Objective(model, nn.MSELoss(), (inputs.float(), targets.float())), localisation=1.0, **MANY
    )
    double = learning_coefficient(objective, localisation=1.0, **MANY)
    assert abs(single.value - double.value) <= 3 * (single.standard_error + double.standard_error)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"n": 1.0}, "`n` must be above 1"),
        ({"inverse_temperature": 0.0}, "`inverse_temperature` must be positive"),
        ({"localisation": 0.0}, "`localisation` must be positive"),
        ({"chains": 1}, "chains must be at least 2"),
        ({"draws": 3}, "draws 4, got 8, 300 and 3"),
        ({"step": 0.0}, "`step` must be positive"),
    ],
)
def test_mistakes_are_refused(options, says):
    with pytest.raises(BadInput, match=says):
        learning_coefficient(product(), **options)
