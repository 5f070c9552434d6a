"""Planting and leaving out: what is bright, what stays, and that all variants start from one draw."""

import pytest
import torch

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.core.specs import from_json, to_json
from phenoscope.data import Dataset, Digits, Planted

PLAIN = Dataset(Digits(), train=200, test=50, flat=True)


def drawn(keep="all", seed=0, **options):
    return Planted(PLAIN, **({"pair": (3, 8), "count": 7, "strength": 4.0, "keep": keep} | options)).draw(
        stream(seed, "data")
    )


def test_some_of_two_classes_get_bright_and_nothing_else_changes():
    plain, planted = PLAIN.draw(stream(0, "data")), drawn()
    groups = planted.groups
    assert torch.equal(planted.train.targets, plain.train.targets)
    assert [int((groups == i).sum()) for i in (0, 1, 2)] == [186, 7, 7]
    assert set(planted.train.targets[groups == 1].tolist()) == {3}
    assert set(planted.train.targets[groups == 2].tolist()) == {8}
    torch.testing.assert_close(planted.train.inputs, plain.train.inputs + 4.0 * (groups > 0)[:, None])
    assert torch.equal(planted.test.inputs, plain.test.inputs)
    assert plain.groups is None


def test_left_out_are_the_planted_or_as_many_others():
    whole, without, others = (drawn(keep) for keep in ("all", "without planted", "without others"))
    assert len(without.train) == len(others.train) == 186
    assert torch.equal(without.train.inputs, whole.train.inputs[whole.groups == 0])
    assert not without.groups.any()
    for seed in range(4):  # by chance alone one of them might stay
        groups = drawn("without others", seed=seed).groups
        assert [int((groups == i).sum()) for i in (1, 2)] == [7, 7]
    rows = {tuple(row) for row in whole.train.inputs.tolist()}
    assert all(tuple(row) in rows for row in others.train.inputs.tolist())


def test_equal_generators_draw_alike_and_others_otherwise():
    assert torch.equal(drawn().groups, drawn().groups)
    assert torch.equal(drawn("without others").train.inputs, drawn("without others").train.inputs)
    assert not torch.equal(drawn().groups, drawn(seed=1).groups)


def test_sizes_are_known_without_drawing():
    made = Planted(PLAIN, (3, 8), 7, 4.0, "without planted")
    assert (made.train, made.shape, made.outputs) == (186, (64,), 10)
    assert (Planted(PLAIN, (3, 8), 7, 4.0).train, Planted(Dataset(Digits()), (3, 8), 7, 4.0).train) == (200, None)
    assert from_json(to_json(made)) == made


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"pair": (3, 3)}, "each of two classes out of 10"),
        ({"pair": (3, 10)}, r"pair=\(3, 10\)"),
        ({"count": 0}, "got count=0"),
        ({"keep": "none"}, "keep must be one of"),
        ({"count": 100}, "100 examples of class 3 are to be planted, but there are"),
    ],
)
def test_mistakes_are_refused(options, says):
    with pytest.raises(BadInput, match=says):
        drawn(**options)
