"""The dry run: what it counts is what a run does, and its seconds are of the right size."""

import dataclasses
import time
from typing import ClassVar

import pytest

import phenoscope as ps
from phenoscope.engine import estimate as module
from phenoscope.engine.computing import seconds_a_step
from phenoscope.engine.estimate import Cost, estimate
from phenoscope.methods import Found
from phenoscope.phenomenon import Plan
from phenoscope.probes import Loss, Mark, Sharpness
from phenoscope.training import Point
from small import Growth, arm, phenomenon, recipe

PARENT = recipe(steps=30)
MADE = phenomenon(
    arm("parent", PARENT, (Loss(), Sharpness(10)), marks=(Mark("m", "loss", 0.0),)),
    arm("fork", recipe(steps=5, start=Point(PARENT, "m"))),
    claims=(),
)


def test_it_counts_what_is_to_be_done_and_writes_nothing(tmp_path):
    found = estimate(MADE, (0, 1), tmp_path, 2)
    assert (found.members, found.finished, found.steps, found.jobs) == (4, 0, 70, 2)
    assert found.seconds > 0
    assert not list(tmp_path.iterdir())
    ps.run(MADE, seeds=1, out=tmp_path)
    found = estimate(MADE, (0, 1), tmp_path, 1)
    assert (found.members, found.finished, found.steps) == (4, 2, 35)
    ps.run(MADE, seeds=2, out=tmp_path)
    found = estimate(MADE, (0, 1), tmp_path, 1)
    assert (found.finished, found.steps, found.seconds) == (4, 0, 0.0)


@pytest.mark.parametrize(("jobs", "seconds"), [(1, 42.0 + 5), (2, 42.0 + 5)])
def test_a_cohort_is_not_shared_between_workers(tmp_path, monkeypatch, jobs, seconds):
    monkeypatch.setattr(module, "_timed", lambda group: Cost(0.0, 1.0, 3.0))
    # parents: 30 steps and 4 readings; then the forks, which wait for them: 5 steps
    assert estimate(MADE, (0, 1), tmp_path, jobs).seconds == seconds


def test_cohorts_of_one_wave_are_shared(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_timed", lambda group: Cost(1.0, 1.0, 0.0))
    made = phenomenon(*(arm(f"{steps}", recipe(steps=steps)) for steps in (10, 6, 4)), claims=())
    assert estimate(made, (0,), tmp_path, 1).seconds == 23
    assert estimate(made, (0,), tmp_path, 2).seconds == 12


def test_the_seconds_are_of_the_right_size(tmp_path):
    made = phenomenon(arm(made=recipe(steps=400), probes=(Loss(), Sharpness(10))), claims=())
    guessed = estimate(made, (0, 1), tmp_path, 1).seconds
    begun = time.perf_counter()
    ps.run(made, seeds=2, out=tmp_path, jobs=1)
    took = time.perf_counter() - begun
    assert took / 5 < guessed < took * 5


class Clock:
    """Time that passes only where it is told to."""

    def __init__(self, monkeypatch):
        self.now = 0.0
        monkeypatch.setattr(time, "perf_counter", lambda: self.now)


@pytest.mark.parametrize(("wait", "expected"), [(6.0, 1), (0.1, 5)])
def test_of_computations_that_say_all_at_their_end_one_is_timed(tmp_path, monkeypatch, wait, expected):
    """A sweep of five takes the time of one; quick ones are timed each for themselves."""
    clock, timed = Clock(monkeypatch), []

    def seconds(plan, enough):
        timed.append(plan.recipe.factor)
        clock.now += wait
        return 2.0

    monkeypatch.setattr(module, "seconds_a_step", seconds)
    made = phenomenon(arm("growth", Growth(), sweep={"factor": (0.5, 1.0, 1.5, 2.0, 2.5)}), claims=())
    assert estimate(made, (0, 1), tmp_path, 1).seconds == 10 * Growth().steps * 2.0
    assert len(timed) == expected


@dataclasses.dataclass(frozen=True)
class Waits:
    """A computation that waits before some of its steps, and a little before the others."""

    clock: Clock
    waits: dict[int, float]
    otherwise: float = 1e-6
    steps: int = 20
    seed: int = 0
    units: ClassVar[dict[str, str]] = {"x": "1"}

    def readings(self):
        for step in range(self.steps + 1):
            self.clock.now += self.waits.get(step, self.otherwise)
            yield Found(step, {"x": 0.0})


@pytest.mark.parametrize("first", [0, 1])
def test_readings_that_come_at_once_share_the_time(monkeypatch, first):
    made = Waits(Clock(monkeypatch), {first: 10.0})
    assert seconds_a_step(Plan(made, ()), 0.5) == pytest.approx(10.0 / 20, rel=1e-4)
    assert made.clock.now > 10.0 + 18e-6  # to the end


def test_readings_that_take_their_time_are_timed_for_as_long_as_is_allowed(monkeypatch):
    made = Waits(Clock(monkeypatch), {}, otherwise=0.1)
    assert seconds_a_step(Plan(made, ()), 0.5) == pytest.approx(0.1, rel=0.3)
    assert 0.5 < made.clock.now < 0.75
