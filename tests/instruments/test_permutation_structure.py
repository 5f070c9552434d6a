"""Groups of units: those of known networks; whatever order leaves the function as it is; what is refused."""

import copy

import pytest
import torch
from torch import nn

from architectures import ARCHITECTURES, architecture
from phenoscope.core.errors import BadInput
from phenoscope.instruments.symmetries import permutation_structure

FOUND = {
    "perceptron": [(7, None), (9, None)],
    "rectified": [(7, None), (9, None)],
    "images": [(4, None), (6, None)],
    "sequences": [(4, None), (6, None)],
    "residual": [(8, None), (6, None)],
    "grouped": [(2, None), (2, None), (2, 1), (2, 1), (3, 0)],
    "dense": [(4, None), (5, None)],
    "language": [(12, None), (3, None), (4, 1), (4, 1), (20, None)],
    "vision": [(12, None), (3, None), (4, 1), (4, 1), (10, None)],
    "shared keys": [(12, None), (2, None), (2, 1), (3, 1), (3, 1)],
    "gated": [(8, None)],
    "long memory": [(6, None), (6, None)],
    "recurrent": [(6, None), (6, None)],
    "normed weights": [(6, None), (7, None)],
}
"""Size, and the group that it lies inside of; by hand from the architectures."""


def drawn(structure, seed):
    return structure.random(torch.Generator().manual_seed(seed))


def with_tensors(model, tensors):
    twin = copy.deepcopy(model)
    twin.load_state_dict({**twin.state_dict(), **tensors})
    return twin


def tensors(model):
    return {n: v.detach() for n, v in (*model.named_parameters(), *model.named_buffers())}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_groups_are_those_of_the_architecture(name):
    found = permutation_structure(*architecture(name)).groups
    assert [(group.size, group.inside) for group in found] == FOUND[name]
    assert all(group.movable for group in found)
    assert len({group.name for group in found}) == len(found)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_any_order_of_all_groups_leaves_the_outputs_and_moves_the_parameters(name):
    model, inputs = architecture(name)
    structure = permutation_structure(model, inputs)
    for seed in range(3):
        moved = structure.permuted(tensors(model), drawn(structure, seed))
        twin = with_tensors(model, moved)
        with torch.no_grad():
            torch.testing.assert_close(twin(inputs), model(inputs), rtol=0, atol=1e-10)
        assert any(not torch.equal(moved[n], v) for n, v in tensors(model).items())
    assert structure.deviation < 1e-12


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_an_order_in_one_place_only_changes_the_outputs(name):
    """The nearest wrong structure: one block of one group is left out."""
    model, inputs = architecture(name)
    structure = permutation_structure(model, inputs)
    orders = drawn(structure, 0)
    whole = structure.permuted(tensors(model), orders)
    weight = max((b for b in structure.blocks if len(b.sizes) > 1), key=lambda b: len(set(b.groups) - {None}))
    twin = with_tensors(model, whole | {weight.tensor: tensors(model)[weight.tensor]})
    with torch.no_grad():
        assert float((twin(inputs) - model(inputs)).abs().max()) > 1e-3


def test_a_permutation_says_which_unit_comes_to_each_place():
    model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    structure = permutation_structure(model)
    order = torch.tensor([2, 0, 1])
    moved = structure.permuted(tensors(model), {"0": order})
    assert torch.equal(moved["0.weight"], model[0].weight[order])
    assert torch.equal(moved["0.bias"], model[0].bias[order])
    assert torch.equal(moved["2.weight"], model[2].weight[:, order])


def test_the_model_and_the_random_state_stay():
    model, inputs = architecture("residual")
    model.train()
    before, state = copy.deepcopy(model.state_dict()), torch.get_rng_state()
    permutation_structure(model, inputs)
    permutation_structure(model)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(module.training for module in model.modules())
    assert torch.equal(torch.get_rng_state(), state)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


class Hidden(nn.Module):
    """Uses the number of the largest unit, which an order of the units changes."""

    def __init__(self):
        super().__init__()
        self.up, self.down = nn.Linear(3, 6), nn.Linear(6, 2)

    def forward(self, x):
        x = self.up(x).tanh()
        return self.down(x) * (1 + x.argmax(dim=1, keepdim=True))


def test_what_only_seems_to_be_a_symmetry_is_refused():
    with pytest.raises(BadInput, match=r"the units of up seemed to be exchangeable.*changes the outputs"):
        permutation_structure(Hidden())


class Odd(nn.Module):
    """Units in an order that matters, after some in one that does not."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.head = nn.Linear(4, 8), nn.Linear(8, 8), nn.Linear(8, 2)

    def forward(self, x):
        return self.head(torch.fft.fft(self.second(self.first(x).relu()).relu()).real)


def test_units_that_an_unknown_operation_meets_stay_in_place_and_it_is_said_where():
    found = permutation_structure(Odd())
    assert [(group.name, group.size) for group in found.groups] == [("first", 8)]
    assert len(found.kept) == 1
    assert "Odd" in found.kept[0]


def test_a_model_that_cannot_be_run_is_refused():
    model, _ = architecture("residual")
    with pytest.raises(BadInput, match=r"cannot be run on these inputs.*Pass inputs"):
        permutation_structure(model, torch.zeros(2, 5))
    with pytest.raises(BadInput, match=r"no input was found.*data="):
        permutation_structure(nn.Sequential(nn.Linear(4, 6), nn.LayerNorm([5, 6]), nn.Flatten(), nn.Linear(30, 4)))
