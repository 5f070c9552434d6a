"""Products of linear layers against products written out, autograd, and the margins of other layers."""

import numpy as np
import pytest
import torch

from phenoscope.core.errors import BadInput
from phenoscope.data import MNIST1D, Dataset, Sides
from phenoscope.methods import Computation, ProductDescent
from phenoscope.methods.product_descent import _misaligned

DATA = Dataset(Sides(MNIST1D(), plus=(0,), minus=(1,)), train=8, scaling="centre", flat=True)


def last(made):
    *_, found = made.readings()
    return found.values


def circular(first, second):
    d = len(first)
    return np.array([sum(first[i] * second[(k - i) % d] for i in range(d)) for k in range(d)])


def test_the_predictor_is_the_circular_convolution_of_the_filters():
    made = ProductDescent(DATA, depth=3)
    parts = [*np.random.default_rng(0).normal(size=(3, 40))]
    np.testing.assert_allclose(made.predictor(parts), circular(circular(*parts[:2]), parts[2]), atol=1e-10)
    dense = ProductDescent(DATA, "dense")
    square, vector = np.random.default_rng(1).normal(size=(40, 40)), np.arange(40.0)
    np.testing.assert_allclose(dense.predictor([square, vector]), square.T @ vector)
    diagonal = ProductDescent(DATA, "diagonal", depth=3)
    np.testing.assert_allclose(diagonal.predictor(parts), parts[0] * parts[1] * parts[2])
    direction = np.append(3.0, np.append(4.0, np.zeros(38)))
    expected = np.append(1.2, np.append(1.6, np.zeros(38)))
    np.testing.assert_allclose(ProductDescent(DATA, "normalised").predictor([direction, np.array([2.0])]), expected)


@pytest.mark.parametrize(
    ("layers", "depth"),
    [
        ("convolution", 1),
        ("convolution", 2),
        ("convolution", 3),
        ("diagonal", 2),
        ("diagonal", 3),
        ("dense", 2),
        ("normalised", 2),
    ],
)
def test_a_step_goes_against_the_gradient_of_the_logarithm_of_the_loss(layers, depth):
    made = ProductDescent(DATA, layers, depth=depth, scale=2.0)
    z = made.examples()
    parts = made._start(40)
    theirs = [torch.from_numpy(np.array(part)).requires_grad_() for part in parts]
    if layers == "dense":
        beta = theirs[1] @ theirs[0]
    elif layers == "normalised":
        beta = theirs[1] * theirs[0] / theirs[0].norm()
    elif layers == "diagonal":
        beta = torch.stack(theirs).prod(dim=0)
    else:
        beta = theirs[0]
        turns = (torch.arange(40)[:, None] - torch.arange(40)) % 40
        for part in theirs[1:]:
            beta = part[turns] @ beta
    torch.logsumexp(-(torch.from_numpy(z) @ beta), 0).backward()
    moves = [new - old for new, old in zip(made._updated(parts, z, 100.0), parts, strict=True)]
    gradients = [part.grad.numpy() for part in theirs]
    rate = -(moves[0] * gradients[0]).sum() / (gradients[0] ** 2).sum()
    assert rate > 0
    for move, gradient in zip(moves, gradients, strict=True):
        np.testing.assert_allclose(move, -rate * gradient, rtol=1e-8, atol=1e-12)


def test_each_kind_of_layer_finds_the_margin_of_its_own_norm():
    two, dense = (
        last(ProductDescent(DATA, layers, scale=0.3, rate=2.0, steps=12)) for layers in ("convolution", "dense")
    )
    one = last(ProductDescent(DATA, depth=1, steps=12))
    assert two["error"] == dense["error"] == one["error"] == 0
    assert two["fourier l1 share"] > 0.9
    assert dense["fourier l1 share"] < 0.8
    assert min(dense["l2 share"], one["l2 share"]) > 0.98
    assert two["l2 share"] < 0.9
    assert two["frequencies"] < 0.5 * dense["frequencies"]
    assert max(two["misalignment"], one["misalignment"]) < 0.2
    assert "misalignment" not in dense


def test_other_ways_of_writing_a_linear_model():
    diagonal, plain, normalised = (
        last(ProductDescent(DATA, layers, depth=depth, scale=scale, rate=rate, steps=12))
        for layers, depth, scale, rate in (
            ("diagonal", 2, 0.3, 16.0), ("convolution", 1, 0.3, 4.0), ("normalised", 2, 1.0, 64.0)
        )
    )  # fmt: skip
    assert diagonal["l1 share"] > 0.85
    assert diagonal["l1 share"] > plain["l1 share"] + 0.05
    assert diagonal["coefficients"] < 0.5 * plain["coefficients"]
    assert diagonal["misalignment"] < 0.2
    assert normalised["l2 share"] > 0.95 > diagonal["l2 share"] + 0.1
    assert normalised["angle to l2"] < 0.1 < diagonal["angle to l2"]


def test_another_start_is_another_descent_on_the_same_data():
    once, twice = (ProductDescent(DATA, "diagonal", twice=twice, steps=6, seed=1) for twice in (False, True))
    z = once.examples()
    (*_, mine), (*_, other) = once._descent(z, "start"), once._descent(z, "another start")
    found = last(twice)
    cosine = mine @ other / (np.linalg.norm(mine) * np.linalg.norm(other))
    assert cosine < 0.99
    assert found.pop("angle to another start") == pytest.approx(np.arccos(cosine))
    assert found == last(once)


def test_misalignment_by_hand():
    spectrum, pull = np.array([2.0, 1j, 0.0]), np.array([3.0, 3j, 100.0])
    assert _misaligned(spectrum, pull, 2) == pytest.approx(0, abs=1e-7)  # l1: the phases, wherever β̂ is not 0
    assert _misaligned(spectrum, np.array([2.0, 1j, 0.0]), 1) == pytest.approx(0, abs=1e-7)  # l2: β̂ itself
    assert _misaligned(spectrum, np.array([2.0, 1j, 0.0]), 2) > 0.1
    assert _misaligned(spectrum, -pull, 2) == 1


@pytest.mark.parametrize(("layers", "depth"), [("convolution", 3), ("diagonal", 2), ("dense", 2), ("normalised", 2)])
def test_readings(layers, depth):
    made = ProductDescent(DATA, layers, depth=depth, twice=True, steps=5, seed=2)
    assert isinstance(made, Computation)
    found = list(made.readings())
    assert [each.step for each in found] == list(range(6))
    assert found == list(made.readings())
    assert all(set(each.values) == set(made.units) for each in found)


@pytest.mark.parametrize("wrong", [{"layers": "sparse"}, {"depth": 0}, {"scale": 0.0}, {"steps": 0}], ids=str)
def test_what_cannot_be_done_is_refused(wrong):
    with pytest.raises(BadInput):
        ProductDescent(DATA, **wrong)
    with pytest.raises(BadInput, match="2 of dense"):
        ProductDescent(DATA, "dense", depth=3)
