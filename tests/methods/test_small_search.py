"""Small networks found in several ways: what a solution is, by hand, and that each way does what it says."""

import dataclasses

import pytest
import torch
from torch.testing import assert_close

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.data import dataset
from phenoscope.methods import Computation, SmallSearch
from phenoscope.methods.small_search import Rows, _descended, _patterned, _stepped, loss_of

DATA = dataset("digits", train=4, test=100, classes=(0, 1), scaling="centre", flat=True)
SMALL = SmallSearch(DATA, level=0.45, width=3, solutions=6, steps=4)
BUDGET = {"guess": 4, "gradient": 400, "random steps": 400, "pattern": 800}


def problem(made=SMALL):
    draw = made.data.draw(stream(made.seed, "data"))
    size = draw.train.inputs.norm(dim=1).mean()
    return [(part.inputs / size, 2.0 * part.targets - 1) for part in (draw.train, draw.test)]


def drawn(count=50, seed=0):
    return SMALL._drawn(count, 64, torch.Generator().manual_seed(seed))


def by_hand(rows, inputs):
    """One network and one example at a time."""
    found = torch.zeros(len(rows.out), len(inputs))
    for k, (hidden, out) in enumerate(zip(rows.hidden, rows.out, strict=True)):
        for n, x in enumerate(inputs):
            units = [max(0.0, float(x @ (hidden[:, j] / hidden.norm()))) for j in range(hidden.shape[1])]
            found[k, n] = sum(float(v) * u for v, u in zip(out / out.norm(), units, strict=True))
    return found


def test_outputs_are_those_of_normalised_networks_whatever_their_lengths():
    rows, inputs = drawn(3), problem()[0][0]
    assert_close(rows.outputs(inputs), by_hand(rows, inputs), rtol=1e-4, atol=1e-6)
    longer = Rows(7 * rows.hidden, 0.1 * rows.out)
    assert_close(longer.outputs(inputs), rows.outputs(inputs))


@pytest.mark.parametrize("way", ["guess", "gradient", "random steps", "pattern"])
def test_what_is_told_is_of_networks_that_fit_at_the_level(way):
    made = dataclasses.replace(SMALL, way=way, steps=BUDGET[way])
    assert isinstance(made, Computation)
    (inputs, signs), (held, truth) = problem()
    found = []
    for rows, _ in made._searched(inputs, signs, stream(0, "networks")):
        found.append(rows)
        if sum(len(each.out) for each in found) >= 6:
            break
    rows = Rows(torch.cat([each.hidden for each in found])[:6], torch.cat([each.out for each in found])[:6])
    answers = signs * by_hand(rows, inputs)
    losses = torch.log1p(torch.exp(-30 * answers)).mean(dim=1)
    assert (answers > 0).all()
    assert ((losses <= 0.4501) & (losses >= 0.4274)).all()
    *_, last = made.readings()
    assert (last.step, set(last.values)) == (made.steps, set(made.units))
    assert last.values["solutions"] == len(rows.out) > 2
    assert last.values["test accuracy"] == pytest.approx((truth * by_hand(rows, held) > 0).double().mean().item())
    assert last.values["margin"] == pytest.approx(answers.min(dim=1).values.mean().item(), rel=1e-3)
    assert last.values["train loss"] == pytest.approx(losses.mean().item(), rel=1e-4)


def test_a_step_of_descent_goes_along_the_gradient_and_is_as_long_as_it_says():
    rows, (inputs, signs) = drawn(5), problem()[0]
    moved, _ = _descended(rows, inputs, signs, torch.ones(5), torch.Generator())
    before, after = (torch.cat((each.hidden.flatten(1), each.out), dim=1) for each in (rows, moved))
    assert_close((after - before).norm(dim=1) / before.norm(dim=1), torch.full((5,), 0.005))
    tiny, way = 1e-2, (after - before) / (after - before).norm(dim=1, keepdim=True)
    slopes = []
    for sign in (1, -1):
        there = before + sign * tiny * way
        slopes.append(loss_of(Rows(there[:, :-3].reshape(5, 64, 3), there[:, -3:]), inputs, signs))
    steepest = (slopes[0] - slopes[1]) / (2 * tiny)
    assert (steepest < 0).all()
    for _ in range(20):  # no other direction is as steep
        other = torch.nn.functional.normalize(torch.randn(before.shape, generator=torch.Generator().manual_seed(_)))
        there = [before + sign * tiny * other for sign in (1, -1)]
        ends = [loss_of(Rows(each[:, :-3].reshape(5, 64, 3), each[:, -3:]), inputs, signs) for each in there]
        assert (((ends[0] - ends[1]) / (2 * tiny)).abs() < -steepest).all()


@pytest.mark.parametrize("move", [_stepped, _patterned])
def test_blind_steps_never_raise_the_loss_and_lower_it_now_and_then(move):
    rows, (inputs, signs) = drawn(40), problem()[0]
    length, generator = torch.full((40,), 2.0), torch.Generator().manual_seed(1)
    losses = [loss_of(rows, inputs, signs)]
    for _ in range(30):
        before = torch.cat((rows.hidden.flatten(1), rows.out), dim=1)
        rows, length = move(rows, inputs, signs, length, generator)
        changed = (torch.cat((rows.hidden.flatten(1), rows.out), dim=1) != before).sum(dim=1)
        assert move is not _patterned or int(changed.max()) <= 1
        losses.append(loss_of(rows, inputs, signs))
    assert (torch.stack(losses).diff(dim=0) <= 0).all()
    assert (losses[-1] < losses[0]).double().mean() > 0.9


def test_guessing_looks_at_no_data_until_a_network_is_drawn():
    """The solutions are draws of the stream, in their order."""
    (inputs, signs), _ = problem()
    first, looked_at = next(SMALL._searched(inputs, signs, stream(0, "networks")))
    everything = SMALL._drawn(looked_at, 64, stream(0, "networks"))
    fits = SMALL._fits(inputs, signs)(everything)
    assert torch.equal(first.out, everything.out[fits])
    assert 0 < int(fits.sum()) < 0.02 * looked_at


def test_networks_that_need_not_fit_are_right_half_of_the_time():
    *_, last = dataclasses.replace(SMALL, way="unfitted", width=8, solutions=400).readings()
    assert last.values["test accuracy"] == pytest.approx(0.5, abs=0.05)


def test_without_solutions_only_their_number_is_told_and_draws_repeat():
    *_, last = dataclasses.replace(SMALL, level=1e-6, steps=1).readings()
    assert last.values == {"solutions": 0.0, "tries": 10_000.0}
    one, two, three = (list(dataclasses.replace(SMALL, seed=seed).readings())[-1].values for seed in (1, 1, 2))
    assert one == two != three


def test_what_cannot_be_searched_is_refused():
    for bad in ({"level": 0.0}, {"width": 0}, {"solutions": 0}, {"steps": 0}, {"data": dataset("digits")}):
        with pytest.raises(BadInput, match="a search needs two classes"):
            dataclasses.replace(SMALL, **bad)
    with pytest.raises(BadInput, match="way must be one of 'gradient'"):
        dataclasses.replace(SMALL, way="genetic")
    with pytest.raises(BadInput, match="judged on test examples"):
        list(dataclasses.replace(SMALL, data=dataclasses.replace(DATA, test=0)).readings())
