"""What may be named at the prompt, in `ps.measure` and in a probe: all of every matrix, against dense ones."""

import copy
import inspect
import json
import math

import pytest
import torch
from torch import nn

import phenoscope as ps
from oracles import CE, CLASSES, POINTS, PROBLEMS, dense_gauss_newton, dense_hessian, dense_rows, mlp, normal, seeded
from phenoscope import instruments
from phenoscope.core.errors import BadInput
from phenoscope.instruments import INSTRUMENTS, Bench
from phenoscope.instruments.named import instruments_named
from phenoscope.instruments.spectra.density import density
from phenoscope.instruments.spectra.spread import LEVELS, spread
from phenoscope.objective import Matrix, Objective

PREFIXES = {
    "hessian": "",
    "gauss_newton": "gauss_newton_",
    "fisher": "fisher_",
    "empirical_fisher": "empirical_fisher_",
    "gradient_covariance": "gradient_covariance_",
}
LAYER = "2.*"


def problem(dtype=torch.float64):
    """A perceptron of 43 parameters, and its objective in that precision; the oracle stays in double."""
    made = PROBLEMS["tanh perceptron"]()
    return made, Objective(copy.deepcopy(made.model).to(dtype), made.loss, (made.inputs.to(dtype), made.targets))


def dense(which, made):
    """The matrix in double precision, by entries."""
    if which == "hessian":
        return dense_hessian(made.total, made.model)
    if which in ("gauss_newton", "fisher"):  # the loss is a cross-entropy
        return dense_gauss_newton(made)
    told = nn.functional.cross_entropy(made.model(made.inputs), made.targets, reduction="none")
    own = dense_rows(told, made.model)
    return own.T @ own / len(own) if which == "empirical_fisher" else torch.cov(own.T, correction=0)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize("parameters", [(), (LAYER,)], ids=["whole", "restricted"])
@pytest.mark.parametrize("which", PREFIXES)
def test_all_of_a_matrix_is_that_of_the_dense_one(which, parameters, dtype):
    made, objective = problem(dtype)
    expected = dense(which, made)
    if parameters:
        kept = objective.chosen(*parameters)
        expected = expected[kept][:, kept]
        assert 0 < len(expected) < len(kept)
    spectrum = torch.linalg.eigvalsh(expected).flip(0)
    names = [f"{PREFIXES[which]}{name}" for name in ("eigenvalues:3", "trace", "frobenius_norm", "diagonal", "density")]
    panel = ps.measure(objective, names, parameters=parameters)
    pairs, trace, norm, diagonal, spread_out = (panel[name].reading for name in names)

    ends = [*range(3), *(range(-3, 0) if which == "hessian" else ())]
    rounding = (1e-5 if dtype == torch.float32 else 1e-10) * float(spectrum.abs().max())
    assert bool(((pairs.values.double() - spectrum[ends]).abs() <= pairs.residuals.double() + rounding).all())
    assert abs(trace.value - float(expected.trace())) <= 4 * trace.error + rounding
    assert abs(norm.value - float(expected.norm())) <= 4 * norm.error + rounding
    torch.testing.assert_close(diagonal.values, expected.diagonal(), rtol=1e-4, atol=rounding)
    assert abs(diagonal.value - float(expected.diagonal().mean())) <= 4 * diagonal.error + rounding
    rms = float(spectrum.square().mean().sqrt())
    assert abs(spread_out.value - rms) <= 4 * spread_out.error + rounding
    assert spread_out.error < rms
    assert spread_out.density.size == len(expected)


def test_the_order_of_the_names_is_that_of_the_values():
    made, objective = problem()
    spectrum = torch.linalg.eigvalsh(dense("hessian", made))
    found = ps.measure(objective, ["eigenvalues:2"])["eigenvalues:2"].reading
    assert set(found.further) == {"2", "smallest", "smallest 2"}
    for name, place in {"2": -2, "smallest": 0, "smallest 2": 1}.items():
        assert found.further[name][0] == pytest.approx(float(spectrum[place]), rel=1e-3)
    assert float(found.value) == pytest.approx(float(spectrum[-1]), rel=1e-3)


def test_what_several_numbers_are_called_is_known_before():
    """So that a probe can announce its series."""
    _, objective = problem()
    several = [name for name, made in INSTRUMENTS.items() if made.further]
    assert len(several) == 15
    for name, made in instruments_named([*several, "fisher_eigenvalues:2", "eigenvalues:4"], "they are").items():
        reading = made.read(Bench(objective), None)
        assert set(reading.further) == set(made.further), name
        assert all(math.isfinite(value) and error >= 0 for value, error in reading.further.values())


def test_no_more_eigenvalues_than_there_are():
    model = nn.Linear(2, 1, bias=False).double()
    objective = Objective(model, nn.MSELoss(), (normal(5, 2), normal(5, 1, seed=2)))
    assert len(ps.measure(objective, ["gauss_newton_eigenvalues"])["gauss_newton_eigenvalues"].reading.values) == 2
    with pytest.raises(BadInput, match="`k` must be from 1 to 2 for 2 parameters, got 3"):
        ps.measure(objective, ["gauss_newton_eigenvalues:3"])


@pytest.mark.parametrize(
    ("name", "sentence"),
    {
        "trace:3": "there is only one trace. A number may follow eigenvalues, gauss_newton_eigenvalues",
        "eigenvalues:0": "asks for '0' of them. Say a whole number from 1 on, such as eigenvalues:5",
        "eigenvalues:": "asks for '' of them",
        "eigenvalues:many": "asks for 'many' of them",
        "eigenvalues:-1": "asks for '-1' of them",
        "eigenvalues:²": "asks for '²' of them",
        "effective_loss": "that is not of a matrix that an optimizer meets. effective_ may precede sharpness",
        "effective_": "names out of loss",
        "effective_trace": "effective curvatures are those that an adaptive optimizer meets, and none is known here",
        "nothing:2": "names out of loss",
    }.items(),
    ids=str,
)
def test_nonsense_is_refused(name, sentence):
    _, objective = problem()
    with pytest.raises(BadInput) as refused:
        ps.measure(objective, [name])
    assert sentence in str(refused.value)


def test_an_optimizer_that_nobody_asks_about_is_refused():
    _, objective = problem()
    optimizer = torch.optim.Adam(objective.model.parameters())
    with pytest.raises(BadInput, match="the optimizer is for what it meets, and no such instrument is asked for"):
        ps.measure(objective, ["trace"], optimizer=optimizer)
    with pytest.raises(BadInput, match="it has made no step yet"):
        ps.measure(objective, ["effective_trace"], optimizer=optimizer)


@pytest.mark.parametrize("parameters", [(), (LAYER,)], ids=["whole", "restricted"])
@pytest.mark.parametrize("which", PREFIXES)
def test_effective_matrices_are_those_divided_by_the_root(which, parameters):
    made, objective = problem()
    model = objective.model
    optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3, alpha=0.5, eps=1e-3)
    for _ in range(3):
        optimizer.zero_grad()
        CE(model(made.inputs), made.targets).backward()
        optimizer.step()
    square = torch.cat([optimizer.state[p]["square_avg"].flatten() for p in model.parameters()])
    made.model.load_state_dict(model.state_dict())
    scale = (square.sqrt() + 1e-3).rsqrt()
    expected = scale[:, None] * dense(which, made) * scale
    if parameters:
        kept = objective.chosen(*parameters)
        expected = expected[kept][:, kept]
    spectrum = torch.linalg.eigvalsh(expected)
    names = [f"effective_{PREFIXES[which]}{name}" for name in ("eigenvalues:2", "trace", "diagonal", "density")]
    panel = ps.measure(objective, names, parameters=parameters, optimizer=optimizer)
    pairs, trace, diagonal, spread_out = (panel[name].reading for name in names)
    torch.testing.assert_close(pairs.values[:2], spectrum.flip(0)[:2], rtol=1e-3, atol=0)
    assert abs(trace.value - float(expected.trace())) <= 4 * trace.error
    torch.testing.assert_close(diagonal.values, expected.diagonal(), rtol=1e-6, atol=1e-9)
    assert abs(spread_out.value - float(spectrum.square().mean().sqrt())) <= 4 * spread_out.error


def test_the_error_of_a_sample_is_told_of_what_an_optimizer_meets():
    made, objective = problem()
    optimizer = torch.optim.RMSprop(objective.model.parameters(), alpha=0.5)
    made_loss = CE(objective.model(made.inputs), made.targets)
    made_loss.backward()
    optimizer.step()
    line = ps.measure(objective, ["effective_sharpness"], optimizer=optimizer, leave_out=3)["effective_sharpness"]
    assert line.sampling is not None
    assert line.sampling.value == pytest.approx(line.value, rel=1e-6)
    assert line.sampling.standard_error > 0


def skewed():
    """600 eigenvalues: most next to zero, some of either sign, few large."""
    few = torch.cat([torch.linspace(-1, -0.5, 60), torch.linspace(1, 2, 90), torch.full((3,), 30.0)]).double()
    spectrum = torch.cat([few, 1e-3 * normal(447, seed=5)])
    basis = torch.linalg.qr(normal(600, 600, seed=6)).Q
    return Matrix(basis @ torch.diag(spectrum) @ basis.T), spectrum.sort().values


def test_percentiles_and_root_mean_square_lie_within_their_errors():
    matrix, spectrum = skewed()
    missed = 0
    for seed in range(20):
        found = spread(density(matrix, fewest=3, generator=seeded(seed)))
        for name, level in LEVELS.items():
            at = found.percentiles[name]
            expected = float(spectrum[math.ceil(level * len(spectrum)) - 1])
            missed += abs(at.value - expected) > 1.96 * at.standard_error + 1e-6
        missed += abs(found.value - float(spectrum.square().mean().sqrt())) > 1.96 * found.standard_error
    assert missed <= 8  # of 80, each of which may be missed once in 20


def test_the_median_of_many_zeros_is_known_though_their_places_are_one():
    matrix = Matrix(torch.diag(torch.cat([torch.zeros(90), torch.full((10,), 2.0)])).double())
    found = spread(density(matrix, steps=10, fewest=3))
    assert found.percentiles["median"].value == pytest.approx(0, abs=1e-6)
    assert found.percentiles["median"].standard_error < 2e-3  # a thousandth of the range
    assert found.percentiles["95th percentile"].value == pytest.approx(2, abs=1e-6)


def test_not_finite_is_told():
    class Broken(Matrix):
        def _apply(self, block):
            return block * math.nan

    found = spread(density(Broken(torch.eye(8)), steps=4))
    assert math.isnan(found.value)
    assert not found.converged
    assert all(math.isnan(value) for value, _ in found.further.values())


def test_the_whole_is_in_the_json():
    made, objective = problem()
    names = ["density", "diagonal", "eigenvalues:2"]
    read = json.loads(json.dumps(ps.measure(objective, names).to_json(), allow_nan=False))
    kept = read["density"]["evidence"]["density"]
    assert len(kept["grid"]) == len(kept["values"]) == len(kept["errors"])
    assert sum(map(sum, kept["weights"])) == pytest.approx(len(kept["weights"]))
    assert set(read["density"]["evidence"]["percentiles"]) == set(LEVELS)
    size = len(objective.point)
    torch.testing.assert_close(
        torch.tensor(read["diagonal"]["evidence"]["values"], dtype=torch.float64),
        dense("hessian", made).diagonal(), rtol=1e-6, atol=1e-9,
    )  # fmt: skip
    assert len(read["diagonal"]["evidence"]["standard_errors"]) == size
    pairs = read["eigenvalues:2"]["evidence"]
    assert len(pairs["values"]) == len(pairs["residuals"]) == 4
    assert "vectors" not in pairs


def test_the_error_of_the_mean_of_a_diagonal_covers():
    """The errors of entries hang together, so that they do not average as independent ones would."""
    noise = normal(150, 150, seed=1)
    matrix = Matrix((noise + noise.T) / 2 + 3 * torch.eye(150))
    covered = []
    for seed in range(60):
        found = ps.diagonal(matrix, method="hutchinson", tol=1e-9, max_products=20, generator=seeded(seed))
        apart = found.value - float((noise.diagonal() + 3).mean())
        covered.append(abs(apart) <= 1.96 * found.standard_error)
    assert sum(covered) >= 51


def test_what_was_perhaps_meant_comes_last():
    objective = Objective(mlp(), CE, (POINTS, CLASSES))
    with pytest.raises(BadInput, match=r"got 'fisher_trac:2', 'sharpnes'\. Did you mean fisher_trace, sharpness\?$"):
        ps.measure(objective, ("fisher_trac:2", "loss", "sharpnes"))
    with pytest.raises(BadInput, match=r"got 'qqq'\.$"):
        ps.measure(objective, ("qqq",))


ELSEWHERE = {"eigenspace_overlap": "of two readings"}
"""What is not had by name, and why."""


def of_curvature():
    """Public functions of the rooms of spectra, traces and flatness, and whatever else may take an operator."""
    found = {name: getattr(instruments, name) for name in instruments.__all__}
    functions = {name: each for name, each in found.items() if inspect.isfunction(each)}
    rooms = tuple(f"phenoscope.instruments.{room}." for room in ("spectra", "traces", "flatness"))
    return [
        name
        for name, each in functions.items()
        if each.__module__.startswith(rooms)
        or "Operator" in str(next(iter(inspect.signature(each).parameters.values()), ""))
    ]


def test_every_curvature_instrument_is_reached_by_name():
    """A new one stands in the registry, or is listed above with the reason."""
    curvature = of_curvature()
    assert {"eigenvalues", "density", "trace", "diagonal", "frobenius_norm", "directional_sharpness"} <= set(curvature)
    assert [name for name in curvature if name not in INSTRUMENTS and name not in ELSEWHERE] == []
    assert [name for name in ELSEWHERE if name in INSTRUMENTS or name not in curvature] == []
