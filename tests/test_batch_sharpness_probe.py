"""Batch sharpness along training, against every gradient and dense Hessian of the mini-batches it drew."""

import dataclasses
import itertools

import numpy as np
import pytest
import torch
from torch.autograd.functional import hessian

import phenoscope as ps
from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.instruments import batch_sharpness
from phenoscope.objective import CrossEntropy
from phenoscope.probes import BatchSharpness, Sharpness
from phenoscope.training import Adam, HeavyBall, train
from small import recipe
from watching.loops import examples, network, series, squared

SAME, RATIOS, INDEPENDENT = "batch sharpness", "mean of batch ratios", "independent batch sharpness"


def states(made, *steps):
    return [state for state in train([made] if not isinstance(made, list) else made) if state.step in steps]


def reading(probe, state):
    return {row.name: row.values for row in probe.update(state, None)[0]}


def dense(made, where, places):
    """Gradient (p,) and Hessian (p, p) of the loss on some examples, written out by hand."""
    part = made.data.draw(stream(made.seed, "data")).train
    inputs, targets = part.inputs[places].double(), torch.nn.functional.one_hot(part.targets[places], 2).double()

    def loss(theta):
        hidden = torch.tanh(inputs @ theta[:12].reshape(4, 3).T + theta[12:16])
        return ((hidden @ theta[16:24].reshape(2, 4).T + theta[24:] - targets) ** 2).sum() / (2 * len(places))

    here = where.clone().requires_grad_()
    return torch.autograd.grad(loss(here), here)[0], hessian(loss, where)


def drawn(made, step, size, count):
    generator = stream(made.seed, SAME, step)
    return [torch.randperm(16, generator=generator)[:size] for _ in range(count)]


@pytest.mark.parametrize(("batch", "asked"), [(5, None), (None, 3), (5, 2)])
def test_the_series_are_those_of_the_mini_batches_drawn(batch, asked):
    made, probe = recipe(0.3, steps=4, batch=batch), BatchSharpness(every=2, batches=8, batch=asked)
    for state in states(made, 0, 4):
        parts = [dense(made, state.points[0], places) for places in drawn(made, state.step, asked or batch, 8)]
        form = np.array([(g @ h @ g).item() for g, h in parts])
        square = np.array([(g @ g).item() for g, _ in parts])
        partner = [parts[i ^ 1][1] for i in range(8)]
        crossed = np.array([(g @ h @ g).item() for (g, _), h in zip(parts, partner, strict=True)])
        found = {name: values.item() for name, values in reading(probe, state).items()}
        assert found[SAME] == pytest.approx(form.sum() / square.sum(), rel=1e-9)
        assert found["batch sharpness / threshold"] == pytest.approx(form.sum() / square.sum() * 0.3 / 2, rel=1e-9)
        assert found[RATIOS] == pytest.approx((form / square).mean(), rel=1e-9)
        assert found[INDEPENDENT] == pytest.approx(crossed.sum() / square.sum(), rel=1e-9)
        assert found[f"{RATIOS}.standard error"] == pytest.approx((form / square).std(ddof=1) / 8**0.5, rel=1e-9)
        for name, above, below in (
            (SAME, form, square),
            (INDEPENDENT, crossed.reshape(4, 2).sum(1), square.reshape(4, 2).sum(1)),
        ):
            n = len(above)
            left_out = (above.sum() - above) / (below.sum() - below)
            error = ((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum()) ** 0.5
            assert found[f"{name}.standard error"] == pytest.approx(error, rel=1e-9)


def population(made, where, size):
    """The batch sharpness over all mini-batches of a size; and what is taken for it."""
    parts = [dense(made, where, list(places)) for places in itertools.combinations(range(16), size)]
    square = sum(g @ g for g, _ in parts)
    whole = dense(made, where, list(range(16)))[1]
    same = sum(g @ h @ g for g, h in parts) / square
    ratios = sum(g @ h @ g / (g @ g) for g, h in parts) / len(parts)
    independent = sum(g @ whole @ g for g, _ in parts) / square
    return {SAME: same.item(), RATIOS: ratios.item(), INDEPENDENT: independent.item()}


def test_the_errors_cover_the_values_over_all_mini_batches_and_the_three_are_told_apart():
    made = recipe(0.3, steps=3, batch=2)
    (state,) = states(made, 3)
    exact, probe = population(made, state.points[0], 2), BatchSharpness(batches=20)
    found = [reading(probe, dataclasses.replace(state, step=step)) for step in range(50)]
    for name, value in exact.items():
        off = np.array([each[name].item() - value for each in found])
        errors = np.array([each[f"{name}.standard error"].item() for each in found])
        assert np.mean(np.abs(off) <= 1.96 * errors) >= 0.85
        assert 0.75 < off.std() / errors.mean() < 1.3
        mean = abs(off.mean())
        assert mean < 4 * off.std() / 50**0.5 + errors.mean() / 20**0.5  # a ratio of means is biased by about 1/n
        assert all(abs(value - other) > 5 * mean for key, other in exact.items() if key != name)


def test_it_agrees_with_the_instrument():
    made = recipe(0.3, steps=3, batch=4)
    (state,) = states(made, 3)
    found = reading(BatchSharpness(batches=80), state)
    other = batch_sharpness(state.objective(0), 4, 0.02, max_batches=160)
    error = np.hypot(found[f"{SAME}.standard error"].item(), other.standard_error)
    assert abs(found[SAME].item() - other.value) < 4 * error < 0.5 * other.value


def test_in_full_batch_training_all_are_the_curvature_along_the_gradient():
    made = recipe(0.3, steps=3)
    (state,) = states(made, 3)
    g, h = dense(made, state.points[0], list(range(16)))
    found = {name: values.item() for name, values in reading(BatchSharpness(), state).items()}
    for name in (SAME, RATIOS, INDEPENDENT):
        assert found[name] == pytest.approx((g @ h @ g / (g @ g)).item(), rel=1e-10)
    assert f"{RATIOS}.standard error" not in found
    assert found[f"{SAME}.standard error"] < 1e-12  # rounding alone


@pytest.mark.parametrize("rule", [HeavyBall(0.1, 0.5), Adam(0.01)], ids=["momentum", "adam"])
def test_only_plain_descent_is_laid_against_two_over_the_rate(rule):
    (state,) = states(recipe(rule=rule, batch=4), 1)
    found = reading(BatchSharpness(batches=4), state)
    assert SAME in found
    assert "batch sharpness / threshold" not in found


@pytest.mark.parametrize("seeds", [(0, 1, 2), (5, 5, 5)])
def test_a_row_of_a_cohort_meets_the_mini_batches_that_it_meets_alone(seeds):
    rows = [recipe(lr, seed=seed, steps=3, batch=4) for lr, seed in zip((0.1, 0.3, 0.6), seeds, strict=True)]
    probe = BatchSharpness(batches=6)
    (together,) = states(rows, 3)
    found = reading(probe, together)
    for row, made in enumerate(rows):
        (alone,) = states(made, 3)
        for name, value in reading(probe, alone).items():
            torch.testing.assert_close(found[name][row : row + 1], value, rtol=1e-7, atol=1e-12)


def test_the_same_moment_reads_the_same_and_another_one_draws_anew():
    (state,) = states(recipe(0.3, steps=3, batch=4), 3)
    probe = BatchSharpness(batches=6)
    one, again = reading(probe, state), reading(probe, state)
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert reading(probe, dataclasses.replace(state, step=4))[SAME] != one[SAME]


def test_the_quadratic_model_has_no_mini_batches_but_all_data():
    (state,) = states(recipe(0.3, steps=2, dynamics="quadratic"), 2)
    assert SAME in reading(BatchSharpness(), state)
    with pytest.raises(BadInput, match="it has no mini-batches"):
        reading(BatchSharpness(batch=4), state)


def test_where_there_is_no_gradient_there_is_no_reading():
    (state,) = states(recipe(0.3, steps=1, batch=4, loss=CrossEntropy()), 0)

    class Flat:
        points = torch.zeros(1, 2)
        gradient = torch.zeros(1, 2)

        def hessian(self):
            return self

        def multiply(self, block):
            return block

    @dataclasses.dataclass(frozen=True)
    class Still:
        step: int = 0
        batch: int = 4

        def mini_batches(self, size, count, name):
            return iter([Flat() for _ in range(count)])

    assert reading(BatchSharpness(), state)
    assert BatchSharpness().update(Still(), None) == ([], None)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"batches": 5}, "must be even"),
        ({"batches": 2}, "at least 4"),
        ({"batch": 0}, "`batch`"),
        ({"every": 0}, "`every`"),
    ],
)
def test_what_cannot_be_read_is_refused(options, why):
    with pytest.raises(BadInput, match=why):
        BatchSharpness(**options)


class TestWatched:
    def watched(self, probe, path, *more, batch=8, epochs=1):
        model, (inputs, targets) = network(), examples()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
        with ps.watch(model, squared, (inputs, targets), optimizer, run=path / "run", probes=(probe, *more)):
            for places in torch.arange(40).repeat(epochs).split(batch):
                optimizer.zero_grad()
                squared(model(inputs[places]), targets[places]).backward()
                optimizer.step()
        return model

    def test_the_batch_has_to_be_said_before_the_first_step(self, tmp_path):
        with pytest.raises(BadInput, match=r"cannot be seen from its optimizer. Say it, as in `ps.probes.BatchSh"):
            self.watched(BatchSharpness(), tmp_path)
        assert not (tmp_path / "run").exists()

    def test_a_watch_reads_what_the_trainer_would(self, tmp_path):
        model = self.watched(BatchSharpness(every=5, batches=8, batch=8), tmp_path)
        inputs, targets = examples()
        generator, form, square = stream(0, SAME, 5), 0.0, 0.0
        for _ in range(8):
            places = torch.randperm(40, generator=generator)[:8]
            gradient = torch.autograd.grad(
                squared(model(inputs[places]), targets[places]), list(model.parameters()), create_graph=True
            )
            flat = torch.cat([part.flatten() for part in gradient])
            product = torch.autograd.grad(flat @ flat.detach(), list(model.parameters()))
            form += (torch.cat([part.flatten() for part in product]) @ flat).item()
            square += (flat @ flat).item()
        found = series(tmp_path / "run", SAME)
        assert set(found) == {0, 5}
        assert found[5] == pytest.approx(form / square, rel=1e-9)
        assert series(tmp_path / "run", "batch sharpness / threshold")[5] == pytest.approx(found[5] * 0.1)
        assert ps.load(tmp_path / "run").record.settings["batch"] == 8

    def test_a_batch_of_all_data_is_the_full_batch(self, tmp_path):
        model = self.watched(BatchSharpness(every=5, batch=400), tmp_path)
        inputs, targets = examples()
        other = batch_sharpness(ps.Objective(model, squared, (inputs, targets)), 40)
        assert series(tmp_path / "run", SAME)[5] == pytest.approx(other.value, rel=1e-9)

    @pytest.mark.parametrize("told", [True, False])
    def test_the_claims_on_mini_batches_are_judged_where_their_size_is_told(self, tmp_path, told):
        probes = (BatchSharpness(every=2, batches=4, batch=8), Sharpness(every=2)) if told else (Sharpness(every=2),)
        self.watched(probes[0], tmp_path, *probes[1:], epochs=4)
        found = ps.diagnose(tmp_path / "run")
        judged = {verdict.name: dict(verdict.where) for verdict in found.verdicts}
        assert judged.get("sharpness-below-the-edge") == ({"batch": 8.0} if told else None)
        assert told == ("batch-sharpness-at-the-edge" in judged)
        rest = {unjudged.name: unjudged.why for unjudged in found.rest}
        assert told or "not known of this run: batch" in rest["sharpness-below-the-edge"]
