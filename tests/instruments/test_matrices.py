"""The panel's readings of the Fisher matrices and of the gradients' covariance, against dense sums over examples."""

import pytest
import torch
from torch import nn
from torch.nn import functional

import phenoscope as ps
from oracles import CE, CLASSES, MSE, POINTS, PROBLEMS, dense_gradient, dense_rows, drawn, mlp, normal
from phenoscope.core.errors import BadInput
from phenoscope.instruments import INSTRUMENTS, Bench
from phenoscope.objective import Objective

NAMES = {
    "fisher": ("fisher_sharpness", "fisher_trace"),
    "empirical_fisher": ("empirical_fisher_sharpness", "empirical_fisher_trace"),
    "gradient_covariance": ("gradient_covariance_eigenvalue", "gradient_covariance_trace"),
}


def single_gradients(model: nn.Module) -> torch.Tensor:
    """(n, p), of the cross-entropy of each example."""
    return dense_rows(functional.cross_entropy(model(POINTS), CLASSES, reduction="none"), model)


def dense(which: str, model: nn.Module) -> torch.Tensor:
    own = single_gradients(model)
    if which == "empirical_fisher":
        return own.T @ own / len(own)
    if which == "gradient_covariance":
        return torch.cov(own.T, correction=0)
    chances = model(POINTS).softmax(1).detach()
    total = torch.zeros(own.shape[1], own.shape[1], dtype=torch.float64)
    for label in range(chances.shape[1]):  # each label, as often as the model says
        told = functional.cross_entropy(model(POINTS), torch.full_like(CLASSES, label), reduction="none")
        rows = dense_rows(told, model)
        total += rows.T @ (chances[:, label, None] * rows) / len(rows)
    return total


@pytest.mark.parametrize("which", NAMES)
def test_the_largest_eigenvalue_and_the_trace_are_those_of_the_dense_matrix(which):
    model = mlp()
    panel = ps.measure(Objective(model, CE, (POINTS, CLASSES)), NAMES[which])
    expected = dense(which, model)
    largest, trace = (panel[name] for name in NAMES[which])
    assert largest.converged
    assert largest.value == pytest.approx(torch.linalg.eigvalsh(expected)[-1].item(), rel=1e-4)
    assert abs(trace.value - expected.trace().item()) <= 4 * trace.reading.error + 1e-12


def test_the_three_matrices_are_three():
    """Neither are the labels those that the model would draw, nor is the mean gradient 0."""
    panel = ps.measure(Objective(mlp(), CE, (POINTS, CLASSES)), [name for names in NAMES.values() for name in names])
    model = mlp()
    apart = dense_gradient(CE(model(POINTS), CLASSES), model).square().sum().item()
    traces = [panel[names[1]].value for names in NAMES.values()]
    assert traces[1] - traces[2] == pytest.approx(apart, rel=1e-6)
    assert abs(traces[0] - traces[1]) > 0.01 * traces[1]


@pytest.mark.parametrize("name", NAMES["fisher"])
def test_a_loss_without_predictions_has_no_fisher_matrix(name):
    objective = Objective(
        mlp(), lambda outputs, targets: outputs.pow(4).mean(), (POINTS, CLASSES), denominator="examples"
    )
    with pytest.raises(BadInput, match="the true Fisher matrix needs the model's predictive distribution"):
        INSTRUMENTS[name].read(Bench(objective), None)


@pytest.mark.parametrize("name", NAMES["gradient_covariance"])
def test_a_sum_has_no_covariance_of_its_examples(name):
    problem = PROBLEMS["sum"]()
    with pytest.raises(BadInput, match="needs a loss that is a mean over them"):
        INSTRUMENTS[name].read(Bench(Objective(problem.model, problem.loss, problem.data)), None)


@pytest.mark.parametrize("which", ["empirical_fisher", "gradient_covariance"])
def test_batch_statistics_leave_no_gradients_of_single_examples(which):
    model = drawn(nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Linear(4, 3))).train()
    objective = Objective(model, MSE, (POINTS, normal(len(POINTS), 3, seed=4)), buffers="batch")
    for name in NAMES[which]:
        with pytest.raises(BadInput, match="the gradients of single examples need a loss that adds up over examples"):
            INSTRUMENTS[name].read(Bench(objective), None)
