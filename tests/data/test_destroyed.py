"""Images whose pixels are shuffled or drawn anew: what is left in them, and what is not."""

import pytest
import torch
from torch.testing import assert_close

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.core.specs import from_json, to_json
from phenoscope.data import IDX, Dataset, Destroyed, Digits, Source

PLAIN = Digits().load(stream(0)).train


def destroyed(how, seed=1):
    source = Destroyed(Digits(), how)
    assert isinstance(source, Source)
    assert from_json(to_json(source)) == source
    return source.load(stream(seed, "source")).train


def test_one_order_can_be_undone_by_one_order():
    found = destroyed("one order")
    # columns of the data set are told apart by their entries; constant ones are alike
    places = [(PLAIN.inputs == found.inputs[:, [k]]).all(dim=0).nonzero()[:, 0].tolist() for k in range(64)]
    assert all(places)
    assert {place for each in places for place in each} == set(range(64))
    assert [each != [k] for k, each in enumerate(places)].count(True) > 40
    assert torch.equal(found.targets, PLAIN.targets)


def test_in_its_own_order_an_image_keeps_its_values_and_nothing_else():
    found = destroyed("own order")
    assert torch.equal(found.inputs.sort(dim=1).values, PLAIN.inputs.sort(dim=1).values)
    assert_close(found.inputs.mean(dim=0), PLAIN.inputs.mean().expand(64), atol=0.05, rtol=0)  # five standard errors
    first = PLAIN.inputs[0]
    assert not torch.equal(found.inputs[0], first)
    moved = [(found.inputs[k] == PLAIN.inputs[k]).double().mean().item() for k in range(200)]
    assert sum(moved) / 200 < 0.45  # by chance, as half of the entries are 0


def test_gaussian_inputs_have_the_moments_and_tell_nothing():
    found = destroyed("gaussian")
    assert found.inputs.mean().item() == pytest.approx(PLAIN.inputs.mean().item(), abs=0.005)
    assert found.inputs.std().item() == pytest.approx(PLAIN.inputs.std().item(), rel=0.01)
    assert torch.corrcoef(found.inputs.T).fill_diagonal_(0).abs().max() < 0.12
    means = torch.stack([found.inputs[found.targets == k].mean(dim=0) for k in range(10)])
    assert means.std(dim=0).mean() < 0.04  # 0.37 / √180 = 0.028 where labels say nothing


def test_draws_repeat_and_other_seeds_differ():
    for how in ("one order", "own order", "gaussian"):
        assert torch.equal(destroyed(how).inputs, destroyed(how).inputs)
        assert not torch.equal(destroyed(how).inputs, destroyed(how, seed=2).inputs)
    drawn = Dataset(Destroyed(Digits(), "own order"), train=30, test=40).draw(stream(0, "data"))
    assert (len(drawn.train), len(drawn.test), drawn.classes) == (30, 40, 10)
    assert Destroyed(IDX("mnist"), "gaussian").shape == (28, 28)


def test_another_way_is_refused():
    with pytest.raises(BadInput, match="how must be one of 'gaussian', 'one order', 'own order'"):
        Destroyed(Digits(), "rotated")
