"""The errors that other tools were found to make about curvature and landscapes, each as a test that it would fail.

Those that stand elsewhere, since they are the nearest wrong cousin of one instrument:

| error | test |
| --- | --- |
| the largest absolute eigenvalue instead of the largest | test_spectrum: the_largest_is_signed; test_density: signed_and_not_absolute |
| ghost copies without reorthogonalisation | test_spectrum: no_ghosts; test_density: an_outlier_has_no_ghosts |
| every odd row of a plane shifted by one step, planes transposed | test_landscape: a_plane_is_that_of_two_loops_row_by_row |
| noise added to a landscape's maximum | test_landscape: the_centre_is_the_loss_at_the_point_and_the_maximum_a_loss_that_occurs |
| unweighted batches of a plane | test_slices: a_ragged_loader_weighs_its_batches |
| third derivatives through a fused normalisation layer | test_third_derivatives: third_derivatives_of_every_architecture |
| statistics, modes, `requires_grad` and gradients changed by products | test_restoration: everything_is_as_before |
| a stopping rule that sees the change of a running mean only | test_trace: the_nearest_wrong_cousins_cover_less |
| a module used twice left without its parameters | test_restoration: a_module_that_stands_in_the_model_twice_... |
"""  # noqa: E501 (a table)

import copy
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.testing import assert_close
from torch.utils.data import DataLoader, TensorDataset

import phenoscope as ps
from oracles import CE, Unused, dense_hessian, drawn, labels, mlp, normal, seeded
from phenoscope.instruments import INSTRUMENTS, Bench
from phenoscope.objective import Matrix, Objective

N = 13


def unequal():
    """Inputs whose last example is far from the others, so that a ragged batch of it alone weighs in."""
    inputs = normal(N, 4)
    inputs[-1] *= 4
    return inputs, labels(3, N)


def exact_top(model, inputs, targets):
    return float(torch.linalg.eigvalsh(dense_hessian(lambda: CE(model(inputs), targets), model))[-1])


def symmetric(values, seed=0):
    """A matrix with these eigenvalues in a random orthonormal basis, and the basis."""
    vectors = torch.linalg.qr(normal(len(values), len(values), seed=seed))[0]
    return vectors * torch.as_tensor(values, dtype=torch.float64) @ vectors.T, vectors


def test_unweighted_ragged_batches():
    """A last batch of one example counts for one, not for as much as the four before it."""
    (inputs, targets), model = unequal(), mlp()
    loader = DataLoader(TensorDataset(inputs, targets), batch_size=3)
    found = ps.sharpness(Objective(model, CE, loader), tol=1e-9)
    parts = [dense_hessian(lambda x=x, y=y: CE(model(x), y), model) for x, y in loader]
    unweighted = float(torch.linalg.eigvalsh(torch.stack(parts).mean(dim=0))[-1])
    exact = exact_top(model, inputs, targets)
    assert abs(unweighted / exact - 1) > 0.15
    assert float(found.value) == pytest.approx(exact, rel=1e-8)


@pytest.mark.parametrize("batch_size", [1, 2, 5, 13])
def test_eigenvalues_that_scale_with_the_number_of_batches(batch_size):
    (inputs, targets), model = unequal(), mlp()
    objective = Objective(model, CE, (inputs, targets), batch_size)
    assert float(ps.sharpness(objective, tol=1e-9).value) == pytest.approx(exact_top(model, inputs, targets), rel=1e-8)


def test_two_lanczos_steps_for_one_eigenvalue():
    """So few give half the value; what was measured until then must not pass for the answer."""
    matrix, _ = symmetric([0.79, *np.linspace(-0.4, 0.4, 79)])
    basis = torch.linalg.qr(torch.stack([start := normal(80, seed=1), matrix @ start], dim=1))[0]
    assert float(torch.linalg.eigvalsh(basis.T @ matrix @ basis)[-1]) < 0.6
    assert float(ps.sharpness(Matrix(matrix)).value) == pytest.approx(0.79, abs=1e-3)
    early = ps.sharpness(Matrix(matrix), max_products=2)
    assert early.outcome is ps.Outcome.NOT_CONVERGED
    assert float(early.residual) > 0.05
    assert early.failure_probability > 0.5


@pytest.mark.parametrize("gap", [0.1, 0.02])
def test_convergence_claimed_at_the_second_eigenvalue(gap):
    """An iteration whose value has stopped to change says nothing: λ - 0.1 was returned as converged."""
    matrix, vectors = symmetric([1.0, 1.0 - gap, *np.linspace(-0.9, 0.7, 98)])
    for start in (None, vectors[:, 1] + 1e-3 * vectors[:, 0]):
        found = ps.sharpness(Matrix(matrix), start=start)
        assert found.converged
        assert float(found.value) == pytest.approx(1.0, abs=2e-3)
        assert float((matrix @ found.vector - found.value * found.vector).norm()) <= 1.01e-3


def test_a_residual_is_that_of_the_pair_and_no_change_between_iterations():
    matrix, _ = symmetric(np.linspace(-1, 1, 100))
    for products in (2, 4, 8, 16, 32):
        found = ps.eigenvalues(Matrix(matrix), max_products=products)
        true = (matrix @ found.vectors[:, 0] - found.values[0] * found.vectors[:, 0]).norm()
        assert_close(found.residuals[0], true, rtol=1e-6, atol=1e-12)


def test_density_weights_from_all_entries_of_the_eigenvectors():
    """The weights are the squared *first* entries, real, and make 1; those of all entries make the number of steps."""
    values = torch.tensor([-2.0] * 5 + [0.0] * 85 + [3.0] * 10, dtype=torch.float64)
    matrix, _ = symmetric(values)
    found = ps.density(Matrix(matrix), probes=60, steps=10, tol=0)
    assert not found.weights.is_complex()
    assert not found.nodes.is_complex()
    assert_close(found.weights.sum(dim=1), torch.ones(60, dtype=found.weights.dtype))
    for low, high, share in ((-2.5, -1.5, 0.05), (-0.5, 0.5, 0.85), (2.5, 3.5, 0.1)):
        there = found.share(low, high)
        assert abs(there.value - share) < 4 * there.standard_error + 1e-6


def test_deflation_with_a_vector_that_is_not_of_length_one():
    """λ vvᵀ with |v| = 3 takes out nine times too much."""
    matrix, vectors = symmetric([50.0, *np.linspace(0, 1, 59)])
    for length in (1.0, 3.0, 1e-3):
        found = ps.trace(Matrix(matrix), 1e-9, deflate=length * vectors[:, 0], generator=seeded(1))
        assert found.value == pytest.approx(float(matrix.trace()), rel=1e-6)
    few = {"tol": 1e-9, "max_products": 25, "generator": seeded(2)}
    left = ps.trace(Matrix(matrix), deflate=3 * vectors[:, 0], **few)
    assert left.standard_error < 2  # that of the rest, without the 50
    assert abs(left.value - float(matrix.trace())) < 4 * left.standard_error


def test_a_trace_that_claims_a_thousandth_and_is_off_by_hundredths():
    """Stopping where the running mean changes by less than 1e-3: it ends soon, and is off by more than it claims."""
    matrix, _ = symmetric(np.geomspace(1, 1e-4, 200))
    exact, claimed = float(matrix.trace()), []
    for seed in range(20):
        signs, total = 2.0 * (torch.rand(2000, 200, generator=seeded(seed)) > 0.5).double() - 1, 0.0
        for count, value in enumerate(((signs @ matrix) * signs).sum(dim=1).tolist(), 1):
            before, total = total / max(1, count - 1), total + value
            if count > 2 and abs(total / count - before) < 1e-3 * abs(before):
                break
        claimed.append(abs(total / count / exact - 1))
    assert np.median(claimed) > 5e-3
    found = [ps.trace(Matrix(matrix), 0.02, generator=seeded(seed)) for seed in range(20)]
    assert all(abs(each.value - exact) < 4 * each.standard_error for each in found)
    assert all(each.standard_error <= 0.0201 * max(each.value, each.scale) for each in found if each.converged)


class Fixture(nn.Module):
    """Batch normalisation and dropout in training mode, a frozen layer, one that is never used, and one used twice."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm, self.twice = nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Linear(5, 5)
        self.unused, self.last = nn.Linear(7, 2), nn.Linear(5, 3)
        self.first.bias.requires_grad_(False)

    def forward(self, x):
        hidden = self.norm(self.first(x)).relu()
        return self.last(self.twice(self.twice(hidden).tanh()))


def state_of(model):
    return (
        copy.deepcopy(model.state_dict()),
        [module.training for module in model.modules()],
        [(parameter.requires_grad, parameter.grad) for parameter in model.parameters()],
        [id(parameter) for parameter in model.parameters()],
    )


MEASUREMENTS = {
    **{name: (lambda o, read=instrument.read: read(Bench(o), None)) for name, instrument in INSTRUMENTS.items()},
    "density": lambda o: ps.density(o, probes=4, steps=4),
    "eigenvalues": lambda o: ps.eigenvalues(o, 2, "both"),
    "plane": lambda o: ps.loss_plane(o, "hessian", points=3),
    "line": lambda o: ps.loss_line(o, points=3),
    "audit": lambda o: ps.invariance_audit(o, ("loss", "gradient_norm")),
}


@pytest.mark.parametrize("name", MEASUREMENTS)
def test_measuring_changes_statistics_modes_or_gradients_or_crashes_on_an_unused_parameter(name):
    model = drawn(Fixture()).train()
    objective = Objective(model, CE, (normal(N, 4), labels(3, N)), 5)
    for_grad = CE(model(normal(N, 4)), labels(3, N))
    for_grad.backward()
    model.unused.weight.grad = None
    before, random = state_of(model), torch.get_rng_state()
    MEASUREMENTS[name](objective)
    after = state_of(model)
    assert all(torch.equal(value, after[0][key]) for key, value in before[0].items())
    assert before[1] == after[1]
    assert [grad for grad, _ in before[2]] == [grad for grad, _ in after[2]]
    assert all(a is b for (_, a), (_, b) in zip(before[2], after[2], strict=True))
    assert before[3] == after[3]
    assert torch.equal(random, torch.get_rng_state())


def test_an_unused_parameter_has_no_curvature():
    model = drawn(Unused())
    data = (normal(N, 3), normal(N, 2, seed=4))
    objective = Objective(model, nn.MSELoss(), data)
    dense = dense_hessian(lambda: nn.functional.mse_loss(model(data[0]), data[1]), model)
    found = ps.sharpness(objective, tol=1e-9)
    assert float(found.value) == pytest.approx(float(torch.linalg.eigvalsh(dense)[-1]), rel=1e-8)
    assert not (objective.hessian() @ torch.ones(len(dense)).double())[objective.chosen("unused.*")].any()


def test_second_derivatives_through_layer_normalisation_by_forward_over_reverse():
    """For its weight one such route is 16 % off; every entry of that block is compared."""
    model = drawn(nn.Sequential(nn.Linear(4, 6), nn.LayerNorm(6), nn.Linear(6, 3)))
    data = (normal(N, 4), labels(3, N))
    dense = dense_hessian(lambda: CE(model(data[0]), data[1]), model)
    objective = Objective(model, CE, data)
    found = objective.hessian() @ torch.eye(len(dense)).double()
    block = objective.chosen("1.*")
    assert_close(found[block], dense[block], rtol=1e-9, atol=1e-12)
    assert float(dense[block].norm()) > 0.1


def test_signed_extremes_of_a_loss_whose_most_negative_curvature_is_the_largest_in_size():
    """At a saddle λmin = -3 λmax: power iteration returns the negative one, or its absolute value."""
    model = nn.Linear(2, 1, bias=False).double()
    nn.init.zeros_(model.weight)
    scale = torch.tensor([1.0, -3.0], dtype=torch.float64)
    data = (torch.eye(2).double(), scale[:, None])
    objective = Objective(model, lambda o, t: (o.square() * t).sum() / 2, data, denominator="sum")
    assert float(ps.sharpness(objective).value) == pytest.approx(1.0)
    assert float(ps.eigenvalues(objective, which="smallest").values[0]) == pytest.approx(-3.0)
    line = ps.line_curvature(objective, "hessian", step=0.1)
    assert line.value == pytest.approx(1.0)
    assert math.isfinite(line.residual)
