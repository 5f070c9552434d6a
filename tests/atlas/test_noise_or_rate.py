"""The sharpness of two members is compared when each of them has the same loss."""

import math

import numpy as np
import pytest

from phenoscope.atlas.noise_or_rate.claims import comparisons
from phenoscope.comparisons import compared
from phenoscope.record import Record, Series


def member(name, steps, losses, sharpnesses):
    series = {"loss": losses, "sharpness": sharpnesses}
    made = {key: Series(np.array(steps), np.array(values, dtype=float)) for key, values in series.items()}
    return Record(name, {"seed": 0.0, "lr": 0.1}, made)


def test_members_are_compared_at_the_same_loss_not_at_the_same_step():
    slow = member("slow", [0, 80, 160, 240], [1.0, 0.5, 0.2, 0.1], [2, 8, 12, 20])
    fast = member("fast", [0, 10, 20, 30], [1.0, 0.3, 0.15, 0.05], [2, 4, 6, 5])
    for comparison in comparisons(0.2):
        found = compared(comparison, (slow, fast), ({}, {})).series["sharpness ratio"]
        assert found.values.tolist() == pytest.approx([12 / 6])


def test_a_member_that_never_has_that_loss_gives_no_number():
    one = member("one", [0, 10], [1.0, 0.5], [2, 4])
    found = compared(comparisons(0.2)[0], (one, one), ({}, {})).series["sharpness ratio"]
    assert math.isnan(found.values[0])
