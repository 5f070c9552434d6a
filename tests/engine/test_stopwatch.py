"""The stopwatch against a clock that the contenders move themselves."""

import time

import numpy as np
import pytest

from phenoscope.engine.stopwatch import MOST_CALLS, TURN, Spread, interleaved, ratios, spread


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still unless it is pushed: `clock[0] += seconds`."""
    now = [100.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    return now


def taking(clock, *seconds):
    """A call that takes these seconds, one after the other, the last for ever."""
    left = list(seconds)

    def call():
        clock[0] += left.pop(0) if len(left) > 1 else left[0]

    return call


def test_contenders_take_turns_and_the_first_round_does_not_count(clock):
    order = []
    calls = {"a": taking(clock, 50.0, 1.0, 2.0, 3.0), "b": taking(clock, 70.0, 10.0)}
    times = interleaved(calls, seconds=100.0, before=order.append)
    assert times == {"a": [1.0, 2.0, 3.0], "b": [10.0, 10.0, 10.0]}
    assert order == ["a", "b"] * 4


def test_what_comes_before_is_not_timed(clock):
    def before(name):
        clock[0] += 1000.0

    assert interleaved({"a": taking(clock, 1.0)}, seconds=0.0, before=before, fewest=2)["a"] == [1.0, 1.0]


def test_rounds_go_on_while_there_is_time(clock):
    assert len(interleaved({"a": taking(clock, 1.0)}, seconds=9.5)["a"]) == 9
    assert len(interleaved({"a": taking(clock, 1.0)}, seconds=1e9, most=7)["a"]) == 7


def test_two_rounds_are_enough_when_time_is_long_gone(clock):
    assert len(interleaved({"a": taking(clock, 1.0)}, seconds=0.5, fewest=5)["a"]) == 2
    assert len(interleaved({"a": taking(clock, 1.0)}, seconds=3.0, fewest=5)["a"]) == 5


def test_a_quick_call_is_repeated_in_its_turn(clock):
    counted = []

    def quick():
        counted.append(1)
        clock[0] += TURN / 10

    (taken,) = interleaved({"a": quick}, seconds=0.0, fewest=1)["a"]
    assert len(counted) == 1 + 10
    assert taken == pytest.approx(TURN / 10)


def test_a_call_without_time_is_not_repeated_for_ever(clock):
    counted = []
    interleaved({"a": lambda: counted.append(1)}, seconds=-1.0, fewest=1)
    assert len(counted) == 1 + MOST_CALLS


def test_a_turn_ends_early_where_the_first_call_was_a_lucky_one(clock):
    counted = []

    def call():
        counted.append(1)
        clock[0] += TURN / 100 if len(counted) == 1 else TURN

    (taken,) = interleaved({"a": call}, seconds=0.0, fewest=1)["a"]
    assert len(counted) in (1 + 3, 1 + 4)  # by rounding
    assert taken == pytest.approx(TURN)


def test_quartiles_are_numpys():
    values = [5.0, 1.0, 4.0, 2.0, 8.0, 9.0]
    assert spread(values) == Spread(*np.quantile(values, [0.25, 0.5, 0.75]))


def test_ratios_are_taken_in_the_same_round():
    """A machine that slows down by ten changes every time, and no ratio."""
    assert ratios([2.0, 20.0, 200.0], [1.0, 10.0, 100.0]) == Spread(2.0, 2.0, 2.0)
