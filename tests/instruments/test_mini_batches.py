"""Batch sharpness against every mini-batch there is, with a dense Hessian each."""

import itertools
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.testing import assert_close
from torch.utils.data import DataLoader, TensorDataset

from oracles import CE, PROBLEMS, dense_gradient, dense_hessian, drawn, labels, normal, seeded
from phenoscope.core.errors import BadInput
from phenoscope.instruments import Outcome, batch_sharpness, directional_sharpness
from phenoscope.instruments.gradients import mini_batches
from phenoscope.objective import Objective


def regression(count: int = 9, dtype=torch.float64):
    """A linear model whose examples differ much in length."""
    inputs = (normal(count, 3) * torch.linspace(0.3, 2.0, count, dtype=torch.float64)[:, None]).to(dtype)
    return drawn(nn.Linear(3, 1)).to(dtype), inputs, normal(count, 1, seed=3).to(dtype)


def terms(model, loss, inputs, targets, places):
    def total():
        return loss(model(inputs[places]), targets[places])

    gradient, hessian = dense_gradient(total(), model), dense_hessian(total, model)
    return (gradient @ hessian @ gradient).item(), (gradient @ gradient).item()


def every(model, loss, inputs, targets, size):
    """gᵀHg and ‖g‖² of all mini-batches of a size."""
    places = itertools.combinations(range(len(inputs)), size)
    return np.array([terms(model, loss, inputs, targets, list(chosen)) for chosen in places])


@pytest.mark.parametrize("size", [1, 3])
def test_the_error_covers_the_mean_over_every_mini_batch(size):
    """With the stopping rule on; the mini-batches are drawn from the list of all there are."""
    model, inputs, targets = regression()
    population = torch.from_numpy(every(model, nn.MSELoss(), inputs, targets, size))
    rows = torch.cat([population, population.prod(dim=1, keepdim=True).sqrt()], dim=1)
    exact = (population[:, 0].sum() / population[:, 1].sum()).item()
    found = []
    for seed in range(400):
        generator = seeded(seed)

        def draw(count, generator=generator):
            return rows[torch.randint(len(rows), (count,), generator=generator)]

        found.append(mini_batches._estimated(draw, size, 0.1, torch.float64, max_batches=1000))
    covered = np.mean([abs(each.value - exact) <= 1.96 * each.standard_error for each in found])
    assert 0.91 <= covered <= 0.98
    assert all(each.converged and each.standard_error <= 0.1 * each.value for each in found)
    errors = np.array([each.value - exact for each in found])
    assert 0.85 < errors.std() / np.mean([each.standard_error for each in found]) < 1.15


@pytest.mark.parametrize("size", [1, 3])
def test_it_is_the_ratio_of_means_of_one_and_the_same_mini_batch(size):
    """Not the mean of ratios, not the Hessian of other examples, not that of all data."""
    model, inputs, targets = regression()
    form, square = every(model, nn.MSELoss(), inputs, targets, size).T
    exact = form.sum() / square.sum()
    whole = dense_hessian(lambda: nn.MSELoss()(model(inputs), targets), model)
    slopes = torch.stack(
        [
            dense_gradient(nn.MSELoss()(model(inputs[list(places)]), targets[list(places)]), model)
            for places in itertools.combinations(range(9), size)
        ]
    )
    cousins = [(form / square).mean(), (slopes @ whole * slopes).sum().item() / square.sum()]
    reading = batch_sharpness(Objective(model, nn.MSELoss(), (inputs, targets)), size, 0.05 if size == 1 else 0.02)
    assert abs(reading.value - exact) <= 3 * reading.standard_error
    for cousin in cousins:
        assert abs(reading.value - cousin) > 4 * reading.standard_error


@pytest.mark.parametrize("name", PROBLEMS)
def test_mini_batches_of_all_data_are_the_curvature_along_the_gradient(name):
    problem = PROBLEMS[name]()
    objective = Objective(problem.model, problem.loss, problem.data, 4)
    gradient, hessian = dense_gradient(problem.total(), problem.model), dense_hessian(problem.total, problem.model)
    expected = (gradient @ hessian @ gradient / (gradient @ gradient)).item()
    reading = batch_sharpness(objective)
    assert_close(reading.value, expected, rtol=1e-9, atol=1e-12)
    assert (reading.batch_size, reading.batches, reading.converged) == (10, 1, True)
    assert reading.standard_error < 1e-12 * reading.scale
    assert_close(directional_sharpness(objective).value, expected, rtol=1e-9, atol=1e-12)
    some = batch_sharpness(objective, 4, 0.5)
    assert math.isfinite(some.value)
    assert abs(some.value) <= some.scale
    assert some.batches >= 40


def test_mini_batches_without_a_loss_take_no_step():
    problem = PROBLEMS["tied, ignoring targets"]()
    reading = batch_sharpness(Objective(problem.model, problem.loss, problem.data), 1, 1e-9, max_batches=100)
    assert 75 < reading.batches < 100  # one example of ten has no target
    assert reading.outcome is Outcome.NOT_CONVERGED
    assert math.isfinite(reading.value)


def test_loaders_and_both_precisions_agree():
    model, inputs, targets = regression(40)
    loader = DataLoader(TensorDataset(inputs, targets), 7)
    one = batch_sharpness(Objective(model, nn.MSELoss(), (inputs, targets)), 4, 0.2)
    assert_close(batch_sharpness(Objective(model, nn.MSELoss(), loader), 4, 0.2).value, one.value, rtol=1e-12, atol=0)
    model, inputs, targets = regression(40, torch.float32)
    single = batch_sharpness(Objective(model, nn.MSELoss(), (inputs, targets)), 4, 0.2)
    assert_close(single.value, one.value, rtol=1e-5, atol=0)
    assert single.batches == one.batches
    other = batch_sharpness(Objective(model, nn.MSELoss(), (inputs, targets)), 4, generator=seeded(1))
    assert other.value != single.value


def test_batch_statistics_are_the_mini_batchs_own():
    model = drawn(nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Linear(3, 3))).train()
    inputs, targets = normal(6, 4), labels(3, 6)
    form, square = every(model, CE, inputs, targets, 4).T
    reading = batch_sharpness(Objective(model, CE, (inputs, targets), buffers="batch"), 4, 0.05)
    assert abs(reading.value - form.sum() / square.sum()) <= 4 * reading.standard_error


def test_a_gradient_of_zero_has_no_curvature_along_it():
    flat = Objective(nn.Linear(2, 1), nn.MSELoss(), (torch.zeros(4, 2), torch.zeros(4, 1)))
    with torch.no_grad():
        flat.model.bias.zero_()
    reading = batch_sharpness(flat, 2)
    assert math.isnan(reading.value)
    assert reading.outcome is Outcome.UNDEFINED


@pytest.mark.parametrize("options", [{"tol": 0.0}, {"max_batches": 3}, {"batch_size": 11}, {"batch_size": 0}], ids=str)
def test_bad_options(options):
    model, inputs, targets = regression(10)
    with pytest.raises(BadInput, match=r"must be|must hold"):
        batch_sharpness(Objective(model, nn.MSELoss(), (inputs, targets)), **options)
