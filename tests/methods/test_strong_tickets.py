"""Networks found in random ones: subsets against a search by hand, and the network that was found, run by torch."""

import dataclasses
import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.data import dataset
from phenoscope.methods import PrunedToTarget, SubsetSums, best_subsets

NETWORK = PrunedToTarget(dataset("digits", train=60, test=40, flat=True), candidates=6, width=3, steps=20, seed=2)


def last(made):
    return list(made.readings())[-1].values


@given(
    st.lists(st.floats(-1, 1, allow_subnormal=False), min_size=1, max_size=7),
    st.floats(-2, 2),
    st.sampled_from(["any", "one", "all"]),
)
def test_the_best_subset_is_that_of_a_search_by_hand(numbers, wanted, subsets):
    table = torch.tensor([numbers], dtype=torch.float64)
    chosen = best_subsets(torch.tensor([wanted], dtype=torch.float64), table, subsets)
    found = abs(float(table[chosen].sum()) - wanted)
    sizes = {"any": range(len(numbers) + 1), "one": [1], "all": [len(numbers)]}[subsets]
    sums = [math.fsum(part) for size in sizes for part in itertools.combinations(numbers, size)]
    assert found == pytest.approx(min(abs(value - wanted) for value in sums), abs=1e-12)
    if subsets != "any":
        assert int(chosen.sum()) == sizes[0]


def test_rows_are_searched_apart_also_in_several_pieces():
    generator = torch.Generator().manual_seed(0)
    numbers, wanted = torch.rand(700, 13, generator=generator), torch.rand(700, generator=generator)
    chosen = best_subsets(wanted, numbers)  # more than fit into one piece
    alone = torch.cat([best_subsets(wanted[i : i + 1], numbers[i : i + 1]) for i in (0, 511, 512, 699)])
    assert torch.equal(chosen[[0, 511, 512, 699]], alone)


@pytest.mark.parametrize("numbers", ["products", "uniform", "normal"])
def test_the_error_is_that_of_a_simulation(numbers):
    """NumPy's own draws and a loop over all subsets; medians of as many draws differ by their spread."""
    made = SubsetSums(candidates=6, numbers=numbers, steps=2000, seed=1)
    draws, rows = np.random.default_rng(5), []
    for _ in range(2000):
        wanted = draws.uniform(-0.5, 0.5)
        uniform = draws.uniform(-1, 1, 6)
        candidates = {"products": uniform * draws.uniform(-1, 1, 6), "uniform": uniform}.get(numbers)
        candidates = draws.normal(0, 1 / 3, 6) if candidates is None else candidates
        sums = np.zeros(1)
        for value in candidates:
            sums = np.concatenate([sums, sums + value])
        rows.append(np.abs(sums - wanted).min())
    values = last(made)
    assert values["error"] == pytest.approx(np.median(rows), rel=0.15)
    assert values["log error"] == pytest.approx(math.log2(values["error"]))


def test_one_number_is_a_worse_choice_than_a_sum():
    any_sum, one = (last(SubsetSums(candidates=10, subsets=kind, steps=300))["error"] for kind in ("any", "one"))
    assert one > 20 * any_sum


def test_the_network_that_was_found_is_a_part_of_the_random_one():
    """Layers rebuilt, masked and run apart from the readings."""
    *_, reading = NETWORK.readings()
    target = [torch.randn(3, 64, generator=torch.Generator().manual_seed(0), dtype=torch.float64) / 10]
    target.append(torch.randn(10, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64) / 10)
    drawn = NETWORK._drawn(target)
    assert [tuple(weight.shape) for weight in drawn] == [(1536, 64), (3, 1536), (72, 3), (10, 72)]
    again = stream(2, "random network", 6)
    assert torch.equal(drawn[0], 2 * torch.rand(1536, 64, generator=again, dtype=torch.float64) - 1)
    masks = NETWORK._masks(drawn, target)
    assert int(masks[0].sum(dim=1).max()) == 1  # a unit sees one input
    inputs = torch.randn(30, 64, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    hidden = inputs
    for weight, mask in zip(drawn[:-1], masks[:-1], strict=True):
        hidden = torch.relu(hidden @ (weight * mask).T)
    outputs = hidden @ (drawn[-1] * masks[-1]).T
    wanted = torch.relu(inputs @ target[0].T) @ target[1].T
    assert (outputs - wanted).norm() < 0.5 * wanted.norm()
    for sign in (1.0, -1.0):  # what passes of one input on each side of 0 is nearly the target's weight
        beam = torch.zeros(1, 64, dtype=torch.float64)
        beam[0, 5] = sign
        passed = torch.relu(beam @ (drawn[0] * masks[0]).T) @ (drawn[1] * masks[1]).T
        assert (passed - sign * target[0][:, 5]).abs().max() < 0.1
    assert reading.values["changed weights"] == 0
    total = sum(weight.numel() for weight in drawn)
    assert reading.values["overhead"] == pytest.approx(total / (3 * 64 + 30))


def test_more_candidates_find_it_better_and_chance_does_not():
    few, more, chance = (
        last(dataclasses.replace(NETWORK, candidates=count, subsets=kind))
        for count, kind in ((5, "any"), (11, "any"), (11, "random"))
    )
    assert more["relative error"] < few["relative error"] / 3
    assert chance["relative error"] > 1


def test_what_makes_no_sense_is_refused():
    with pytest.raises(BadInput, match="at most 20 numbers can be looked at, got 21"):
        best_subsets(torch.zeros(1), torch.zeros(1, 21))
    with pytest.raises(BadInput, match="subsets must be one of"):
        best_subsets(torch.zeros(1), torch.zeros(1, 2), "some")
    with pytest.raises(BadInput, match="1 to 20 candidates"):
        SubsetSums(candidates=0)
    with pytest.raises(BadInput, match="numbers must be one of"):
        SubsetSums(numbers="cauchy")
    with pytest.raises(BadInput, match="flat inputs, and 1 to 20 candidates"):
        dataclasses.replace(NETWORK, candidates=30)
    with pytest.raises(BadInput, match="judged on test examples"):
        list(dataclasses.replace(NETWORK, data=dataset("digits", train=60, test=0, flat=True)).readings())
