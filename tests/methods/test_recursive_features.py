"""Recursive feature machines against dense regression, differentiation by PyTorch, and rotations."""

import dataclasses
import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.methods import Computation, RecursiveFeatures, recursive_features


def problem(n=40, d=4, k=2, seed=0):
    generator = stream(seed, "problem")
    x = torch.randn(n, d, generator=generator, dtype=torch.float64)
    return x, torch.stack([x[:, 0] * x[:, 1], x[:, 2].sin(), x[:, 3]], dim=1)[:, :k]


def test_each_round_is_ridge_regression_with_the_metric_written_out():
    x, y = problem()
    others = problem(seed=1)[0]
    for predictor in recursive_features(x, y, rounds=3, bandwidth=2.5, ridge=0.02):
        m = predictor.metric.numpy()

        def kernel(a, b, m=m):
            gap = a[:, None].numpy() - b[None].numpy()
            return np.exp(-np.sqrt(np.einsum("ijk,kl,ijl->ij", gap, m, gap).clip(0)) / 2.5)

        alpha = np.linalg.solve(kernel(x, x) + 0.02 * np.eye(len(x)), (y - y.mean(0)).numpy())
        expected = kernel(others, x) @ alpha + y.mean(0).numpy()
        assert_close(predictor(others), torch.from_numpy(expected), rtol=1e-7, atol=1e-9)


def test_the_next_metric_is_the_mean_outer_product_of_gradients_by_autograd():
    x, y = problem(n=25)
    found = recursive_features(x, y, rounds=2, bandwidth=3.0, ridge=0.05)
    assert torch.equal(found[0].metric, torch.eye(4, dtype=torch.float64))
    for before, after in itertools.pairwise(found):
        total = torch.zeros(4, 4, dtype=torch.float64)
        for point in x:

            def smooth(at, before=before, point=point):
                gap = at - before.centres
                squared = ((gap @ before.metric) * gap).sum(1)
                own = (before.centres == point).all(1)  # whose kernel has a cusp here
                values = torch.exp(-torch.where(own, 1.0, squared).sqrt() / before.bandwidth)
                return torch.where(own, 1.0, values) @ before.weights

            jac = torch.autograd.functional.jacobian(smooth, point)
            total += jac.mT @ jac
        total /= len(x)
        assert_close(before.gradient_outer_product(x), total, rtol=1e-8, atol=1e-12)
        assert_close(after.metric, 4 * total / total.trace(), rtol=1e-7, atol=1e-10)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 1000), st.floats(0.1, 10.0))
def test_rotated_inputs_have_the_rotated_metric_and_scaled_targets_the_same(seed, scale):
    x, y = problem(n=20, d=4, k=1, seed=seed)
    turn = torch.linalg.qr(torch.randn(4, 4, generator=stream(seed, "turn"), dtype=torch.float64))[0]
    plain = recursive_features(x, y, rounds=2, bandwidth=3.0)[-1].metric
    turned = recursive_features(x @ turn, scale * y[:, 0], rounds=2, bandwidth=3.0)[-1].metric
    assert_close(turned, turn.mT @ plain @ turn, rtol=1e-5, atol=1e-6)


def test_a_small_ridge_fits_the_targets_and_constant_ones_teach_no_direction():
    x, y = problem()
    last = recursive_features(x, y, rounds=1, ridge=1e-9)[-1]
    assert_close(last(x), y, rtol=1e-5, atol=1e-5)
    flat = recursive_features(x, torch.full((len(x),), 3.0), rounds=2)[-1]
    assert torch.equal(flat.metric, torch.eye(4, dtype=torch.float64))
    assert_close(flat(x), torch.full((len(x), 1), 3.0, dtype=torch.float64))


def test_what_does_not_fit_is_refused():
    x, y = problem()
    for inputs, targets in ((x[0], y), (x, y[1:]), (x * torch.inf, y), (x, y[:, :, None])):
        with pytest.raises(BadInput, match="need finite inputs"):
            recursive_features(inputs, targets)
    for wrong in ({"rounds": -1}, {"bandwidth": 0.0}, {"ridge": -1.0}):
        with pytest.raises(BadInput, match="positive bandwidth and ridge"):
            recursive_features(x, y, **wrong)
    for wrong in ({"dimensions": 2}, {"examples": 1}, {"steps": 0}, {"ridge": 0.0}):
        with pytest.raises(BadInput, match="at least 3 dimensions"):
            RecursiveFeatures(**wrong)
    with pytest.raises(BadInput, match="target"):
        RecursiveFeatures(target="sum")


def test_the_computation_finds_the_two_inputs_and_only_where_there_are_two():
    made = RecursiveFeatures(dimensions=8, examples=150, steps=3)
    assert isinstance(made, Computation)
    found = list(made.readings())
    assert [each.step for each in found] == [0, 1, 2, 3]
    assert found[0].values["share of the metric"] == pytest.approx(2 / 8)
    assert found[-1].values["share of the metric"] > 0.9
    assert found[-1].values["test error"] < 0.3 * found[0].values["test error"]
    assert set(made.units) == set(found[0].values)
    length = list(dataclasses.replace(made, target="length").readings())
    assert length[-1].values["share of the metric"] < 0.5
    again = list(made.readings())
    assert [each.values for each in again] == [each.values for each in found]
    assert next(dataclasses.replace(made, seed=1).readings()).values != found[0].values
