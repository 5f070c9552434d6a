"""Alignment: copies come back; brute force on tiny networks; what is left as it was; what is refused."""

import copy
import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import phenoscope as ps
from architectures import ARCHITECTURES, architecture
from phenoscope.instruments.symmetries import permutation_structure
from phenoscope.instruments.symmetries.deriving import prepared
from phenoscope.instruments.symmetries.scaling import scale_structure


def disguised(model, inputs, seed=0):
    """The same function: units in another order, rescaled and with other signs, wherever the network allows it."""
    generator = torch.Generator().manual_seed(seed)
    structure = permutation_structure(model, inputs)
    arguments, twin = prepared(model, inputs)
    scales = scale_structure(structure, twin, arguments)
    tensors = {n: v.detach() for n, v in (*model.named_parameters(), *model.named_buffers())}
    made = structure.permuted(tensors, structure.random(generator))
    shapes = [structure.shape(flip.group) for flip in scales.flips]
    made = scales.flipped(made, [1 - 2 * torch.randint(2, shape, generator=generator) for shape in shapes])
    shapes = [structure.shape(scaling.group) for scaling in scales.scalings]
    factors = [(2 * torch.rand(shape, generator=generator, dtype=torch.float64) - 1).exp() for shape in shapes]
    twin = copy.deepcopy(model)
    twin.load_state_dict({**twin.state_dict(), **scales.scaled(made, factors)})
    return twin


def halfway(one, other):
    twin = copy.deepcopy(one)
    with torch.no_grad():
        for mine, its in zip(twin.parameters(), other.parameters(), strict=True):
            mine.add_(its).div_(2)
    return twin


@pytest.mark.parametrize("method", ["weights", "activations"])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_disguised_copy_comes_back(name, method):
    model, inputs = architecture(name)
    twin = disguised(model, inputs)
    found = ps.align(twin, model, method, data=inputs)
    assert found.before > 0.5
    assert found.value < 1e-7
    assert found.converged
    with torch.no_grad():
        wanted = model(inputs)
        torch.testing.assert_close(found.model(inputs), twin(inputs), rtol=0, atol=1e-8)
        torch.testing.assert_close(halfway(model, found.model)(inputs), wanted, rtol=0, atol=1e-6)


def perceptron(seed, widths=(3, 4), activation=nn.Tanh):
    sizes = (2, *widths, 2)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        pairs = [(nn.Linear(a, b), activation()) for a, b in itertools.pairwise(sizes)]
        return nn.Sequential(*[part for pair in pairs for part in pair][:-1]).double()


def brute_force(model, reference, widths):
    """The smallest distance over all orders of the units of two hidden layers."""
    best = float("inf")
    first, second, last = (model[place] for place in (0, 2, 4))
    for one in itertools.permutations(range(widths[0])):
        for two in itertools.permutations(range(widths[1])):
            parts = [first.weight[list(one)], first.bias[list(one)], second.weight[list(two)][:, list(one)]]
            parts += [second.bias[list(two)], last.weight[:, list(two)], last.bias]
            gone = sum(
                float((a - b).detach().square().sum()) for a, b in zip(parts, reference.parameters(), strict=True)
            )
            best = min(best, gone)
    return best**0.5


@pytest.mark.parametrize("seed", range(4))
def test_weights_find_the_best_of_all_orders_of_a_tiny_network(seed):
    model, reference = perceptron(seed), perceptron(seed + 100)
    found = ps.align(model, reference, rescale=False, restarts=20)
    norm = float(torch.cat([p.detach().flatten() for p in reference.parameters()]).norm())
    assert found.value * norm == pytest.approx(brute_force(model, reference, (3, 4)), rel=1e-10)
    assert len(found.objectives) == 21
    assert found.objective == max(found.objectives)


def test_signs_can_only_bring_networks_nearer():
    model, reference = perceptron(1), perceptron(2)
    plain, signed = (ps.align(model, reference, rescale=each, restarts=20) for each in (False, True))
    assert signed.value < plain.value
    assert {int(s) for s in torch.cat(list(signed.signs.values()))} == {-1, 1}


@settings(deadline=None, max_examples=6, derandomize=True)
@given(st.lists(st.integers(2, 9), min_size=1, max_size=3), st.sampled_from([nn.Tanh, nn.ReLU, nn.GELU]), st.integers())
def test_perceptrons_of_any_shape_come_back(widths, activation, seed):
    model = perceptron(seed % 1000, tuple(widths), activation)
    twin = disguised(model, torch.randn(4, 2, generator=torch.Generator().manual_seed(1)).double(), seed % 997)
    assert ps.align(twin, model).value < 1e-7


def test_a_permuted_copy_comes_back_to_the_bit_and_the_order_is_the_inverse():
    model = perceptron(0, (5, 6), nn.ReLU)
    structure = permutation_structure(model)
    orders = structure.random(torch.Generator().manual_seed(3))
    tensors = {name: value.detach() for name, value in model.named_parameters()}
    twin = copy.deepcopy(model)
    twin.load_state_dict(structure.permuted(tensors, orders))
    found = ps.align(twin, model)
    assert all(torch.equal(a, b) for a, b in zip(found.model.parameters(), model.parameters(), strict=True))
    assert all(torch.equal(orders[name][order], torch.arange(len(order))) for name, order in found.permutations.items())
    assert not found.scales  # orders alone do


def test_equal_norms_do_not_make_a_copy():
    model = perceptron(0, (5, 6), nn.Tanh)
    found = ps.align(disguised(model, torch.randn(4, 2, generator=torch.Generator().manual_seed(1)).double()), model)
    assert found.value < 1e-7
    assert {int(s) for s in torch.cat(list(found.signs.values()))} == {-1, 1}
    other = perceptron(0, (5, 6), nn.ReLU)
    with torch.no_grad():
        other[0].weight.neg_()  # another function of the same norms
    found = ps.align(other, perceptron(0, (5, 6), nn.ReLU))
    assert found.value > 0.1
    assert found.scales


def test_an_independent_network_comes_nearer_and_computes_what_it_did():
    model, inputs = architecture("images", seed=1)
    reference, _ = architecture("images", seed=2)
    found = ps.align(model, reference)
    assert found.value < found.before
    with torch.no_grad():
        torch.testing.assert_close(found.model(inputs), model(inputs), rtol=0, atol=1e-10)
    torch.testing.assert_close(found.point, torch.cat([p.detach().flatten() for p in found.model.parameters()]))


def test_models_and_random_states_stay_and_the_same_is_found_again():
    model, inputs = architecture("images", seed=1)
    reference, _ = architecture("images", seed=2)
    model.train()
    kept = [copy.deepcopy(each.state_dict()) for each in (model, reference)]
    state = torch.get_rng_state()
    found, again = (ps.align(model, reference, "activations", inputs) for _ in range(2))
    for each, before in zip((model, reference), kept, strict=True):
        assert all(torch.equal(value, before[name]) for name, value in each.state_dict().items())
    assert model.training
    assert found.model.training
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(order, again.permutations[name]) for name, order in found.permutations.items())


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: ps.align(perceptron(0), perceptron(1), "magic"), r"`method`.*'magic'"),
        (
            lambda: ps.align(perceptron(0), perceptron(1), "activations"),
            r"is matching on data, and none came",
        ),
        (lambda: ps.align(perceptron(0), perceptron(1), "sinkhorn", torch.ones(2, 2)), r"pass `loss=`"),
        (lambda: ps.align(perceptron(0), perceptron(1, (3, 5))), r"differ in '2.weight'"),
        (lambda: ps.align(nn.Linear(2, 2), nn.Linear(2, 2)), r"no units of the model can be exchanged"),
    ],
)
def test_what_cannot_be_aligned_is_refused(make, says):
    with pytest.raises(ps.BadInput, match=says):
        make()


def test_it_says_what_it_rests_on():
    found = ps.align(perceptron(0), perceptron(1))
    assert "2 groups matched on weights, best of 5 starts; converged" in str(found)
