"""Masks that are scored before training: those of `prune` on the recipe's own network and data, and their checks."""

import dataclasses

import pytest
import torch

from phenoscope.core.errors import BadInput
from phenoscope.data import dataset
from phenoscope.instruments import Pruner, prune
from phenoscope.models import MLP
from phenoscope.objective import CrossEntropy
from phenoscope.training import MASK, Adam, Recipe, Scored, objective_of, train

DENSE = Recipe(
    dataset("digits", train=60, flat=True), MLP((12, 9), "relu", init="he"), CrossEntropy(), Adam(0.01), 3, seed=5
)


def first(recipe):
    """Mask and point before the first step, by name of a parameter."""
    state = next(iter(train([recipe])))
    layout = state.landscape.network.layout
    mask = {name: part > 0 for name, part in layout.unravel(state.memory[MASK][0].double()).items()}
    return mask, layout.unravel(state.points[0])


def masked(pruner, check="as is", density=0.2, **changes):
    return dataclasses.replace(DENSE, mask=Scored(pruner, density, check), **changes)


@pytest.mark.parametrize("pruner", [Pruner("snip"), Pruner("synflow", rounds=4), Pruner("grasp", scope="uniform")])
def test_it_is_the_mask_that_prune_finds(pruner):
    objective = objective_of(DENSE)
    (batch,) = objective.terms.passes()
    expected = prune(objective.model, method=pruner, sparsity=0.8, data=[batch], loss=CrossEntropy()).masks
    mask, point = first(masked(pruner))
    assert set(expected) == {name for name in mask if name.endswith("weight")}
    for name, value in mask.items():
        assert torch.equal(value, expected.get(name, torch.ones_like(value)))
        assert torch.equal(point[name] != 0, value & (objective.model.get_parameter(name) != 0))


def test_biases_are_trained():
    mask, _ = first(masked(Pruner("magnitude")))
    assert all(value.all() for name, value in mask.items() if name.endswith("bias"))
    assert sum(int(v.sum()) for n, v in mask.items() if n.endswith("weight")) == round(0.2 * (64 * 12 + 12 * 9 + 90))


def test_checks_take_apart_what_a_mask_carries():
    found = {check: first(masked(Pruner("snip"), check))[0] for check in ("as is", "shuffled", "random labels")}
    others = {check: first(masked(Pruner("snip"), check))[0] for check in ("other weights", "noise inputs")}
    counts = {check: [int(value.sum()) for value in mask.values()] for check, mask in (found | others).items()}
    assert counts["shuffled"] == counts["as is"]
    assert all(sum(each) == sum(counts["as is"]) for each in counts.values())
    for check, mask in (found | others).items():
        if check != "as is":
            assert any(not torch.equal(mask[name], found["as is"][name]) for name in mask), check
    # weights in another order: what is large there has no larger chance to be kept here
    magnitude, point = first(masked(Pruner("magnitude"), "other weights"))
    large = magnitude["body.1.weight"].double().mean()
    kept = point["body.1.weight"][magnitude["body.1.weight"]].abs().mean()
    own = first(masked(Pruner("magnitude")))
    assert kept < 0.8 * own[1]["body.1.weight"][own[0]["body.1.weight"]].abs().mean()
    assert 0 < large < 0.5


def test_one_seed_one_mask_and_the_dense_start_stays():
    one, again = (first(masked(Pruner("random"))) for _ in range(2))
    other = first(masked(Pruner("random"), seed=6))
    assert all(torch.equal(one[0][name], again[0][name]) for name in one[0])
    assert any(not torch.equal(one[0][name], other[0][name]) for name in one[0])


def test_what_makes_no_sense_is_refused():
    with pytest.raises(BadInput, match="the check of a mask must be one of"):
        Scored(Pruner(), 0.5, "upside down")
    with pytest.raises(BadInput, match="above 0 and at most 1, got 0"):
        Scored(Pruner(), 0)
