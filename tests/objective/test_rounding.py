"""What float32 makes of a curvature, against float64 at the same numbers: no more than is said."""

import copy

import pytest
import torch
from torch import nn

import phenoscope as ps
from oracles import drawn, normal
from phenoscope.objective import Objective

SCORES = (1.0, 100.0)


def twins(size, seed, loss):
    """One network in both precisions, whose largest output is as large, and which is right on most examples."""
    model = drawn(nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 4)), seed)
    inputs = normal(40, 6, seed=seed)
    with torch.no_grad():
        for part in model[-1].parameters():
            part.mul_(size / model(inputs).abs().max())
    single, inputs = copy.deepcopy(model).float(), inputs.float()
    targets = single(inputs).argmax(dim=1)
    targets[:8] = torch.arange(8) % 4
    if isinstance(loss, nn.MSELoss):
        targets = nn.functional.one_hot(targets, 4).float()
    double = copy.deepcopy(single).double()
    exact = targets.double() if targets.is_floating_point() else targets
    return Objective(single, loss, (inputs, targets)), Objective(double, loss, (inputs.double(), exact))


READ = {
    "trace": lambda objective: ps.trace(objective, method="exact"),
    "gauss_newton": lambda objective: ps.trace(objective, method="exact", operator="gauss_newton"),
    "empirical_fisher": lambda objective: ps.trace(objective, method="exact", operator="empirical_fisher"),
    "spectrum": ps.gauss_newton_spectrum,
    "probes": lambda objective: ps.trace(objective.hessian(), method="exact"),
    "eigenvalue": lambda objective: ps.eigenvalues(objective, 2, tol=1e-7),
    "norm": lambda objective: ps.frobenius_norm(objective, tol=1e-6, max_products=1000),
}


@pytest.mark.parametrize("size", SCORES)
@pytest.mark.parametrize("name", READ)
def test_exact_sums_are_off_by_no_more_than_they_say(name, size):
    for seed in range(2):
        single, double = (READ[name](each) for each in twins(size, seed, nn.CrossEntropyLoss()))
        assert abs(float(single.value) - float(double.value)) <= single.error + double.error


@pytest.mark.parametrize("size", SCORES)
def test_diagonals_are_off_by_no_more_than_they_say(size):
    for seed in range(2):
        single, double = (ps.diagonal(each, method="exact") for each in twins(size, seed, nn.CrossEntropyLoss()))
        assert float((single.values - double.values).norm()) <= float(single.standard_errors.norm())


def test_the_precision_alone_would_say_too_little():
    """The cousin that knows nothing of the outputs."""
    single, double = (each.hessian() for each in twins(100.0, 0, nn.CrossEntropyLoss()))
    unit = torch.eye(single.size)
    apart = float(((single @ unit).double() - double @ unit.double()).trace().abs())
    norm = float((double @ unit.double()).norm())
    assert torch.finfo(torch.float32).eps * norm < apart <= single.rounding * norm


def test_squared_errors_lose_nothing_with_the_size_of_outputs():
    small, large = (twins(size, 0, nn.MSELoss())[0].hessian().rounding for size in (1.0, 100.0))
    assert small == large
    assert twins(100.0, 0, nn.CrossEntropyLoss())[0].hessian().rounding > 10 * large


def test_it_is_the_largest_output_that_counts_and_no_product():
    single, _ = twins(30.0, 0, nn.CrossEntropyLoss())
    hessian = single.hessian()
    assert hessian.rounding == pytest.approx(30 * torch.finfo(torch.float32).eps, rel=0.1)
    assert ps.trace(hessian, method="exact").products == hessian.size


@pytest.mark.parametrize("made", [nn.Tanh, nn.ReLU])
def test_a_trace_whose_entries_cancel_is_known_as_well_as_they_are(made):
    """Of deep networks the diagonal's entries have both signs; the rounding is that of their sizes, not of the sum."""
    for seed in range(3):
        layers = [part for _ in range(20) for part in (nn.Linear(10, 10), made())]
        single = drawn(nn.Sequential(*layers, nn.Linear(10, 4)), seed)
        for part in single:
            if isinstance(part, nn.Linear):
                nn.init.orthogonal_(part.weight, gain=1.2, generator=torch.Generator().manual_seed(seed))
        single, inputs, targets = single.float(), normal(40, 10, seed=seed).float(), torch.arange(40) % 4
        double = copy.deepcopy(single).double()
        found = ps.trace(Objective(single, nn.CrossEntropyLoss(), (inputs, targets)), method="exact")
        exact = ps.trace(Objective(double, nn.CrossEntropyLoss(), (inputs.double(), targets)), method="exact")
        assert abs(found.value - exact.value) <= found.standard_error
