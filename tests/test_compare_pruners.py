"""Ways to prune a network of one's own: pairing by seed, intervals, correction, and what is handed to the trainer."""

import math

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn
from torch.nn.functional import cross_entropy

import phenoscope as ps
from phenoscope.core.errors import BadInput
from phenoscope.instruments import Pruner


def made(seed):
    generator = torch.Generator().manual_seed(seed)
    model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3))
    with torch.no_grad():
        for value in model.parameters():
            value.copy_(torch.randn(value.shape, generator=generator))
    return model


def kept_size(model, masks, seed):
    """The sum of the sizes of what is left: magnitude is the best of all by it; the seed shifts all of one seed."""
    return sum(model.get_parameter(name).detach().abs().sum().item() for name in masks) + 100.0 * seed


DATA = torch.randn(20, 6, generator=torch.Generator().manual_seed(1)), torch.arange(20) % 3


def test_what_is_best_by_construction_wins_over_each_baseline():
    layerwise = Pruner("magnitude", scope="uniform")
    found = ps.compare_pruners(made, kept_size, methods=["magnitude", "snip"], baselines=["random", layerwise],
                               sparsities=(0.5, 0.8), seeds=20, data=DATA, loss=cross_entropy)  # fmt: skip
    assert found.winners == ("magnitude",)
    assert set(found.merits) == {"magnitude", "snip", "random", "magnitude, scope=uniform"}
    assert found.merits["snip"].shape == (20, 2)
    assert str(found).splitlines()[0].endswith(", ahead")
    behind = next(gain for gain in found.gains if gain.method == "snip" and "uniform" in gain.baseline)
    assert behind.high < 0
    assert str(behind).endswith(", behind")


def test_intervals_are_paired_by_seed_and_corrected_for_all():
    found = ps.compare_pruners(made, kept_size, methods=["magnitude", "synflow"], seeds=[3, 5, 8, 9],
                               baselines=["random"], sparsities=(0.7,), )  # fmt: skip
    pair = [found.merits[name][:, 0] for name in ("magnitude", "random")]
    assert found.seeds == (3, 5, 8, 9)
    first = found.gains[0]
    interval = stats.ttest_rel(*pair).confidence_interval(first.level)
    assert (first.low, first.high) == pytest.approx((interval.low, interval.high))
    p_values = [stats.ttest_rel(found.merits[gain.method][:, 0], pair[1]).pvalue for gain in found.gains]
    assert sorted(round(gain.level, 3) for gain in found.gains)[-1] == 0.975  # the smaller p-value, of two
    assert found.gains[int(np.argmin(p_values))].level == pytest.approx(0.975)
    unpaired = stats.ttest_ind(*pair).confidence_interval(first.level)
    assert first.high - first.low < (unpaired.high - unpaired.low) / 5


def test_the_trainer_gets_a_pruned_copy_and_the_model_stays():
    seen, model = [], made(0)
    before = [value.clone() for value in model.parameters()]

    def retrain(pruned, masks, seed):
        for name, mask in masks.items():
            weight = pruned.get_parameter(name)
            assert bool((weight[~mask] == 0).all())
            assert torch.equal(weight[mask], model.get_parameter(name)[mask])
        with torch.no_grad():
            next(pruned.parameters()).fill_(7.0)
        seen.append((seed, sum(int(mask.sum()) for mask in masks.values())))
        return float(seed)

    found = ps.compare_pruners(lambda seed: model, retrain, methods=["synflow"], sparsities=(0.5, 0.75), seeds=2)
    assert all(torch.equal(one, other) for one, other in zip(before, model.parameters(), strict=True))
    assert seen == [(seed, count) for seed in (0, 1) for _ in range(3) for count in (36, 18)]
    assert [(gain.mean, gain.low, gain.high) for gain in found.gains] == [(0.0, 0.0, 0.0)] * 2
    assert found.winners == ()


def test_a_smaller_network_is_one_more_baseline():
    asked, trained = [], []

    def smaller(seed, sparsity):
        asked.append((seed, sparsity))
        return nn.Linear(6, 5)

    def retrain(model, masks, seed):
        trained.append(bool(masks))
        return 2.0 + seed if isinstance(model, nn.Linear) else 1.0 + seed * seed

    found = ps.compare_pruners(made, retrain, methods=["synflow"], baselines=["random"], sparsities=(0.5, 0.8), seeds=2,
                               smaller=smaller, inputs=(6,))  # fmt: skip
    assert asked == [(0, 0.5), (0, 0.8), (1, 0.5), (1, 0.8)]
    assert trained.count(False) == 4
    assert [(gain.baseline, gain.mean) for gain in found.gains] == [("random", 0.0), ("smaller network", -1.0)]
    # 72 weights and 11 biases, of which each sparsity leaves its share; 30 weights and 5 biases
    assert found.parameters["synflow"].tolist() == [[47, 25]] * 2
    assert found.parameters["smaller network"].tolist() == [[35, 35]] * 2
    assert found.operations["random"].tolist() == [[36, 14]] * 2
    assert found.operations["smaller network"].tolist() == [[30, 30]] * 2
    assert ps.compare_pruners(made, kept_size, methods=["synflow"], seeds=2).operations == {}


def test_equal_weights_need_not_be_equal_operations():
    def image_network(seed):
        torch.manual_seed(seed)
        return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(64, 3))

    layerwise = Pruner("magnitude", scope="uniform")
    found = ps.compare_pruners(image_network, lambda *_: 0.0, methods=["magnitude"], baselines=[layerwise],
                               sparsities=(0.5,), seeds=2, inputs=(1, 6, 6))  # fmt: skip
    one, other = (found.operations[name] for name in ("magnitude", "magnitude, scope=uniform"))
    assert np.array_equal(found.parameters["magnitude"], found.parameters["magnitude, scope=uniform"])
    assert bool((other == 18 * 16 + 96).all())  # half of 36 weights at 16 places each, and half of 192
    assert bool((one > other).all())  # weights into nine entries are larger than those into 64


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"seeds": 1}, "2 different seeds"),
        ({"seeds": [1, 1]}, "2 different seeds"),
        ({"methods": ["magnitude"]}, "each way to prune once"),
        ({"methods": []}, "takes methods"),
    ],
    ids=["one seed", "a seed twice", "a baseline", "nothing"],
)
def test_what_cannot_be_compared_is_refused(options, says):
    with pytest.raises(BadInput, match=says):
        ps.compare_pruners(made, kept_size, **({"methods": ["synflow"]} | options))


def test_a_figure_of_merit_that_is_no_number_is_refused():
    with pytest.raises(BadInput, match="finite number"):
        ps.compare_pruners(made, lambda *_: math.nan, methods=["synflow"])
