"""Merging against averages written out by hand; soups against their rule by brute force; what makes no average."""

import copy
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

import phenoscope as ps
from phenoscope.core.points import point, write
from phenoscope.methods import Ensemble, recompute_statistics


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def labels(count, classes=3, seed=0):
    return torch.randint(classes, (count,), generator=torch.Generator().manual_seed(seed))


def perceptron(seed=0, *, normalised=False):
    """A network in float64 whose parameters the seed draws."""
    middle = [nn.BatchNorm1d(5)] if normalised else []
    model = nn.Sequential(nn.Linear(4, 5), *middle, nn.Tanh(), nn.Linear(5, 3)).double().eval()
    write(drawn(point(model).numel(), seed=seed), model)
    return model


DATA = (drawn(20, 4, seed=90), labels(20))
HELD_OUT = (drawn(15, 4, seed=91), labels(15, seed=1))


def objective(model, data=DATA, loss=None, **options):
    return ps.Objective(model, loss or nn.CrossEntropyLoss(), data, **options)


# --- the average ----------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(0.0, 10.0), min_size=1, max_size=4).filter(lambda found: sum(found) > 0.1))
@settings(deadline=None, max_examples=20)
def test_of_linear_models_merge_and_ensemble_are_one(weights):
    """The mean of linear functions is the function of the mean weights, so the two losses agree to rounding."""
    inputs, targets = drawn(7, 4, seed=1), drawn(7, 2, seed=2)
    models = [nn.Linear(4, 2).double() for _ in weights]
    for number, model in enumerate(models):
        write(drawn(10, seed=number), model)
    found = ps.merge(models, objective(models[0], (inputs, targets), nn.MSELoss()), weights=weights)
    shares = torch.tensor(weights, dtype=torch.float64) / sum(weights)
    wanted = sum(share * drawn(10, seed=number) for number, share in enumerate(shares))
    assert_close(found.point, wanted, rtol=1e-12, atol=1e-14)
    assert_close(found.weights, shares)
    assert found.value == pytest.approx(found.ensemble, rel=1e-10)
    by_hand = ((inputs @ wanted[:8].reshape(2, 4).T + wanted[8:] - targets) ** 2).mean()
    assert found.value == pytest.approx(by_hand.item(), rel=1e-10)
    assert found.combined == "outputs"
    assert found.accuracy is None


def test_networks_dictionaries_and_points_are_the_same_parts():
    models = [perceptron(seed) for seed in range(3)]
    wanted = ps.merge(models, objective(models[0]), weights=(1, 2, 5))
    mixed = [models[0].state_dict(), point(models[1]), models[2]]
    found = ps.merge(mixed, objective(models[1]), weights=(1, 2, 5))
    assert torch.equal(found.point, wanted.point)
    assert_close(found.point, (point(models[0]) + 2 * point(models[1]) + 5 * point(models[2])) / 8)
    assert found.value == wanted.value
    assert found.losses.tolist() == wanted.losses.tolist()
    assert_close(found.losses[2], objective(models[2]).loss())
    assert found.excess == pytest.approx(found.value - (found.losses * torch.tensor([1, 2, 5]) / 8).sum().item())
    alone = ps.merge([models[1]], objective(models[0]))
    assert alone.value == alone.losses[0] == pytest.approx(alone.ensemble, rel=1e-12)


def test_an_ensemble_is_the_average_of_probabilities():
    models, (inputs, targets) = [perceptron(seed) for seed in range(3)], DATA
    found = ps.merge(models, objective(models[0]), weights=(1, 1, 2))
    shares = (0.25, 0.25, 0.5)
    mean = sum(share * model(inputs).softmax(dim=1) for share, model in zip(shares, models, strict=True))
    assert found.ensemble == pytest.approx(-mean[range(20), targets].log().mean().item(), rel=1e-10)
    assert found.ensemble_accuracy == (mean.argmax(dim=1) == targets).double().mean().item()
    assert found.accuracies.tolist() == [(m(inputs).argmax(dim=1) == targets).double().mean().item() for m in models]
    logits = sum(share * model(inputs) for share, model in zip(shares, models, strict=True))  # the nearest wrong cousin
    assert found.ensemble != pytest.approx(nn.functional.cross_entropy(logits, targets).item(), rel=1e-3)
    assert found.combined == "probabilities"


def test_an_ensemble_of_binary_outputs_is_one_of_probabilities():
    inputs, targets = drawn(9, 4), torch.rand(9, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    models = [nn.Linear(4, 2).double() for _ in range(2)]
    for seed, model in enumerate(models):
        write(drawn(10, seed=seed), model)
    found = ps.merge(models, objective(models[0], (inputs, targets), nn.BCEWithLogitsLoss()))
    mean = (models[0](inputs).sigmoid() + models[1](inputs).sigmoid()) / 2
    wanted = nn.functional.binary_cross_entropy(mean, targets)
    assert found.ensemble == pytest.approx(wanted.item(), rel=1e-10)


def test_the_parts_are_left_as_they_were():
    models = [perceptron(seed, normalised=True) for seed in range(2)]
    models[0].train()
    models[1][0].weight.requires_grad_(False)
    before = [copy.deepcopy(model.state_dict()) for model in models]
    modes = [[module.training for module in model.modules()] for model in models]
    random = torch.get_rng_state()
    found = ps.merge([models[0], models[1].state_dict()], data=DATA)
    assert torch.equal(random, torch.get_rng_state())
    for model, state, mode in zip(models, before, modes, strict=True):
        assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
        assert [module.training for module in model.modules()] == mode
    assert found.model is not models[0]
    assert found.model.training


def test_frozen_parameters_are_averaged_too():
    models = [perceptron(seed) for seed in range(2)]
    for model in models:
        model[0].requires_grad_(False)
    found = ps.merge(models)
    assert torch.equal(found.model[0].weight, (models[0][0].weight + models[1][0].weight) / 2)
    assert not found.model[0].weight.requires_grad
    assert math.isnan(found.value)
    assert "not measured" in str(found)


def test_averages_are_taken_in_double_precision():
    """In half precision the sum of two large weights is infinite, and small ones are lost beside a large one."""
    models = [nn.Linear(1, 1, bias=False).half() for _ in range(2)]
    for model in models:
        write(torch.tensor([6e4], dtype=torch.half), model)
    assert ps.merge(models).point.item() == torch.tensor(6e4, dtype=torch.half).item()
    parts = [torch.tensor([value], dtype=torch.half) for value in (2048, 1, 1, 2)]
    assert ps.merge([models[0], *parts], weights=(0, 1, 1, 1, 1)).point.item() == 513


# --- soups ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["loss", "accuracy"])
@pytest.mark.parametrize("seed", range(3))
def test_a_greedy_soup_follows_its_rule(seed, by):
    """The rule of Wortsman et al. 2022 once more, on points and with plain autograd-free evaluations."""
    centre = drawn(43, seed=seed)
    points = [centre + 0.4 * drawn(43, seed=10 * seed + number) for number in range(5)]
    model = perceptron()

    def score(theta):
        network = copy.deepcopy(model)
        write(theta, network)
        outputs = network(HELD_OUT[0])
        if by == "accuracy":
            return (outputs.argmax(dim=1) == HELD_OUT[1]).double().mean().item()
        return -nn.functional.cross_entropy(outputs, HELD_OUT[1]).item()

    ranked = sorted(range(5), key=lambda number: -score(points[number]))
    taken = ranked[:1]
    for number in ranked[1:]:
        with_it = torch.stack([points[i] for i in (*taken, number)]).mean(dim=0)
        if score(with_it) >= score(torch.stack([points[i] for i in taken]).mean(dim=0)):
            taken.append(number)
    found = ps.merge(points, objective(model), how="greedy", validation=objective(model, HELD_OUT), by=by)
    assert sorted(taken) == found.weights.nonzero().flatten().tolist()
    assert_close(found.point, torch.stack([points[i] for i in taken]).mean(dim=0))


def test_a_greedy_soup_leaves_out_what_spoils_it():
    model = perceptron()
    good = point(model)
    validation = objective(model, (DATA[0], model(DATA[0]).argmax(dim=1)))
    parts = [good, good, -100 * good]
    uniform = ps.merge(parts, validation)
    greedy = ps.merge(parts, validation, how="greedy", validation=validation)
    assert greedy.weights.tolist() == [0.5, 0.5, 0.0]
    assert greedy.value < uniform.value
    assert greedy.ensemble < uniform.ensemble  # that of the same parts


# --- statistics -----------------------------------------------------------------------------------------------------


def test_statistics_are_those_of_the_merge_on_the_data():
    models = [perceptron(seed, normalised=True) for seed in range(2)]
    for model, mean in zip(models, (1.0, 3.0), strict=True):
        model[1].running_mean.fill_(mean)
        model[1].num_batches_tracked.fill_(int(10 * mean))
    kept = ps.merge(models, objective(models[0]))
    assert kept.model[1].running_mean.tolist() == [2.0] * 5
    assert kept.model[1].num_batches_tracked == 30
    assert "averaged" in str(kept)
    found = ps.merge(models, objective(models[0]), data=DATA)
    hidden = found.model[0](DATA[0])
    assert_close(found.model[1].running_mean, hidden.mean(dim=0))
    assert_close(found.model[1].running_var, hidden.var(dim=0))
    assert "recomputed on 20 examples" in str(found)
    assert torch.equal(found.point, kept.point)
    assert found.value != kept.value


def test_a_ragged_last_batch_has_its_own_weight():
    model = perceptron(normalised=True)
    batches = [(DATA[0][:16], DATA[1][:16]), (10 + DATA[0][16:], DATA[1][16:])]
    model[1].momentum = 0.3
    assert recompute_statistics(model, batches) == 20
    hidden = [model[0](inputs) for inputs, _ in batches]
    assert_close(model[1].running_mean, torch.cat(hidden).mean(dim=0))
    assert_close(model[1].running_var, (16 * hidden[0].var(dim=0) + 4 * hidden[1].var(dim=0)) / 20)
    unweighted = (hidden[0].mean(dim=0) + hidden[1].mean(dim=0)) / 2
    assert (model[1].running_mean - unweighted).abs().min() > 0.1
    assert model[1].momentum == 0.3


def test_recomputing_statistics_draws_nothing_and_puts_modes_back():
    model = nn.Sequential(nn.Linear(4, 5), nn.Dropout(0.5), nn.BatchNorm1d(5)).double()
    model[2].eval()
    state = torch.get_rng_state()
    recompute_statistics(model, DATA)
    assert torch.equal(state, torch.get_rng_state())
    assert [module.training for module in model.modules()] == [True, True, True, False]
    assert_close(model[2].running_mean, model[0](DATA[0]).mean(dim=0))
    assert recompute_statistics(perceptron(), DATA) == 0


# --- alignment ------------------------------------------------------------------------------------------------------


def permuted(model, order):
    """A copy whose five hidden units stand in another order: the same function."""
    twin = copy.deepcopy(model)
    for name, module in twin.named_children():
        first = name == "0" or isinstance(module, nn.BatchNorm1d)
        for value in module.state_dict().values():
            if value.ndim and (first or value.ndim == 2):
                value.copy_((value[order] if first else value[:, order]).clone())
    return twin


@pytest.mark.parametrize("normalised", [False, True])
@pytest.mark.parametrize("align", ["weights", "activations"])
def test_aligned_first_a_permuted_copy_merges_without_loss(align, normalised):
    model = perceptron(normalised=normalised)
    twin = permuted(model, torch.tensor([3, 0, 4, 1, 2]))
    assert_close(twin(DATA[0]), model(DATA[0]))
    measured = objective(model)
    found = ps.merge([model, twin], measured, align=align, data=DATA if align == "activations" else None)
    assert_close(found.point, point(model), rtol=1e-6, atol=1e-8)
    if not normalised or align == "weights":  # with data the statistics are recomputed
        assert found.value == pytest.approx(measured.loss().item(), rel=1e-6)
    assert f"aligned to the first by {align}" in str(found)
    plain = ps.merge([model, twin], measured)
    assert plain.value != pytest.approx(measured.loss().item(), rel=1e-3)
    assert plain.ensemble == pytest.approx(measured.loss().item(), rel=1e-10)
    assert "aligned" not in str(plain)


# --- what is tied, and what makes no average ------------------------------------------------------------------------


class Tied(nn.Module):
    def __init__(self, *, tied=True):
        super().__init__()
        self.one = nn.Linear(3, 3, bias=False)
        self.two = nn.Linear(3, 3, bias=False)
        if tied:
            self.two.weight = self.one.weight
        self.register_buffer("places", torch.arange(3))

    def forward(self, inputs):
        return self.two(self.one(inputs))


def test_tied_weights_stay_tied():
    models = [Tied(), Tied()]
    found = ps.merge(models).model
    assert found.one.weight is found.two.weight
    assert_close(found.one.weight, (models[0].one.weight + models[1].one.weight) / 2)
    with pytest.raises(ps.BadInput, match=r"'one.weight' and 'two.weight' are tied in the network, but not in all"):
        ps.merge([models[0], Tied(tied=False)])


def test_whole_numbers_must_agree():
    models = [Tied(), Tied()]
    assert ps.merge(models).model.places.tolist() == [0, 1, 2]
    models[1].places += 1
    with pytest.raises(ps.BadInput, match="differ in the buffer 'places'"):
        ps.merge(models)


@pytest.mark.parametrize(
    ("parts", "options", "says"),
    [
        ([], {}, "at least one part"),
        ([point(perceptron())], {}, "and a network"),
        ([perceptron(), nn.Linear(4, 5)], {}, "part 1 is of another architecture than the network: it lacks '0.bias'"),
        ([perceptron(), perceptron(normalised=True)], {}, "part 1 .* lacks '2.bias'"),
        ([nn.Linear(4, 5), nn.Linear(4, 6)], {}, "has the shape .6, 4., there .5, 4."),
        ([perceptron(), torch.zeros(3)], {}, "part 1 is a point of shape .3,.; this network's have .43,."),
        ([perceptron(), torch.full((43,), math.nan)], {}, "part 1 is not finite"),
        ([perceptron(), 3], {}, "part 1 is a int"),
        ([perceptron()] * 2, {"weights": (1,)}, "one share for each of the 2 parts"),
        ([perceptron()] * 2, {"weights": (1, -0.5)}, "none negative"),
        ([perceptron()] * 2, {"weights": (0, 0)}, "not all 0"),
        ([perceptron()] * 2, {"weights": (1, math.nan)}, "none negative"),
        ([perceptron()] * 2, {"how": "best"}, "`how` must be"),
        ([perceptron()] * 2, {"how": "greedy"}, "chooses its own weights, by `validation`"),
    ],
)  # fmt: skip
def test_what_makes_no_average_is_refused(parts, options, says):
    with pytest.raises(ps.BadInput, match=says):
        ps.merge(parts, **options)


def test_an_ensemble_may_have_members_of_any_size():
    members = [nn.Linear(4, 3).double(), perceptron()]
    together = Ensemble(members, torch.tensor([0.5, 0.5]), "probabilities")
    found = objective(members[0]).of(together, resized=True)
    mean = (members[0](DATA[0]).softmax(dim=1) + members[1](DATA[0]).softmax(dim=1)) / 2
    assert_close(found.loss(), nn.functional.nll_loss(mean.log(), DATA[1]))
    with pytest.raises(ps.BadInput, match="a point of this model"):
        objective(members[0]).of(together)
