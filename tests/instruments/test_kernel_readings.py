"""What is read from kernels, by hand and by other routes."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

from oracles import drawn, mlp, normal
from phenoscope.core.errors import BadInput
from phenoscope.instruments import (
    conjugate_kernel,
    effective_rank,
    empirical_ntk,
    kernel_alignment,
    kernel_change,
    kernel_distance,
    kernel_modes,
)


def positive(n: int, seed: int) -> torch.Tensor:
    root = normal(n, n + 2, seed=seed)
    return root @ root.T


def test_distance_and_change_by_hand():
    one = torch.diag(torch.tensor([3.0, 4.0]))
    other = torch.diag(torch.tensor([4.0, 3.0]))
    assert kernel_distance(one, other) == pytest.approx(1 - 24 / 25)
    assert kernel_change(one, other) == pytest.approx(math.sqrt(2) / 5)
    assert kernel_distance(one, 7 * one) == pytest.approx(0.0, abs=1e-15)
    assert kernel_change(one, 7 * one) == pytest.approx(6.0)  # what the distance does not see
    assert kernel_change(other, one) == kernel_change(one, other)
    assert kernel_change(one, 2 * one) != kernel_change(2 * one, one)
    shifted = one + 100.0
    assert kernel_distance(shifted, other + 100) < 1e-3  # one large number everywhere hides the rest
    centred = torch.tensor([[1.0, -1.0], [-1.0, 1.0]])
    assert kernel_distance(shifted, centred, centred=True) == pytest.approx(0.0, abs=1e-12)
    with pytest.raises(BadInput, match="compared entry by entry"):
        kernel_distance(one, torch.eye(3))


def test_a_kernel_that_is_not_finite_is_at_no_distance():
    one, other = torch.eye(2), torch.full((2, 2), math.nan)
    assert math.isnan(kernel_distance(one, other))
    assert math.isnan(kernel_alignment(other, torch.tensor([0, 1])))


@given(st.integers(2, 6), st.integers(0, 50), st.floats(0.1, 9.0))
@settings(max_examples=30, deadline=None)
def test_distances_are_from_0_to_1_and_know_no_scale(n, seed, scale):
    one, other = positive(n, seed), positive(n, seed + 100)
    found = kernel_distance(one, other)
    assert 0 <= found <= 1
    assert kernel_distance(scale * one, other) == pytest.approx(found, abs=1e-12)
    assert kernel_distance(other, one) == pytest.approx(found, abs=1e-12)
    assert 1 - 1e-9 <= effective_rank(one) <= n + 1e-9
    assert effective_rank(scale * one) == pytest.approx(effective_rank(one))


def test_alignment_against_centred_features():
    """The cosine of the covariance operators, from features whose means were taken out by hand."""
    features, labels = normal(7, 3), torch.tensor([0, 2, 1, 1, 0, 2, 2])
    hot = torch.nn.functional.one_hot(labels).double()
    a, b = features - features.mean(0), hot - hot.mean(0)
    expected = (a.T @ b).square().sum() / ((a.T @ a).norm() * (b.T @ b).norm())
    kernel = features @ features.T
    assert kernel_alignment(kernel, labels) == pytest.approx(float(expected))
    assert kernel_alignment(kernel, hot) == pytest.approx(float(expected))
    plain = (features.T @ hot).square().sum() / ((features.T @ features).norm() * (hot.T @ hot).norm())
    assert kernel_alignment(kernel, labels, centred=False) == pytest.approx(float(plain))
    numbers = normal(7, seed=4)
    assert kernel_alignment(torch.outer(numbers, numbers), numbers) == pytest.approx(1.0)
    assert kernel_alignment(torch.ones(3, 3), torch.tensor([0, 1, 0])) == 0.0
    assert kernel_alignment(torch.ones(3, 3), torch.tensor([0, 1, 0]), centred=False) > 0.5
    with pytest.raises(BadInput, match='outputs="trace"'):
        kernel_alignment(torch.ones(3, 3, 2, 2), torch.tensor([0, 1, 0]))


def test_rank_counts_directions_that_matter():
    assert effective_rank(torch.diag(torch.tensor([1.0, 1.0, 1.0, 0.0]))) == pytest.approx(3.0)
    values = torch.tensor([3.0, 1.0])
    assert effective_rank(torch.diag(values)) == pytest.approx(16 / 10)
    with pytest.raises(BadInput, match="square kernel"):
        effective_rank(torch.ones(2, 3))


def test_modes_take_the_kernel_apart_and_a_target_too():
    kernel, targets = positive(5, 3), normal(5, 2)
    found = kernel_modes(kernel, targets)
    assert_close(found.vectors @ torch.diag(found.eigenvalues) @ found.vectors.T, kernel)
    assert_close(found.vectors @ found.projections, targets)
    assert bool((found.eigenvalues.diff() <= 0).all())
    assert found.residual < 1e-14
    assert kernel_modes(kernel, targets[:, 0]).projections.shape == (5, 1)
    with pytest.raises(BadInput, match="n rows"):
        kernel_modes(kernel, targets[:3])


def test_the_conjugate_kernel_is_the_readouts_part_of_the_tangent_kernel():
    model, x = mlp(), normal(6, 4)
    hidden = torch.tanh(model[0](x)).detach()
    assert_close(conjugate_kernel(model, x), hidden @ hidden.T)
    assert_close(conjugate_kernel(model, x[:2], x[2:]), (hidden @ hidden.T)[:2, 2:])
    part = empirical_ntk(model, x, parameters=["2.weight"]).matrix
    assert_close(part[:, :, 1, 1], conjugate_kernel(model, x))
    assert not any(module._forward_pre_hooks for module in model.modules())
    spread = drawn(nn.Sequential(nn.Unflatten(1, (2, 2)), nn.Linear(2, 3), nn.Flatten(), nn.Linear(6, 1)))
    assert conjugate_kernel(spread, x).shape == (6, 6)
