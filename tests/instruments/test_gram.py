"""Whole spectra through the Gram matrix against dense ones."""

import pytest
import torch
from test_diagonal import NETWORKS, Bare, exact
from torch import nn
from torch.testing import assert_close

from oracles import CE, CLASSES, MSE, POINTS, PROBLEMS, Problem, drawn, mlp, normal
from phenoscope.core.errors import BadInput
from phenoscope.instruments import gauss_newton_spectrum
from phenoscope.instruments.spectra.gram_rows import Factors, Rows
from phenoscope.objective import Objective
from phenoscope.objective.layers.space import layer_space

MADE = ["gauss_newton", "fisher", "empirical_fisher", "gradient_covariance"]


@pytest.mark.parametrize("which", MADE)
@pytest.mark.parametrize("name", NETWORKS)
def test_all_eigenvalues_and_the_vectors_of_the_largest(name, which):
    problem = NETWORKS[name]()
    objective = Objective(problem.model, problem.loss, problem.data, 4)
    matrix = exact(problem, which)
    expected = torch.linalg.eigvalsh(matrix).flip(0)
    reading = gauss_newton_spectrum(objective, operator=which, vectors=3)
    assert reading.converged
    r = len(reading.values)
    assert_close(reading.values, expected[:r], rtol=1e-10, atol=reading.rounding)
    assert bool((expected[r:].abs() <= 10 * reading.rounding).all())
    assert_close(reading.vectors.T @ reading.vectors, torch.eye(3, dtype=torch.float64), rtol=0, atol=1e-9)
    residuals = (matrix @ reading.vectors - reading.vectors * reading.values[:3]).norm(dim=0)
    assert bool((residuals <= 1e-12 * reading.value).all())
    outputs = 1 if which in ("empirical_fisher", "gradient_covariance") else problem.outputs()[0].numel()
    assert r <= reading.rows <= len(problem.targets) * outputs


@pytest.mark.parametrize(
    "name", ["class weights", "sum", "binary", "tied, ignoring targets", "frozen", "unused", "one number an example"]
)
def test_the_weights_of_every_loss(name):
    problem = PROBLEMS[name]()
    objective = Objective(problem.model, problem.loss, problem.data, 4)
    expected = torch.linalg.eigvalsh(exact(problem, "gauss_newton")).flip(0)
    reading = gauss_newton_spectrum(objective)
    r = len(reading.values)
    assert_close(reading.values, expected[:r], rtol=1e-10, atol=reading.rounding)
    assert bool((expected[r:].abs() <= 10 * reading.rounding).all())


def test_single_precision_agrees_to_what_the_certificate_says():
    double = gauss_newton_spectrum(Objective(mlp(), CE, (POINTS, CLASSES)))
    single = gauss_newton_spectrum(Objective(mlp().float(), CE, (POINTS.float(), CLASSES)))
    r = len(single.values)
    assert bool(((single.values - double.values[:r]).abs() <= 4 * single.rounding).all())
    assert single.rounding > 1e-8 * single.value
    assert single.converged


def test_the_covariance_is_not_the_second_moment():
    objective = Objective(mlp(), CE, (POINTS, CLASSES))
    moment, covariance = (
        gauss_newton_spectrum(objective, operator=which) for which in ("empirical_fisher", "gradient_covariance")
    )
    assert covariance.value < moment.value
    assert len(covariance.values) == len(moment.values) - 1


def test_zero_everywhere():
    model = drawn(nn.Linear(4, 2))
    problem = Problem(model, MSE, torch.zeros(5, 4, dtype=torch.float64), normal(5, 2))
    reading = gauss_newton_spectrum(Objective(problem.model, problem.loss, problem.data))
    assert_close(reading.values, torch.tensor([1.0, 1.0], dtype=torch.float64))  # of the biases alone


def sure(model):
    """Of the class of every example: the second score is 8 lower at least."""
    with torch.no_grad():
        first, second = model(POINTS).topk(2).values.T
        for parameter in model[-1].parameters():
            parameter.mul_(8 / (first - second).min())
        return Problem(model, CE, POINTS, model(POINTS).argmax(1))


ROUTES = {"by layers": mlp, "row by row": lambda: drawn(nn.Sequential(nn.Linear(4, 4), Bare()))}


@pytest.mark.parametrize("made", ROUTES.values(), ids=ROUTES)
def test_a_classifier_that_is_sure_of_every_example(made):
    problem = sure(made())
    assert 1e-6 < problem.total() < 1e-3
    expected = torch.linalg.eigvalsh(exact(problem, "gauss_newton")).flip(0)
    for dtype in (torch.float64, torch.float32):
        objective = Objective(problem.model.to(dtype), CE, (POINTS.to(dtype), problem.targets))
        reading = gauss_newton_spectrum(objective)
        r = len(reading.values)
        assert r > 0
        assert bool(((reading.values - expected[:r]).abs() <= 4 * reading.rounding).all())
        assert bool((expected[r:].abs() <= 10 * reading.rounding).all())
        assert reading.rounding > 10 * torch.finfo(dtype).eps * reading.value  # the derivatives' own rounding counts


@pytest.mark.parametrize("made", ROUTES.values(), ids=ROUTES)
def test_a_loss_without_curvature_in_the_outputs_has_no_eigenvalues(made):
    reading = gauss_newton_spectrum(Objective(made(), nn.L1Loss(), (POINTS, normal(len(POINTS), 3, seed=5))))
    assert reading.value == reading.rounding == 0.0
    assert len(reading.values) == reading.vectors.shape[1] == 0
    assert reading.converged


def test_what_has_no_gram_matrix_is_refused():
    objective = Objective(mlp(), CE, (POINTS, CLASSES))
    with pytest.raises(BadInput, match=r"30 rows and 43 parameters would take .* more than `memory`"):
        gauss_newton_spectrum(objective, memory=1000)
    concave = Objective(mlp(), lambda o, t: -o.square().sum() / len(o), (POINTS, CLASSES), denominator="examples")
    with pytest.raises(BadInput, match="not convex in the outputs"):
        gauss_newton_spectrum(concave)
    whole = Objective(mlp(), lambda o, t: (o - o.mean(0)).square().mean(), (POINTS, CLASSES))
    with pytest.raises(BadInput, match="examples of a batch depend on each other"):
        gauss_newton_spectrum(whole)
    summed = Objective(mlp(), nn.CrossEntropyLoss(reduction="sum"), (POINTS, CLASSES))
    with pytest.raises(BadInput, match="this one is a sum"):
        gauss_newton_spectrum(summed, operator="gradient_covariance")


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("made", [Factors, Rows])
def test_everything_lies_where_the_network_does(made, own):
    """What were made without a device would come out empty here, and not go with the rest."""
    space = layer_space(Objective(mlp(), CE, (POINTS, CLASSES), 4))
    with torch.device("meta"):
        factors = made.of(space, own=own)
        matrix = factors.gram()
        pulled = factors.pull(matrix[0])
    assert_close(pulled.square().sum(), matrix[0] @ matrix @ matrix[0], rtol=1e-9, atol=1e-15)
