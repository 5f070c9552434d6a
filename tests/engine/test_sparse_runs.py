"""Masks and points from other members: what they begin with is, to the bit, what those had."""

import dataclasses

import pytest
import torch

import phenoscope as ps
from phenoscope.engine import Serial
from phenoscope.engine.estimate import estimate
from phenoscope.engine.plans import waves
from phenoscope.store import read_member, read_point
from phenoscope.training import MASK, Adam, Inherited, Point, Rounds
from small import arm, phenomenon, recipe

SEARCH = recipe(rule=Adam(0.02), steps=13, pruning=Rounds(5, 4, 0.3, back=2))
DENSE = recipe(rule=Adam(0.02), steps=6)
ARMS = {
    "search": arm("search", SEARCH, keep=(2, 5, 9)),
    "ticket": arm("ticket", recipe(rule=Adam(0.02), mask=Inherited(SEARCH, 5)), sweep={"mask.found_at": (9, 13)}),
    "late": arm("late", recipe(rule=Adam(0.02), start=Point(DENSE, 3), mask=Inherited(SEARCH, 9))),
    "dense again": arm("dense again", recipe(rule=Adam(0.02), start=Point(SEARCH, 9))),
}


def points(out, done, name):
    folders = [out / "members" / member for member in next(a for a in done.arms if a.name == name).members]
    return [{kept: read_point(f, kept) for kept in ("initial", "final")} for f in folders], folders


def test_members_inherit_masks_and_points_from_two_others(tmp_path):
    made = phenomenon(*ARMS.values(), claims=())
    done = ps.run(made, seeds=2, out=tmp_path, jobs=1)
    found = {name: points(tmp_path, done, name) for name in ARMS}
    searches = found["search"][1]
    for row in range(2):
        masks = {at: read_point(searches[row], f"step {at}") for at in (2, 5, 9)}
        masks[13] = found["search"][0][row]["final"]
        first = found["search"][0][row]["initial"].point
        for place, at in enumerate((9, 13)):
            ticket = found["ticket"][0][2 * place + row]["initial"]
            kept = masks[at].memory[MASK]
            assert torch.equal(ticket.point, first * kept)
            assert torch.equal(ticket.memory[MASK], kept)
        assert int(masks[13].memory[MASK].sum()) < int(masks[9].memory[MASK].sum()) < 26
        assert torch.equal(masks[9].memory["sparse.point"], masks[2].point)
        dense = next(f for f in tmp_path.glob("members/*/points/step 3.safetensors") if row == seed_of(f)).parents[1]
        late = found["late"][0][row]["initial"]
        assert torch.equal(late.point, read_point(dense, "step 3").point * masks[9].memory[MASK])
        assert int(late.memory["count"]) == 3  # the rule goes on as well
        again = found["dense again"][0][row]
        assert torch.equal(again["initial"].point, masks[9].point)
        assert MASK not in again["initial"].memory
        assert (again["final"].point[~masks[9].memory[MASK]] != 0).any()


def seed_of(file):
    return read_member(file.parents[1]).seed


def test_a_search_comes_before_what_inherits_from_it():
    made = phenomenon(ARMS["ticket"], ARMS["late"], claims=())
    first, second = waves(made, (0, 1))
    assert {job.plan.recipe.steps for job in first} == {13, 6}
    assert all(job.masker is not None for job in second)
    assert [job.parent is not None for job in second] == 4 * [False] + 2 * [True]


class Stopped(Exception):
    pass


class Stopping(Serial):
    """Ends after so many member-steps, as if the process had been killed."""

    def __init__(self, after):
        self.after = after

    def run(self, cohorts, progress):
        def counted(steps):
            self.after -= steps
            if self.after < 0:
                raise Stopped

        super().run([dataclasses.replace(one, checkpoint_seconds=0.0) for one in cohorts], counted)


@pytest.mark.parametrize("after", [7, 30])
def test_what_was_cut_off_goes_on_under_its_mask(tmp_path, monkeypatch, after):
    monkeypatch.setattr("phenoscope.engine.recording.REPORT_SECONDS", -1.0)
    made = phenomenon(ARMS["search"], ARMS["ticket"], claims=())
    whole = ps.run(made, seeds=2, out=tmp_path / "whole", jobs=1)
    with pytest.raises(Stopped):
        ps.run(made, seeds=2, out=tmp_path / "cut", executor=Stopping(after))
    cut = ps.run(made, seeds=2, out=tmp_path / "cut", jobs=1)
    for name in ("search", "ticket"):
        ends = (points(tmp_path / place, done, name)[0] for place, done in (("whole", whole), ("cut", cut)))
        for one, two in zip(*ends, strict=True):
            assert torch.equal(one["final"].point, two["final"].point)
            assert torch.equal(one["final"].memory[MASK], two["final"].memory[MASK])


def test_the_cost_of_inheriting_is_foretold(tmp_path):
    made = phenomenon(ARMS["search"], ARMS["late"], claims=())
    foretold = estimate(made, (0,), tmp_path, 1)
    assert foretold.steps == 13 + 6 + 6
