"""Diagonal networks: the library's own module under PyTorch's descent, products kept and shrunken, ends foretold."""

import numpy as np
import pytest
import torch

from phenoscope.core.errors import BadInput
from phenoscope.methods import Computation, DiagonalDescent
from phenoscope.models import DiagonalLinear
from phenoscope.theory import HyperbolicEntropy, nearest_interpolant, shortest_interpolant

SMALL = {"examples": 8, "inputs": 16, "support": 2, "steps": 10}


def last(made):
    *_, found = made.readings()
    return found.values


def test_it_is_the_module_under_plain_descent():
    made = DiagonalDescent(0.3, rate=0.02, **SMALL)
    x, y, truth = (torch.from_numpy(part) for part in made.problem())
    build = DiagonalLinear(0.3).build(torch.Generator(), inputs=(16,), outputs=1, dtype=torch.float64)
    optimizer = torch.optim.SGD(build.parameters(), lr=0.02)
    errors = []
    for step in range(1, 65):
        optimizer.zero_grad()
        ((build(x)[:, 0] - y).square().mean() / 2).backward()
        optimizer.step()
        if step & (step - 1) == 0:
            errors.append(((build.u.square() - build.v.square() - truth).norm() / truth.norm()).item())
    found = [each.values["error"] for each in made.readings()]
    np.testing.assert_allclose(found[:7], errors, rtol=1e-10)


@pytest.mark.parametrize("scale", [0.05, 0.5, 2.0])
def test_small_steps_end_where_the_start_foretells(scale):
    made = DiagonalDescent(scale, rate=0.004, **SMALL | {"steps": 14})
    found = last(made)
    assert found["relative loss"] < 1e-6
    assert found["distance to foretold"] < 0.01
    x, y, truth = made.problem()
    wrong = nearest_interpolant(x, y, HyperbolicEntropy(scale), np.zeros(16)).point  # α in place of α²
    right = nearest_interpolant(x, y, HyperbolicEntropy(scale**2), np.zeros(16)).point
    assert np.linalg.norm(wrong - right) > 0.05 * np.linalg.norm(right) or scale > 0.1  # large ones are all alike
    assert found["foretold error"] == pytest.approx(np.linalg.norm(right - truth) / np.linalg.norm(truth))


def test_large_starts_end_at_the_shortest_solution_and_small_ones_at_the_sparse_one():
    near, far = last(DiagonalDescent(1e-3, **SMALL | {"steps": 14})), last(DiagonalDescent(4.0, rate=1e-3, **SMALL))
    assert far["distance to l2"] < 1e-3
    assert near["distance to l2"] > 0.3
    assert near["l1 excess"] < 0.02 < far["l1 excess"]
    x, y, _ = DiagonalDescent(1.0, **SMALL).problem()
    assert np.abs(shortest_interpolant(x, y, norm="l1").point).sum() <= 2 + 1e-9


def test_every_step_shrinks_the_products_as_it_should():
    made = DiagonalDescent(0.4, rate=0.05, noise=1.0, fresh=False, **SMALL | {"steps": 3})
    x, y, _ = made.problem()
    u = np.full(16, 0.4)
    v, product = u.copy(), np.full(16, 0.16)
    noise = next(made._draws())[1]
    assert noise.std() > 0.3
    for count in range(8):
        gradient = x.T @ (x @ (u**2 - v**2) - y - (noise if count < 4 else 0)) / 8
        u, v = u - 0.1 * u * gradient, v + 0.1 * v * gradient
        product = product * (1 - 4 * 0.05**2 * gradient**2)
    assert last(made)["shrinkage"] == pytest.approx(np.log(0.16 / product).mean(), rel=1e-9)


def test_fresh_noise_shrinks_the_start_and_fixed_noise_hardly():
    noisy, fixed, quiet = (
        last(DiagonalDescent(0.5, rate=0.02, noise=noise, fresh=fresh, **SMALL | {"steps": 14}))
        for noise, fresh in ((3.0, True), (3.0, False), (0.0, True))
    )
    assert noisy["shrinkage"] > 50 * fixed["shrinkage"] > 0
    assert noisy["error"] < 0.5 * quiet["error"]
    assert noisy["distance to shrunken"] < 0.05 < noisy["distance to foretold"]


def test_single_examples_shrink_about_as_their_losses_foretell():
    found = last(DiagonalDescent(0.3, rate=2e-3, batch="one", steps=14))
    assert found["shrinkage"] == pytest.approx(found["foretold shrinkage"], rel=0.4)
    whole = last(DiagonalDescent(0.3, rate=2e-3, steps=14))
    assert found["shrinkage"] > 5 * whole["shrinkage"]
    assert "foretold shrinkage" not in whole


def test_readings():
    made = DiagonalDescent(0.1, noise=1.0, **SMALL, seed=3)
    assert isinstance(made, Computation)
    found = list(made.readings())
    assert [each.step for each in found] == list(range(11))
    assert found == list(made.readings())
    assert all(set(each.values) == set(made.units) for each in found)
    lost = [*DiagonalDescent(0.1, rate=10.0, **SMALL).readings()][-1]
    assert lost.diverged
    assert lost.step < 10


@pytest.mark.parametrize(
    "wrong", [{"scale": 0.0}, {"rate": 0.0}, {"examples": 16}, {"support": 17}, {"batch": "two"}], ids=str
)
def test_what_cannot_be_done_is_refused(wrong):
    with pytest.raises(BadInput):
        DiagonalDescent(**{"scale": 0.1} | SMALL | wrong)
