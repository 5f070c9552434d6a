"""What is read of a network beside its linearisation."""

import numpy as np
import pytest

from phenoscope.atlas import find
from phenoscope.atlas.kernel_and_network_part.claims import lead
from phenoscope.comparisons import Kept
from phenoscope.record import Record, Series


def kept(*accuracies):
    values = np.array(accuracies)
    return Kept({}, Record("by hand", {"seed": 0}, {"test accuracy": Series(30 * np.arange(len(values)), values)}))


def test_the_lead_is_that_of_the_network_at_the_second_reading_and_the_last_that_both_have():
    found = lead(kept(0.1, 0.3, 0.5, 0.9), kept(0.1, 0.35, 0.4))
    assert found == {"early lead": pytest.approx(-0.05), "late lead": pytest.approx(0.1)}


def test_forks_of_the_frozen_network_stay_with_its_features():
    arms = {arm.name: arm.recipe for arm in find("kernel_and_network_part").arms}
    late, frozen = arms["linearised later"], arms["linearised later, from that"]
    assert late.dynamics == frozen.dynamics == "linearised"
    assert late.start.recipe.dynamics == "network"
    assert frozen.start.recipe.dynamics == "linearised"
