"""Any instrument as a probe: the same reading as on the model itself, a row at a time, whatever else is measured."""

import math

import numpy as np
import pytest
import torch
from torch import nn

import phenoscope as ps
from phenoscope.core.errors import BadInput
from phenoscope.core.points import write
from phenoscope.core.seeds import stream
from phenoscope.core.specs import to_json
from phenoscope.instruments import INSTRUMENTS, Bench
from phenoscope.models import MLP
from phenoscope.objective import Objective
from phenoscope.probes import Instruments, Rescaled, writes
from phenoscope.training import Adam, train
from small import recipe


def series(probe, recipes):
    """What a probe writes of a training: name -> step -> values of the rows."""
    found: dict[str, dict[int, list[float]]] = {}
    for state in train(recipes):
        if probe.due(state.step):
            for rows in probe.update(state, None)[0]:
                found.setdefault(rows.name, {})[rows.step] = rows.values.tolist()
    return found


@pytest.mark.parametrize("name", INSTRUMENTS)
@pytest.mark.parametrize("seeds", [(3,), (3, 4), (3, 3)], ids=str)
def test_every_instrument_reads_along_training_what_it_reads_of_the_network(name, seeds):
    recipes = [recipe(0.2 + 0.1 * i, seed=seed, steps=4) for i, seed in enumerate(seeds)]
    found = series(Instruments((name,), every=4), recipes)
    values = found[name.replace("_", " ")]
    assert sorted(values) == [0, 4]
    for row, made in enumerate(recipes):
        last = list(train(recipes))[-1].points[row]
        draw = made.data.draw(stream(made.seed, "data"))
        model = made.model.build(stream(0, "other"), inputs=made.data.shape, outputs=2, dtype=torch.float64)
        write(last, model)
        objective = Objective(model, made.loss, (draw.train.inputs.double(), draw.train.targets))
        alone = INSTRUMENTS[name].read(Bench(objective), stream(seeds[0], name, 4))
        assert values[4][row] == pytest.approx(float(alone.value), rel=1e-6, abs=1e-9)
        if alone.error_field is not None:
            end = ".standard error" if alone.error_field == "standard_error" else ".residual"
            assert f"{name.replace('_', ' ')}{end}" in found
    assert all(writes((Instruments((name,)),), each) for each in found)


def test_what_else_is_measured_changes_nothing():
    # Not so for the trace beside eigenvalues: their vectors are then left out of chance.
    alone = series(Instruments(("smallest_eigenvalue",), every=2), [recipe(0.3, steps=4)])
    beside = series(Instruments(("loss", "gauss_newton_trace", "smallest_eigenvalue"), every=2), [recipe(0.3, steps=4)])
    assert {name: beside[name] for name in alone} == alone


def test_a_diverged_row_is_not_measured():
    recipes = [recipe(0.1, steps=30), recipe(1e4, steps=30)]
    found = series(Instruments(("gradient_norm",), every=30), recipes)["gradient norm"]
    assert math.isfinite(found[30][0])
    assert math.isnan(found[30][1])


def test_quadratic_dynamics_has_no_network_to_measure():
    assert series(Instruments(("trace",), every=2), [recipe(0.1, steps=4, dynamics="quadratic")]) == {}


def test_linearised_dynamics_is_measured_as_it_is():
    found = series(Instruments(("sharpness",), every=20), [recipe(0.2, steps=20, dynamics="linearised")])["sharpness"]
    assert math.isfinite(found[20][0])


def test_of_linearised_dynamics_nothing_is_read_that_is_about_layers():
    made = [recipe(0.2, steps=4, dynamics="linearised")]
    found = series(Instruments(("loss", "relative_flatness"), every=4), made)
    assert set(found) == {"loss", "loss.residual"} or set(found) == {"loss"}


@pytest.mark.parametrize("names", [(), ("loss", "loss"), ("nonsense",), "loss"], ids=str)
def test_other_names_are_refused(names):
    with pytest.raises(BadInput, match="the instruments of a probe are a tuple of different names out of loss"):
        Instruments(names)


SEVERAL = ("eigenvalues:2", "density", "fisher_diagonal")


def test_what_has_several_numbers_writes_a_series_for_each():
    recipes = [recipe(0.2, seed=3, steps=4), recipe(0.3, seed=4, steps=4)]
    found = series(Instruments(SEVERAL, every=4), recipes)
    units = Instruments(SEVERAL).units
    names = ["eigenvalues", "eigenvalues 2", "eigenvalues smallest", "eigenvalues smallest 2", "density"]
    names += ["density 5th percentile", "density median", "density 95th percentile"]
    names += ["fisher diagonal", "fisher diagonal smallest", "fisher diagonal largest"]
    assert set(units) == set(names)
    assert set(names) <= set(found)
    assert all(writes((Instruments(SEVERAL),), each) for each in found)
    for row in range(2):
        falling = [found[name][4][row] for name in ("eigenvalues", "eigenvalues 2", "eigenvalues smallest 2")]
        falling += [found["eigenvalues smallest"][4][row]]
        assert falling == sorted(falling, reverse=True)
        assert found["eigenvalues smallest.residual"][4][row] >= 0
        assert found["density median.standard error"][4][row] >= 0


def test_only_some_parameters_are_measured_under_a_name_of_their_own():
    made = recipe(0.2, seed=3, steps=4)
    probes = Instruments(("trace", "eigenvalues:2"), 4, ("head.*",)), Instruments(("trace",), 4)
    assert not probes[0].needs_curvature(4)
    assert "trace of head.*" in probes[0].units
    assert "eigenvalues smallest 2 of head.*" in probes[0].units
    some, whole = (series(probe, [made]) for probe in probes)
    assert all(writes(probes, each) for each in (*some, *whole))
    draw = made.data.draw(stream(made.seed, "data"))
    model = made.model.build(stream(0, "other"), inputs=made.data.shape, outputs=2, dtype=torch.float64)
    write(list(train([made]))[-1].points[0], model)
    objective = Objective(model, made.loss, (draw.train.inputs.double(), draw.train.targets))
    chosen = objective.chosen("head.*")
    block = (objective.hessian() @ torch.eye(len(chosen), dtype=torch.float64))[chosen][:, chosen]
    spectrum = torch.linalg.eigvalsh(block)
    assert some["eigenvalues of head.*"][4][0] == pytest.approx(float(spectrum[-1]), rel=1e-3)
    error = some["trace of head.*.standard error"][4][0]
    assert abs(some["trace of head.*"][4][0] - float(block.trace())) <= 4 * error + 1e-9
    assert abs(some["trace of head.*"][4][0] - whole["trace"][4][0]) > 1e-3
    assert to_json(probes[1]) == {"kind": "Instruments", "instruments": ["trace"], "every": 4}  # ids stand


def test_a_linearised_network_has_no_parameters_by_name():
    made = recipe(0.2, steps=4, dynamics="linearised")
    assert series(Instruments(("trace",), 4, ("head.*",)), [made]) == {}


def test_effective_curvatures_are_read_once_there_is_a_preconditioner():
    made = recipe(0.01, seed=3, steps=4, rule=Adam(0.01))
    found = series(Instruments(("effective_sharpness", "effective_trace", "loss"), every=4), [made])
    state = list(train([made]))[-1]
    assert sorted(found["effective sharpness"]) == [4]
    assert sorted(found["loss"]) == [0, 4]
    hessian = state.around.hessian().multiply(torch.eye(state.points.shape[1], dtype=torch.float64)[None])[0]
    expected = torch.linalg.eigvals(hessian / state.preconditioner[0][:, None]).real.max()
    assert found["effective sharpness"][4][0] == pytest.approx(float(expected), rel=1e-3)
    assert series(Instruments(("effective_trace",), every=4), [recipe(0.1, steps=4)]) == {}  # plain descent


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (("eigenvalues:2", "eigenvalues:3"), "some of them twice"),
        (("eigenvalues:0",), "asks for '0' of them"),
        (("loss:2",), "there is only one loss"),
        (("effective_loss",), "not of a matrix that an optimizer meets"),
    ],
    ids=str,
)
def test_numbers_and_prefixes_without_a_meaning_are_refused(names, sentence):
    with pytest.raises(BadInput, match=sentence):
        Instruments(names)


def test_patterns_and_copies_that_cannot_be_are_refused():
    with pytest.raises(BadInput, match="`parameters` of a probe is a tuple of patterns"):
        Instruments(("trace",), 4, "head.*")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="a rescaled copy has no optimizer"):
        Rescaled(("effective_trace",))


def test_a_loop_with_adam_is_measured_as_adam_meets_it(tmp_path):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).double()
    data = torch.randn(12, 3, dtype=torch.float64), torch.randint(2, (12,))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    names = ("effective_eigenvalues:2", "effective_density", "effective_fisher_trace")
    probes = [
        Instruments(names, every=3),
        Instruments(("effective_sharpness",), 3, ("2.*",)),
        Instruments(("diagonal",), 3),
    ]
    with ps.watch(model, nn.CrossEntropyLoss(), data, optimizer, run=tmp_path / "run", probes=probes):
        for _ in range(3):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(data[0]), data[1]).backward()
            optimizer.step()
    frame = ps.load(tmp_path / "run").series
    last = {row["name"]: row["value"] for row in frame.filter(frame["step"] == 3).to_dicts()}
    objective = Objective(model, nn.CrossEntropyLoss(), data)
    matrix = ps.preconditioned(objective, optimizer) @ torch.eye(len(objective.point), dtype=torch.float64)
    spectrum, chosen = torch.linalg.eigvalsh(matrix), objective.chosen("2.*")
    assert last["effective eigenvalues"] == pytest.approx(float(spectrum[-1]), rel=1e-3)
    assert last["effective eigenvalues smallest"] == pytest.approx(float(spectrum[0]), rel=1e-3)
    block = torch.linalg.eigvalsh(matrix[chosen][:, chosen])[-1]
    assert last["effective sharpness of 2.*"] == pytest.approx(float(block), rel=1e-3)
    off = abs(last["effective density"] - float(spectrum.square().mean().sqrt()))
    assert off <= 4 * last["effective density.standard error"]
    assert last["effective fisher trace"] > 0
    assert last["diagonal largest"] >= last["diagonal"] >= last["diagonal smallest"]


def test_a_loop_of_ones_own_is_measured_by_any_instrument(tmp_path):
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    data = torch.randn(12, 3), torch.randint(2, (12,))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    probe = Instruments(tuple(INSTRUMENTS), every=3)
    with ps.watch(model, nn.CrossEntropyLoss(), data, optimizer, run=tmp_path / "run", probes=[probe]):
        for _ in range(3):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(data[0]), data[1]).backward()
            optimizer.step()
    frame = ps.load(tmp_path / "run").series
    last = {row["name"]: row["value"] for row in frame.filter(frame["step"] == 3).to_dicts()}
    objective = Objective(model, nn.CrossEntropyLoss(), data)
    panel = ps.measure(objective, ("sharpness", "loss", "examples"))
    for name in ("sharpness", "loss", "examples"):
        assert last[name] == pytest.approx(panel[name].value, rel=1e-3)
    assert last["trace.standard error"] >= 0
    assert last["sharpness.converged"] == 1.0


def test_a_reading_without_a_value_does_not_end_a_watch(tmp_path):
    """The margin of a network that is wrong on most examples is not positive; its training goes on."""
    model = nn.Linear(3, 2, bias=False)
    nn.init.zeros_(model.weight)
    data = torch.eye(3), torch.tensor([0, 0, 1])
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    probe = Instruments(("margin_norm", "loss"), every=1)
    with ps.watch(model, nn.CrossEntropyLoss(), data, optimizer, run=tmp_path / "run", probes=[probe]):
        for _ in range(3):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(data[0]), data[1]).backward()
            optimizer.step()
    record = ps.load(tmp_path / "run").record
    assert record.outcome == "finished"
    assert np.isnan(record.series["margin norm"].values).tolist() == [True, False, False, False]
    assert len(record.series["loss"].values) == 4


RELU = MLP((6,), activation="relu")


def test_a_rescaled_copy_has_the_same_function_and_other_derivatives():
    names = ("loss", "sharpness", "adaptive_gaussian", "relative_flatness")
    made = [recipe(0.2, seed=seed, steps=4, model=RELU) for seed in (3, 4)]
    plain, found = series(Instruments(names, every=4), made), series(Rescaled(names, every=4, most=32), made)
    assert {name.removeprefix("rescaled ") for name in found} == {*plain, "rescaling"}
    assert all(writes((Rescaled(names),), each) for each in found)
    factors = np.array([found["rescaling"][step] for step in (0, 4)])
    assert len(set(factors.flat)) == 4  # each network: each row, each reading
    other = series(Rescaled(("loss",), every=4, most=32), [recipe(0.3, seed=3, steps=4, model=RELU)])["rescaling"]
    assert (other[0][0], other[4][0] in factors) == (factors[0, 0], False)  # the same start, another end
    assert ((factors > 1 / 32) & (factors < 32)).all()
    for name in ("loss", "relative flatness"):
        assert found[f"rescaled {name}"][4] == pytest.approx(plain[name][4], rel=1e-6)
    # the same noise in proportion to each weight: the same rise
    assert found["rescaled adaptive gaussian"][4] == pytest.approx(plain["adaptive gaussian"][4], rel=1e-6)
    for before, after, factor in zip(plain["sharpness"][4], found["rescaled sharpness"][4], factors[1], strict=True):
        assert after > before * max(factor, 1 / factor) / 4
    assert series(Rescaled(names, every=4, most=32), made) == found


def test_a_rescaled_copy_of_one_row_is_not_measured_by_the_curvature_of_the_network_itself():
    made = recipe(0.2, seed=3, steps=2, model=RELU)
    found = series(Rescaled(("sharpness",), every=2, most=1e3), [made])
    factor = found["rescaling"][2][0]
    draw = made.data.draw(stream(made.seed, "data"))
    model = made.model.build(stream(0, "other"), inputs=made.data.shape, outputs=2, dtype=torch.float64)
    write(list(train([made]))[-1].points[0], model)
    with torch.no_grad():
        first, last = model.body[1], model.head
        first.weight.mul_(factor), first.bias.mul_(factor), last.weight.div_(factor)
    objective = Objective(model, made.loss, (draw.train.inputs.double(), draw.train.targets))
    assert found["rescaled sharpness"][2][0] == pytest.approx(float(ps.sharpness(objective).value), rel=1e-3)


def test_a_network_that_cannot_be_rescaled_is_not_read():
    assert series(Rescaled(("loss",), every=2), [recipe(0.2, steps=2)]) == {}  # tanh
    for wrong in (1.0, math.inf, math.nan):
        with pytest.raises(BadInput, match="`most` of Rescaled is a factor above 1"):
            Rescaled(most=wrong)
