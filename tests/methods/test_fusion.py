"""Fusion: copies, splits and orders of units found again exactly; plans against a linear program."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from torch import nn
from torch.testing import assert_close

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.data import dataset
from phenoscope.methods import fuse, fusion, merge
from phenoscope.methods.fusion import transport
from phenoscope.objective import Objective


def image_net(channels, units, seed=0):
    torch.manual_seed(seed)
    net = nn.Sequential(
        nn.Conv2d(1, channels, 3), nn.BatchNorm2d(channels), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(4 * channels, units), nn.Tanh(), nn.Linear(units, 3),
    )  # fmt: skip
    net(torch.randn(20, 1, 6, 6))  # statistics that differ between channels
    return net.eval()


IMAGES = torch.randn(7, 1, 6, 6, generator=torch.Generator().manual_seed(1))


def split(net, times, seed=0):
    """The same function with every unit `times` times, in a random order; each gives its share of what the one gave."""
    conv, norm, _, _, _, first, _, last = net
    wide = image_net(times * conv.out_channels, times * first.out_features)
    orders = [torch.randperm(times * n, generator=torch.Generator().manual_seed(seed + n)) % n
              for n in (conv.out_channels, first.out_features)]  # fmt: skip
    with torch.no_grad():
        for name, value in conv.named_parameters():
            getattr(wide[0], name).copy_(value[orders[0]])
        for name in ("weight", "bias", "running_mean", "running_var"):
            getattr(wide[1], name).copy_(getattr(norm, name)[orders[0]])
        places = first.weight.unflatten(1, (conv.out_channels, 4))[orders[1]][:, orders[0]].flatten(1)
        wide[5].weight.copy_(places / times)
        wide[5].bias.copy_(first.bias[orders[1]])
        wide[7].weight.copy_(last.weight[:, orders[1]] / times)
        wide[7].bias.copy_(last.bias)
    return wide


@pytest.mark.parametrize("times", [1, 2, 3])
def test_copies_are_put_together_again(times):
    narrow = image_net(3, 5)
    wide = split(narrow, times)
    assert_close(wide(IMAGES), narrow(IMAGES), rtol=1e-5, atol=1e-6)  # the test's own copying is right
    before = copy.deepcopy(wide.state_dict())
    found = fuse(wide, narrow, inputs=IMAGES)
    assert found.value < 1e-10
    for made in (found.transported, found.model):
        for name, value in narrow.state_dict().items():
            if value.is_floating_point():
                assert_close(made.state_dict()[name], value, rtol=1e-5, atol=1e-6)
    assert [tuple(plan.shape) for plan in found.plans.values()] == [(3 * times, 3), (5 * times, 5)]
    assert all(torch.equal(value, before[name]) for name, value in wide.state_dict().items())
    assert found.model is not narrow


def test_a_unit_that_is_split_leaves_the_function():
    """To twice the width of a stranger every unit goes to two places: its copies, with half of what it gives."""
    found = fuse(image_net(3, 5), image_net(6, 10, seed=1), inputs=IMAGES, share=0.0)
    assert_close(found.model(IMAGES), image_net(3, 5)(IMAGES), rtol=1e-5, atol=1e-6)
    assert 0.1 < found.value < 3


def test_at_equal_widths_the_plan_is_a_permutation():
    found = fuse(image_net(4, 6), image_net(4, 6, seed=1), inputs=IMAGES)
    for plan in found.plans.values():
        assert_close(plan * len(plan), (plan * len(plan)).round())
        assert_close(plan.sum(dim=0), torch.full_like(plan[0], 1 / len(plan)))
    assert_close(found.transported(IMAGES), image_net(4, 6)(IMAGES), rtol=1e-5, atol=1e-6)


@settings(deadline=None, max_examples=40)
@given(n=st.integers(1, 6), m=st.integers(1, 6), seed=st.integers(0, 1000), program=st.booleans())
def test_plans_are_those_of_a_linear_program(n, m, seed, program):
    cost = torch.rand(n, m, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fusion, "COPIES", 0 if program else 4096)
        plan = transport(cost)
    assert_close(plan.sum(dim=1), torch.full((n,), 1 / n, dtype=torch.float64))
    assert_close(plan.sum(dim=0), torch.full((m,), 1 / m, dtype=torch.float64))
    assert (plan > -1e-12).all()
    sums = np.concatenate([np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))])
    masses = np.repeat([1 / n, 1 / m], [n, m])
    best = linprog(cost.numpy().ravel(), A_eq=sums, b_eq=masses, method="highs-ipm").fun
    assert float((plan * cost).sum()) == pytest.approx(best, abs=1e-7)


def test_trained_networks_of_different_widths():
    """Better than means of units that have nothing to do with each other; beside its parts and their ensemble."""
    draw = dataset("digits", train=300, test=0, flat=True).draw(stream(0, "data"))
    data = draw.train.inputs, draw.train.targets

    def trained(width, seed):
        torch.manual_seed(seed)
        net = nn.Sequential(nn.Linear(64, width), nn.ReLU(), nn.Linear(width, 10))
        optimizer = torch.optim.Adam(net.parameters(), 0.01)
        for _ in range(60):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(data[0]), data[1]).backward()
            optimizer.step()
        return net

    wide, narrow, other = trained(48, 0), trained(32, 1), trained(32, 2)
    objective = Objective(narrow, nn.CrossEntropyLoss(), data)
    found = fuse(wide, narrow, objective)
    assert found.merge.value == pytest.approx(objective.of(found.model).loss().item())
    assert found.merge.accuracy is not None
    assert found.merge.accuracy > 0.6
    same, naive = fuse(other, narrow, objective).merge, merge([other, narrow], objective)
    assert same.value < 0.7 * naive.value


@pytest.mark.parametrize(
    ("nets", "says"),
    [
        ((nn.Sequential(nn.Linear(3, n), nn.LayerNorm(n), nn.Linear(n, 2)) for n in (4, 6)), "'1' is a LayerNorm"),
        (
            (
                nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)),
                nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2)),
            ),
            "two networks of the same modules",
        ),
        ((nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, n)) for n in (2, 3)), "inputs and outputs must agree"),
    ],
    ids=["layer", "modules", "outputs"],
)
def test_what_cannot_be_fused_is_refused(nets, says):
    with pytest.raises(BadInput, match=says):
        fuse(*nets)


def test_a_share_is_a_share():
    with pytest.raises(BadInput, match="between 0 and 1, got 2"):
        fuse(image_net(3, 5), image_net(3, 5), share=2.0)
