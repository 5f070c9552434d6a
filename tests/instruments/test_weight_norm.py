"""The length of the weights: by hand, with ties and frozen parameters, and whatever the batches."""

import math

import pytest
import torch
from torch import nn

from phenoscope.instruments import INSTRUMENTS, Bench
from phenoscope.objective import Objective


def length(model, *, inputs=2, outputs=1):
    data = (torch.ones(3, inputs, dtype=torch.float64), torch.zeros(3, outputs, dtype=torch.float64))
    return INSTRUMENTS["weight_norm"].read(Bench(Objective(model.double(), nn.MSELoss(), data)), None)


def filled(layer, value):
    for each in layer.parameters():
        each.data.fill_(value)
    return layer


def test_by_hand_with_biases():
    model = nn.Sequential(filled(nn.Linear(2, 3), 2.0), nn.ReLU(), filled(nn.Linear(3, 1), -1.0))
    found = length(model)
    assert found.value == pytest.approx(math.sqrt((6 + 3) * 4 + (3 + 1) * 1), rel=1e-14)
    assert found.parameters == 13
    assert 0 < found.rounding < 1e-13
    assert "13 parameters" in found.evidence


def test_what_is_frozen_is_left_out_and_what_is_tied_counts_once():
    tied = nn.Sequential(filled(nn.Linear(2, 2, bias=False), 3.0), nn.Tanh(), nn.Linear(2, 2, bias=False))
    tied[2].weight = tied[0].weight
    assert length(tied, outputs=2).value == pytest.approx(6.0)
    frozen = nn.Sequential(filled(nn.Linear(2, 2, bias=False), 3.0), filled(nn.Linear(2, 1, bias=False), 4.0))
    frozen[0].weight.requires_grad_(False)
    assert length(frozen).value == pytest.approx(math.sqrt(32))


def test_it_is_no_mean_and_no_sum():
    assert length(filled(nn.Linear(2, 1, bias=False), 3.0)).value == pytest.approx(math.sqrt(18))
