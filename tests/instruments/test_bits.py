"""Code lengths: the exact evidence of linear Gaussian models, dense matrices, and rescaled layers."""

import copy
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from oracles import PROBLEMS, dense_gauss_newton
from phenoscope.core.errors import BadInput
from phenoscope.instruments import Outcome, code_length, symmetries
from phenoscope.objective import Matrix, Objective

LOG2 = math.log(2)


def linear(seed, n, p, s):
    """Ridge regression with unit noise, at its optimum, and the exact log evidence of its targets."""
    generator = torch.Generator().manual_seed(seed)
    x, y = (torch.randn(*shape, generator=generator, dtype=torch.float64) for shape in ((n, p), (n, 1)))
    model = nn.Linear(p, 1, bias=False, dtype=torch.float64)
    best = torch.linalg.solve(x.T @ x + torch.eye(p, dtype=torch.float64) / s**2, x.T @ y)
    model.weight.data.copy_(best.T)
    covariance = torch.eye(n, dtype=torch.float64) + s**2 * x @ x.T
    marginal = torch.distributions.MultivariateNormal(torch.zeros(n, dtype=torch.float64), covariance)
    return Objective(model, nn.MSELoss(), (x, y)), marginal.log_prob(y[:, 0]).item()


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1000), st.integers(2, 12), st.integers(1, 8), st.floats(0.1, 5.0))
def test_the_evidence_of_a_linear_gaussian_model_is_exact(seed, n, p, s):
    objective, expected = linear(seed, n, p, s)
    found = code_length(objective, s, weight=n / 2)  # half the sum of squares
    assert found.log_evidence - n / 2 * math.log(2 * math.pi) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("name", ["tanh perceptron", "convolution", "tied, ignoring targets"])
def test_matches_a_dense_matrix_with_a_prior_of_its_own_for_each_weight(name):
    made = PROBLEMS[name]()
    objective = Objective(made.model, made.loss, made.data, **made.options)
    p = len(objective.point)
    s = torch.rand(p, generator=torch.Generator().manual_seed(1), dtype=torch.float64) + 0.1
    found = code_length(objective, s, weight=7.0)
    dense = torch.eye(p, dtype=torch.float64) + 7 * s[:, None] * dense_gauss_newton(made) * s
    assert found.spread == pytest.approx(torch.logdet(dense).item() / 2 / LOG2, rel=1e-9)
    assert found.size == pytest.approx((objective.point / s).square().sum().item() / 2 / LOG2, rel=1e-12)
    assert found.data == pytest.approx(7 * made.total().item() / LOG2, rel=1e-9)
    assert found.value == found.spread + found.size
    assert (found.probes, found.products, found.outcome) == (0, p, Outcome.CONVERGED)


def test_the_divergence_and_the_rise_add_up_to_it():
    """Hinton and van Camp's two parts, from the two Gaussians themselves."""
    objective, _ = linear(3, 9, 5, 0.7)
    hessian = objective.gauss_newton() @ torch.eye(5, dtype=torch.float64) * 4.5
    posterior = torch.linalg.inv(hessian + torch.eye(5, dtype=torch.float64) / 0.49)
    told = torch.distributions.MultivariateNormal(objective.point, (posterior + posterior.T) / 2)
    before = torch.distributions.MultivariateNormal(
        torch.zeros(5, dtype=torch.float64), 0.49 * torch.eye(5, dtype=torch.float64)
    )
    divergence = torch.distributions.kl_divergence(told, before).item()
    rise = torch.trace(hessian @ posterior).item() / 2
    assert code_length(objective, 0.7, weight=4.5).value == pytest.approx((divergence + rise) / LOG2, rel=1e-10)


def rectified(seed, factor):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(6, 7), nn.ReLU(), nn.Linear(7, 3)).double()
    data = torch.randn(20, 6, dtype=torch.float64), torch.randint(0, 3, (20,))
    objective = Objective(model, nn.CrossEntropyLoss(), data)
    twin = next(each for each in symmetries(objective, factor=factor)[0] if each.name == "layer rescaling")
    scaled = torch.ones_like(objective.point)
    scaled[objective.chosen("0.*")], scaled[objective.chosen("2.weight")] = factor, 1 / factor
    return objective, twin.of(objective), scaled


@settings(deadline=None, max_examples=12)
@given(st.integers(0, 1000), st.floats(0.1, 20.0))
def test_rescaled_layers_change_it_unless_the_prior_goes_along(seed, factor):
    objective, twin, scaled = rectified(seed, factor)
    assert torch.allclose(objective.outputs(), twin.outputs())
    own = code_length(objective, "layers")
    assert code_length(twin, "layers").value == pytest.approx(own.value, rel=1e-9)
    fixed = code_length(objective, 0.5)
    assert code_length(twin, 0.5 * scaled).value == pytest.approx(fixed.value, rel=1e-9)
    if abs(math.log(factor)) > 0.7:
        assert code_length(twin, 0.5).value != pytest.approx(fixed.value, rel=1e-2)


def diagonal(values):
    return Matrix(torch.diag(torch.tensor(values, dtype=torch.float64)))


def test_flat_is_short():
    """A quarter of the curvature saves a bit for each direction that counts, and none where there is no curvature."""
    model = nn.Linear(3, 1, bias=False, dtype=torch.float64)
    nn.init.zeros_(model.weight)
    objective = Objective(model, nn.MSELoss(), (torch.eye(3, dtype=torch.float64), torch.zeros(3, 1)))
    sharp, flat = (
        code_length(objective, weight=1.0, gauss_newton=diagonal(each)) for each in ([4e8, 4e6, 0.0], [1e8, 1e6, 0.0])
    )
    assert sharp.value - flat.value == pytest.approx(2.0, abs=1e-5)


def many(size=400):
    """Many directions; the weights are 0, so that the curvature is all."""
    generator = torch.Generator().manual_seed(2)
    turn = torch.linalg.qr(torch.randn(size, size, generator=generator, dtype=torch.float64))[0]
    values = 10 ** (4 * torch.rand(size, generator=generator, dtype=torch.float64) - 3)
    values[size // 2 :] = 0
    model = nn.Linear(size, 1, bias=False, dtype=torch.float64)
    nn.init.zeros_(model.weight)
    objective = Objective(model, nn.MSELoss(), (torch.zeros(1, size, dtype=torch.float64), torch.zeros(1, 1)))
    return objective, Matrix(turn * values @ turn.T), (1 + 50 * values).log2().sum().item() / 2


def test_many_parameters_are_estimated_within_the_error_told():
    objective, matrix, expected = many()
    off = []
    for seed in range(20):
        generator = torch.Generator().manual_seed(seed)
        found = code_length(
            objective, weight=50.0, gauss_newton=matrix, exact=399, probes=10, steps=30, generator=generator
        )
        assert found.outcome is Outcome.CONVERGED
        assert (found.probes, found.products) == (10, 300)
        off.append((found.value - expected) / found.standard_error)
    assert max(map(abs, off)) < 5
    assert 0.5 < math.sqrt(sum(each**2 for each in off) / len(off)) < 1.7


def test_quadrature_of_all_steps_is_the_sum():
    objective, matrix, expected = many(40)
    options = {"weight": 50.0, "gauss_newton": matrix}
    found = code_length(objective, exact=0, probes=400, steps=40, **options)
    assert found.value == pytest.approx(expected, rel=0.05)
    assert code_length(objective, **options).value == pytest.approx(expected, rel=1e-9)
    assert code_length(objective, exact=0, **options) == code_length(objective, exact=0, **options)
    few = code_length(objective, exact=0, steps=2, **options)
    assert few.outcome is Outcome.NOT_CONVERGED


def test_layers_that_are_zero_cost_nothing():
    model = nn.Linear(2, 2, dtype=torch.float64)
    nn.init.zeros_(model.bias)
    data = torch.randn(5, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64), torch.zeros(5).long()
    objective = Objective(model, nn.CrossEntropyLoss(), data)
    found = code_length(objective, "layers")
    assert (found.products, found.size) == (4, pytest.approx(2 / LOG2))  # four weights of their own mean square
    nn.init.zeros_(model.weight)
    nothing = code_length(Objective(copy.deepcopy(model), nn.CrossEntropyLoss(), data), "layers")
    assert (nothing.value, nothing.outcome) == (0.0, Outcome.CONVERGED)


def test_a_curvature_too_negative_has_no_gaussian():
    objective, _, _ = many(3)
    for exact in (0, 10):
        found = code_length(objective, weight=1.0, gauss_newton=Matrix(-2 * torch.eye(3).double()), exact=exact)
        assert math.isnan(found.value)
        assert found.outcome is Outcome.UNDETERMINED


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"prior": 0.0}, "must be positive and finite"),
        ({"prior": torch.ones(4)}, "must be positive and finite"),
        ({"weight": -1.0}, "a positive tol and weight"),
        ({"probes": 1}, "at least 2 probes"),
    ],
    ids=str,
)
def test_options_out_of_range(options, says):
    objective, _ = linear(0, 4, 3, 1.0)
    with pytest.raises(BadInput, match=says):
        code_length(objective, **options)
