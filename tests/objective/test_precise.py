"""Losses far below 1 lose nothing to the precision of the network."""

import copy
import functools

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.testing import assert_close

from oracles import normal
from phenoscope.instruments import diagonal, trace
from phenoscope.objective import CrossEntropy, Objective
from phenoscope.objective.evaluation.network import Network
from phenoscope.objective.evaluation.precise import precise

CASES = {
    "cross-entropy": (nn.CrossEntropyLoss(), "classes"),
    "function": (functional.cross_entropy, "classes"),
    "spec": (CrossEntropy(), "classes"),
    "class weights": (nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 0.5])), "classes"),
    "sum of some": (functools.partial(functional.cross_entropy, reduction="sum", ignore_index=1), "classes"),
    "two classes": (nn.BCEWithLogitsLoss(pos_weight=torch.tensor([1.0, 3.0, 2.0])), "shares"),
}


def confident(name: str) -> tuple[Objective, Objective]:
    """A network that is right by far, in float32 and in float64."""
    loss, kind = CASES[name]
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3))
    inputs = normal(12, 4, seed=3).float()
    with torch.no_grad():
        outputs = model(inputs)
        factor = 16 / (outputs.topk(2).values.diff().abs().amin() if kind == "classes" else outputs.abs().amin())
        model[2].weight.mul_(factor)
        model[2].bias.mul_(factor)
    targets = outputs.argmax(1) if kind == "classes" else (outputs > 0).float()
    twin = copy.deepcopy(loss).double() if isinstance(loss, nn.Module) else loss
    doubled = targets if kind == "classes" else targets.double()
    single = Objective(model, loss, (inputs, targets), 5)
    return single, Objective(copy.deepcopy(model).double(), twin, (inputs.double(), doubled), 5)


@pytest.mark.parametrize("name", CASES)
def test_small_losses_and_their_derivatives_keep_their_digits(name):
    single, double = confident(name)
    assert double.loss() < 1e-5
    logits = float(double.outputs().abs().max())
    rtol = 30 * logits * torch.finfo(torch.float32).eps  # by which the outputs are rounded, p is off
    assert_close(single.loss(), double.loss(), rtol=rtol, atol=0)
    assert (single.gradient() - double.gradient()).norm() <= rtol * double.gradient().norm()
    for which in ("hessian", "gauss_newton", "empirical_fisher"):
        one, other = (trace(each, operator=which, method="exact").value for each in (single, double))
        assert one == pytest.approx(other, rel=rtol)
    one, other = (diagonal(each, method="exact").values for each in (single, double))
    assert (one - other).norm() <= rtol * other.norm()
    axis = torch.ones(1, len(single.point)) / 50
    places = torch.tensor([[0.0], [0.5], [1.0]])
    assert_close(single.losses(places, axis), double.losses(places.double(), axis.double()), rtol=rtol, atol=0)


def test_training_keeps_to_the_precision_of_its_networks():
    outputs, labels = normal(7, 3).float(), torch.arange(7) % 3
    network = Network(nn.Linear(2, 3), CrossEntropy())
    assert torch.equal(network.value(outputs, labels), CrossEntropy()(outputs, labels))
    assert network.value(outputs, labels).dtype is torch.float32


def test_other_losses_are_left_as_they_are():
    for loss in (nn.MSELoss(), functional.mse_loss, lambda outputs, targets: outputs.sum(), nn.NLLLoss()):
        assert precise(loss) is loss
