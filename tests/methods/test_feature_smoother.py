"""Effective parameters against the answer of each prediction to each label, one at a time."""

import dataclasses

import numpy as np
import pytest
import torch

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.data import dataset
from phenoscope.methods import Computation, FeatureSmoother, RandomFeatures

MADE = FeatureSmoother(dataset("digits", train=20, test=30, flat=True, label_noise=0.2), 9, steps=1)


def last(made):
    *_, found = made.readings()
    return found.values


@pytest.mark.parametrize("changes", [{}, {"features": 50}, {"features": 50, "ridge": 0.1}], ids=str)
def test_by_changing_one_label_at_a_time(changes):
    made = dataclasses.replace(MADE, **changes)
    plain = RandomFeatures(made.data, made.features, steps=1)
    problem = plain.problem(made.data.draw(stream(0, "data")), stream(0, "features"))
    x = torch.as_tensor(problem.train)
    scale = made.ridge * torch.linalg.matrix_norm(x, 2) ** 2
    answers = []
    for place in range(20):
        label = torch.zeros(20, dtype=torch.float64)
        label[place] = 1.0
        if made.ridge:
            gram = x.T @ x + scale * torch.eye(made.features, dtype=torch.float64)
            weights = torch.linalg.solve(gram, x.T @ label)
        else:
            weights = torch.linalg.pinv(x) @ label
        answers.append(([*(problem.test @ weights.numpy())], [*(problem.train @ weights.numpy())]))
    there, here = (np.array([answer[part] for answer in answers]) for part in (0, 1))
    found = last(made)
    assert found["effective parameters"] == pytest.approx(20 * np.square(there).sum(axis=0).mean(), rel=1e-8)
    assert found["effective parameters in training"] == pytest.approx(np.square(here).sum(), rel=1e-8)
    if not made.ridge:
        assert found["effective parameters in training"] == pytest.approx(min(made.features, 20))
        assert found["test loss"] == pytest.approx(last(plain)["test loss"], rel=1e-8)


def test_what_makes_no_sense():
    assert isinstance(MADE, Computation)
    for bad in ({"ridge": -1.0}, {"features": 0}):
        with pytest.raises(BadInput):
            dataclasses.replace(MADE, **bad)
