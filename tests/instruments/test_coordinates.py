"""The coordinate check: by hand, and the exponents that theory gives to three parametrisations."""

import copy

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.instruments import coordinate_check, layer_changes
from phenoscope.models import MLP

INPUTS = torch.randn(10, 6, generator=stream(0), dtype=torch.float64)


def stepped(parametrisation, *, lr=0.02, steps=3):
    def trained(width, seed):
        spec = MLP((width, width), "tanh", bias=False, parametrisation=parametrisation)
        before = spec.build(stream(seed), inputs=(6,), outputs=1, dtype=torch.float64)
        after = copy.deepcopy(before)
        rule = torch.optim.SGD(after.parameters(), lr=lr)
        for _ in range(steps):
            rule.zero_grad()
            (after(INPUTS) - 1).square().mean().backward()
            rule.step()
        return before, after

    return trained


def test_changes_by_hand():
    before = nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Dropout(), nn.Linear(4, 2)).double()
    after = copy.deepcopy(before)
    with torch.no_grad():
        after[0].weight.add_(torch.randn(4, 6, generator=stream(1), dtype=torch.float64))
    found = layer_changes(before, after, INPUTS)
    for net in (before, after):
        net.requires_grad_(False)
    hidden = [INPUTS @ net[0].weight.T + net[0].bias for net in (before, after)]
    scale = (1 + before[1].eps) ** -0.5
    last = [(h * scale).relu() @ before[4].weight.T for h in hidden]
    assert list(found) == ["0", "4"]
    assert found["0"] == pytest.approx(float((hidden[1] - hidden[0]).square().mean().sqrt()))
    assert found["4"] == pytest.approx(float((last[1] - last[0]).square().mean().sqrt()))
    assert before.training
    assert torch.equal(before[1].running_mean, torch.zeros(4, dtype=torch.float64))
    assert not before[0]._forward_hooks


WIDTHS = (64, 128, 256, 512)


@pytest.mark.parametrize(("parametrisation", "hidden", "outputs"), [("maximal update", 0.0, 0.0), ("ntk", -0.5, 0.0)])
def test_the_exponents_of_theory(parametrisation, hidden, outputs):
    found = coordinate_check(stepped(parametrisation), WIDTHS, INPUTS, seeds=range(4))
    assert found.layers == ("body.1", "body.3", "head")
    assert np.abs(found.slopes[:2] - hidden).max() < 0.15
    assert abs(found.slopes[2] - outputs) < 0.15


def test_in_the_standard_parametrisation_a_fixed_rate_moves_outputs_more_and_more():
    found = coordinate_check(stepped("standard", lr=1e-4), WIDTHS, INPUTS, seeds=range(3))
    assert found.slopes[2] > 0.8
    assert found.low[2] < found.slopes[2] < found.high[2]


def test_slopes_and_intervals_by_hand():
    found = coordinate_check(stepped("ntk"), (8, 16, 32), INPUTS, seeds=(1, 2, 3), level=0.9)
    logs = np.log([8, 16, 32])
    slopes = [np.polyfit(logs, np.log(changes), 1)[0] for changes in found.changes]
    for layer in range(3):
        own = [slope[layer] for slope in slopes]
        half = stats.sem(own) * stats.t.ppf(0.95, 2)
        assert found.slopes[layer] == pytest.approx(np.mean(own))
        assert found.high[layer] - found.low[layer] == pytest.approx(2 * half)
    assert "head: " in str(found)


def test_what_has_no_exponent_is_refused():
    with pytest.raises(BadInput, match="2 widths, 2 seeds"):
        coordinate_check(stepped("ntk"), (8,), INPUTS)
    with pytest.raises(BadInput, match=r"'body\.1' does not change"):
        coordinate_check(stepped("ntk", lr=0.0), (4, 8), INPUTS, seeds=(0, 1))
    with pytest.raises(BadInput, match="layers with weights that both networks have"):
        layer_changes(nn.ReLU(), nn.ReLU(), INPUTS)
    with pytest.raises(BadInput, match="same layers at every width"):
        coordinate_check(
            lambda width, seed: (nn.Sequential(*[nn.Linear(6, 6) for _ in range(width)]),) * 2,
            (1, 2),
            INPUTS.float(),
            seeds=(0, 1),
        )
