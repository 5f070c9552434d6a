"""Induction heads: attention written out place by place, circuits built by hand, and descent on a whole Jacobian."""

import dataclasses
import itertools
import math

import numpy as np
import pytest
import torch
from torch.func import functional_call, jacrev

from phenoscope.atlas.induction_heads.claims import sooner
from phenoscope.comparisons import Kept
from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.methods import Computation, Freezable, InductionHeads
from phenoscope.methods.attention import AttentionOnly, induction_score, previous_score
from phenoscope.methods.repeated_tokens import guessed_by_place, repeated
from phenoscope.record import Record, Series

SMALL = InductionHeads(
    seed=3, steps=6, width=4, heads=2, every=2, vocabulary=6, length=9, shortest=2, longest=4, batch=5, tested=8
)


def along(made, name):
    return [found.values[name] for found in made.readings() if name in found.values]


def network(**options):
    made = AttentionOnly(5, 7, 6, heads=2, layers=2, generator=stream(1, "network"), **options).double()
    return made, torch.randint(5, (3, 7), generator=stream(1, "tokens"))


@torch.no_grad()
def by_hand(model, sequence, *, previous):
    """The outputs for one sequence and the weights of every layer, one place and one head at a time."""
    width, heads = model.tokens.shape[1], 2
    each = width // heads
    rows = [model.tokens[token] + model.places[place] for place, token in enumerate(sequence)]
    seen = []
    for layer, (look, write) in enumerate(zip(model.looks, model.writes, strict=True)):
        wq, wk, wv = look[:, :width], look[:, width : 2 * width], look[:, 2 * width :]
        after, weights = [], torch.zeros(heads, len(rows), len(rows), dtype=torch.float64)
        for t, row in enumerate(rows):
            found = []
            for head in range(heads):
                part = slice(head * each, (head + 1) * each)
                query, keys = (row @ wq)[part], [(rows[s] @ wk)[part] for s in range(t + 1)]
                likes = [math.exp(float(query @ key) / each**0.5) for key in keys]
                shares = [like / sum(likes) for like in likes]
                if previous and layer == head == 0:
                    shares = [float(s == max(t - 1, 0)) for s in range(t + 1)]
                weights[head, t, : t + 1] = torch.tensor(shares, dtype=torch.float64)
                found.append(sum(share * (rows[s] @ wv)[part] for s, share in enumerate(shares)))
            after.append(row + torch.cat(found) @ write)
        rows = after
        seen.append(weights)
    return torch.stack(rows) @ model.scores, seen


@pytest.mark.parametrize("previous", [False, True])
def test_attention_place_by_place(previous):
    model, tokens = network(previous=previous)
    outputs, weights = model.attended(tokens)
    for number, sequence in enumerate(tokens):
        expected, seen = by_hand(model, sequence.tolist(), previous=previous)
        assert torch.allclose(outputs[number], expected, atol=1e-12)
        assert all(torch.allclose(w[number], s, atol=1e-12) for w, s in zip(weights, seen, strict=True))
    assert torch.equal(model(tokens), outputs)
    assert torch.allclose(model(tokens[:, :4]), outputs[:, :4])  # what comes later is not seen


def test_parameters_begin_with_their_variances():
    model = AttentionOnly(300, 200, 64, heads=4, layers=2, generator=stream(0, "network"))
    deviations = {name: float(value.detach().std()) for name, value in model.named_parameters()}
    for name, value in deviations.items():
        assert value == pytest.approx(0.5**0.5 if name in {"tokens", "places"} else 1 / 8, rel=0.05), name


def circuit(v, t):
    """A layer that writes down the token before, and one that looks for its own token there and copies."""
    width = 3 * v + t  # this token, the place, the token before, what comes next
    model = AttentionOnly(v, t, width, heads=1, layers=2, generator=stream(0, "network"))
    token, place, before, coming = (slice(0, v), slice(v, v + t), slice(v + t, 2 * v + t), slice(2 * v + t, width))
    sharp = 50 * width**0.5
    with torch.no_grad():
        for value in model.parameters():
            value.zero_()
        model.tokens[:, token], model.places[:, place] = torch.eye(v), torch.eye(t)
        for layer, (query, key, gets) in enumerate(((place, place, before), (token, before, coming))):
            queries, keys, values = model.looks[layer].split(width, dim=1)
            queries[query, : query.stop - query.start] = sharp * torch.eye(query.stop - query.start)
            keys[key, : key.stop - key.start] = torch.eye(key.stop - key.start).roll(1 if layer == 0 else 0, dims=1)
            values[token, :v] = torch.eye(v)
            keys[v, :v] -= layer  # the first place sees itself as the one before, and is not to be found for that
            model.writes[layer][:v, gets] = torch.eye(v)
        model.scores[coming] = torch.eye(v)
    return model


def test_a_circuit_built_by_hand_copies_and_has_full_scores():
    model = circuit(10, 14)
    drawn = repeated(30, 10, 14, (3, 8), generator=stream(0, "drawn"))
    outputs, weights = model.attended(drawn.inputs)
    assert bool((outputs[drawn.asked].argmax(-1) == drawn.answers).all())
    assert previous_score(weights[0]) == pytest.approx(1.0)
    assert induction_score(weights, drawn.inputs, drawn.asked) == pytest.approx(1.0)
    assert induction_score(weights[:1], drawn.inputs, drawn.asked) < 0.2  # not that of the head before it
    assert previous_score(weights[1]) < 0.3


def test_equal_weights_have_the_share_of_places():
    drawn = repeated(40, 9, 12, (4, 6), generator=stream(0, "drawn"))
    model = AttentionOnly(9, 12, 4, heads=2, layers=1, generator=stream(0, "network"))
    with torch.no_grad():
        model.looks[0].zero_()
    weights = model.attended(drawn.inputs)[1]
    shares = []
    for tokens, asked in zip(drawn.inputs.tolist(), drawn.asked.tolist(), strict=True):
        for t in range(11):
            after = [s for s in range(1, t + 1) if tokens[s - 1] == tokens[t]]
            shares += [len(after) / (t + 1)] if asked[t] else []
    assert induction_score(weights, drawn.inputs, drawn.asked) == pytest.approx(sum(shares) / len(shares))
    assert previous_score(weights[0]) == pytest.approx(sum(1 / (t + 1) for t in range(1, 11)) / 10)
    once = repeated(5, 9, 10, (8, 8), generator=stream(0, "drawn"))  # a second copy of one token only
    assert induction_score([torch.full((5, 1, 9, 9), 1 / 9)], once.inputs, once.asked) == pytest.approx(1 / 9)


def test_a_segment_is_repeated_and_says_what_comes_next():
    drawn = repeated(300, 12, 20, (3, 7), generator=stream(0, "drawn"))
    periods = [20 - int(row.sum()) for row in drawn.determined]
    assert set(periods) == set(range(3, 8))
    answers = iter(drawn.answers.tolist())
    for tokens, period, asked in zip(drawn.tokens.tolist(), periods, drawn.asked.tolist(), strict=True):
        assert len(set(tokens[:period])) == period
        assert tokens[period:] == tokens[:-period]
        for t in itertools.compress(range(19), asked):
            last = max(s for s in range(t) if tokens[s] == tokens[t])
            assert next(answers) == tokens[last + 1] == tokens[t + 1]
    assert next(answers, None) is None
    assert torch.equal(drawn.tokens, repeated(300, 12, 20, (3, 7), generator=stream(0, "drawn")).tokens)
    first = torch.bincount(drawn.tokens[:, 0], minlength=12)
    assert int(first.min()) > 0


def test_segments_of_one_order_go_round_it():
    drawn = repeated(50, 8, 12, (3, 5), known=True, generator=stream(0, "drawn"))
    for tokens, determined in zip(drawn.tokens.tolist(), drawn.determined, strict=True):
        period = 12 - int(determined.sum())
        assert tokens == [(tokens[0] + place % period) % 8 for place in range(12)]
    assert set(drawn.tokens[:, 0].tolist()) == set(range(8))


@pytest.mark.parametrize("periods", [(8, 15), (3, 7), (4, 4)])
def test_the_best_guess_from_the_place(periods):
    """By counting, for every place and every guess, over one sequence of each period."""
    length, right, asked = 32, 0, 0
    for t in range(length - 1):
        rows = [[p % period for p in range(length)] for period in range(periods[0], min(periods[1], t) + 1)]
        asked += len(rows)
        right += max((sum(row[t + 1 - lag] == row[t + 1] for row in rows) for lag in range(1, t + 2)), default=0)
    assert guessed_by_place(length, periods) == pytest.approx(right / asked)


def descended(spec, outputs, start):
    """Adam in float64 with every formula written out, on the outputs as a function of the parameters."""
    here, mean, square, losses = start.clone(), torch.zeros_like(start), torch.zeros_like(start), []
    order = stream(spec.seed, "order")
    sizes = (spec.vocabulary, spec.length, (spec.shortest, spec.longest))
    test = repeated(spec.tested, *sizes, generator=stream(spec.seed, "test"))

    def loss(point, drawn):
        logits = spec.alpha * outputs(point, drawn.inputs)[drawn.asked]
        right = logits.gather(1, drawn.answers[:, None])[:, 0]
        return (logits.exp().sum(1).log() - right).mean()

    for step in range(spec.steps + 1):
        if step % spec.every == 0:
            losses.append(float(loss(here, test)))
        point = here.clone().requires_grad_()
        slope = torch.autograd.grad(loss(point, repeated(spec.batch, *sizes, generator=order)), point)[0]
        mean, square = 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * slope**2
        sizes_now = (square / (1 - 0.999 ** (step + 1))).sqrt() + 1e-8
        here = here - spec.lr / spec.alpha * mean / (1 - 0.9 ** (step + 1)) / sizes_now
    return losses


@pytest.mark.parametrize("dynamics", ["network", "linearised"])
@pytest.mark.parametrize("alpha", [1.0, 3.0])
def test_descent_by_hand(dynamics, alpha):
    """On the network less its start, and on its whole Jacobian there."""
    spec = dataclasses.replace(SMALL, dynamics=dynamics, alpha=alpha, lr=0.02)
    model = AttentionOnly(6, 9, 4, heads=2, layers=2, generator=stream(3, "initialisation")).double()
    shapes = {name: value.shape for name, value in model.named_parameters()}
    start = torch.cat([value.detach().flatten() for value in model.parameters()])

    def at(point, tokens):
        parts = torch.split(point, [shape.numel() for shape in shapes.values()])
        values = {name: part.view(shape) for part, (name, shape) in zip(parts, shapes.items(), strict=True)}
        return functional_call(model, values, (tokens,))

    def plain(point, tokens):
        return at(point, tokens) - at(start, tokens)

    def linear(point, tokens):
        return jacrev(at)(start, tokens) @ (point - start)

    losses = descended(spec, plain if dynamics == "network" else linear, start)
    assert along(spec, "test loss") == pytest.approx(losses, rel=2e-4)
    assert losses[0] - losses[-1] > 0.01
    other = dataclasses.replace(spec, dynamics="network" if dynamics == "linearised" else "linearised")
    assert along(other, "test loss") != pytest.approx(losses, rel=2e-4)


def test_training_begins_with_the_zero_function_and_differences_are_those_of_readings():
    losses, scores = along(SMALL, "test loss"), along(SMALL, "induction score")
    assert losses[0] == pytest.approx(math.log(6), rel=1e-6)
    assert along(SMALL, "fall of the test loss") == pytest.approx([a - b for a, b in itertools.pairwise(losses)])
    assert along(SMALL, "rise of the induction score") == pytest.approx([b - a for a, b in itertools.pairwise(scores)])
    assert [found.step for found in SMALL.readings()] == [0, 2, 4, 6, 6]


def test_large_outputs_are_those_of_the_linearisation():
    spec = dataclasses.replace(SMALL, steps=8, every=4, lr=0.02)
    frozen = along(spec.frozen(), "test loss")
    distances = [
        max(abs(a - b) for a, b in zip(along(dataclasses.replace(spec, alpha=alpha), "test loss"), frozen, strict=True))
        for alpha in (1.0, 10.0, 100.0)
    ]
    assert distances[1] < 0.2 * distances[0]
    assert distances[2] < 0.2 * distances[1]


def test_the_weights_of_the_linearisation_are_those_of_its_start():
    spec = dataclasses.replace(SMALL, lr=0.02)
    for name in ("induction score", "previous-token score"):
        values = along(spec.frozen(), name)
        assert values == [along(spec, name)[0]] * len(values)
        assert along(spec, name)[-1] != pytest.approx(values[0], rel=1e-3)
    assert spec.frozen() == spec.frozen().frozen()
    assert isinstance(spec, Freezable)


def test_a_given_head_looks_at_the_place_before():
    assert along(dataclasses.replace(SMALL, previous=True), "previous-token score") == pytest.approx([1.0] * 4)
    assert max(along(SMALL, "previous-token score")) < 0.9


def test_longer_periods_are_none_of_those_trained_on():
    assert InductionHeads().longer == (16, 22)
    assert SMALL.longer == (5, 6)
    assert dataclasses.replace(SMALL, vocabulary=9, length=7, longest=4).longer == (5, 5)


def test_the_same_seed_gives_the_same_and_units_name_every_series():
    found = list(SMALL.readings())
    assert found == list(SMALL.readings())
    assert found != list(dataclasses.replace(SMALL, seed=4).readings())
    assert {name for each in found for name in each.values} == set(SMALL.units)
    assert isinstance(SMALL, Computation)


def test_a_training_that_diverges_ends_so():
    found = list(dataclasses.replace(SMALL, lr=1e30).readings())
    assert found[-1].diverged
    assert found[-1].step == 2


def test_what_makes_no_sense_is_refused():
    for wrong in ({"heads": 3}, {"lr": 0.0}, {"alpha": -1.0}, {"batch": 0}, {"heads": 0}):
        with pytest.raises(BadInput, match="induction heads need"):
            dataclasses.replace(SMALL, **wrong)
    for wrong in ({"shortest": 1}, {"shortest": 5}, {"longest": 6}, {"length": 5}):
        with pytest.raises(BadInput, match="a segment has 2 different tokens"):
            dataclasses.replace(SMALL, **wrong)
    with pytest.raises(BadInput, match="dynamics must be one of"):
        InductionHeads(dynamics="other")


def test_sooner_is_a_ratio_of_steps():
    def kept(values):
        series = Series(np.arange(0, 10 * len(values), 10), np.array(values))
        return Kept({}, Record("one", {"seed": 0.0, "steps": 40.0}, {"test accuracy": series}))

    # half-way between readings: (0 + 10)/2 over (20 + 30)/2
    assert sooner(kept([0.0, 0.6, 0.9, 1.0]), kept([0.0, 0.1, 0.2, 0.8]))["step ratio"] == pytest.approx(5 / 25)
