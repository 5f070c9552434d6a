"""The least nuclear norm against closed forms, a factored problem and its own proof; the velocity of products."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from torch.testing import assert_close

from phenoscope.core.errors import BadInput
from phenoscope.instruments import rotation
from phenoscope.theory import end_to_end_velocity, least_nuclear_norm, nuclear_norm


def problem(seed, rows=5, columns=4, rank=1, share=0.6):
    rng = np.random.default_rng(seed)
    target = rng.normal(size=(rows, rank)) @ rng.normal(size=(rank, columns))
    return target, rng.random((rows, columns)) < share


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 6), st.integers(2, 6))
def test_its_entries_are_those_observed_and_its_norm_is_proved(seed, rows, columns):
    target, seen = problem(seed, rows, columns, 2)
    found = least_nuclear_norm(target, seen, tol=1e-5)
    np.testing.assert_array_equal(found.matrix[seen], target[seen])
    assert found.value == pytest.approx(nuclear_norm(found.matrix))
    assert found.bound <= found.value * (1 + 1e-12)
    assert found.gap <= 1e-5
    for trial in range(20):  # whatever stands in the open entries, the norm is not below the bound
        other = np.where(seen, target, found.matrix + 0.1 * np.random.default_rng(trial).normal(size=target.shape))
        assert nuclear_norm(other) >= found.bound * (1 - 1e-9)


def test_it_is_the_least_sum_of_squares_of_two_factors():
    """‖W‖ nuclear is the least (‖A‖² + ‖B‖²)/2 with W = AB: a general solver on the factors comes to the same value."""
    target, seen = problem(3, 4, 4)

    def entries(x):
        return (x[:16].reshape(4, 4) @ x[16:].reshape(4, 4))[seen] - target[seen]

    starts = np.random.default_rng(0).normal(size=(3, 32))
    values = [
        minimize(lambda x: x @ x / 2, start, constraints={"type": "eq", "fun": entries}, method="SLSQP",
                 options={"maxiter": 2000, "ftol": 1e-12}).fun for start in starts
    ]  # fmt: skip
    assert least_nuclear_norm(target, seen).value == pytest.approx(min(values), rel=1e-4)


def test_closed_forms():
    target = np.diag([3.0, 1.0])
    everything = least_nuclear_norm(target, np.ones((2, 2), dtype=bool))
    assert (everything.value, everything.gap) == (pytest.approx(4.0), pytest.approx(0.0, abs=1e-9))
    nothing = least_nuclear_norm(target, np.zeros((2, 2), dtype=bool))
    assert (nothing.value, nothing.gap) == (0.0, 0.0)
    # one open entry a: of [[a, t], [t, t²]] with t = 2 the least has rank 1, at a = 1; of t = ½ it is a = 1, too
    for t in (0.5, 2.0):
        corner = least_nuclear_norm(np.array([[9.0, t], [t, t * t]]), np.array([[False, True], [True, True]]))
        grid = [nuclear_norm(np.array([[a, t], [t, t * t]])) for a in np.linspace(-2, 3, 2001)]
        assert corner.value == pytest.approx(min(grid), rel=1e-4)
    for wrong in ({"observed": np.ones((2, 3))}, {"observed": np.ones((2, 2)), "tol": 0.0}):
        with pytest.raises(BadInput, match="a completion needs a matrix"):
            least_nuclear_norm(target, **wrong)


def balanced(weights, depth):
    """Factors of W with equal singular values, from its decomposition."""
    left, values, right = torch.linalg.svd(weights, full_matrices=False)
    root = torch.diag(values ** (1 / depth))
    return [left @ root, *(root.clone() for _ in range(depth - 2)), root @ right]


@pytest.mark.parametrize("depth", [2, 3, 4])
@pytest.mark.parametrize("shape", [(3, 3), (4, 3), (2, 5)], ids=str)
def test_the_velocity_is_that_of_balanced_factors(depth, shape):
    """Each factor goes down its own gradient, by autograd; what each does to the product is added up."""
    generator = torch.Generator().manual_seed(depth)
    weights, target = (torch.randn(*shape, generator=generator, dtype=torch.float64) for _ in range(2))
    factors = [factor.requires_grad_() for factor in balanced(weights, depth)]
    gradients = torch.autograd.grad((torch.linalg.multi_dot(factors) - target).square().sum() / 2, factors)
    moved = torch.zeros_like(weights)
    for place, gradient in enumerate(gradients):
        changed = [factor.detach() for factor in factors]
        changed[place] = -gradient
        moved = moved + torch.linalg.multi_dot(changed)
    assert_close(end_to_end_velocity(weights, weights - target, depth=depth), moved, rtol=1e-9, atol=1e-11)


def test_the_velocity_needs_a_depth():
    assert torch.equal(end_to_end_velocity(torch.eye(2), torch.ones(2, 2), depth=1), -torch.ones(2, 2))
    with pytest.raises(BadInput, match="at least 1 layer"):
        end_to_end_velocity(torch.eye(2), torch.ones(2, 2), depth=0)


def velocity(depth):
    target = torch.randn(3, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return lambda flat: end_to_end_velocity(flat.reshape(3, 3), flat.reshape(3, 3) - target, depth=depth).flatten()


def test_rotation_is_the_antisymmetric_share_of_a_jacobian_by_differences():
    point = torch.randn(9, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    for depth in (1, 2, 3):
        field, found = velocity(depth), rotation(velocity(depth), point)
        step = 1e-5 * torch.eye(9, dtype=torch.float64)
        jacobian = torch.stack([(field(point + each) - field(point - each)) / 2e-5 for each in step], dim=1)
        share = ((jacobian - jacobian.mT) / 2).norm() / jacobian.norm()
        assert found.value == pytest.approx(float(share), abs=1e-7)
        assert (found.value == 0) == (depth == 1)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_gradient_fields_do_not_turn_and_every_share_lies_between_0_and_1(seed):
    generator = torch.Generator().manual_seed(seed)
    matrix, point = (torch.randn(*size, generator=generator, dtype=torch.float64) for size in ((4, 4), (4,)))
    assert rotation(torch.func.grad(lambda w: torch.cosh(matrix @ w).log().sum()), point).value < 1e-12
    assert 0 < rotation(lambda w: matrix @ w, point).value < 1
    assert rotation(lambda w: 0 * w, point).value == 0


def test_what_is_no_field_is_refused():
    point = torch.ones(3, dtype=torch.float64)
    with pytest.raises(BadInput, match="as many velocities as there are coordinates, 3"):
        rotation(lambda w: w[:2], point)
    with pytest.raises(BadInput, match="no finite Jacobian"):
        rotation(lambda w: (w - 1).abs().sqrt(), point)
