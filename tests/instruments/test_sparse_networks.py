"""What is left of a pruned network: paths, costs, and the controls of what a mask carries."""

import copy
import itertools

import numpy as np
import pytest
import torch
from torch import nn
from torch.testing import assert_close
from torch.utils.flop_counter import FlopCounterMode

from architectures import ARCHITECTURES, architecture
from oracles import labels, normal, seeded
from phenoscope.core.errors import BadInput
from phenoscope.instruments.pruning import (
    SCORES,
    Pruner,
    corrupted,
    effective_sparsity,
    masked,
    prune,
    reinitialised,
    sanity_checks,
    shuffled,
    sparse_cost,
)


def perceptron(*widths):
    layers = []
    for ins, outs in itertools.pairwise(widths):
        layers += [nn.Linear(ins, outs), nn.Tanh()]
    return nn.Sequential(*layers[:-1])


def random_masks(model, share, seed):
    generator = seeded(seed)
    return {
        name: torch.rand(value.shape, generator=generator) < share
        for name, value in model.named_parameters()
        if value.ndim > 1
    }


PLACES = {
    "vision": lambda name: {"patch.weight": 4, "head.weight": 1}.get(name, 5),
    "shared keys": lambda name: 4,
    "long memory": lambda name: 1 if name == "head.weight" else 3,
    "recurrent": lambda name: 1 if name == "head.weight" else 3,
}
"""How often each weight is used, where torch's own counter does not look in, or counts more."""


def effective(model):
    return [name for name, value in model.named_parameters() if value.ndim > 1]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("widths", [(5, 8, 8, 8, 3), (2, 6, 6, 1)])
def test_live_weights_are_those_that_can_be_reached_from_both_ends(widths, seed):
    """By products of truths, layer for layer."""
    model = perceptron(*widths)
    masks = random_masks(model, 0.25, seed)
    layers = [mask.numpy() for mask in masks.values()]
    found = effective_sparsity(model, masks)
    for number, (name, mask) in enumerate(zip(masks, layers, strict=True)):
        into, out = np.ones(widths[0], bool), np.ones(widths[-1], bool)
        for layer in layers[:number]:
            into = layer @ into
        for layer in layers[:number:-1]:
            out = layer.T @ out
        assert np.array_equal(found.live[name].numpy(), mask & out[:, None] & into)
    reached = np.ones(widths[0], bool)
    for layer in layers:
        reached = layer @ reached
    assert found.collapsed == (not reached.any())
    live = sum(int(mask.sum()) for mask in found.live.values())
    assert found.value == pytest.approx(1 - live / found.total)
    assert found.value >= found.sparsity


def test_layers_that_keep_weights_can_have_collapsed():
    model = perceptron(2, 2, 2)
    masks = {"0.weight": torch.tensor([[True, True], [False, False]]), "2.weight": torch.tensor([[False, True]] * 2)}
    found = effective_sparsity(model, masks)
    assert found.collapsed
    assert all(bool(mask.any()) for mask in masks.values())
    assert "0 of 4 kept weights lie on a path from inputs to outputs, of 8 in all" in str(found)


def test_paths_through_convolutions_pooling_and_skips():
    model = nn.Sequential(
        nn.Conv2d(2, 3, 3, padding=1), nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(3, 2, 1), nn.Flatten(), nn.Linear(8, 1)
    )
    masks = {
        name: torch.ones_like(value, dtype=torch.bool) for name, value in model.named_parameters() if value.ndim > 1
    }
    masks["3.weight"][:, 1] = False  # nothing reads the second channel
    masks["0.weight"][2] = False  # and nothing feeds the third
    found = effective_sparsity(model, masks, inputs=(2, 4, 4))
    assert found.live["0.weight"].flatten(1).all(dim=1).tolist() == [True, False, False]
    assert not found.live["0.weight"][1:].any()
    assert found.live["3.weight"][:, :, 0, 0].tolist() == [[True, False, False]] * 2
    residual, inputs = architecture("residual")
    empty = {
        name: torch.zeros_like(residual.get_parameter(name), dtype=torch.bool)
        for name in ("wide.weight", "deep.weight")
    }
    around = effective_sparsity(residual, empty, inputs=(inputs,))
    assert around.live.keys() == empty.keys()
    weights = {
        name: torch.ones_like(value, dtype=torch.bool) for name, value in residual.named_parameters() if value.ndim > 1
    }
    skipped = effective_sparsity(residual, weights | empty, inputs=(inputs,))
    assert not skipped.live["back.weight"].any()
    assert skipped.live["stem.weight"].all()
    assert not skipped.collapsed


@pytest.mark.parametrize("name", [name for name in ARCHITECTURES if name != "normed weights"])
def test_in_a_whole_network_every_weight_lies_on_a_path_and_costs_what_torch_counts(name):
    model, inputs = architecture(name)
    found = effective_sparsity(model, inputs=(inputs,))
    assert found.value == found.sparsity == 0.0
    cost = sparse_cost(model, inputs=(inputs,))
    assert cost.value == cost.dense
    assert cost.parameters == sum(value.numel() for value in model.parameters())
    if name in PLACES:
        assert cost.operations == {key: PLACES[name](key) * model.get_parameter(key).numel() for key in cost.operations}
        assert len(cost.operations) == sum(key.endswith("weight") or "weight_" in key for key in effective(model))
        return
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        model(inputs[:1])
    between = 2 * 8 * 8 * 12 if name == "language" else 0  # products of activations with each other
    assert cost.dense == counter.get_total_flops() / 2 - between


def test_the_cost_of_a_sparse_network():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(8, 3))
    masks = {"0.weight": torch.zeros(2, 1, 3, 3, dtype=torch.bool)}
    masks["0.weight"][0, 0, 0, :] = True
    cost = sparse_cost(model, masks, inputs=(1, 4, 4))
    assert cost.operations == {"0.weight": 3 * 4, "2.weight": 24}
    assert (cost.parameters, cost.dense_parameters) == (3 + 2 + 24 + 3, 18 + 2 + 24 + 3)
    assert cost.speedup == (18 * 4 + 24) / 36
    assert cost.compression == pytest.approx(47 / 32)
    assert sparse_cost(masked(model, masks), inputs=(1, 4, 4)).value == 36
    assert str(cost) == "36 (multiply-adds an example by kept weights, of 96; 32 of 47 parameters)"


def test_a_mask_is_applied_to_a_copy():
    model = perceptron(3, 4, 2)
    with torch.no_grad():
        model[0].weight[0, 0] = torch.inf
    before = copy.deepcopy(model.state_dict())
    masks = random_masks(model, 0.5, 1)
    masks["0.weight"][0, 0] = False
    twin = masked(model, masks)
    assert torch.equal(twin[0].weight != 0, masks["0.weight"])
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    with pytest.raises(BadInput, match="a mask for 'nowhere', which is no parameter"):
        masked(model, {"nowhere": masks["0.weight"]})
    with pytest.raises(BadInput, match=r"must be truths of shape \(2, 4\), got torch.bool of shape \(4, 3\)"):
        masked(model, {"2.weight": masks["0.weight"]})


def test_shuffles_keep_how_many_and_not_which():
    masks = random_masks(perceptron(20, 30, 10), 0.3, 0)
    other = shuffled(masks, generator=seeded(1))
    assert {name: int(mask.sum()) for name, mask in other.items()} == {n: int(m.sum()) for n, m in masks.items()}
    overlap = (other["0.weight"] & masks["0.weight"]).sum() / masks["0.weight"].sum()
    assert 0.2 < overlap < 0.4  # the share kept, give or take
    again = shuffled(masks, generator=seeded(1))
    assert all(torch.equal(other[name], again[name]) for name in masks)


def test_weights_drawn_anew_have_the_same_numbers():
    model = perceptron(6, 7, 2)
    other = reinitialised(model, generator=seeded(2))
    for (name, value), new in zip(model.named_parameters(), other.parameters(), strict=True):
        assert_close(new.flatten().sort().values, value.flatten().sort().values, rtol=0, atol=0)
        assert torch.equal(new, value) == name.endswith("bias")


def test_corrupted_data_say_nothing_of_the_task():
    inputs, targets = normal(50, 4), labels(3, 50)
    ((same, moved),) = corrupted((inputs, targets), generator=seeded(0))
    assert torch.equal(same, inputs)
    assert torch.equal(moved.bincount(), targets.bincount())
    assert 0.15 < (moved == targets).double().mean() < 0.6
    batches = [(inputs[:20], targets[:20]), (inputs[20:], targets[20:])]
    cut = corrupted(batches, generator=seeded(0))
    assert [len(part) for _, part in cut] == [20, 30]
    assert torch.equal(torch.cat([part for _, part in cut]), moved)  # one order of all of them
    ((noise, same),) = corrupted((3 + 2 * inputs, targets), "inputs", generator=seeded(0))
    assert torch.equal(same, targets)
    assert noise.mean() == pytest.approx(3, abs=0.5)
    assert noise.std() == pytest.approx(2, rel=0.2)
    with pytest.raises(BadInput, match="what is corrupted must be one of"):
        corrupted((inputs, targets), "both")
    with pytest.raises(BadInput, match="one tensor of fractions; corrupt the labels instead"):
        corrupted((targets, targets), "inputs")


@pytest.mark.parametrize("method", SCORES)
def test_sanity_checks_apply_to_every_pruner(method):
    model, data = perceptron(4, 12, 3), (normal(30, 4).float(), labels(3, 30))
    pruner = Pruner(method, rounds=3)
    found = sanity_checks(
        model, method=pruner, sparsity=0.75, data=data, loss=nn.CrossEntropyLoss(), generator=seeded(4)
    )
    data_too = {"random labels", "noise inputs"} if SCORES[method].data else set()
    assert set(found) == {"as is", "shuffled", "reinitialised", "inverted", "random in layers"} | data_too
    expected = prune(
        model, method=pruner, sparsity=0.75, data=data, loss=nn.CrossEntropyLoss(), generator=seeded(4)
    ).masks
    masks = found["as is"].masks
    assert all(torch.equal(masks[name], expected[name]) for name in masks)
    counts = {name: int(mask.sum()) for name, mask in masks.items()}
    for check in ("shuffled", "random in layers"):
        assert {name: int(mask.sum()) for name, mask in found[check].masks.items()} == counts
    assert found["reinitialised"].masks is masks
    assert found["reinitialised"].model is not model
    for ticket in found.values():
        assert sum(int(mask.sum()) for mask in ticket.masks.values()) == 21


def test_an_input_that_cannot_be_guessed_is_asked_for():
    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(3, 3))

        def forward(self, *, seen):
            return seen @ self.weight

    pruned = prune(Odd(), sparsity=0.5)
    with pytest.raises(BadInput, match="Pass `inputs=`, the shape of one example"):
        _ = pruned.collapsed
    assert not effective_sparsity(Odd(), inputs={"seen": torch.ones(2, 3)}).collapsed
