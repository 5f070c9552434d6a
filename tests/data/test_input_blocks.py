"""Two blocks that tell the class: each by a rule written out here, and nothing else in them does."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.core.specs import from_json, to_json
from phenoscope.data import Dataset, Digits, Slabs, Source, TwoDigits


@settings(max_examples=25, deadline=None)
@given(st.sampled_from([3, 5, 7]), st.floats(0.01, 0.12), st.integers(0, 3), st.integers(0, 2**30))
def test_both_entries_tell_the_class_with_their_margins(slabs, margin, noise, seed):
    source = Slabs(slabs, margin, noise, examples=300)
    pool = source.load(stream(seed, "source"))
    x, labels = pool.train.inputs.double(), pool.train.targets
    assert isinstance(source, Source)
    assert (tuple(x.shape), pool.classes, pool.test) == ((300, 2 + noise), 2, None)
    assert torch.equal(x[:, 0] > 0, labels.bool())
    assert x[:, 0].abs().min() >= margin - 1e-6
    assert x.abs().max() <= 1 + 1e-6
    # the places of the slabs, by cutting [-1, 1 + 2 margin] into equal pieces
    pitch = (2 + 2 * margin) / slabs
    place = ((x[:, 1] + 1) / pitch).floor()
    assert torch.equal(place.long() % 2, labels)
    assert ((x[:, 1] + 1) - place * pitch).max() <= pitch - 2 * margin + 1e-6  # none in the gaps


def test_slabs_are_even_and_an_odd_number_of_them_tells_a_line_nothing():
    pool = Slabs(5, 0.1, 1, examples=40_000).load(stream(1, "source"))
    x, signs = pool.train.inputs.double(), 2 * pool.train.targets.double() - 1
    assert (signs @ x[:, 0]).item() / 40_000 == pytest.approx(0.55, abs=0.01)  # the mean of |x| on [0.1, 1]
    for entry in (1, 2):
        assert abs((signs @ x[:, entry]).item()) / 40_000 < 4 / 200  # four standard errors
    counts = ((x[:, 1] + 1) / 0.44).floor().long().bincount(minlength=5) / 40_000
    assert counts.tolist() == pytest.approx([1 / 6, 1 / 4, 1 / 6, 1 / 4, 1 / 6], abs=0.01)
    # given the class, the entries say nothing of each other
    for label in (0, 1):
        rows = x[pool.train.targets == label]
        assert torch.corrcoef(rows.T)[0, 1].abs() < 4 / 140


@pytest.mark.parametrize("right", [0.0, 0.5, 0.9])
def test_the_first_block_misleads_in_as_many_examples_as_asked(right):
    slabs = Slabs(right=right, examples=4000).load(stream(2, "source")).train
    share = ((slabs.inputs[:, 0] > 0) == slabs.targets.bool()).double().mean().item()
    assert share == pytest.approx(right, abs=4 * 0.5 / 4000**0.5)
    assert torch.equal(((slabs.inputs[:, 1] + 1) / 0.44).floor().long() % 2, slabs.targets)  # the second one never


def lookup():
    """The label of every scan by its entries; equal scans have equal labels."""
    scans = Digits().load(stream(0)).train
    return {tuple(row.tolist()): int(label) for row, label in zip(scans.inputs, scans.targets, strict=True)}


@pytest.mark.parametrize("right", [1.0, 0.75])
def test_pairs_of_digits_are_scans_of_their_classes(right):
    digit = lookup()
    pool = TwoDigits(right=right).load(stream(3, "source"))
    seen = []
    for part in (pool.train, pool.test):
        first = torch.tensor([digit[tuple(row.tolist())] for row in part.inputs[:, :64]])
        second = torch.tensor([digit[tuple(row.tolist())] for row in part.inputs[:, 64:]])
        assert set(first.tolist()) == {0, 1}
        assert torch.equal(second % 2, part.targets)
        assert (first == part.targets).double().mean().item() == pytest.approx(right, abs=0.08 if right < 1 else 0)
        seen.append([{tuple(row.tolist()) for row in block} for block in part.inputs.split(64, dim=1)])
    assert (len(pool.train), len(pool.test)) == (1198, 599)
    for block in range(2):
        assert not seen[0][block] & seen[1][block]  # no scan is in both parts
    assert len(seen[0][1]) == 1198


def test_other_digits_may_be_chosen_and_draws_repeat():
    source = TwoDigits(easy=((2,), (3,)), hard=((4, 5), (9,)))
    one, two = (Dataset(source, train=100).draw(stream(4, "data")) for _ in range(2))
    assert torch.equal(one.train.inputs, two.train.inputs)
    assert (len(one.train), one.classes, tuple(one.train.inputs.shape)) == (100, 2, (100, 128))
    assert from_json(to_json(source)) == source
    assert from_json(to_json(Slabs())) == Slabs()


def test_what_makes_no_blocks_is_refused():
    for bad in ({"slabs": 4}, {"slabs": 1}, {"margin": 0.25}, {"margin": 0.0}):
        with pytest.raises(BadInput, match="slabs are an odd number of at least 3"):
            Slabs(**bad)
    with pytest.raises(BadInput, match="no negative number of noise entries"):
        Slabs(noise=-1)
    for kind in (Slabs, TwoDigits):
        with pytest.raises(BadInput, match="`right` is a share"):
            kind(right=1.5)
    for sides in (((0,), (0, 1)), ((), (1,)), ((0,), (10,))):
        with pytest.raises(BadInput, match="`easy` names different digits"):
            TwoDigits(easy=sides)


def test_the_first_scan_may_be_stronger_and_training_examples_may_have_one_scan_each():
    plain, changed = (
        TwoDigits(**options).load(stream(3, "source")) for options in ({}, {"strength": 3.0, "apart": True})
    )
    assert torch.equal(changed.train.targets, plain.train.targets)
    first, second = changed.train.inputs.split(64, dim=1)
    assert torch.equal(first[0::2], 3 * plain.train.inputs[0::2, :64])
    assert torch.equal(second[1::2], plain.train.inputs[1::2, 64:])
    assert not first[1::2].any()
    assert not second[0::2].any()
    assert torch.equal(changed.test.inputs[:, :64], 3 * plain.test.inputs[:, :64])
    assert torch.equal(changed.test.inputs[:, 64:], plain.test.inputs[:, 64:])
    with pytest.raises(BadInput, match="strength of the first scan is positive"):
        TwoDigits(strength=0.0)
