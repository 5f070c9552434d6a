"""Every score passes the same exam; each has an oracle of its own; and what is chosen is exactly what was asked for."""

import copy
import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr
from torch import nn
from torch.nn.functional import cross_entropy
from torch.testing import assert_close

import phenoscope as ps
from architectures import architecture
from oracles import labels, mlp, normal, seeded
from phenoscope.core.errors import BadInput
from phenoscope.instruments.pruning import DENSITIES, SCORES, Pruner, prune
from phenoscope.instruments.pruning.choosing import highest
from phenoscope.instruments.pruning.densities import budgets

N = 13
NETWORKS = ("rectified", "images", "residual", "grouped", "language")


def network(name):
    """One of the test architectures, its inputs, and targets for its outputs."""
    model, inputs = architecture(name)
    with torch.no_grad():
        outputs = model(inputs)
    classes = outputs.shape[-1] if outputs.ndim < 4 else outputs.shape[1]
    shape = outputs.shape[:-1] if outputs.ndim < 4 else (len(outputs), *outputs.shape[2:])

    def loss(found, targets):
        return cross_entropy(
            found if found.ndim == 4 else found.flatten(0, -2), targets.flatten() if found.ndim < 4 else targets
        )

    return model, (inputs, labels(classes, *shape)), loss if outputs.ndim != 2 else nn.CrossEntropyLoss()


def rectifiers(*widths, seed=0, dtype=torch.float64):
    """A perceptron without biases."""
    layers = []
    for number, (ins, outs) in enumerate(itertools.pairwise(widths)):
        linear = nn.Linear(ins, outs, bias=False, dtype=dtype)
        with torch.no_grad():
            linear.weight.copy_(normal(outs, ins, seed=seed + number) * (2 / ins) ** 0.5)
        layers += [linear, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def taught(count, width):
    """Inputs and classes that can be told from them, so that the gradient is more than noise."""
    inputs = normal(count, width, seed=7)
    return inputs, inputs[:, :3].argmax(dim=1)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("method", SCORES)
def test_exactly_the_asked_share_goes_and_the_model_stays_as_it_is(method, name):
    model, data, loss = network(name)
    model.train()
    before, state, modes = (
        copy.deepcopy(model.state_dict()),
        torch.get_rng_state(),
        [m.training for m in model.modules()],
    )
    pruned = prune(model, method=method, sparsity=0.7, data=data, loss=loss, generator=seeded(3))
    total = sum(mask.numel() for mask in pruned.masks.values())
    assert sum(pruned.kept.values()) == round(0.3 * total)
    assert pruned.sparsity == pytest.approx(0.7, abs=0.5 / total)
    assert pruned.value == pruned.sparsity
    assert set(pruned.masks) == {n for n, p in model.named_parameters() if p.ndim > 1}
    for key, value in model.state_dict().items():
        assert torch.equal(value, before[key])
    assert [m.training for m in model.modules()] == modes
    assert all(p.grad is None and p.requires_grad for p in model.parameters())
    assert torch.equal(torch.get_rng_state(), state)
    for key, mask in pruned.masks.items():
        kept = pruned.model.get_parameter(key)
        assert torch.equal(kept[mask], model.get_parameter(key)[mask])
        assert not kept[~mask].any()


@pytest.mark.parametrize("method", SCORES)
def test_one_generator_one_choice_and_inverted_scores_keep_what_the_others_remove(method):
    model, data, loss = network("rectified")

    def masks(**options):
        pruner = Pruner(method, rounds=1, **options)
        return prune(model, method=pruner, sparsity=0.5, data=data, loss=loss, generator=seeded(5)).masks

    first, again, other = masks(), masks(), masks(inverted=True)
    assert all(torch.equal(first[name], again[name]) for name in first)
    if method != "random":
        assert all(torch.equal(first[name], ~other[name]) for name in first)


@pytest.mark.parametrize("granularity", ["weight", "kernel", "unit"])
@pytest.mark.parametrize("scope", ["global", *DENSITIES])
@pytest.mark.parametrize("method", SCORES)
def test_every_score_goes_with_every_granularity_and_scope(method, scope, granularity):
    model, data, loss = network("images")
    pruner = Pruner(method, granularity, scope, rounds=3, leave=("head.*",))
    pruned = prune(model, method=pruner, sparsity=0.5, data=data, loss=loss)
    assert set(pruned.masks) == {"body.1.weight", "body.5.weight"}
    shapes = {name: mask.shape for name, mask in pruned.masks.items()}
    wanted = budgets(shapes, round(252 * 0.5), scope) if scope != "global" else None
    group = {"weight": 1, "kernel": 9, "unit": 36}[granularity]
    for name, mask in pruned.masks.items():
        whole = mask.flatten(0, {"weight": 3, "kernel": 1, "unit": 0}[granularity]).reshape(
            -1, {"weight": 1, "kernel": 9, "unit": mask[0].numel()}[granularity]
        )
        assert bool((whole.all(dim=1) | ~whole.any(dim=1)).all())
        if wanted is not None:
            assert wanted[name] - group < pruned.kept[name] <= wanted[name]
    assert 126 - group < sum(pruned.kept.values()) <= 126 or wanted is not None


def test_scores_on_ragged_batches_are_those_of_all_data():
    inputs = normal(N, 4)
    inputs[-1] *= 4
    data = inputs, labels(3, N)
    for method in ("snip", "grasp"):
        model = mlp()
        whole = prune(model, method=method, sparsity=0.5, data=data, loss=nn.CrossEntropyLoss())
        cut = prune(model, method=method, sparsity=0.5, data=data, loss=nn.CrossEntropyLoss(), batch_size=4)
        for name, scores in whole.scores.items():
            assert_close(cut.scores[name], scores, rtol=1e-9, atol=1e-12)
        # the nearest wrong cousin: a plain average over batches, the last of which holds one example
        parts = [
            prune(
                model,
                method=method,
                sparsity=0.5,
                data=(inputs[i : i + 4], data[1][i : i + 4]),
                loss=nn.CrossEntropyLoss(),
            )
            for i in range(0, N, 4)
        ]
        name = next(iter(whole.scores))
        cousin = sum(part.scores[name] for part in parts) / len(parts)
        assert (cousin - whole.scores[name]).abs().max() > 1e-3 * whole.scores[name].abs().max()


def test_snip_ranks_as_removal_one_by_one_does():
    model, data = rectifiers(12, 20, 3), taught(60, 12)
    model[1] = nn.Tanh()  # a kink is no place for a derivative
    with torch.no_grad():
        for value in model.parameters():
            value.mul_(0.6)  # a first order needs weights whose removal is a small step
    scores = prune(model, method="snip", sparsity=0.5, data=data, loss=nn.CrossEntropyLoss()).scores
    base, changes, sizes = cross_entropy(model(data[0]), data[1]).item(), [], []
    for name in scores:
        weight = model.get_parameter(name).data.view(-1)
        for place, old in enumerate(weight.tolist()):
            weight[place] = 0.0
            changes.append(abs(cross_entropy(model(data[0]), data[1]).item() - base))
            weight[place] = old
            sizes.append(abs(old))
    found = torch.cat([score.flatten() for score in scores.values()])
    assert spearmanr(found.numpy(), changes).statistic > 0.95
    assert spearmanr(sizes, changes).statistic < 0.8


def test_grasp_is_the_derivative_of_half_the_squared_gradient_norm():
    """Of all parameters, biases too; by central differences in how much of a weight is there."""
    model, data = mlp(), (normal(20, 4), labels(3, 20))

    def half_square():
        slopes = torch.autograd.grad(cross_entropy(model(data[0]), data[1]), list(model.parameters()))
        return sum(slope.square().sum() for slope in slopes).item() / 2

    scores = prune(model, method="grasp", sparsity=0.5, data=data, loss=nn.CrossEntropyLoss()).scores
    largest = max(score.abs().max().item() for score in scores.values())
    for name, score in scores.items():
        weight = model.get_parameter(name)
        for place in range(weight.numel()):
            with torch.no_grad():
                old, step = weight.view(-1)[place].item(), 1e-5
                weight.view(-1)[place] = old * (1 + step)
            more = half_square()
            with torch.no_grad():
                weight.view(-1)[place] = old * (1 - step)
            less = half_square()
            with torch.no_grad():
                weight.view(-1)[place] = old
            # w (Hg) is how fast it grows with the weight, and so how much it falls when the weight goes
            assert score.view(-1)[place].item() == pytest.approx((more - less) / (2 * step), abs=1e-3 * largest)


@pytest.mark.parametrize(("method", "power"), [("synflow", 1), ("path_norm", 2)])
def test_flows_are_sums_over_paths(method, power):
    model = rectifiers(4, 5, 6, 3)
    scores = prune(model, method=Pruner(method, rounds=1), sparsity=0.0).scores
    sizes = [value.detach().abs() ** power for value in model.parameters()]
    for number, score in enumerate(scores.values()):
        into, out = torch.ones(4, dtype=torch.float64), torch.ones(3, dtype=torch.float64)
        for size in sizes[:number]:
            into = size @ into
        for size in reversed(sizes[number + 1 :]):
            out = size.T @ out
        assert_close(score, out[:, None] * sizes[number] * into, rtol=1e-12, atol=0)


def test_synflow_is_conserved_over_layers_and_survives_down_to_one_weight_a_layer():
    model = rectifiers(20, 30, 30, 30, 10, dtype=torch.float32)
    total = sum(value.numel() for value in model.parameters())
    first = [
        score.sum().item() for score in prune(model, method=Pruner("synflow", rounds=1), sparsity=0.0).scores.values()
    ]
    assert max(first) / min(first) - 1 < 1e-5
    for sparsity in (0.98, 0.99, 1 - 4 / total):
        pruned = prune(model, method="synflow", sparsity=sparsity)
        sums = [score.sum().item() for score in pruned.scores.values()]
        assert max(sums) / min(sums) - 1 < 1e-5
        assert not pruned.collapsed
    assert list(pruned.kept.values()) == [1, 1, 1, 1]
    # taken once, it empties a layer; so do sizes that differ from layer to layer
    assert prune(model, method=Pruner("synflow", rounds=1), sparsity=1 - 40 / total).collapsed
    assert prune(model, sparsity=1 - 40 / total).collapsed


def test_synflow_is_conserved_beside_biases_statistics_and_pooling():
    model, _ = architecture("images")
    scores = prune(model, method=Pruner("synflow", rounds=1), sparsity=0.0).scores
    first, second, _ = (score.sum().item() for score in scores.values())
    assert first == pytest.approx(second, rel=1e-12)


def test_other_activations_let_through_what_rectifiers_do():
    rectified, bent = rectifiers(4, 5, 3), rectifiers(4, 5, 3)
    bent[1] = nn.Tanh()
    one, other = (prune(model, method="synflow", sparsity=0.6).scores for model in (rectified, bent))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_layer_shares_of_another_pruning_are_kept_by_any_score():
    model, data, loss = network("rectified")
    snip = prune(model, method="snip", sparsity=0.9, data=data, loss=loss)
    random = prune(model, method="random", sparsity=snip.layers)
    assert random.kept == snip.kept
    assert any(bool((random.masks[name] != snip.masks[name]).any()) for name in snip.masks)
    partly = prune(model, sparsity={"head.weight": 0.5})
    assert partly.layers == {"body.1.weight": 0.0, "body.3.weight": 0.0, "head.weight": pytest.approx(0.5, abs=0.02)}


def test_equal_scores_are_decided_by_chance_and_not_by_place():
    model = nn.Sequential(nn.Linear(30, 30, bias=False), nn.Linear(30, 30, bias=False))
    for value in model.parameters():
        nn.init.ones_(value)
    kept = prune(model, sparsity=0.5).kept
    assert sum(kept.values()) == 900
    assert min(kept.values()) > 380  # of 450 expected, with a deviation of 11; by place it would be 0


def test_tied_weights_count_once():
    model, data, loss = network("language")
    pruned = prune(model, method="snip", sparsity=0.5, data=data, loss=loss)
    assert "token.weight" in pruned.masks
    assert "head.weight" not in pruned.masks
    assert torch.equal(pruned.model.head.weight, pruned.model.token.weight)


def test_rounds_never_bring_back_what_went():
    model, data, loss = network("rectified")
    counts = Pruner("snip", rounds=4).kept(1000, 10)
    assert counts == [316, 100, 32, 10]
    assert Pruner("snip", rounds=4, schedule="linear").kept(1000, 200) == [800, 600, 400, 200]
    few = prune(model, method=Pruner("snip", rounds=3), sparsity=0.9, data=data, loss=loss).masks
    more = prune(model, method=Pruner("snip", rounds=1), sparsity=0.9 ** (1 / 1), data=data, loss=loss).masks
    assert sum(int(m.sum()) for m in few.values()) == sum(int(m.sum()) for m in more.values())
    halves = prune(model, method=Pruner("magnitude", rounds=5), sparsity=0.8).masks
    once = prune(model, method="magnitude", sparsity=0.8).masks
    assert all(torch.equal(halves[name], once[name]) for name in once)  # sizes do not change from round to round


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 3)), min_size=1, max_size=5),
    st.floats(0, 1),
    st.sampled_from(sorted(DENSITIES)),
)
def test_budgets_add_up_and_fit(shapes, share, rule):
    named = {str(number): shape for number, shape in enumerate(shapes)}
    sizes = {name: a * b * c for name, (a, b, c) in named.items()}
    kept = round(share * sum(sizes.values()))
    found = budgets(named, kept, rule)
    assert sum(found.values()) == kept
    assert all(0 <= found[name] <= sizes[name] for name in named)


def test_budgets_follow_their_formulas():
    shapes = {"wide": (300, 784), "middle": (100, 300), "last": (10, 100)}
    found = budgets(shapes, 15000, "erdos_renyi")
    # density proportional to (n + m)/(n m), the last layer full: 1000 of 15000, the rest as 1084 : 400
    assert found == {"wide": round(14000 * 1084 / 1484), "middle": round(14000 * 400 / 1484), "last": 1000}
    # of n m k k weights a share proportional to (n + m + k + k)/(n m k k): 18 and 26 in proportion
    assert budgets({"a": (8, 4, 3, 3), "b": (16, 8, 1, 1)}, 44, "erdos_renyi_kernel") == {"a": 18, "b": 26}
    assert budgets({"a": (5, 5), "b": (2, 2), "c": (5, 5)}, 20, "balanced") == {"a": 8, "b": 4, "c": 8}


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=30), st.integers(0, 30), st.integers(0, 5))
def test_the_highest_are_kept_whatever_ties_there_are(values, kept, seed):
    scores = {"w": torch.tensor(values, dtype=torch.float64)[None]}
    alive = {"w": torch.ones(1, len(values), dtype=torch.bool)}
    mask = highest(scores, kept, alive, generator=seeded(seed))["w"]
    assert int(mask.sum()) == min(kept, len(values))
    if mask.any() and not mask.all():
        assert scores["w"][mask].min() >= scores["w"][~mask].max()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"method": "snap", "sparsity": 0.5}, "the method of pruning must be one of"),
        ({"sparsity": 1.5}, "`sparsity` is the share of weights removed, from 0 to below 1, got 1.5"),
        ({"sparsity": 1.0}, "leaves none of"),
        ({"sparsity": {"nowhere": 0.5}}, "a sparsity is given for 'nowhere', which is not pruned"),
        ({"method": "snip", "sparsity": 0.5}, "'snip' scores weights by the loss on data. Pass `data=` and `loss=`"),
        ({"method": "grasp", "sparsity": 0.5}, "Pass `data=` and `loss=`"),
    ],
)
def test_what_makes_no_sense_is_refused(options, sentence):
    with pytest.raises(BadInput, match=sentence):
        ps.prune(mlp(), **options)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"granularity": "row"}, "granularity must be one of"),
        ({"scope": "local"}, "scope must be one of"),
        ({"schedule": "cubic"}, "schedule must be one of"),
        ({"rounds": 0}, "at least 1 round, got 0"),
    ],
)
def test_pruners_that_make_no_sense_are_refused(options, sentence):
    with pytest.raises(BadInput, match=sentence):
        Pruner(**options)


def test_models_that_cannot_be_pruned_are_refused():
    with pytest.raises(BadInput, match="no weight to prune"):
        prune(nn.LayerNorm(3), sparsity=0.5)
    with pytest.raises(BadInput, match="no weight's name fits 'tail"):
        prune(mlp(), method=Pruner(leave=("tail.*",)), sparsity=0.5)
    with pytest.raises(BadInput, match="remove_parametrizations"):
        prune(architecture("normed weights")[0], sparsity=0.5)
    broken = mlp()
    with torch.no_grad():
        next(iter(broken.parameters()))[0, 0] = torch.nan
    with pytest.raises(BadInput, match="not finite, so that they rank nothing"):
        prune(broken, sparsity=0.5)
