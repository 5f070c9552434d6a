"""Scaling a network with its width: against training in another parametrisation, and against a limit in closed form."""

import copy
import itertools

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.models import MLP, UniformMLP, rate_groups, scale_start, width_scaling


def perceptron(*widths, bias=True):
    layers = [nn.Linear(a, b, bias=bias) for a, b in itertools.pairwise(widths)]
    return nn.Sequential(*[part for layer in layers for part in (layer, nn.Tanh())][:-1]).double()


def roles(scales):
    return {name: (scale.role, scale.start, scale.rate) for name, scale in scales.items()}


WIDE, BASE = (5, 32, 64, 3), (5, 8, 16, 3)
TABLE = {  # weights of the first, second and third layer, then the biases of the first and the third
    ("maximal update", "sgd"): [(1, 4), (1, 1), (0.5, 0.25), (1, 4), (1, 1)],
    ("maximal update", "adam"): [(1, 1), (1, 0.25), (0.5, 0.25), (1, 1), (1, 1)],
    ("ntk", "sgd"): [(1, 1), (1, 0.25), (1, 0.25), (1, 1), (1, 1)],
    ("standard", "sgd"): [(1, 1)] * 5,
    ("standard", "adam"): [(1, 1)] * 5,
}


@pytest.mark.parametrize(("parametrisation", "rule"), TABLE)
def test_the_table_of_the_papers(parametrisation, rule):
    scales = width_scaling(perceptron(*WIDE), perceptron(*BASE), parametrisation=parametrisation, rule=rule)
    names = ("0.weight", "2.weight", "4.weight", "0.bias", "4.bias")
    assert [(scales[name].start, scales[name].rate) for name in names] == TABLE[parametrisation, rule]
    assert [scales[name].role for name in names] == ["input", "hidden", "output", "input", "fixed"]


@pytest.mark.parametrize("name", ["ntk", "maximal update"])
def test_rates_do_what_multipliers_in_the_forward_pass_do(name):
    """Five steps on the standard network with scaled start and rates, beside the model's own parametrisation."""
    widths, n = {"wide": 48, "base": 12}, 12
    made = {which: UniformMLP(width, 2, "tanh", bias=False, parametrisation=name) for which, width in widths.items()}
    standard = {which: UniformMLP(width, 2, "tanh", bias=False) for which, width in widths.items()}
    wide, base = (
        standard[which].build(stream(3), inputs=(n,), outputs=1, dtype=torch.float64) for which in ("wide", "base")
    )
    own = made["wide"].build(stream(3), inputs=(n,), outputs=1, dtype=torch.float64)
    # at the base's width, where the standard rates stand for multipliers that are not 1
    at_base = made["base"].build(stream(3), inputs=(n,), outputs=1, dtype=torch.float64)
    multipliers = {key: module.scale for key, module in at_base.named_modules() if hasattr(module, "scale")}
    scales = width_scaling(wide, base, parametrisation=name)
    scale_start(wide, scales)
    if name == "maximal update":  # its readout starts smaller at the base, too
        with torch.no_grad():
            wide.head.weight.mul_(n**-0.5)
    x, y = torch.randn(9, n, generator=stream(4), dtype=torch.float64), torch.ones(9, 1, dtype=torch.float64)
    assert_close(wide(x), own(x), rtol=1e-12, atol=1e-12)
    groups = rate_groups(wide, scales, 0.05)
    by_id = {id(value): key.removesuffix(".weight") for key, value in wide.named_parameters()}
    apart = [{"params": [p], "lr": g["lr"] * multipliers[by_id[id(p)]] ** 2} for g in groups for p in g["params"]]
    rules = torch.optim.SGD(apart, lr=0.05), torch.optim.SGD(own.parameters(), lr=0.05)
    for _ in range(5):
        for network, rule in zip((wide, own), rules, strict=True):
            rule.zero_grad()
            (network(x) - y).square().mean().backward()
            rule.step()
    assert_close(wide(x), own(x), rtol=1e-10, atol=1e-10)


def test_mean_field_is_maximal_update_with_one_hidden_layer_and_refused_beyond():
    wide, base = perceptron(5, 32, 3), perceptron(5, 8, 3)
    assert width_scaling(wide, base, parametrisation="mean field") == width_scaling(wide, base)
    with pytest.raises(BadInput, match=r"of one hidden layer, and '2.weight' lies between two"):
        width_scaling(perceptron(*WIDE), perceptron(*BASE), parametrisation="mean field")


def test_convolutions_norms_and_embeddings_have_their_roles():
    def net(c):
        return nn.Sequential(nn.Embedding(11, c), nn.Conv1d(7, 7, 3), nn.LayerNorm(c), nn.Conv1d(c, 2 * c, 3))

    found = roles(width_scaling(net(8), net(4), rule="adam"))
    assert found["0.weight"] == ("input", 1.0, 1.0)
    assert found["1.weight"] == ("fixed", 1.0, 1.0)
    assert found["2.weight"] == found["3.bias"] == ("input", 1.0, 1.0)
    assert found["3.weight"] == ("hidden", 1.0, 0.5)


def test_only_the_start_is_scaled_and_groups_hold_every_parameter_once():
    wide, base = perceptron(*WIDE), perceptron(*BASE)
    before = copy.deepcopy(wide.state_dict())
    scales = width_scaling(wide, base)
    groups = rate_groups(wide, scales, 0.1)
    assert sorted(id(p) for group in groups for p in group["params"]) == sorted(map(id, wide.parameters()))
    assert len({group["lr"] for group in groups}) == len(groups) == 3
    scale_start(wide, scales)
    changed = [name for name, value in wide.state_dict().items() if not torch.equal(value, before[name])]
    assert changed == ["4.weight"]
    assert_close(wide[4].weight, before["4.weight"] / 2)


def test_what_has_no_scaling_is_refused():
    with pytest.raises(BadInput, match="gradient descent"):
        width_scaling(perceptron(*WIDE), perceptron(*BASE), parametrisation="ntk", rule="adam")
    with pytest.raises(BadInput, match=r"differ in the parameter '4.bias'"):
        width_scaling(perceptron(*WIDE), perceptron(5, 8, 3))
    with pytest.raises(BadInput, match=r"differ in the parameter '0.weight'"):
        width_scaling(nn.Sequential(nn.Linear(2, 3)), nn.Sequential(nn.Conv1d(2, 3, 1)))
    tied = nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 9, bias=False))
    tied[1].weight = tied[0].weight
    with pytest.raises(BadInput, match="embeds and reads out"):
        width_scaling(tied, tied)
    wide = perceptron(*WIDE)
    with pytest.raises(BadInput, match="scales are of another model"):
        scale_start(wide, width_scaling(perceptron(5, 8, 3), perceptron(5, 4, 3)))
    with pytest.raises(BadInput, match="Leave them out with bias=False"):
        MLP(parametrisation="maximal update")
