"""Targets that are numbers: the sparse regression, the loss of it, and what does not go with it."""

import pytest
import torch
from torch.testing import assert_close

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.data import Dataset, SparseRegression
from phenoscope.models import MLP, DiagonalLinear
from phenoscope.objective import SquaredError
from phenoscope.probes import Accuracy, HeldOutLoss, Loss
from phenoscope.training import GradientDescent, Recipe, train

SOURCE = SparseRegression(dimensions=6, support=3, examples=40)
DATA = Dataset(SOURCE, train=12, test=20, scaling="none")


def recipe(**changes):
    parts = {"data": DATA, "model": DiagonalLinear(0.3), "loss": SquaredError(), "rule": GradientDescent(0.05)}
    return Recipe(**(parts | {"steps": 4, "dtype": "float64"} | changes))


def test_targets_follow_from_the_inputs_that_matter():
    drawn = DATA.draw(stream(1, "data"))
    for part in (drawn.train, drawn.test):
        assert_close(part.targets, part.inputs[:, 0] - part.inputs[:, 1] + part.inputs[:, 2], atol=1e-6, rtol=0)
        assert not part.classified
    assert (len(drawn.train), len(drawn.test), DATA.outputs) == (12, 20, 1)
    inputs = SparseRegression(2, 1, 4000).load(stream(1, "source")).train.inputs
    assert_close(torch.cov(inputs.T), torch.eye(2), atol=0.1, rtol=0)  # over 4 standard errors


def test_the_loss_is_half_the_mean_square():
    outputs, targets = torch.tensor([[1.0], [4.0]]), torch.tensor([0.0, 2.0])
    assert SquaredError()(outputs, targets).item() == pytest.approx((1 + 4) / 4)
    with pytest.raises(BadInput, match="targets that are numbers need one output, got 2"):
        SquaredError()(torch.zeros(2, 2), targets)
    one = SquaredError()(outputs, torch.tensor([0, 0]))  # labels stay labels: the one-hot of one class is 1
    assert one.item() == pytest.approx((0 + 9) / 4)


@pytest.mark.parametrize("batch", [None, 5])
def test_a_diagonal_network_moves_as_by_hand(batch):
    states = [list(train([recipe(seed=seed, batch=batch) for seed in seeds])) for seeds in ((3,), (3, 4))]
    drawn = DATA.draw(stream(3, "data"))
    inputs, targets = drawn.train.inputs.double(), drawn.train.targets.double()
    order = torch.randperm(12, generator=stream(3, "order", 0)).split(batch or 12)
    u = v = torch.full((6,), 0.3, dtype=torch.float64)
    for step in range(1 if batch is None else 3):
        some = order[step]
        slope = inputs[some].T @ (inputs[some] @ (u * u - v * v) - targets[some]) / len(some)
        u, v = u - 0.05 * 2 * u * slope, v + 0.05 * 2 * v * slope
        for found in states:
            assert_close(found[step + 1].points[0], torch.cat([u, v]), rtol=1e-12, atol=1e-14)


def test_what_is_read_of_a_regression():
    states = list(train([recipe(seed=seed) for seed in (3, 4)]))
    last = states[-1]
    for row, seed in enumerate((3, 4)):
        drawn = DATA.draw(stream(seed, "data"))
        u, v = last.points[row].chunk(2)
        for probe, part in ((Loss(), drawn.train), (HeldOutLoss(), drawn.test)):
            ((rows,), _) = probe.update(last, None)
            residual = part.inputs.double() @ (u * u - v * v) - part.targets.double()
            assert rows.values[row].item() == pytest.approx(residual.square().mean().item() / 2)
    assert Accuracy().update(last, None)[0] == []  # no answer is right or wrong
    without = next(train([recipe(data=Dataset(SOURCE, train=12, test=0, scaling="none"))]))
    assert HeldOutLoss().update(without, None)[0] == []


def test_what_does_not_go_with_numbers_is_refused():
    with pytest.raises(BadInput, match="only one"):
        Dataset(SOURCE, label_noise=0.1)
    with pytest.raises(BadInput, match="`classes` chooses among class labels"):
        Dataset(SOURCE, classes=(0,)).draw(stream(0, "data"))
    with pytest.raises(BadInput, match="a diagonal linear network has one output, got 3"):
        DiagonalLinear().build(stream(0, "x"), inputs=(4,), outputs=3)
    with pytest.raises(BadInput, match="must be positive and finite"):
        DiagonalLinear(0.0)
    with pytest.raises(BadInput, match="a support from 1 to the number of dimensions"):
        SparseRegression(3, 4, 10)


def test_any_network_of_one_output_learns_a_regression():
    states = list(train([recipe(model=MLP((8,)), steps=60)]))
    assert states[-1].around.loss.item() < states[0].around.loss.item() / 2
