"""Statistics of single examples' gradients, against the gradients written out one by one, and by drawing again."""

import math

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from oracles import PROBLEMS, dense_gradient, dense_hessian, drawn, labels, mlp, normal, seeded
from phenoscope.core.errors import BadInput
from phenoscope.instruments import (
    Outcome,
    curved_noise_scale,
    gradient_coherence,
    gradient_moments,
    gradient_snr,
    gradient_stiffness,
    noise_scale,
    trace,
)
from phenoscope.instruments.gradients import moments
from phenoscope.objective import Objective

EXACT = {"rtol": 1e-9, "atol": 1e-12}
EQUAL = ["tanh perceptron", "convolution", "encoder layer, evaluation", "unused", "linear", "mapping", "sum", "frozen"]
STATISTICS = {
    "noise scale": noise_scale,
    "coherence": gradient_coherence,
    "stiffness": gradient_stiffness,
    "signal-to-noise": gradient_snr,
}


def gradients(problem) -> torch.Tensor:
    """The gradient of each example's own loss, one a row."""
    outputs, found = problem.outputs(), []
    for i in range(len(outputs)):
        value = problem.loss(outputs[i : i + 1], problem.targets[i : i + 1])
        found.append(dense_gradient(value, problem.model, graph=True).detach())
    return torch.stack(found)


class Linear(nn.Module):
    """w·x at w = 0: with the mean of the outputs as the loss, the gradient of an example is x."""

    def __init__(self, p: int) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.zeros(p, dtype=torch.float64))

    def forward(self, x):
        return x @ self.w


def with_gradients(rows: torch.Tensor) -> Objective:
    targets = torch.zeros(len(rows), dtype=torch.float64)
    return Objective(Linear(rows.shape[1]), lambda o, t: o.mean(), (rows, targets), denominator="examples")


def by_hand(rows: torch.Tensor) -> dict[str, float]:
    """Every statistic of all the rows as they are."""
    n, mean = len(rows), rows.mean(dim=0)
    covariance = torch.cov(rows.T, correction=0)
    units = [row / row.norm() for row in rows if row.norm() > 0]
    cosines = [units[i] @ units[j] for i in range(len(units)) for j in range(len(units)) if i != j]
    noisy = covariance.diagonal() > 1e-25 * torch.trace(covariance)  # an attention's key bias has rounding only
    return {
        "noise scale": (torch.trace(covariance) / mean.dot(mean)).item(),
        "coherence": sum((a @ b).item() for a in rows for b in rows) / n**2 / rows.square().sum(1).mean().item(),
        "stiffness": torch.stack(cosines).mean().item(),
        "signal-to-noise": (mean.square() / covariance.diagonal())[noisy].mean().item(),
    }


@pytest.mark.parametrize("cut", [None, 4])
@pytest.mark.parametrize("name", EQUAL)
def test_of_the_data_as_they_are_all_are_exact(name, cut):
    problem = PROBLEMS[name]()
    objective = Objective(problem.model, problem.loss, problem.data, cut, **problem.options)
    expected = by_hand(gradients(problem))
    shared = gradient_moments(objective)
    for what, measure in STATISTICS.items():
        reading = measure(shared)
        assert_close(reading.value, expected[what], **EXACT)
        assert reading == measure(objective)
        assert reading.converged
        assert 0 < reading.standard_error < 1e-11 * (1 + abs(reading.value))
        assert "rounding" in str(reading)
        assert "exact for these 10 examples" in str(reading)


def test_the_noise_is_the_trace_of_the_gradient_covariance():
    problem = PROBLEMS["tanh perceptron"]()
    objective = Objective(problem.model, problem.loss, problem.data, 4)
    covariance = objective.gradient_covariance()
    assert_close(noise_scale(objective).noise, trace(covariance, 1e-9).value, **EXACT)
    assert_close(noise_scale(objective).signal, objective.gradient().square().sum().item(), **EXACT)


def test_examples_that_weigh_differently_make_the_noise_of_mini_batches():
    """Σ/B is what the gradients of mini-batches of B examples vary by, each divided by its own targets."""
    problem = PROBLEMS["tied, ignoring targets"]()
    reading = noise_scale(Objective(problem.model, problem.loss, problem.data, 3))
    singles, weights = gradients(problem).nan_to_num(), (problem.targets != -100).sum(dim=1).double()
    size, draws = 400, 4000
    counts = torch.distributions.Multinomial(size, torch.ones(10).double() / 10)
    torch.manual_seed(0)
    taken = counts.sample((draws,)) * weights
    batches = taken @ singles / taken.sum(dim=1, keepdim=True)
    found = size * batches.var(dim=0).sum().item()
    assert found == pytest.approx(reading.noise, rel=0.05)
    mean = weights @ singles / weights.sum()
    plain = ((weights / weights.sum())[:, None] * (singles - mean).square()).sum().item()  # the nearest wrong cousin
    assert abs(plain / reading.noise - 1) > 0.1
    assert_close(reading.signal, mean.square().sum().item(), **EXACT)


def test_weights_enter_every_statistic_as_written_in_the_moments():
    problem = PROBLEMS["class weights"]()
    objective = Objective(problem.model, problem.loss, problem.data, 4)
    rows, weights = gradients(problem), problem.loss.weight[problem.targets]
    u = (weights / weights.mean())[:, None]
    mean = (u * rows).mean(dim=0)
    diagonal = (u * (rows - mean)).square().mean(dim=0)
    signal, noise = mean.square().sum().item(), diagonal.sum().item()
    assert_close(noise_scale(objective).value, noise / signal, **EXACT)
    assert_close(gradient_coherence(objective).value, signal / (signal + noise), **EXACT)
    assert_close(gradient_snr(objective).value, (mean.square() / diagonal).mean().item(), **EXACT)
    assert_close(gradient_stiffness(objective).value, by_hand(rows)["stiffness"], **EXACT)


P, MEAN = 20, torch.nn.functional.normalize(normal(20, seed=1), dim=0) * 2
SPREAD = torch.linspace(0.5, 2.0, P, dtype=torch.float64)
CERTAIN = {
    "noise scale": (SPREAD.square().sum() / 4).item(),
    "coherence": (4 / (4 + SPREAD.square().sum())).item(),
    "signal-to-noise": (MEAN / SPREAD).square().mean().item(),
}


def population(n: int, seed: int) -> torch.Tensor:
    return MEAN + SPREAD * normal(n, P, seed=seed)


def expected_cosine() -> float:
    rows = population(200_000, 99)
    return (rows / rows.norm(dim=1, keepdim=True)).mean(dim=0).square().sum().item()


def test_errors_cover_what_the_data_were_drawn_from():
    """And the values are right on average; those of the sample as it is are not."""
    truth = CERTAIN | {"stiffness": expected_cosine()}
    found: dict[str, list] = {what: [] for what in truth}
    naive: dict[str, list] = {what: [] for what in truth}
    draws = 100
    for seed in range(draws):
        objective = with_gradients(population(40, seed))
        sample, plain = gradient_moments(objective, of="population"), gradient_moments(objective)
        for what, measure in STATISTICS.items():
            found[what].append(measure(sample))
            naive[what].append(measure(plain).value)
    for what, readings in found.items():
        values = torch.tensor([reading.value for reading in readings])
        errors = torch.tensor([reading.standard_error for reading in readings])
        covered = ((values - truth[what]).abs() <= 1.96 * errors).double().mean().item()
        assert 0.88 <= covered <= 0.995, what
        off = 4 * values.std().item() / math.sqrt(draws)
        assert abs(values.mean().item() - truth[what]) <= off, what
        if what != "stiffness":  # whose pairs are of different examples anyway
            assert abs(torch.tensor(naive[what]).mean().item() - truth[what]) > off, what
        assert all("40 examples, for their population" in str(reading) for reading in readings[:3])


@pytest.mark.parametrize(("drawn", "signal"), [(60, 1.0), (105, 0.2)])
def test_errors_cover_all_data_when_some_are_drawn(drawn, signal):
    rows = population(120, 5)
    rows = rows - (1 - signal) * rows.mean(dim=0)
    objective, truth = with_gradients(rows), by_hand(rows)
    found: dict[str, list] = {what: [] for what in truth}
    for seed in range(100):
        sample = gradient_moments(objective, examples=drawn, generator=seeded(seed))
        for what, measure in STATISTICS.items():
            found[what].append(measure(sample))
    for what, readings in found.items():
        values = torch.tensor([reading.value for reading in readings])
        errors = torch.tensor([reading.standard_error for reading in readings])
        covered = ((values - truth[what]).abs() <= 1.96 * errors).double().mean().item()
        assert 0.88 <= covered <= 0.995, what
        assert abs(values.mean().item() - truth[what]) <= 4 * values.std().item() / math.sqrt(100), what
        assert f"from {drawn} of 120 examples" in str(readings[0])


def test_leaving_out_each_example_is_what_the_formulas_say():
    """Estimates without one example, against the estimates of the data without it."""
    problem = PROBLEMS["class weights"]()
    inputs, targets = problem.data
    whole = gradient_moments(Objective(problem.model, problem.loss, problem.data), of="population")
    signals, noises = whole.without_one
    for i in range(10):
        rest = [j for j in range(10) if j != i]
        less = Objective(problem.model, problem.loss, (inputs[rest], targets[rest]))
        signal, noise = gradient_moments(less, of="population").pooled
        assert_close((signals[i].item(), noises[i].item()), (signal, noise), rtol=1e-8, atol=1e-12)


def test_what_is_left_out_is_not_looked_at_either():
    """Of the data, an estimate without one example sees fewer of them, and the mean's bias is that of so many."""
    rows = population(12, 5)
    sample = gradient_moments(with_gradients(rows), examples=9, generator=seeded(2))
    taken = torch.cat([chunk.gradients for chunk in sample.chunks()])
    signals, noises = sample.without_one
    for i in range(9):
        rest = taken[[j for j in range(9) if j != i]]
        noise = rest.var(dim=0).sum()
        assert_close(noises[i], noise * (1 - 1 / 12), **EXACT)
        assert_close(signals[i], rest.mean(dim=0).square().sum() - (1 / 8 - 1 / 12) * noise, **EXACT)


def test_a_gradient_that_cannot_be_told_from_zero_is_undetermined():
    readings = [noise_scale(with_gradients(SPREAD * normal(30, P, seed=s)), of="population") for s in range(8)]
    assert {Outcome.UNDETERMINED} == {reading.outcome for reading in readings}
    assert any(math.isinf(reading.value) for reading in readings)
    rows = population(30, 1)
    centred = noise_scale(with_gradients(rows - rows.mean(dim=0)))
    assert centred.outcome is Outcome.PRECISION_FLOOR


def test_parameters_whose_gradient_does_not_vary_are_left_out():
    rows = population(30, 2)
    rows[:, 3], rows[:, 7] = 0.0, 0.7
    reading = gradient_snr(with_gradients(rows))
    assert reading.left_out == 2
    kept = [j for j in range(P) if j not in (3, 7)]
    ratios = (rows.mean(dim=0).square() / rows.var(dim=0, correction=0))[kept]
    assert_close(reading.value, ratios.mean().item(), **EXACT)
    assert_close(reading.median, ratios.median().item(), **EXACT)
    nothing = gradient_snr(with_gradients(torch.ones(5, 3, dtype=torch.float64)))
    assert nothing.outcome is Outcome.UNDETERMINED
    assert math.isnan(nothing.value)


def test_zero_gradients_have_no_direction():
    rows = population(12, 3)
    rows[4] = 0.0
    reading = gradient_stiffness(with_gradients(rows))
    assert (reading.left_out, reading.examples) == (1, 11)
    assert_close(reading.value, by_hand(rows)["stiffness"], **EXACT)
    assert "1 zero gradients left out" in str(reading)


def test_bounds_and_special_cases():
    same = with_gradients(torch.ones(6, 4, dtype=torch.float64))
    assert gradient_coherence(same).value == pytest.approx(1.0)
    assert gradient_coherence(same).multiple == pytest.approx(6.0)
    assert gradient_stiffness(same).value == pytest.approx(1.0)
    assert noise_scale(same).value == pytest.approx(0.0, abs=1e-12)
    apart = with_gradients(3 * torch.eye(6, dtype=torch.float64))
    assert gradient_coherence(apart).value == pytest.approx(1 / 6) == gradient_coherence(apart).orthogonal
    assert gradient_coherence(apart, of="population").value == pytest.approx(0.0, abs=1e-12)
    assert gradient_stiffness(apart).value == pytest.approx(0.0, abs=1e-12)


def test_the_multiple_of_a_sample_is_that_of_all_data():
    objective = with_gradients(population(120, 1))
    exact = gradient_coherence(objective)
    assert_close(exact.multiple, 120 * by_hand(population(120, 1))["coherence"], **EXACT)
    found = [gradient_coherence(objective, examples=40, generator=seeded(seed)) for seed in range(30)]
    assert {(reading.examples, reading.total, reading.orthogonal) for reading in found} == {(40, 120, 1 / 120)}
    within = [abs(reading.multiple - exact.multiple) <= 1.96 * reading.multiple_error for reading in found]
    assert sum(within) >= 25
    assert max(reading.multiple_error for reading in found) < 0.5 * exact.multiple


@pytest.mark.parametrize("measure", STATISTICS.values(), ids=STATISTICS)
def test_moments_that_are_not_what_is_asked_for_are_refused(measure):
    objective = with_gradients(population(12, 3))
    of_all = gradient_moments(objective)
    assert measure(of_all, examples=12, of="data") == measure(objective)
    for options in ({"of": "population"}, {"examples": 6}, {"generator": seeded(1)}):
        with pytest.raises(BadInput, match="the moments given are of 12 examples, for the data"):
            measure(of_all, **options)


@pytest.mark.parametrize("name", ["tanh perceptron", "sum", "linear", "mapping"])
def test_the_noise_scale_weighed_by_curvature(name):
    problem = PROBLEMS[name]()
    objective = Objective(problem.model, problem.loss, problem.data, 4)
    hessian, rows = dense_hessian(problem.total, problem.model), gradients(problem)
    mean = rows.mean(dim=0)
    expected = torch.trace(hessian @ torch.cov(rows.T, correction=0)) / (mean @ hessian @ mean)
    reading = curved_noise_scale(objective)
    assert_close(reading.value, expected.item(), **EXACT)
    assert reading.outcome is (Outcome.CONVERGED if reading.signal > 0 else Outcome.UNDETERMINED)
    plain = noise_scale(objective).value
    assert abs(plain / reading.value - 1) > 0.01


def test_curved_with_weights():
    problem = PROBLEMS["class weights"]()
    objective = Objective(problem.model, problem.loss, problem.data, 3)
    hessian, rows = dense_hessian(problem.total, problem.model), gradients(problem)
    weights = problem.loss.weight[problem.targets]
    apart = (weights / weights.mean())[:, None] * (rows - objective.gradient())
    expected = torch.trace(hessian @ apart.T @ apart) / 10 / (objective.gradient() @ hessian @ objective.gradient())
    assert_close(curved_noise_scale(objective).value, expected.item(), **EXACT)


def test_curved_from_some_examples_covers_the_value_of_all():
    inputs, targets = normal(120, 4), labels(3, 120)
    objective = Objective(mlp(), nn.CrossEntropyLoss(), (inputs, targets))
    hessian = objective.hessian()
    exact = curved_noise_scale(objective, examples=120, hessian=hessian).value
    readings = [
        curved_noise_scale(objective, examples=24, hessian=hessian, generator=seeded(seed)) for seed in range(80)
    ]
    covered = [abs(reading.value - exact) <= 1.96 * reading.standard_error for reading in readings]
    assert 0.88 <= sum(covered) / 80 <= 1
    assert "from 24 of 120 examples" in str(readings[0])


def test_uphill_curvature_leaves_no_best_step():
    """At a maximum of the loss along the gradient."""
    model = drawn(nn.Linear(2, 1, bias=False))
    rows = normal(8, 2)
    objective = Objective(model, lambda o, t: -(o - t).square().mean(), (rows, normal(8, 1)), denominator="examples")
    reading = curved_noise_scale(objective)
    assert reading.signal < 0
    assert reading.outcome is Outcome.UNDETERMINED


def test_made_again_in_small_pieces_they_are_the_same(monkeypatch):
    problem = PROBLEMS["tied, ignoring targets"]()
    objective = Objective(problem.model, problem.loss, problem.data)
    kept = [measure(objective, of="population") for measure in STATISTICS.values()]
    monkeypatch.setattr(moments, "KEPT_BYTES", 0)
    monkeypatch.setattr("phenoscope.objective.singles.CHUNK_BYTES", 3 * 8 * len(objective.point))
    again = [measure(objective, of="population") for measure in STATISTICS.values()]
    for one, other in zip(kept, again, strict=True):
        assert_close(one.value, other.value, **EXACT)
        assert_close(one.standard_error, other.standard_error, rtol=1e-6, atol=1e-12)


def test_too_many_gradients_to_make_are_drawn_from(monkeypatch):
    monkeypatch.setattr(moments, "AFFORDABLE", 25 * P)
    objective = with_gradients(population(60, 3))
    reading = noise_scale(objective)
    assert "from 25 of 60 examples" in str(reading)
    assert reading == noise_scale(objective)
    assert reading != noise_scale(objective, generator=seeded(1))


def test_a_gradient_that_is_not_finite_is_an_outcome():
    class Root(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = nn.Parameter(torch.ones(2, dtype=torch.float64))

        def forward(self, x):
            return (x @ self.w).clamp_min(0).sqrt()

    data = torch.cat([torch.zeros(1, 2, dtype=torch.float64), torch.ones(5, 2, dtype=torch.float64)])
    made = Objective(Root(), lambda o, t: o.mean(), (data, torch.zeros(6)), denominator="examples")
    for measure in STATISTICS.values():
        assert measure(made).outcome is Outcome.NOT_FINITE


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"examples": 3}, "at least 4 examples, and no more than there are: got 3 of 10"),
        ({"examples": 11}, "at least 4 examples, and no more than there are: got 11 of 10"),
    ],
)
def test_mistakes_are_refused(options, says):
    problem = PROBLEMS["linear"]()
    with pytest.raises(BadInput, match=says):
        noise_scale(Objective(problem.model, problem.loss, problem.data), **options)


def test_the_curved_one_refuses_a_single_example():
    problem = PROBLEMS["linear"]()
    with pytest.raises(BadInput, match="at least 2, got 1"):
        curved_noise_scale(Objective(problem.model, problem.loss, problem.data), examples=1)
