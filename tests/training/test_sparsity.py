"""Masks in training, against loops written out by hand: weights that are held at 0, rounds, and weights that come."""

import copy
import dataclasses
import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from phenoscope.core.errors import BadInput
from phenoscope.core.points import Layout, layout, point, write
from phenoscope.core.seeds import stream
from phenoscope.instruments import Pruner
from phenoscope.models import MLP
from phenoscope.training import (
    MASK,
    Adam,
    AdamW,
    AmplifiedNoise,
    CentralFlow,
    Clipped,
    Drop,
    DropAndGrow,
    GradientDescent,
    HeavyBall,
    Inherited,
    Jittered,
    PerSharpness,
    Point,
    Projected,
    RandomMask,
    Rounds,
    Sam,
    Scored,
    Site,
    Start,
    WeightDecay,
    layers,
    objective_of,
    prunable,
    train,
)
from phenoscope.training import settings as settings_of
from phenoscope.training.masks import largest_kept, shuffled
from phenoscope.training.recipe import with_setting
from phenoscope.training.sparsity import Masked, Prepared
from small import recipe

HALF = RandomMask(0.5)
RULES = {
    "descent": GradientDescent(0.1),
    "momentum and decay": WeightDecay(HeavyBall(0.1), 0.05),
    "adam": Adam(0.02),
    "decoupled decay": AdamW(0.02, 0.1),
    "away along the gradient": Sam(HeavyBall(0.1), 0.3),
    "away at random": Jittered(GradientDescent(0.1), 0.3),
    "bulk": Projected(HeavyBall(0.1), 2, "bulk"),
    "central flow": CentralFlow(0.1, k=2),
}
WIDE = layout(MLP((4,)).build(stream(0, "init"), inputs=(3,), outputs=2))


def path(*recipes, **options):
    return list(train(list(recipes), **options))


def by_hand(asked, mask, make):
    """The same training with torch's own optimizers, gradient and weights being multiplied by the mask."""
    objective = objective_of(asked)
    model = copy.deepcopy(objective.model)
    write(objective.point * mask, model)
    parts = layout(model).unravel(mask.double())
    draw = asked.data.draw(asked.stream("data"))
    optimizer, found = make(model.parameters()), [point(model)]
    for _ in range(asked.steps):
        optimizer.zero_grad()
        asked.loss(model(draw.train.inputs.double()), draw.train.targets).backward()
        for name, parameter in model.named_parameters():
            parameter.grad *= parts[name]
        optimizer.step()
        for name, parameter in model.named_parameters():
            parameter.data *= parts[name]
        found.append(point(model))
    return torch.stack(found)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("momentum and decay", lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, weight_decay=0.05)),
        ("adam", lambda p: torch.optim.Adam(p, 0.02)),
        ("decoupled decay", lambda p: torch.optim.AdamW(p, 0.02, weight_decay=0.1)),
    ],
)
def test_a_masked_network_trains_as_by_hand(name, make):
    asked = recipe(rule=RULES[name], steps=30, mask=HALF)
    states = path(asked)
    expected = by_hand(asked, states[0].mask[0], make)
    assert_close(torch.stack([state.points[0] for state in states]), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", RULES)
def test_what_is_held_stays_at_zero_and_nothing_is_remembered_of_it(name):
    states = path(*(recipe(rule=RULES[name], steps=8, mask=RandomMask(d), seed=s) for s, d in enumerate((0.3, 0.7))))
    assert not torch.equal(states[0].points, states[-1].points)
    for state in states:
        assert (state.points[~state.mask] == 0).all()
        for one in ("momentum", "mean", "square"):
            if one in state.memory:
                assert (state.memory[one][~state.mask] == 0).all()
    assert not torch.equal(*states[0].mask)


def test_what_lies_against_the_mask_is_put_back():
    mask = torch.tensor([[True, False, True]])
    found = {MASK: mask, "sparse.point": mask.float(), "momentum": mask.float()}
    ready = Prepared(Everywhere(torch.ones(1, 3)), found, mask)
    points, memory = ready.moved(Clipped(HeavyBall(0.5), 10.0), torch.ones(1, 3), {"momentum": torch.zeros(1, 3)}, 0)
    assert torch.equal(points, 0.5 * mask.float())
    assert sorted(memory) == ["momentum", "sparse.mask", "sparse.point"]
    assert torch.equal(memory["momentum"], mask.float())


def test_a_rule_that_looks_from_elsewhere_stays_under_the_mask():
    asked = recipe(rule=Sam(GradientDescent(0.1), 0.3), steps=1, mask=HALF)
    first, last = path(asked)
    mask, here = first.mask[0], first.points[0]
    objective = objective_of(asked)
    slope = objective.gradient(here) * mask
    away = here + 0.3 * slope / slope.norm()
    assert_close(last.points[0], here - 0.1 * objective.gradient(away) * mask, rtol=1e-10, atol=1e-12)
    assert not torch.allclose(first.around.gradient[0], slope)


@dataclasses.dataclass(frozen=True)
class Everywhere:
    """A sight of one matrix, ones, at any points; normal numbers are the step."""

    points: torch.Tensor

    @property
    def gradient(self):
        return torch.ones_like(self.points)

    whole = gradient.fget

    def hessian(self):
        return self

    def multiply(self, block):
        return block.sum(dim=-1, keepdim=True).expand_as(block)

    def third(self, left, right):
        return (left * right).sum(dim=-1, keepdim=True).expand_as(left)

    def at(self, points):
        return Everywhere(points)

    def normal(self, step):
        return torch.full_like(self.points, step)


def test_everything_in_sight_is_under_the_mask():
    full, inside = torch.ones(1, 3), torch.tensor([[1.0, 0.0, 1.0]])
    sight = Masked(Everywhere(full), inside, step=7)
    assert torch.equal(sight.at(2 * full).points, 2 * inside)
    for found, expected in (
        (sight.gradient, inside),
        (sight.whole(), inside),
        (sight.at(full).gradient, inside),
        (sight.hessian().multiply(full[:, None])[:, 0], 2 * inside),
        (sight.third(full, full), 2 * inside),
        (sight.normal(3), 7 * inside),
    ):
        assert torch.equal(found, expected)


def test_noise_under_a_mask_is_that_of_the_weights_that_are_trained():
    asked = recipe(rule=AmplifiedNoise(GradientDescent(0.1), 3.0), steps=4, batch=4, mask=HALF)
    for state in path(asked):
        assert (state.points[~state.mask] == 0).all()


COHORTS = {
    "densities": [
        recipe(steps=12, rule=Adam(0.02), batch=5, mask=RandomMask(d), seed=s) for s in (0, 1) for d in (0.3, 0.8)
    ],
    "rounds": [
        recipe(steps=14, rule=Adam(0.02), batch=5, pruning=Rounds(4, 5, share, back=2), seed=seed)
        for seed, share in enumerate((0.2, 0.5))
    ],
    "rounds of a layer": [
        recipe(steps=14, rule=HeavyBall(0.1), pruning=Rounds(5, 4, 0.3, scope="layer"), seed=seed) for seed in (0, 1)
    ],
    "random rounds": [recipe(steps=14, pruning=Rounds(5, 4, 0.3, "random", then="replay"), seed=s) for s in (0, 1)],
    "growing": [
        recipe(steps=14, rule=Adam(0.02), batch=5, mask=HALF, pruning=DropAndGrow(3, 12, share), seed=seed)
        for seed, share in enumerate((0.3, 0.5))
    ],
    "growing at random": [
        recipe(steps=14, mask=RandomMask(d), pruning=DropAndGrow(3, 12, 0.4, "random"), seed=1) for d in (0.3, 0.6)
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", COHORTS)
def test_a_cohort_is_its_members_and_is_resumed_at_every_step(name):
    cohort = COHORTS[name]
    together = path(*cohort)
    for row, one in enumerate(cohort):
        for ours, alone in zip(together, path(one), strict=True):
            assert_close(ours.points[row], alone.points[0], rtol=1e-9, atol=1e-11)
            if ours.mask is not None:
                assert torch.equal(ours.mask[row], alone.mask[0])
    for state in together:
        later = path(*cohort, resume=state.reached)
        for one, two in zip(later, together[state.step :], strict=True):
            assert torch.equal(one.points, two.points)
            assert all(torch.equal(one.memory[key], two.memory[key]) for key in two.memory)


@pytest.mark.parametrize("back", [0, 3, 6])
def test_rewound_weights_are_the_recorded_ones_bit_for_bit(back):
    """Each round passes through the bits of a training that was started from that step's point under its mask."""
    search = recipe(steps=24, rule=Adam(0.02), pruning=Rounds(6, 9, 0.3, back=back))
    states = path(search)
    recorded = states[back]
    for begin, end in ((6, 15), (15, 24)):
        mask = states[begin + 1].mask
        assert not torch.equal(mask, states[begin].mask)
        start = Start(recorded.points, {k: v for k, v in recorded.memory.items() if not k.startswith("sparse.")}, mask)
        again = recipe(steps=9, rule=Adam(0.02), start=Point(search, back), mask=Inherited(search, begin + 1))
        fork = path(again, start=start)
        kept = mask[0]
        assert torch.equal(fork[0].points[0][kept], recorded.points[0][kept])
        assert (fork[0].points[0][~kept] == 0).all()
        for ours, other in zip(states[begin + 1 : end + 1], fork[1:], strict=True):
            assert torch.equal(ours.points, other.points)


def test_each_round_removes_the_smallest_trained_weights():
    states = path(recipe(steps=16, rule=Adam(0.05), pruning=Rounds(5, 4, 0.3)))
    weights = prunable(WIDE)
    for end in (5, 9, 13):
        trained, before, after = states[end].points[0].abs(), states[end].mask[0], states[end + 1].mask[0]
        left = int((before & weights).sum())
        gone = before & ~after
        assert int(gone.sum()) == round(0.3 * left)
        assert not (gone & ~weights).any()
        assert trained[gone].max() <= trained[after & weights].min()
        start = states[0].points[0].abs()
        assert start[gone].max() > start[after & weights].min()  # those that were smallest at the start are others


def test_rounds_by_layer_take_their_share_of_each():
    states = path(recipe(steps=6, pruning=Rounds(5, 4, 0.25, scope="layer")))
    for _, place in layers(WIDE):
        size = place.stop - place.start
        assert int(states[6].mask[0][place].sum()) == size - round(0.25 * size)


def test_what_comes_back_with_a_round():
    """Rates 1 to 3 over the first round of six steps; the schedule has ended with it."""
    rule = HeavyBall(Drop(0.1, 2, Drop(0.2, 4, 0.3)))

    def rates(then, back):
        states = path(recipe(steps=14, rule=rule, pruning=Rounds(6, 4, 0.2, then=then, back=back)))
        return [round(10 * state.rates.item()) for state in states[:-1]], states

    first = [1, 1, 2, 2, 3, 3]
    assert rates("rewind", 0)[0] == first + 2 * [1, 1, 2, 2]
    assert rates("replay", 2)[0] == first + 2 * [2, 2, 3, 3]
    few = path(recipe(steps=18, rule=rule, pruning=Rounds(6, 4, 0.2, then="replay", back=2, times=2)))
    assert [round(10 * state.rates.item()) for state in few[:-1]] == first + [2, 2, 3, 3] + [2, 2] + 6 * [3]
    densities = [int(few[step].mask.sum()) for step in (6, 7, 11, 17)]
    assert densities == sorted(densities, reverse=True)
    assert densities[0] > densities[1] > densities[2] == densities[3]
    found, states = rates("fine-tune", 0)
    assert found == first + 2 * [3, 3, 3, 3]
    moved = (states[7].points - states[6].points * states[7].mask)[0]
    assert moved.abs().max() < 0.5  # it goes on from the trained weights
    momentum = states[7].memory["momentum"]
    expected = (
        0.9 * states[6].memory["momentum"] * states[7].mask
        + objective_of(recipe()).gradient((states[6].points * states[7].mask)[0]) * states[7].mask
    )
    assert_close(momentum, expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("grow", ["gradient", "random", "smallest gradient"])
def test_as_many_weights_come_as_go_in_every_layer(grow):
    asked = recipe(steps=12, rule=Adam(0.05), mask=HALF, pruning=DropAndGrow(3, 10, 0.5, grow))
    states = path(asked)
    objective, changes = objective_of(asked), 0
    for state, after in itertools.pairwise(states):
        for _, place in layers(WIDE):
            assert int(after.mask[0][place].sum()) == int(states[0].mask[0][place].sum())
        new, gone = after.mask[0] & ~state.mask[0], state.mask[0] & ~after.mask[0]
        assert int(new.sum()) == int(gone.sum())
        if not new.any():
            continue
        changes += 1
        slope = objective.gradient(state.points[0]).abs()
        for _, place in layers(WIDE):
            out = ~after.mask[0][place] & ~gone[place]
            if grow == "gradient" and new[place].any() and out.any():
                assert slope[place][new[place]].min() >= slope[place][out].max()
            if gone[place].any():
                stayed = after.mask[0][place] & state.mask[0][place]
                assert state.points[0][place][gone[place]].abs().max() <= state.points[0][place][stayed].abs().max()
        # Adam's first step from nothing is its rate in the direction of the gradient: no memory was left of them
        count = after.memory["count"].item()
        there = state.points[0] * after.mask[0]
        mean = 0.1 * objective.gradient(there)[new]
        assert_close(after.memory["mean"][0][new], mean, rtol=1e-9, atol=1e-12)
        square = after.memory["square"][0][new] / (1 - 0.999**count)
        assert_close(after.points[0][new], -0.05 * mean / (1 - 0.9**count) / (square.sqrt() + 1e-8), rtol=1e-8, atol=0)
    assert changes == 2  # at the third, half a cosine wave down, less than half a weight goes


def test_the_share_that_goes_falls_along_a_cosine():
    large = recipe(model=MLP((40,)), steps=40, mask=HALF, pruning=DropAndGrow(10, 40, 0.5, "random"))
    states = path(large)
    place = next(layers(states[0].landscape.network.layout))[1]
    moved = [int((states[s + 1].mask[0] & ~states[s].mask[0])[place].sum()) for s in (10, 20, 30)]
    active = int(states[0].mask[0][place].sum())
    goes = [round(active * share) for share in (0.25 * (1 + 0.5**0.5), 0.25, 0.25 * (1 - 0.5**0.5))]
    assert all(0 < ours <= most for ours, most in zip(moved, goes, strict=True))  # some come back at once
    assert moved == sorted(moved, reverse=True)
    assert sum(moved) < sum(goes)


@given(
    shape=st.lists(st.integers(1, 30), min_size=2, max_size=4),
    density=st.floats(0.05, 1.0),
    ratios=st.sampled_from(["uniform", "erdos_renyi_kernel"]),
)
@settings(max_examples=30, deadline=None)
def test_random_masks_keep_their_share(shape, density, ratios):
    model = MLP(tuple(shape[1:])).build(stream(0, "init"), inputs=(shape[0],), outputs=3)
    wide = layout(model)
    mask = RandomMask(density, ratios).drawn(Site(wide, point(model), stream(0, "mask"), lambda: None))  # type: ignore[arg-type]
    places = [place for _, place in layers(wide)]
    total = int(prunable(wide).sum())
    assert int(mask[prunable(wide)].sum()) == round(density * total)
    assert mask[~prunable(wide)].all()
    dealt = shuffled(mask, wide, stream(1, "mask"))
    assert [int(dealt[p].sum()) for p in places] == [int(mask[p].sum()) for p in places]
    assert dealt[~prunable(wide)].all()


def test_the_largest_are_kept_and_no_more():
    scores = torch.tensor([3.0, 1.0, 3.0, 5.0])
    among = torch.tensor([True, True, True, False])
    assert largest_kept(scores, among, 1).tolist() == [True, False, False, False]
    assert largest_kept(scores, among, 2).tolist() == [True, False, True, False]
    assert largest_kept(scores, among, 9).tolist() == [True, True, True, False]
    assert not largest_kept(scores, among, 0).any()


def test_a_mask_is_inherited_as_found_or_shuffled():
    search = recipe(steps=8, pruning=Rounds(4, 4, 0.4))
    mask = path(search)[5].mask
    found = recipe(mask=Inherited(search, 5))
    dealt = dataclasses.replace(found, mask=Inherited(search, 5, "shuffled"))
    first, second = (path(one, start=Start(masks=mask))[0] for one in (found, dealt))
    assert torch.equal(first.mask, mask)
    assert not torch.equal(second.mask, mask)
    assert torch.equal(first.points, objective_of(found).point[None] * mask)
    assert int(second.mask.sum()) == int(mask.sum())


def test_linearised_training_is_expanded_around_the_start_under_the_mask():
    asked = recipe(steps=3, dynamics="linearised", mask=HALF)
    states = path(asked)
    objective = objective_of(recipe())
    assert_close(states[0].around.gradient[0], objective.gradient(states[0].points[0]), rtol=1e-9, atol=1e-12)
    assert (states[-1].points[~states[-1].mask] == 0).all()
    assert torch.equal(states[-1].mask, path(recipe(steps=3, mask=HALF))[-1].mask)
    assert not states[-1].mask.all()


@pytest.mark.parametrize("check", ["as is", "shuffled", "other weights"])
@pytest.mark.parametrize("score", ["snip", "synflow", "magnitude"])
def test_linearised_networks_are_scored_as_those_that_they_expand(score, check):
    asked = recipe(steps=2, mask=Scored(Pruner(score=score), 0.4, check))
    found, frozen = (path(dataclasses.replace(asked, dynamics=how))[-1].mask for how in ("network", "linearised"))
    assert torch.equal(frozen, found)
    assert not found.all()


@pytest.mark.parametrize(
    "pruning",
    [Rounds(2, 2, 0.4), Rounds(2, 2, 0.4, "random", "layer"), DropAndGrow(2, 6, 0.5)],
    ids=["global", "layer", "grow"],
)
def test_masks_of_linearised_networks_change_as_those_of_networks(pruning):
    """As many weights in every layer and round, other ones of them: the trainings differ."""
    mask = None if isinstance(pruning, Rounds) else RandomMask(0.5)
    asked = recipe(steps=7, mask=mask, pruning=pruning)
    found, frozen = (path(dataclasses.replace(asked, dynamics=how)) for how in ("network", "linearised"))
    counts = [[int(state.mask.sum()) for state in states] for states in (found, frozen)]
    assert counts[0] == counts[1]
    assert counts[0][-1] < 26
    assert frozen[-1].mask[0, 12:16].all()  # biases
    assert frozen[-1].mask[0, 24:].all()
    assert (frozen[-1].points[~frozen[-1].mask] == 0).all()


def test_settings_of_masks_are_swept_by_name():
    search = recipe(steps=9, pruning=Rounds(4, 5, 0.4))
    ticket = recipe(mask=Inherited(search, 4))
    assert settings_of(search).items() >= {"pruning.first": 4.0, "pruning.share": 0.4, "pruning.back": 0.0}.items()
    assert settings_of(ticket)["mask.found_at"] == 4.0
    assert with_setting(ticket, "found_at", 9).mask.found_at == 9
    assert with_setting(search, "share", 0.1).pruning.share == 0.1
    for name, value in (("seed", 3), ("lr", 0.7), ("widths", (6,))):
        changed = with_setting(ticket, name, value)
        assert changed.mask.recipe == with_setting(search, name, value)
    assert with_setting(ticket, "steps", 3).mask.recipe == search
    again = with_setting(dataclasses.replace(ticket, initialisation=1), "initialisation", 2)
    assert (again.initialisation, again.mask.recipe.initialisation) == (2, None)
    assert settings_of(recipe(mask=RandomMask(0.2)))["mask.density"] == 0.2


SEARCH = recipe(steps=8, pruning=Rounds(4, 4))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: RandomMask(0.0), "`density` of a random mask"),
        (lambda: RandomMask(0.5, "smart"), "ratios must be"),
        (lambda: Rounds(4, 4, share=1.0), "a share between 0 and 1"),
        (lambda: Rounds(4, 4, times=0), "rounds need steps"),
        (lambda: Rounds(4, 4, back=5), "go back to a step of the first round"),
        (lambda: Rounds(4, 4, then="stop"), "then must be"),
        (lambda: DropAndGrow(0, 4), "dropping and growing needs steps"),
        (lambda: DropAndGrow(2, 4, grow="all"), "grow must be"),
        (lambda: Inherited(recipe(), 0), "inherited from a recipe that has one"),
        (lambda: Inherited(SEARCH, 9), "a step from 0 to 8, got 9"),
        (lambda: Inherited(SEARCH, 4, "upside down"), "dealt must be"),
        (lambda: recipe(model=MLP((5,)), mask=Inherited(SEARCH, 4)), "recipe of the same model"),
        (lambda: recipe(rule=GradientDescent(PerSharpness(1.0)), mask=HALF), "for dense networks"),
        (lambda: next(train([recipe(mask=Inherited(SEARCH, 4))])), "needs `start` with `masks`"),
        (lambda: next(train([recipe()], start=Start(masks=torch.ones(1, 26, dtype=torch.bool)))), "with `masks`"),
        (lambda: next(train([recipe(mask=HALF), recipe()])), "equal up to"),
        (lambda: next(train([SEARCH, recipe(steps=8, pruning=Rounds(3, 5))])), "equal up to"),
    ],
)
def test_what_makes_no_sense_is_refused(make, says):
    with pytest.raises(BadInput, match=says):
        make()


def test_a_row_that_diverges_is_left_as_it_was():
    """Also its mask: pruning goes on in the others only."""
    wild, calm = (recipe(rate, steps=12, pruning=Rounds(5, 3, 0.4), seed=1) for rate in (1e4, 0.1))
    states = path(wild, calm)
    stopped = next(state.step for state in states if not state.alive[0])
    assert stopped < 9
    assert torch.equal(states[-1].points[0], states[stopped].points[0])
    assert torch.equal(states[-1].mask[0], states[stopped].mask[0])
    assert not torch.equal(states[-1].mask[1], states[stopped].mask[1])


def test_a_layout_without_weights_has_nothing_to_prune():
    bare = Layout(("a",), ((3,),))
    assert not prunable(bare).any()
    assert list(layers(bare)) == []


def test_memory_that_holds_a_mask_is_named_apart():
    assert MASK in path(SEARCH)[0].memory
    assert path(recipe())[0].mask is None
