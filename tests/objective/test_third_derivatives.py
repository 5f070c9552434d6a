"""Third derivatives against differences of dense Hessians; normalisations whose fused forms get them wrong."""

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations
from torch.testing import assert_close

from oracles import CE, CLASSES, POINTS, PROBLEMS, N, Problem, dense_gradient, dense_hessian, drawn, normal, trainable
from phenoscope.core.points import point, write
from phenoscope.objective import Objective
from phenoscope.objective.evaluation.composites import COMPOSITE
from phenoscope.objective.evaluation.replaced import Replaced

IMAGES = normal(N, 2, 4, 4)


def dense(make) -> nn.Module:
    """The layer between two others, in training mode."""
    return drawn(nn.Sequential(nn.Linear(4, 4), make(), nn.Tanh(), nn.Linear(4, 3))).train()


def convolutional(make) -> nn.Module:
    return drawn(nn.Sequential(nn.Conv2d(2, 4, 3), make(), nn.Tanh(), nn.Flatten(), nn.Linear(16, 3))).train()


def wrapped(change) -> nn.Module:
    return drawn(nn.Sequential(nn.Linear(4, 4), nn.Tanh(), change(nn.Linear(4, 3))))


DENSE = {
    "layer": lambda: dense(lambda: nn.LayerNorm(4)),
    "layer, no bias": lambda: dense(lambda: nn.LayerNorm(4, bias=False)),
    "layer, bare": lambda: dense(lambda: nn.LayerNorm(4, elementwise_affine=False)),
    "root mean square": lambda: dense(lambda: nn.RMSNorm(4)),
    "batch": lambda: dense(lambda: nn.BatchNorm1d(4)),
    "batch, bare": lambda: dense(lambda: nn.BatchNorm1d(4, affine=False)),
    "batch, untracked": lambda: dense(lambda: nn.BatchNorm1d(4, track_running_stats=False)),
    "group": lambda: dense(lambda: nn.GroupNorm(2, 4)),
    "weight": lambda: wrapped(parametrizations.weight_norm),
    "weight, other axis": lambda: wrapped(lambda layer: parametrizations.weight_norm(layer, dim=1)),
    "weight, one norm": lambda: wrapped(lambda layer: parametrizations.weight_norm(layer, dim=None)),
    "gated": lambda: drawn(nn.Sequential(nn.Linear(4, 4), nn.GLU(), nn.SiLU(), nn.Linear(2, 3))),
}
CONVOLUTIONAL = {
    "batch": lambda: convolutional(lambda: nn.BatchNorm2d(4)),
    "instance": lambda: convolutional(lambda: nn.InstanceNorm2d(4, affine=True)),
    "instance, tracked": lambda: convolutional(lambda: nn.InstanceNorm2d(4, track_running_stats=True)),
    "group": lambda: convolutional(lambda: nn.GroupNorm(2, 4)),
    "layer": lambda: convolutional(lambda: nn.LayerNorm((4, 2, 2))),
}
NETWORKS = {
    **{name: lambda name=name: Problem(DENSE[name](), CE, POINTS, CLASSES, {"buffers": "batch"}) for name in DENSE},
    **{
        f"images, {name}": lambda name=name: Problem(CONVOLUTIONAL[name](), CE, IMAGES, CLASSES, {"buffers": "batch"})
        for name in CONVOLUTIONAL
    },
}
EVERY = {**PROBLEMS, **NETWORKS}


def curvature(problem: Problem, at, left, right):
    """uᵀHv at a point, with a gradient of the loss that is differentiated by differences."""
    write(at, problem.model)
    step, here = 1e-5, at
    slopes = []
    for sign in (1, -1):
        write(here + sign * step * right, problem.model)
        slopes.append(dense_gradient(problem.total(), problem.model) @ left)
    write(here, problem.model)
    return (slopes[0] - slopes[1]) / (2 * step)


@pytest.mark.parametrize("name", EVERY)
def test_third_derivatives_of_every_architecture(name):
    """Along two directions, in a third: against second differences of first derivatives, which nobody gets wrong."""
    problem = EVERY[name]()
    objective = Objective(problem.model, problem.loss, problem.data, 4 if name in PROBLEMS else None, **problem.options)
    at = point(problem.model)
    left, right, along = (torch.nn.functional.normalize(normal(len(at), seed=seed), dim=0) for seed in (1, 2, 3))
    value, slope = objective.at().third(left[None], right[None])
    assert_close(value[0], left @ (objective.hessian() @ right), rtol=1e-8, atol=1e-11)
    step = 3e-4
    ahead, back = (curvature(problem, at + sign * step * along, left, right) for sign in (1, -1))
    scale = slope[0].norm().item()
    assert_close((slope[0] @ along).item(), ((ahead - back) / (2 * step)).item(), rtol=2e-4, atol=2e-4 * scale + 1e-7)


@pytest.mark.parametrize("name", [name for name in NETWORKS if "weight" in name])
def test_the_hessian_through_weight_normalisation(name):
    """PyTorch's own double backward is wrong here: the oracle takes differences of gradients."""
    problem = NETWORKS[name]()
    at = point(problem.model)
    columns = []
    for unit in 1e-5 * torch.eye(len(at), dtype=torch.float64):
        slopes = []
        for sign in (1, -1):
            write(at + sign * unit, problem.model)
            slopes.append(dense_gradient(problem.total(), problem.model))
        columns.append((slopes[0] - slopes[1]) / 2e-5)
    write(at, problem.model)
    differences = torch.stack(columns)
    objective = Objective(problem.model, problem.loss, problem.data, 4)
    found = objective.hessian() @ torch.eye(len(at), dtype=torch.float64)
    assert_close(found, differences, rtol=1e-6, atol=1e-8)
    assert_close(objective.gauss_newton() @ found, objective.gauss_newton() @ differences, rtol=1e-5, atol=1e-7)
    own = dense_hessian(problem.total, problem.model)
    assert "one norm" in name or (own - differences).norm() > 0.01 * differences.norm()


@pytest.mark.filterwarnings("ignore:.*weight_norm.* is deprecated:FutureWarning")
def test_weight_normalisation_of_the_old_kind_is_found_too():
    model = drawn(nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 3)))
    nn.utils.weight_norm(model[2])
    found = Objective(model, CE, (POINTS, CLASSES)).hessian() @ torch.eye(38, dtype=torch.float64)
    assert_close(found, found.T, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("training", [True, False])
def test_what_is_written_out_is_the_same_function(name, training):
    problem = NETWORKS[name]()
    model = problem.model.train(training)
    for module in model.modules():
        if getattr(module, "running_mean", None) is not None:
            module.running_mean += 0.3
            module.running_var *= 2.0
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    with Replaced(COMPOSITE):
        written = model(problem.inputs)
    for kind, buffer in model.named_buffers():
        assert "num_batches" in kind or torch.equal(buffer, before[kind])  # the layer counts by itself
    assert_close(written, model(problem.inputs), rtol=1e-12, atol=1e-13)


def test_the_functions_below_pythons_take_their_arguments_in_another_order():
    x, weight, bias, mean, variance = normal(6, 3, 2), *(normal(3, seed=seed) for seed in range(4))
    variance = variance.square()
    for function in (torch.batch_norm, torch.instance_norm):
        for own in (True, False):
            given = (x, weight, bias, mean.clone(), variance.clone(), own, 0.1, 1e-4, False)
            assert_close(COMPOSITE[function](*given), function(*given), rtol=1e-12, atol=1e-13)


def test_measuring_a_third_derivative_leaves_the_model_as_it_was():
    problem = NETWORKS["batch"]()
    before = {name: value.clone() for name, value in problem.model.state_dict().items()}
    objective = Objective(problem.model, problem.loss, problem.data, buffers="batch")
    ones = torch.ones(1, len(objective.point), dtype=torch.float64)
    objective.at().third(ones, ones)
    assert all(torch.equal(value, before[name]) for name, value in problem.model.state_dict().items())
    assert all(parameter.grad is None for parameter in trainable(problem.model))
