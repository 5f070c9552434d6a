"""What each of several processes gets of the data: every example once, and a sentence where there are too few."""

import dataclasses

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from phenoscope.core.errors import BadInput
from phenoscope.engine.together import share, together
from phenoscope.objective.processes import ALONE, Processes


@dataclasses.dataclass(frozen=True)
class One(Processes):
    """One of several processes that are not there."""

    place: int = 0
    of: int = 1

    @property
    def count(self):
        return self.of

    @property
    def rank(self):
        return self.place


def pair(examples):
    return torch.arange(3.0 * examples).reshape(examples, 3), torch.arange(examples)


@settings(deadline=None)
@given(examples=st.integers(1, 40), count=st.integers(2, 6))
def test_every_example_of_a_pair_goes_to_one_process(examples, count):
    if examples < count:
        with pytest.raises(BadInput, match=r"fewer examples .* than processes"):
            share(pair(examples), One(place=0, of=count), whole=True)
        return
    shares = [share(pair(examples), One(place=rank, of=count), whole=True) for rank in range(count)]
    for part, whole in zip(zip(*shares, strict=True), pair(examples), strict=True):
        assert_close(torch.cat(part), whole)
    sizes = [len(targets) for _, targets in shares]
    assert max(sizes) - min(sizes) <= 1


def test_batches_are_dealt_out_at_every_pass():
    batches = list("abcde")
    shares = [share(batches, One(place=rank, of=2), whole=False) for rank in (0, 1)]
    for _ in range(2):
        assert ["".join(part) for part in shares] == ["ace", "bd"]


def test_too_few_batches_are_refused():
    with pytest.raises(BadInput, match=r"fewer batches \(2\) than there are processes \(3\): make smaller batches"):
        list(share(["a", "b"], One(place=0, of=3), whole=False))


def test_one_process_has_everything():
    data = pair(3)
    with together() as processes:
        assert processes is ALONE
        assert share(data, processes, whole=True) is data
