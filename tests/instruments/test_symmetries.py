"""Changes of the parameters that leave the function alone: found, exact where they can be, refused where not."""

import copy

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from oracles import CE, drawn, labels, normal
from phenoscope.core.seeds import stream
from phenoscope.instruments import deviation, symmetries
from phenoscope.models import CNN, MLP
from phenoscope.objective import Objective

RESCALING, PERMUTATION, SCALE = "layer rescaling", "permutation", "normalisation scale"


def used(model, *shape):
    """A model whose running statistics are not the fresh ones, in evaluation mode, and inputs for it."""
    made = drawn(model).train()
    made(normal(20, *shape, seed=9))
    return made.eval(), shape


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.act, self.two = nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 3)

    def forward(self, x):
        hidden = self.one(x)
        return self.two(self.act(hidden)) + hidden[:, :3]


NETWORKS = {
    "relu": (lambda: used(nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3)), 4), {RESCALING, PERMUTATION}),
    "relu in place": (
        lambda: used(nn.Sequential(nn.Linear(4, 5), nn.ReLU(inplace=True), nn.Linear(5, 3)), 4),
        {RESCALING, PERMUTATION},
    ),
    "leaky, no bias": (
        lambda: used(nn.Sequential(nn.Linear(4, 5, bias=False), nn.LeakyReLU(), nn.Linear(5, 3)), 4),
        {RESCALING, PERMUTATION},
    ),
    "tanh": (lambda: used(nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3)), 4), {PERMUTATION}),
    "softmax inside": (lambda: used(nn.Sequential(nn.Linear(4, 5), nn.Softmax(1), nn.Linear(5, 3)), 4), {PERMUTATION}),
    "batch normalisation": (
        lambda: used(nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 3)), 4),
        {RESCALING, PERMUTATION, SCALE},
    ),
    "layer normalisation": (
        lambda: used(nn.Sequential(nn.Linear(4, 5), nn.LayerNorm(5), nn.Tanh(), nn.Linear(5, 3)), 4),
        {PERMUTATION, SCALE},
    ),
    "groups": (
        lambda: used(
            nn.Sequential(nn.Conv2d(1, 4, 2), nn.GroupNorm(2, 4), nn.Tanh(), nn.Flatten(), nn.Linear(36, 3)), 1, 4, 4
        ),
        {SCALE},
    ),
    "convolutions": (
        lambda: used(
            nn.Sequential(
                *(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.MaxPool2d(2)),
                *(nn.Conv2d(3, 4, 2), nn.ReLU(), nn.Flatten(), nn.Linear(4, 3)),
            ),
            *(1, 6, 6),
        ),
        {RESCALING, PERMUTATION, SCALE},
    ),
    "MLP": (
        lambda: (MLP((6, 5), "relu").build(stream(0, "i"), inputs=(2, 2), outputs=3, dtype=torch.float64), (2, 2)),
        {RESCALING, PERMUTATION},
    ),
    "CNN": (
        lambda: (
            CNN((3, 4), normalisation="layer").build(stream(0, "i"), inputs=(8, 8), outputs=3, dtype=torch.float64),
            (8, 8),
        ),
        {RESCALING, PERMUTATION, SCALE},
    ),
    "one layer": (lambda: used(nn.Linear(4, 3), 4), set()),
}


def objective(model, shape):
    return Objective(model, CE, (normal(12, *shape), labels(3, 12)), 5)


@pytest.mark.parametrize("name", NETWORKS)
def test_each_network_has_its_symmetries_and_they_preserve_its_outputs(name):
    build, expected = NETWORKS[name]
    made = objective(*build())
    found, absent = symmetries(made)
    assert {each.name for each in found} == expected
    assert {each.name for each in absent} == {RESCALING, PERMUTATION, SCALE} - expected
    assert all(each.why for each in absent)
    outputs, before = made.outputs(), made.point
    for each in found:
        twin = each.of(made)
        assert (twin.point - before).norm() > 0.1 * before.norm() ** 0.5
        assert deviation(outputs, twin.outputs()) < 1e-12
        if each.name != PERMUTATION:  # powers of two change no digit
            assert deviation(outputs, twin.outputs()) == 0.0
        assert torch.equal(made.point, before)


def test_single_precision_and_a_factor_that_is_no_power_of_two():
    model, shape = NETWORKS["convolutions"][0]()
    made = Objective(model.float(), CE, (normal(12, *shape).float(), labels(3, 12)))
    for each in symmetries(made, factor=10.0)[0]:
        assert 0 < deviation(made.outputs(), each.of(made).outputs()) < 1e-5


def test_hessian_of_the_twin_is_that_of_the_chain_rule():
    """θ' = Tθ: H' = T⁻¹ H T⁻¹, so the block of the scaled layer is divided by c²."""
    model, shape = NETWORKS["relu"][0]()
    made = objective(model, shape)
    (rescaling, _), _ = symmetries(made)
    scale = torch.cat([torch.full((25,), 4.0), torch.full((15,), 0.25), torch.ones(3)]).double()
    size = len(scale)
    before, after = (one.hessian() @ torch.eye(size).double() for one in (made, rescaling.of(made)))
    assert torch.allclose(after, before / scale / scale[:, None], rtol=1e-9, atol=1e-12)


def test_what_hides_from_the_search_is_told_by_the_deviation():
    made = objective(*used(Residual(), 4))
    (rescaling, *_), _ = symmetries(made)
    assert deviation(made.outputs(), rescaling.of(made).outputs()) > 0.01


def test_shared_and_reparametrised_layers_are_left_alone():
    shared = nn.Linear(4, 4)
    twice = nn.Sequential(shared, nn.ReLU(), shared, nn.ReLU(), nn.Linear(4, 3))
    weighted = nn.Sequential(parametrizations.weight_norm(nn.Linear(4, 5)), nn.ReLU(), nn.Linear(5, 3))
    for model in (twice, weighted):
        found, absent = symmetries(objective(*used(model, 4)))
        assert found == ()
        assert len(absent) == 3


def test_the_model_and_its_buffers_are_left_as_found():
    model, shape = NETWORKS["batch normalisation"][0]()
    before = copy.deepcopy(model.state_dict())
    for each in symmetries(objective(model, shape))[0]:
        each.of(objective(model, shape))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert model[1].eps == 1e-5
    assert not any(module._forward_hooks for module in model.modules())


def test_same_generator_same_permutation():
    made = objective(*NETWORKS["relu"][0]())
    points = []
    for seed in (1, 1, 2):
        found, _ = symmetries(made, generator=torch.Generator().manual_seed(seed))
        points.append(next(each for each in found if each.name == PERMUTATION).of(made).point)
    assert torch.equal(points[0], points[1])
    assert not torch.equal(points[0], points[2])
