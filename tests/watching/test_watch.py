"""Watching loops of all kinds: training is not changed, and what is read is true of the model at that step."""

import contextlib
import json
import math
import warnings

import pytest
import torch
from loops import EVERY, descend, examples, network, point, series, squared
from torch import nn
from torch.nn import functional
from torch.optim import LBFGS, SGD, Adam

import phenoscope as ps
from phenoscope.core.errors import BadInput
from phenoscope.store import RATE, read_watched
from phenoscope.watching import WatchStopped

P = ps.probes


def watched(tmp_path, model, optimizer, *, loss=squared, data=None, probes=EVERY, **options):
    return ps.watch(model, loss, data or examples(), optimizer, probes=probes, run=tmp_path / "run", **options)


def test_each_reading_is_of_the_point_before_its_step(tmp_path):
    model, data = network(), examples()
    optimizer = SGD(model.parameters(), lr=0.2)
    with watched(tmp_path, model, optimizer) as watch:
        points = descend(model, squared, data, optimizer, 5)
    objective = ps.Objective(network(), squared, data)
    assert watch.step == 5
    for name, measure in {
        "loss": objective.loss,
        "gradient norm": lambda at: objective.gradient(at).norm(),
        "sharpness": lambda at: torch.linalg.eigvalsh(dense(objective, at))[-1],
    }.items():
        read = series(tmp_path / "run", name)
        assert list(read) == list(range(6))
        for step, at in enumerate(points):
            assert read[step] == pytest.approx(float(measure(at)), rel=1e-4 if name == "sharpness" else 1e-12)
    progress = series(tmp_path / "run", "relative progress")
    for step in range(5):
        gained = objective.loss(points[step + 1]) - objective.loss(points[step])
        expected = gained / (0.2 * objective.gradient(points[step]).square().sum())
        assert progress[step] == pytest.approx(float(expected), rel=1e-9)


def dense(objective, at):
    return objective.hessian(at) @ torch.eye(len(at), dtype=at.dtype)


class Noisy(nn.Module):
    """Dropout and batch normalisation: what draws, and what remembers."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 2))
        self.double()

    def forward(self, inputs):
        return self.body(inputs)


def train_noisily(watching):
    torch.manual_seed(3)
    model, data = Noisy(), examples()
    optimizer = Adam(model.parameters(), lr=0.01)
    with watching(model, optimizer):
        descend(model, functional.cross_entropy, data, optimizer, 6)
    state = {name: value.clone() for name, value in model.state_dict().items()}
    return state, [module.training for module in model.modules()], torch.rand(3), model.body[0].weight.grad


def test_training_is_not_changed_by_a_bit(tmp_path):
    plain = train_noisily(lambda model, optimizer: contextlib.nullcontext())
    seen = train_noisily(
        lambda model, optimizer: watched(
            tmp_path, model, optimizer, loss=functional.cross_entropy, probes=(*EVERY, P.Accuracy(1))
        )
    )
    for (name, ours), theirs in zip(seen[0].items(), plain[0].values(), strict=True):
        assert torch.equal(ours, theirs), name
    assert seen[1] == plain[1]
    assert torch.equal(seen[2], plain[2])
    assert torch.equal(seen[3], plain[3])


def test_accuracy_is_that_of_the_model_without_dropout(tmp_path):
    torch.manual_seed(3)
    model, (inputs, labels) = Noisy(), examples()
    with watched(
        tmp_path, model, SGD(model.parameters(), lr=0.1), loss=functional.cross_entropy, probes=[P.Accuracy(1)]
    ):
        pass
    with torch.no_grad():
        expected = (model.eval()(inputs).argmax(1) == labels).double().mean()
    assert series(tmp_path / "run", "train accuracy") == {0: pytest.approx(float(expected))}


def test_schedulers_and_groups_are_read_from_the_optimizer(tmp_path):
    model, data = network(), examples()
    optimizer = SGD([{"params": model[0].parameters()}, {"params": model[2].parameters(), "lr": 0.5}], lr=0.1)
    with watched(tmp_path, model, optimizer, probes=(P.Loss(), P.RelativeProgress(), P.Sharpness(every=2))):
        descend(model, squared, data, optimizer, 2)
        for group in optimizer.param_groups:
            group["lr"] = 0.2
        descend(model, squared, data, optimizer, 3)
    record, about = read_watched(tmp_path / "run")
    assert series(tmp_path / "run", f"{RATE} of group 1") == {0: 0.1}
    assert series(tmp_path / "run", f"{RATE} of group 2") == {0: 0.5}
    assert series(tmp_path / "run", RATE) == {2: 0.2}
    assert list(series(tmp_path / "run", "relative progress")) == [2, 3, 4]  # one rate, so one number
    assert list(series(tmp_path / "run", "sharpness / threshold")) == [2, 4]
    assert "lr" not in record.settings
    assert about["rule"] == "GradientDescent"  # what it came to be


def test_a_constant_rate_is_a_setting_and_a_changing_one_is_none(tmp_path):
    for number, gamma in enumerate((1.0, 0.5)):
        model = network()
        optimizer = SGD(model.parameters(), lr=0.25)
        scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma)
        with ps.watch(model, squared, examples(), optimizer, probes=[P.Loss(2)], run=tmp_path / str(number)):
            for _ in range(3):
                descend(model, squared, examples(), optimizer, 1)
                scheduler.step()
        record, _ = read_watched(tmp_path / str(number))
        assert record.settings.get("lr") == (0.25 if gamma == 1 else None)


def test_closures(tmp_path):
    model, (inputs, labels) = network(), examples()
    optimizer = LBFGS(model.parameters(), max_iter=3)

    def closure():
        optimizer.zero_grad()
        value = squared(model(inputs), labels)
        value.backward()
        return value

    with watched(tmp_path, model, optimizer, probes=[P.Loss(), P.Sharpness(every=1)]) as watch:
        losses = []
        for _ in range(4):
            optimizer.step(closure)
            losses.append(float(squared(model(inputs), labels).detach()))
    read = series(tmp_path / "run", "loss")
    assert watch.step == 4
    assert [read[step] for step in range(1, 5)] == pytest.approx(losses)
    assert not watch.problem
    assert read_watched(tmp_path / "run")[1]["rule"] is None


def test_mixed_precision_is_measured_in_full(tmp_path):
    model, data = network(torch.float32), examples(dtype=torch.float32)
    optimizer, scaler = SGD(model.parameters(), lr=0.2), torch.amp.GradScaler("cpu")
    points = []
    with watched(tmp_path, model, optimizer, data=data), torch.autocast("cpu", dtype=torch.bfloat16):
        for _ in range(3):
            points.append(point(model))
            optimizer.zero_grad()
            scaler.scale(squared(model(data[0]), data[1])).backward()
            scaler.step(optimizer)
            scaler.update()
    objective = ps.Objective(network(torch.float32), squared, data)
    read = series(tmp_path / "run", "loss")
    for step, at in enumerate(points):
        assert read[step] == pytest.approx(float(objective.loss(at)), rel=1e-6)


@pytest.mark.parametrize("how", ["outside", "inside", "in place"])
def test_compiled_models(tmp_path, how):
    """Compiled graphs have no second derivative; a watch measures the model as it was written."""
    plain = network()
    model = torch.compile(plain, backend="aot_eager") if how == "outside" else plain
    if how == "inside":
        plain[0] = torch.compile(plain[0], backend="aot_eager")
    if how == "in place":
        plain.compile(backend="aot_eager")
    optimizer = SGD(model.parameters(), lr=0.2)
    with watched(tmp_path, model, optimizer) as watch:
        points = descend(model, squared, examples(), optimizer, 3)
    assert not watch.problem
    objective = ps.Objective(network(), squared, examples())
    read = series(tmp_path / "run", "sharpness")
    for step, at in enumerate(points):
        assert read[step] == pytest.approx(float(torch.linalg.eigvalsh(dense(objective, at))[-1]), rel=1e-4)


def test_frozen_parameters_stay_out_of_the_point(tmp_path):
    model = network()
    model[0].requires_grad_(False)
    optimizer = SGD(model.parameters(), lr=0.2)
    with watched(tmp_path, model, optimizer) as watch:
        descend(model, squared, examples(), optimizer, 2)
    assert not watch.problem
    assert read_watched(tmp_path / "run")[1]["parameters"] == sum(p.numel() for p in model[2].parameters())


def test_unfreezing_ends_the_watch_but_not_the_training(tmp_path):
    model = network()
    model[0].requires_grad_(False)
    optimizer = SGD(model.parameters(), lr=0.2)
    with watched(tmp_path, model, optimizer) as watch:
        descend(model, squared, examples(), optimizer, 2)
        model[0].requires_grad_(True)
        with pytest.warns(WatchStopped, match=r"14 numbers then, 50 now.*training goes on"):
            points = descend(model, squared, examples(), optimizer, 2)
    assert len(points) == 3
    assert watch.step == 4
    assert watch.problem.startswith("step 2:")
    assert list(series(tmp_path / "run", "loss")) == [0, 1]
    assert read_watched(tmp_path / "run")[1]["problem"] == watch.problem


@pytest.mark.parametrize("probes", [EVERY, (P.Loss(),), (P.GradientNorm(),)])
def test_a_run_that_diverges_is_a_result(tmp_path, probes):
    model = network()
    optimizer = SGD(model.parameters(), lr=1e3)
    with watched(tmp_path, model, optimizer, probes=probes, loss=functional.mse_loss, data=huge()) as watch:
        descend(model, functional.mse_loss, huge(), optimizer, 60)
    record, _ = read_watched(tmp_path / "run")
    assert watch.step == 60
    assert record.outcome == "diverged"
    assert 0 < record.stopped_at < 60
    assert not watch.problem


def huge():
    inputs = examples()[0]
    return inputs * 1e3, inputs[:, :2] * 1e3


def test_an_error_in_the_loop_is_the_users_and_nothing_is_lost(tmp_path):
    model = network()
    optimizer = SGD(model.parameters(), lr=0.2)

    def train():
        with watched(tmp_path, model, optimizer):
            descend(model, squared, examples(), optimizer, 3)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        train()
    assert list(series(tmp_path / "run", "loss")) == [0, 1, 2]
    assert read_watched(tmp_path / "run")[1]["ended_by"] == "ZeroDivisionError"
    assert not optimizer._optimizer_step_pre_hooks


def test_a_run_that_was_killed_can_be_read(tmp_path):
    model = network()
    optimizer = SGD(model.parameters(), lr=0.2)
    watch = watched(tmp_path, model, optimizer)
    watch.__enter__()
    descend(model, squared, examples(), optimizer, 3)
    watch._notes._journal._file.flush()  # as it does by itself once a second
    record, _ = read_watched(tmp_path / "run")
    assert record.outcome == "running"
    assert record.steps == 2  # the last that was read
    assert len(record.series["loss"]) == 3
    assert ps.diagnose(tmp_path / "run").rest
    watch.__exit__(None, None, None)


def test_a_full_disk_ends_the_watch_but_not_the_training(tmp_path, monkeypatch):
    model = network()
    optimizer = SGD(model.parameters(), lr=0.2)
    with watched(tmp_path, model, optimizer) as watch:
        descend(model, squared, examples(), optimizer, 1)

        def full(*arguments):
            raise ps.PhenoscopeError("no space left")

        monkeypatch.setattr(watch._notes._journal, "append", full)
        with pytest.warns(WatchStopped, match="no space left"):
            descend(model, squared, examples(), optimizer, 2)
    assert watch.step == 3
    assert list(series(tmp_path / "run", "loss")) == [0]


def test_what_is_there_is_not_lost(tmp_path):
    model = network()
    optimizer = SGD(model.parameters(), lr=0.2)
    with watched(tmp_path, model, optimizer):
        descend(model, squared, examples(), optimizer, 1)
    with pytest.raises(BadInput, match="is finished"), watched(tmp_path, model, optimizer):
        pass
    assert len(series(tmp_path / "run", "loss")) == 2
    with watched(tmp_path, model, optimizer, overwrite=True):
        pass
    assert len(series(tmp_path / "run", "loss")) == 1
    about = json.loads((tmp_path / "run" / "member.json").read_text())
    del about["watched"]
    (tmp_path / "run" / "member.json").write_text(json.dumps(about))
    with pytest.raises(BadInput, match="member of an experiment"), watched(tmp_path, model, optimizer, overwrite=True):
        pass


@pytest.mark.parametrize("there", ["file", "others"])
def test_a_place_that_is_taken(tmp_path, there):
    if there == "file":
        (tmp_path / "run").write_text("mine")
    else:
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "notes.txt").write_text("mine")
    model = network()
    with pytest.raises(BadInput, match="Pass another `run`"), watched(tmp_path, model, SGD(model.parameters(), lr=1)):
        pass
    assert sum(path.is_file() for path in tmp_path.rglob("*")) == 1


class Augmented(torch.utils.data.Dataset):
    def __len__(self):
        return 8

    def __getitem__(self, index):
        return torch.randn(5, dtype=torch.float64), index % 2


def test_bad_input_is_told_before_the_first_step(tmp_path):
    model = network()
    optimizer = SGD(model.parameters(), lr=0.1)
    other = SGD(network().parameters(), lr=0.1)
    half = network(torch.bfloat16)
    for part, arguments in {
        "freeze": (model, squared, torch.utils.data.DataLoader(Augmented(), 4), optimizer),
        "scalar": (model, lambda outputs, labels: outputs.sum(1), examples(), optimizer),
        "empty": (model, squared, (torch.empty(0, 5).double(), torch.empty(0).long()), optimizer),
        "no trainable parameter of this model": (model, squared, examples(), other),
        "torch.optim": (model, squared, examples(), "adam"),
        "autocast": (half, squared, examples(dtype=torch.bfloat16), SGD(half.parameters(), lr=0.1)),
    }.items():
        with pytest.raises(BadInput, match=part):
            ps.watch(*arguments, probes=[P.Loss()], run=tmp_path / "run")
    with pytest.raises(BadInput, match="not a probe"):
        ps.watch(model, squared, examples(), optimizer, probes=["loss"], run=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_what_the_watch_cost_is_recorded(tmp_path):
    model = network()
    optimizer = SGD(model.parameters(), lr=0.2)
    with watched(tmp_path, model, optimizer, probes=(P.Loss(every=2), P.Sharpness(every=3))) as watch:
        descend(model, squared, examples(), optimizer, 6)
    assert {name: count for name, (count, _) in watch.costs.items()} == {"Loss": 4, "Sharpness": 3}
    about = read_watched(tmp_path / "run")[1]
    assert 0 < about["seconds"] <= about["seconds_in_all"]
    assert math.isclose(sum(cost["seconds"] for cost in about["costs"].values()), about["seconds"], rel_tol=0.9)


def test_nothing_is_warned_of_in_a_plain_loop(tmp_path):
    model = network()
    optimizer = SGD(model.parameters(), lr=0.2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with watched(tmp_path, model, optimizer):
            descend(model, squared, examples(), optimizer, 2)


def test_a_rate_that_has_fallen_to_nothing_is_no_other_rule(tmp_path):
    model = network()
    optimizer = SGD(model.parameters(), lr=0.2)
    scheduler = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=3)
    with watched(tmp_path, model, optimizer) as watch:
        for _ in range(3):
            descend(model, squared, examples(), optimizer, 1)
            scheduler.step()
    assert optimizer.param_groups[0]["lr"] == 0
    assert not watch.problem
    assert read_watched(tmp_path / "run")[1]["rule"] == "GradientDescent"


def test_targets_of_a_kind_of_their_own(tmp_path):
    """What the loss is cannot be told then; the watch goes on all the same."""
    model, (inputs, labels) = network(), examples()
    data = [(inputs, {"labels": labels, "weights": torch.ones(len(labels), dtype=torch.float64)})]

    def loss(outputs, targets):
        each = functional.cross_entropy(outputs, targets["labels"], reduction="none")
        return (targets["weights"] * each).mean()

    optimizer = SGD(model.parameters(), lr=0.2)
    with watched(tmp_path, model, optimizer, loss=loss, data=data) as watch:
        for _ in range(2):
            optimizer.zero_grad()
            loss(model(inputs), data[0][1]).backward()
            optimizer.step()
    assert not watch.problem
    assert read_watched(tmp_path / "run")[1]["loss_kind"] == "other"
    expected = functional.cross_entropy(network()(inputs), labels).detach()
    assert series(tmp_path / "run", "loss")[0] == pytest.approx(float(expected))
