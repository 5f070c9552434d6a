"""Learned orders, the best of all orders, and renormalisation: closed forms, brute force, and nearest wrong cousins."""

import copy
import itertools

import pytest
import torch
from torch import nn

import phenoscope as ps
from phenoscope.instruments.symmetries import permutation_structure
from phenoscope.methods import best_order, renormalise
from phenoscope.methods.learned_orders import sinkhorn

CE = nn.CrossEntropyLoss()


def drawn(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


DATA = (drawn(0, 80, 4), torch.arange(80) % 3)


def network(seed, width=6, depth=2, activation=nn.ReLU):
    sizes = (4, *[width] * depth, 3)
    layers = [part for pair in itertools.pairwise(sizes) for part in (nn.Linear(*pair), activation())][:-1]
    model = nn.Sequential(*layers).double()
    with torch.no_grad():
        for number, value in enumerate(model.parameters()):
            value.copy_(drawn(100 * seed + number, *value.shape) * (1.5 / value.shape[-1] ** 0.5))
    return model


def halfway(one, other):
    twin = copy.deepcopy(one)
    with torch.no_grad():
        for mine, its in zip(twin.parameters(), other.parameters(), strict=True):
            mine.add_(its).div_(2)
    return twin


def loss(model):
    with torch.no_grad():
        return float(CE(model(DATA[0]), DATA[1]))


@pytest.mark.parametrize("method", ["straight-through", "sinkhorn"])
def test_learned_orders_are_no_worse_halfway_than_those_of_weights_and_compute_the_same(method):
    model, reference = network(1), network(2)
    weights = ps.align(model, reference)
    found = ps.align(model, reference, method, DATA, loss=CE, steps=30)
    assert -found.objective == pytest.approx(loss(halfway(reference, found.model)), rel=1e-9)
    assert loss(halfway(reference, found.model)) <= loss(halfway(reference, weights.model)) + 1e-12
    with torch.no_grad():
        torch.testing.assert_close(found.model(DATA[0]), model(DATA[0]), rtol=0, atol=1e-10)


def test_a_relaxed_order_finds_the_best_of_all_orders_of_one_layer_halfway():
    """From the order of weights it comes to that of brute force, in networks where the two differ."""
    better = 0
    for seed in range(4):
        model, reference = network(seed, 4, 1), network(seed + 50, 4, 1)
        orders = best_order(model, reference, lambda each, at=reference: loss(halfway(at, each)))
        weights = loss(halfway(reference, ps.align(model, reference, rescale=False).model))
        found = -ps.align(model, reference, "sinkhorn", DATA, loss=CE, rescale=False, rate=0.1).objective
        assert orders.value <= found + 1e-12
        assert found <= weights + 1e-12
        better += found < weights - 1e-9
    assert better > 0


def test_sinkhorn_gives_a_doubly_stochastic_matrix_and_of_large_logits_a_permutation():
    plan = sinkhorn(drawn(3, 7, 7), rounds=200)
    torch.testing.assert_close(plan.sum(0), torch.ones(7, dtype=torch.float64))
    torch.testing.assert_close(plan.sum(1), torch.ones(7, dtype=torch.float64))
    order = torch.randperm(7, generator=torch.Generator().manual_seed(1))
    exact = nn.functional.one_hot(order, 7).double()
    torch.testing.assert_close(sinkhorn(60 * exact), exact)


def test_a_block_written_out_of_place_is_the_block_written_in_place():
    model = nn.LSTM(3, 4, batch_first=True).double()
    model = nn.Sequential(model, _Last(), nn.Linear(4, 2).double())
    structure = permutation_structure(model, drawn(1, 4, 5, 3))
    tensors = {name: value.detach() for name, value in model.named_parameters()}
    for block in structure.blocks:
        value = drawn(2, *block.sizes)
        expected = {block.tensor: tensors[block.tensor].clone()}
        block.write(expected, value)
        assert torch.equal(block.written(tensors[block.tensor], value), expected[block.tensor])


class _Last(nn.Module):
    def forward(self, outputs):
        return outputs[0][:, -1]


def test_the_best_order_is_that_of_a_loop_over_all_and_a_permuted_copy_comes_to_zero():
    model, reference = network(3, 3, 1), network(4, 3, 1)
    first, last = model[0], model[2]
    gaps = []
    for order in map(list, itertools.permutations(range(3))):
        parts = (first.weight[order], first.bias[order], last.weight[:, order], last.bias)
        pairs = zip(parts, reference.parameters(), strict=True)
        gaps.append(sum(float((a - b).detach().square().sum()) for a, b in pairs) ** 0.5)
    found = best_order(model, reference)
    assert found.value == pytest.approx(min(gaps), rel=1e-12)
    assert found.given == pytest.approx(gaps[0], rel=1e-12)
    assert found.orders == 6
    structure = permutation_structure(reference)
    twin = copy.deepcopy(reference)
    twin.load_state_dict(structure.permuted(twin.state_dict(), {"0": torch.tensor([2, 0, 1])}))
    assert best_order(twin, reference).value == 0
    with pytest.raises(ps.BadInput, match=r"36 orders, more than the 10 allowed"):
        best_order(network(1, 3), network(2, 3), most=10)


def preactivations(model, inputs):
    found = []
    for layer in model[:-1]:
        inputs = layer(inputs)
        if isinstance(layer, nn.Linear):
            found.append(inputs.detach())
    return found


def test_renormalised_units_have_the_means_and_spreads_of_their_parents():
    parents = network(1), network(2)
    merged = halfway(*parents)
    before = copy.deepcopy(merged.state_dict())
    found = renormalise(merged, parents, DATA)
    wanted = zip(*(preactivations(parent, DATA[0]) for parent in parents), strict=True)
    for own, (one, other) in zip(preactivations(found.model, DATA[0]), wanted, strict=True):
        torch.testing.assert_close(own.mean(0), (one.mean(0) + other.mean(0)) / 2)
        spreads = [each.std(0, unbiased=False) for each in (one, other)]
        torch.testing.assert_close(own.std(0, unbiased=False), (spreads[0] + spreads[1]) / 2)
    assert found.value < 0.9 < found.after == pytest.approx(1.0, abs=1e-9)
    assert torch.equal(found.model[4].weight, merged[4].weight)  # the last layer
    assert all(torch.equal(value, before[name]) for name, value in merged.state_dict().items())


def test_a_network_merged_of_itself_stays_and_batches_do_not_matter():
    model = network(1)
    for value, other in zip(
        renormalise(model, (model, model), DATA).model.parameters(), model.parameters(), strict=True
    ):
        torch.testing.assert_close(value, other)
    merged = halfway(network(1), network(2))
    cut = [(DATA[0][part], DATA[1][part]) for part in (slice(0, 50), slice(50, 80))]
    whole, parts = (renormalise(merged, (network(1), network(2)), data).model for data in (DATA, cut))
    for one, other in zip(whole.parameters(), parts.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_what_cannot_be_renormalised_is_refused():
    model = network(1)
    with pytest.raises(ps.BadInput, match=r"none came"):
        renormalise(model, (), DATA)
    normed = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Linear(5, 3)).double()
    with pytest.raises(ps.BadInput, match=r"recompute_statistics"):
        renormalise(normed, (normed,), DATA)
    with pytest.raises(ps.BadInput, match=r"no layer before its last"):
        renormalise(nn.Linear(4, 3).double(), (nn.Linear(4, 3).double(),), DATA)
