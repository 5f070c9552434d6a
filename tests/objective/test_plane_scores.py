"""The cross-entropies of many networks at once: against float64, far below 1, where nothing fits, and when not."""

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.testing import assert_close

import phenoscope as ps
from oracles import normal
from phenoscope.objective import CrossEntropy, SquaredError
from phenoscope.objective.slices.scores import cross_entropies, plain_scores

LABELS = torch.tensor([0, 2, 1, 1, 0, 2, 2])


def expected(outputs, labels=LABELS):
    return torch.stack([functional.cross_entropy(one.mT.double(), labels) for one in outputs])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_as_the_softmax_in_float64(dtype):
    outputs = 3 * normal(4, 3, 7, seed=2).to(dtype)
    eps = torch.finfo(dtype).eps
    assert_close(cross_entropies(LABELS.int(), 3)(outputs), expected(outputs), rtol=10 * eps, atol=0)


def test_losses_far_below_one_keep_their_digits():
    """A softmax in float32 gives 0 here."""
    outputs = (functional.one_hot(LABELS, 3).mT * 21 + normal(2, 3, 7, seed=1)).float()
    assert float(functional.cross_entropy(outputs[0].mT, LABELS)) == 0
    assert_close(cross_entropies(LABELS, 3)(outputs), expected(outputs), rtol=1e-6, atol=0)


@pytest.mark.parametrize(
    ("loss", "labels", "plain"),
    [
        (nn.CrossEntropyLoss(), LABELS, True),
        (functional.cross_entropy, LABELS, True),
        (CrossEntropy(), LABELS, True),
        (nn.CrossEntropyLoss(label_smoothing=0.1), LABELS, False),
        (nn.CrossEntropyLoss(weight=torch.ones(3)), LABELS, False),
        (nn.CrossEntropyLoss(reduction="sum"), LABELS, False),
        (nn.CrossEntropyLoss(ignore_index=1), LABELS, False),
        (nn.CrossEntropyLoss(), torch.where(LABELS == 1, -100, LABELS), False),
        (nn.CrossEntropyLoss(), LABELS.double(), False),
        (SquaredError(), LABELS, False),
    ],
    ids=["module", "function", "own", "smoothed", "weighed", "sum", "one class ignored", "ignored", "floats", "other"],
)
def test_what_is_the_plain_mean_of_all(loss, labels, plain):
    assert plain_scores(loss, labels) is plain


@pytest.mark.parametrize("loss", [nn.CrossEntropyLoss(), nn.CrossEntropyLoss(ignore_index=1)], ids=["plain", "ignored"])
@pytest.mark.parametrize("scale", [1.0, 300.0], ids=["ordinary", "beyond the exponential"])
def test_a_line_is_that_of_single_points(loss, scale):
    """With outputs in the thousands exp(zⱼ - z_y) is infinite in float32, and the loss is not."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3))
    objective = ps.Objective(model, loss, (normal(7, 4, seed=3).float(), LABELS))
    axes, coordinates = scale * normal(1, len(objective.point), seed=4).float(), torch.linspace(-1, 1, 9)[:, None]
    alone = torch.stack([objective.loss(objective.point + c * axes[0]) for c in coordinates[:, 0]])
    assert scale == 1 or float(alone.amax()) > 100
    assert_close(objective.losses(coordinates.double(), axes), alone.double(), rtol=1e-4, atol=0)
