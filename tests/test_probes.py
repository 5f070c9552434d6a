"""Every series of every probe, against the same quantity computed directly on a network written out by hand."""

import dataclasses
import inspect
import itertools
import math

import pytest
import torch
from torch.autograd.functional import hessian

from phenoscope import probes
from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.core.specs import identity
from phenoscope.data import Dataset, Digits, One, Planted, Sides, dataset
from phenoscope.models import CNN, MLP, Product
from phenoscope.objective import CrossEntropy
from phenoscope.probes import (
    COMPANIONS,
    Accuracy,
    AlongFirst,
    CentralOscillation,
    DeadUnits,
    Density,
    EarlyBirds,
    EffectiveSharpness,
    ExampleChanges,
    Explored,
    FlowSharpness,
    GradientNorm,
    LearningRate,
    Loss,
    Margins,
    Mark,
    Outliers,
    Probe,
    RelativeProgress,
    Rows,
    SelfStabilisation,
    Sharpness,
    curvature,
    series_units,
    writes,
)
from phenoscope.training import (
    Adam,
    CentralFlow,
    Drop,
    DropAndGrow,
    GradientDescent,
    HeavyBall,
    PerSharpness,
    RandomMask,
    Start,
    train,
)
from small import DATA, losses, path, recipe

EXACT = {"rtol": 1e-10, "atol": 1e-12}
PROBES = [
    made for _, made in inspect.getmembers(probes, inspect.isclass) if hasattr(made, "update") and made is not Probe
]
PRODUCT = {"data": Dataset(One(), scaling="none"), "model": Product((2, 2), 44.0, 60.0)}


SIDES = {
    "data": Dataset(Sides(Digits(), plus=(3,), minus=(8,)), train=12, test=0, scaling="centre", flat=True),
    "model": MLP((5,), activation="relu", bias=False),
}
CHANNELS = {
    "data": dataset("digits", train=16, test=8),
    "model": CNN((4, 6), kernel=3, normalisation="layer"),
    "loss": CrossEntropy(),
}
PARTICULAR = {FlowSharpness: PRODUCT, Margins: SIDES, EarlyBirds: CHANNELS}


def of(kind, model=None):
    """What a probe of that kind can measure: any network, but for those that are about one kind of network alone."""
    return PARTICULAR.get(kind) or {"model": model or MLP((4,), activation="tanh")}


def read(probe, recipes, start=None):
    """The series of each row as lists of (step, value)."""
    memory, found = None, [{} for _ in recipes]
    for state in train(recipes, start=start):
        if probe.needs_curvature(state.step):
            state.around.hessian()
        if probe.due(state.step):
            rows, memory = probe.update(state, memory)
            for reading in rows:
                assert reading.values.shape == (len(recipes),)
                for row, value in enumerate(reading.values.tolist()):
                    found[row].setdefault(reading.name, []).append((reading.step, value))
    return found


def steps(series):
    return [step for step, _ in series]


def values(series):
    return torch.tensor([value for _, value in series], dtype=torch.float64)


def gradient(made, point):
    here = point.clone().requires_grad_()
    return torch.autograd.grad(losses(made, here), here)[0]


def eigen(made, point):
    return torch.linalg.eigh(hessian(lambda here: losses(made, here), point))


RECIPE = recipe(0.4, steps=12)
POINTS = path(RECIPE)


def test_the_path_by_hand_is_the_path_of_the_trainer():
    trained = [state.points[0] for state in train([RECIPE])]
    torch.testing.assert_close(torch.stack(trained), torch.stack(POINTS), **EXACT)


@pytest.mark.parametrize("every", [1, 5])
def test_loss(every):
    (found,) = read(Loss(every), [RECIPE])
    assert steps(found["loss"]) == list(range(0, 13, every))
    expected = torch.stack([losses(RECIPE, point) for point in POINTS[::every]])
    torch.testing.assert_close(values(found["loss"]), expected, **EXACT)


def test_the_loss_is_that_of_all_examples_though_the_step_takes_a_batch():
    made = recipe(0.4, steps=3, batch=5)
    (found,) = read(Loss(), [made])
    points = [state.points[0] for state in train([made])]
    torch.testing.assert_close(values(found["loss"]), torch.stack([losses(made, p) for p in points]), **EXACT)


def test_gradient_norm():
    (found,) = read(GradientNorm(every=3), [RECIPE])
    assert steps(found["gradient norm"]) == [0, 3, 6, 9, 12]
    expected = torch.stack([gradient(RECIPE, point).norm() for point in POINTS[::3]])
    torch.testing.assert_close(values(found["gradient norm"]), expected, **EXACT)


def test_relative_progress_stands_at_the_step_that_was_taken():
    (found,) = read(RelativeProgress(), [RECIPE])
    assert steps(found["relative progress"]) == list(range(12))  # the last step is not taken
    expected = [
        (losses(RECIPE, after) - losses(RECIPE, before)) / (0.4 * gradient(RECIPE, before).square().sum())
        for before, after in itertools.pairwise(POINTS)
    ]
    torch.testing.assert_close(values(found["relative progress"]), torch.stack(expected), **EXACT)
    residual = values(found["relative progress.residual"])
    assert steps(found["relative progress.residual"]) == list(range(12))
    assert bool((residual > 0).all())
    assert bool((residual < 1e-12).all())


def test_relative_progress_on_a_quadratic_is_the_exact_formula():
    """L(θ - ηg) - L(θ) = -η‖g‖² + ½η² gᵀHg, so the relative progress is -1 + ½η gᵀHg/‖g‖²."""
    made = recipe(0.7, steps=5, dynamics="quadratic")
    curvature = hessian(lambda here: losses(made, here), POINTS[0])
    slope, expected = gradient(made, POINTS[0]), []
    for _ in range(5):
        expected.append(-1 + 0.35 * (slope @ curvature @ slope) / (slope @ slope))
        slope = slope - 0.7 * curvature @ slope
    (found,) = read(RelativeProgress(), [made])
    torch.testing.assert_close(values(found["relative progress"]), torch.stack(expected), rtol=1e-9, atol=1e-10)


def test_sharpness_is_the_largest_signed_eigenvalue_at_every_reading():
    (found,) = read(Sharpness(every=2, k=2, tol=1e-9, challenge_every=5), [RECIPE])
    assert steps(found["sharpness"]) == steps(found["sharpness 2"]) == list(range(0, 13, 2))
    dense = torch.stack([eigen(RECIPE, point)[0] for point in POINTS[::2]])
    torch.testing.assert_close(values(found["sharpness"]), dense[:, -1], rtol=1e-8, atol=0)
    torch.testing.assert_close(values(found["sharpness 2"]), dense[:, -2], rtol=1e-7, atol=0)
    for name in ("sharpness", "sharpness 2"):
        residual = values(found[f"{name}.residual"])
        assert bool((residual <= 1e-9 * dense.abs().max()).all())
    assert bool((values(found["sharpness.products"]) >= 1).all())
    assert steps(found["sharpness.failure probability"]) == [0, 10]  # every fifth reading is challenged
    assert bool((values(found["sharpness.failure probability"]) <= 1e-2).all())


def test_the_residual_bounds_the_error_where_the_tolerance_is_loose():
    (found,) = read(Sharpness(every=1, tol=0.2, guards=0), [RECIPE])
    dense = torch.stack([eigen(RECIPE, point)[0] for point in POINTS])
    away = (dense - values(found["sharpness"])[:, None]).abs().min(dim=1).values
    residual = values(found["sharpness.residual"])
    assert bool((away <= residual + 1e-12).all())
    assert bool((residual > 1e-9).any())  # else nothing was tested


@pytest.mark.parametrize(
    ("rule", "limit"),
    [(GradientDescent(0.4), 2 / 0.4), (HeavyBall(0.2, 0.5), (2 + 2 * 0.5) / 0.2), (Adam(0.01), None)],
    ids=lambda part: str(part)[:12],
)
def test_sharpness_over_threshold(rule, limit):
    (found,) = read(Sharpness(every=3), [recipe(rule=rule)])
    if limit is None:
        assert "sharpness / threshold" not in found
        return
    for companion in ("", ".residual"):
        measured = values(found[f"sharpness{companion}"])
        torch.testing.assert_close(
            values(found[f"sharpness / threshold{companion}"]), measured / limit, rtol=1e-14, atol=0
        )


def test_the_gradient_along_the_top_eigenvector_keeps_its_sign():
    (found,) = read(Sharpness(every=4, tol=1e-10, along=True), [RECIPE])
    along = values(found["gradient along top eigenvector"])
    assert steps(found["gradient along top eigenvector"]) == list(range(13))
    vector = eigen(RECIPE, POINTS[0])[1][:, -1]
    vector = vector * torch.sign(along[0]) * torch.sign(gradient(RECIPE, POINTS[0]) @ vector)
    expected = []
    for step, point in enumerate(POINTS):
        if step % 4 == 0:
            new = eigen(RECIPE, point)[1][:, -1]
            vector = new * torch.sign(new @ vector)
        expected.append(gradient(RECIPE, point) @ vector)
    torch.testing.assert_close(along, torch.stack(expected), rtol=1e-6, atol=1e-8)


def test_a_fresh_vector_of_either_sign_is_turned_to_the_last_one(monkeypatch):
    """The tracker's sign is arbitrary: flipped at every other reading, the series must not change."""
    (plain,) = read(Sharpness(every=1, tol=1e-10, along=True), [RECIPE])
    measure, calls = curvature.Tracker.measure, []

    def flipping(self, *arguments):
        found, tracking = measure(self, *arguments)
        calls.append(1)
        if len(calls) % 2 == 0:
            found.vectors.neg_()
        return found, tracking

    monkeypatch.setattr(curvature.Tracker, "measure", flipping)
    (flipped,) = read(Sharpness(every=1, tol=1e-10, along=True), [RECIPE])
    name = "gradient along top eigenvector"
    torch.testing.assert_close(values(flipped[name]), values(plain[name]), rtol=1e-9, atol=1e-12)


def test_along_first_keeps_the_vector_of_the_start():
    (found,) = read(AlongFirst(tol=1e-10), [RECIPE])
    along = values(found["gradient along first top eigenvector"])
    vector = eigen(RECIPE, POINTS[0])[1][:, -1]
    expected = torch.stack([gradient(RECIPE, point) @ vector for point in POINTS])
    torch.testing.assert_close(along, expected * torch.sign(along[0] * expected[0]), rtol=1e-7, atol=1e-9)
    # the vector of each step would give another series
    moved = torch.stack([gradient(RECIPE, p) @ eigen(RECIPE, p)[1][:, -1] for p in POINTS]).abs()
    assert not torch.allclose(moved, along.abs(), rtol=1e-3)


def test_accuracy():
    (found,) = read(Accuracy(every=6), [RECIPE])
    draw = RECIPE.data.draw(stream(0, "data"))
    model = MLP((4,), activation="tanh").build(stream(0, "initialisation"), inputs=(3,), outputs=2, dtype=torch.float64)
    for part, examples in (("train", draw.train), ("test", draw.test)):
        assert steps(found[f"{part} accuracy"]) == [0, 6, 12]
        right = (model(examples.inputs.double()).argmax(dim=1) == examples.targets).double().mean()
        assert found[f"{part} accuracy"][0][1] == right.item()
    assert len(draw.train) != len(draw.test)


def test_accuracy_without_test_examples_has_no_test_series():
    from phenoscope.data import dataset

    made = recipe(data=dataset("gaussian_clusters", dimensions=3, examples=12))
    (found,) = read(Accuracy(every=3), [made])
    assert list(found) == ["train accuracy"]


@pytest.mark.parametrize("seeds", [(0, 1, 2), (5, 5, 5)])
def test_a_row_of_a_cohort_reads_what_it_reads_alone(seeds):
    rows = [recipe(lr, seed=seed, steps=8) for lr, seed in zip((0.1, 0.4, 0.8), seeds, strict=True)]
    for probe in (
        Loss(),
        GradientNorm(),
        RelativeProgress(),
        Sharpness(2, tol=1e-9, along=True),
        AlongFirst(1e-9),
        Accuracy(4),
    ):
        together = read(probe, rows)
        for row, made in enumerate(rows):
            (alone,) = read(probe, [made])
            compare = {name for name in alone if not name.endswith(COMPANIONS)}
            assert compare == {name for name in together[row] if not name.endswith(COMPANIONS)}
            for name in compare:
                assert steps(alone[name]) == steps(together[row][name])
                here, there = values(alone[name]), values(together[row][name])
                sign = torch.sign(here[0] * there[0]) if "along" in name else 1.0
                torch.testing.assert_close(there, here * sign, rtol=1e-6, atol=1e-9)


def test_readings_begin_anew_at_a_fork():
    start = Start(torch.stack([POINTS[7]]))
    from phenoscope.training import Point

    made = recipe(0.4, steps=3, start=Point(RECIPE, 7))
    (found,) = read(Loss(), [made], start)
    torch.testing.assert_close(values(found["loss"]), torch.stack([losses(made, p) for p in POINTS[7:11]]), **EXACT)


def rows_of(name, step, *numbers):
    return [Rows("other", step, torch.ones(len(numbers))), Rows(name, step, torch.tensor(numbers))]


def test_a_mark_is_reached_at_the_level_and_not_before_its_step():
    mark = Mark("edge", "x", at_least=1.0, after=10)
    assert mark.reached(rows_of("x", 9, 5.0, 5.0)) is None
    assert mark.reached(rows_of("y", 10, 5.0, 5.0)) is None
    assert mark.reached(rows_of("x", 10, 1.0, 0.999, math.nan, math.inf)).tolist() == [True, False, False, True]


def test_a_mark_may_be_reached_from_above_and_needs_a_level():
    below = Mark("fitted", "x", at_most=1.0)
    assert below.reached(rows_of("x", 0, 1.0, 1.001, math.nan, -math.inf)).tolist() == [True, False, False, True]
    between = Mark("between", "x", at_least=0.5, at_most=1.0)
    assert between.reached(rows_of("x", 0, 0.4, 0.5, 1.0, 1.1)).tolist() == [False, True, True, False]
    with pytest.raises(BadInput, match="the mark 'm' needs a level"):
        Mark("m", "x")


@pytest.mark.parametrize("name", ["initial", "final", "step 3", "", " ", ".", "a/b", "a\\b"])
def test_a_mark_needs_a_name_of_its_own(name):
    with pytest.raises(BadInput, match="a mark's name also names a file"):
        Mark(name, "x", 1.0)


def test_units_of_two_probes_of_one_series_are_refused():
    with pytest.raises(BadInput, match=r"two probes write the series \['loss'\]"):
        series_units((Loss(), Loss(every=2)))
    with pytest.raises(BadInput, match="is not a probe: it needs"):
        series_units((Loss(), "loss"))


def test_writes_knows_series_and_their_companions():
    assert writes((Sharpness(k=2),), "sharpness 2.residual")
    assert writes((Sharpness(),), "sharpness.failure probability")
    assert not writes((Sharpness(),), "sharpness 2")
    assert not writes((Sharpness(),), "sharpness.residuals")


def test_there_are_probes():
    assert {Loss, GradientNorm, RelativeProgress, Accuracy, Sharpness, AlongFirst} <= set(PROBES)


@pytest.mark.parametrize("kind", PROBES, ids=lambda kind: kind.__name__)
class TestContract:
    """What holds for every probe of the module."""

    def test_is_a_spec_with_an_id(self, kind):
        assert isinstance(kind(), Probe)
        assert identity(kind()) == identity(kind())
        assert isinstance(kind.version, int)

    def test_names_its_series_in_its_docstring_and_gives_their_units(self, kind):
        units = kind().units
        assert units
        assert all(isinstance(unit, str) and unit for unit in units.values())
        text = " ".join(inspect.getdoc(kind).split())
        assert all(f"`{name}`" in text for name in units)

    def test_writes_what_its_units_promise_and_their_companions_only(self, kind):
        """By rules with and without a preconditioner, of a network that can be rescaled: one alone lacks some."""
        probe = dataclasses.replace(kind(), every=1) if hasattr(kind(), "every") else kind()
        made = [
            recipe(rule=rule, **of(kind, MLP((4,), activation="relu"))) for rule in (GradientDescent(0.1), Adam(0.01))
        ]
        made += [recipe(data=Planted(DATA, (0, 1), 3, 2.0))] if kind is ExampleChanges else []
        made += [recipe(rule=CentralFlow(0.1, k=1))] if kind is CentralOscillation else []
        made += [recipe(steps=10)] if kind is SelfStabilisation else []
        found = [name for each in made for name in read(probe, [each])[0]]
        assert set(probe.units) <= set(found)
        assert {name for name in found if not writes((probe,), name)} == set()

    def test_needs_curvature_only_when_due(self, kind):
        probe = kind()
        assert all(probe.due(step) for step in range(200) if probe.needs_curvature(step))

    def test_does_not_ask_for_curvature_behind_the_recorders_back(self, kind, monkeypatch):
        """A probe that builds the Hessian's graph without saying so makes everyone build it twice."""
        from phenoscope.objective import Linearisation

        calls, plain = [], Linearisation.hessian
        monkeypatch.setattr(Linearisation, "hessian", lambda self, *a, **k: calls.append(1) or plain(self, *a, **k))
        memory, probe = None, kind()
        for state in train([recipe(steps=5, **of(kind))]):
            calls.clear()
            if probe.due(state.step):
                _, memory = probe.update(state, memory)
            assert bool(calls) <= probe.needs_curvature(state.step)

    def test_refuses_a_schedule_of_no_steps(self, kind):
        if "every" in inspect.signature(kind).parameters:
            with pytest.raises(BadInput, match=f"`every` of {kind.__name__} must be at least 1, got 0"):
                kind(every=0)


@pytest.mark.parametrize("options", [{"k": 0}, {"tol": 0.0}, {"guards": -1}, {"challenge_every": 0}], ids=str)
def test_sharpness_refuses_what_its_tracker_cannot_use(options):
    with pytest.raises(BadInput, match="a tracker needs"):
        Sharpness(**options)


def test_sharpness_looks_at_no_step_between_its_readings_unless_asked_to():
    (found,) = read(Sharpness(every=4, tol=1e-10), [RECIPE])
    assert steps(found["sharpness"]) == [0, 4, 8, 12]
    assert "gradient along top eigenvector" not in found
    assert [step for step in range(9) if Sharpness(every=4).due(step)] == [0, 4, 8]
    assert not writes((Sharpness(),), "gradient along top eigenvector")
    assert writes((Sharpness(along=True),), "gradient along top eigenvector")


def test_the_learning_rate_is_that_of_the_coming_update_also_where_it_is_per_sharpness():
    rows = [recipe(Drop(0.2, 3, 0.1)), recipe(PerSharpness(1.5), seed=3)]
    found = read(LearningRate(every=2), rows)
    assert found[0]["learning rate"] == [(0, 0.2), (2, 0.2), (4, 0.1), (6, 0.1)]
    expected = 1.5 / eigen(rows[1], path(recipe(seed=3))[0]).eigenvalues[-1].item()
    assert values(found[1]["learning rate"]).tolist() == pytest.approx([expected] * 4, rel=1e-9)


def test_dead_units_are_counted_row_by_row():
    rows = [recipe(seed=seed, model=MLP((6,), activation="relu")) for seed in (0, 1)]
    states = list(train(rows))
    found = read(DeadUnits(every=6), rows)
    for row, made in enumerate(rows):
        inputs = made.data.draw(stream(made.seed, "data")).train.inputs.double()
        for (step, value), state in zip(found[row]["dead units"], (states[0], states[-1]), strict=True):
            point = state.points[row]
            hidden = inputs @ point[:18].reshape(6, 3).T + point[18:24]
            assert (step, value) == (state.step, (hidden <= 0).all(dim=0).double().mean().item())
    assert math.isnan(read(DeadUnits(), [recipe(steps=1)])[0]["dead units"][0][1])


@pytest.mark.parametrize(("dynamics", "count"), [("network", 2), ("linearised", 1)])
def test_the_density_is_that_of_weights_and_the_least_that_of_one_layer(dynamics, count):
    """Of a linearised network too: its one parameter has the places of all those that it stands for."""
    rows = [recipe(seed=0, mask=RandomMask(0.2), steps=3), recipe(seed=1, mask=RandomMask(0.7), steps=3)][:count]
    rows = [dataclasses.replace(row, dynamics=dynamics) for row in rows]
    states = list(train(rows))
    found = read(Density(every=3), rows)
    for row in range(count):
        for place, state in enumerate((states[0], states[-1])):
            first, last = state.points[row][:12], state.points[row][16:24]  # 3 x 4 and 4 x 2 weights, biases after each
            used = [part.count_nonzero().item() for part in (first, last)]
            assert found[row]["density"][place] == (state.step, sum(used) / 20)
            assert found[row]["least density"][place] == (state.step, min(used[0] / 12, used[1] / 8))
    assert found[0]["density"][0][1] == 0.2
    assert read(Density(), [recipe(steps=1)])[0]["density"] == [(0, 1.0)]


@pytest.mark.parametrize("dynamics", ["network", "linearised"])
def test_what_a_mask_has_let_train_is_counted_over_all_readings(dynamics):
    made = recipe(steps=12, mask=RandomMask(0.5), pruning=DropAndGrow(3, 12, 0.5, "random"), dynamics=dynamics)
    weights = torch.tensor([True] * 12 + [False] * 4 + [True] * 8 + [False] * 2)
    tried, expected = torch.zeros(26, dtype=torch.bool), []
    for state in train([made]):
        if state.step % 3 == 0:
            tried |= state.mask[0]
            expected.append((state.step, int((tried & weights).sum()) / 20))
    (found,) = read(Explored(every=3), [made])
    assert found["explored share"] == expected
    assert expected[-1][1] > 0.5
    assert found["active share"] == [(step, 0.5) for step in (0, 3, 6, 9, 12)]
    assert read(Explored(), [recipe(steps=1)])[0]["explored share"] == [(0, 1.0)]


@pytest.mark.parametrize(("every", "readings"), [(1, 20), (2, 10), (3, 10), (25, 10)])
def test_random_starts_come_every_ten_readings_and_no_more_often_than_every_twenty_steps(every, readings):
    for probe in (Sharpness(every), EffectiveSharpness(every)):
        assert probe._tracker().challenge_every == readings
    assert Sharpness(1, challenge_every=3)._tracker().challenge_every == 3


def test_outliers_are_counted_row_by_row_in_the_dense_spectrum():
    rows = [recipe(0.4, seed=seed, steps=4) for seed in (0, 1)]
    found = read(Outliers(every=4, most=8), rows)
    for row, made in enumerate(rows):
        curvatures = eigen(made, path(made)[4]).eigenvalues.flip(0)
        kept = curvatures[:9].clamp_min(curvatures[0] / 1000)
        gaps = kept[:-1] / kept[1:]
        count = int(gaps.argmax()) + 1
        last = {name: series[-1] for name, series in found[row].items()}
        assert last["hessian outliers"] == (4, count)
        assert last["outlier gap"] == (4, pytest.approx(gaps.max().item(), rel=1e-8))
        assert last["second gap"] == (4, pytest.approx(gaps.sort().values[-2].item(), rel=1e-8))
        assert last["hessian bulk"] == (4, int((curvatures.abs() >= curvatures[0] / 1000).sum()) - count)
        assert last["hessian outliers.converged"] == (4, 1.0)


def singles(made, point):
    """The loss of each example by itself, and the draw, by hand."""
    draw = made.data.draw(stream(made.seed, "data"))
    inputs, labels = draw.train.inputs.double(), draw.train.targets
    hidden = torch.tanh(inputs @ point[:12].reshape(4, 3).T + point[12:16])
    outputs = hidden @ point[16:24].reshape(2, 4).T + point[24:26]
    return ((outputs - torch.eye(2, dtype=torch.float64)[labels]) ** 2).sum(dim=1) / 2, draw


def test_changes_of_single_examples_in_single_steps():
    data = Planted(DATA, (0, 1), 3, 2.0)
    rows = [recipe(0.8, seed=seed, data=data) for seed in (0, 1)]
    states = list(train(rows))
    found = read(ExampleChanges(every=3, top=4), rows)
    for row, made in enumerate(rows):
        assert steps(found[row]["planted share of top"]) == [0, 3]
        for place, step in enumerate((0, 3)):
            before, draw = singles(made, states[step].points[row])
            changes = singles(made, states[step + 1].points[row])[0] - before
            top = changes.abs().argsort(descending=True)[:4]
            means = [changes[draw.groups == i].mean() for i in (1, 2)]
            expected = (
                changes[top].abs().sum() / changes.abs().sum(),
                (draw.groups[top] > 0).double().mean(),
                torch.as_tensor(float(means[0].sign() != means[1].sign())),
            )
            for name, value in zip(ExampleChanges().units, expected, strict=True):
                assert found[row][name][place] == (step, pytest.approx(value.item(), rel=1e-9))


def test_without_groups_only_their_share_is_read():
    assert set(read(ExampleChanges(every=2, top=2), [recipe()])[0]) == {"top share of change"}
