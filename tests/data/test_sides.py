"""Two sides of a source's classes: numbers for labels, and nothing else changed."""

import pytest
import torch

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.data import IDX, Dataset, Digits, GaussianClusters, Sides, SparseRegression
from phenoscope.data.examples import Examples, Pool


def test_each_label_has_its_side_and_the_others_are_left_out():
    whole = Digits().load(torch.Generator()).train
    found = Sides(Digits(), plus=(8, 1), minus=(3,)).load(torch.Generator()).train
    kept = (whole.targets == 8) | (whole.targets == 1) | (whole.targets == 3)
    assert torch.equal(found.inputs, whole.inputs[kept])
    assert torch.equal(found.targets, torch.where(whole.targets[kept] == 3, -1.0, 1.0))
    assert not found.classified


def test_label_zero_counts_and_the_official_test_part_is_told_too():
    class Both:
        shape, classes = (1,), 3

        def load(self, generator):
            examples = Examples(torch.arange(6.0)[:, None], torch.tensor([0, 1, 2, 0, 1, 2]))
            return Pool(examples, examples.take(torch.tensor([0, 1, 5])), 3)

    pool = Sides(Both(), plus=(0,), minus=(2,)).load(torch.Generator())
    assert pool.train.targets.tolist() == [1.0, -1.0, 1.0, -1.0]
    assert pool.test is not None
    assert pool.test.targets.tolist() == [1.0, -1.0]
    assert (pool.classes, Sides(IDX("mnist"), (1,), (2,)).shape) == (1, IDX("mnist").shape)


def test_a_draw_of_them_is_a_regression():
    data = Dataset(Sides(GaussianClusters(3, 4, 2.0, 60), (0, 1), (2,)), train=20)
    drawn = data.draw(stream(0, "data"))
    assert (data.outputs, len(drawn.train), set(drawn.train.targets.tolist())) == (1, 20, {1.0, -1.0})


@pytest.mark.parametrize(
    ("plus", "minus"), [((), (1,)), ((1,), ()), ((1,), (1,)), ((1, 1), (2,)), ((10,), (1,)), ((-1,), (1,))]
)
def test_sides_that_are_none_are_refused(plus, minus):
    with pytest.raises(BadInput, match="two sides need different labels from 0 to 9"):
        Sides(Digits(), plus, minus)


def test_a_regression_has_no_labels_to_take_sides():
    with pytest.raises(BadInput, match="two sides need different labels from 0 to 0"):
        Sides(SparseRegression(3, 1, 10), (0,), (0,))
