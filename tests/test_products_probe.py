"""The sharpness at which gradient flow would end, read along training."""

import dataclasses

import pytest
import torch
from torch.testing import assert_close

from phenoscope.core.errors import BadInput
from phenoscope.data import Dataset, One
from phenoscope.models import Product
from phenoscope.objective import SquaredError
from phenoscope.probes import FlowSharpness, read
from phenoscope.theory import flow_sharpness
from phenoscope.training import GradientDescent, Recipe, train
from small import recipe

DESCENT = Recipe(
    Dataset(One(), scaling="none"),
    Product((2, 2), 44.0, 60.0),
    SquaredError(),
    GradientDescent(0.05),
    40,
    dtype="float64",
)


def test_it_is_that_of_the_points_and_falls():
    probe, memory, series = FlowSharpness((2, 2), every=5), [None], {}
    for state in train([dataclasses.replace(DESCENT, seed=seed) for seed in (0, 1)]):
        rows, memory = read((probe,), state, memory)
        if state.step % 5 == 0:
            expected = flow_sharpness(state.points, torch.tensor([2.0, 2.0]).double())
            assert_close(rows[0].values, expected)
        for row in rows:
            series.setdefault(row.name, []).append(row.values)
    assert len(series["flow sharpness"]) == 9
    found, rises = torch.stack(series["flow sharpness"]), torch.stack(series["flow sharpness rise"])
    assert_close(rises, found[1:] / found[:-1] - 1)
    assert bool((rises <= 1e-12).all())
    assert bool((rises[0] < -1e-6).all())


def test_another_model_is_refused():
    state = next(train([recipe()]))
    with pytest.raises(BadInput, match=r"powers \(2, 2\), got a model of 26 parameters"):
        FlowSharpness((2, 2)).update(state, None)
