"""Diagnoses of watched runs: what is judged, what the rest would need, and that nothing usual is a finding."""

import json
import math
from collections import Counter

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.optim import SGD, Adam

import phenoscope as ps
from phenoscope.atlas import ATLAS, find
from phenoscope.claims import verdict_from_json
from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.data import dataset
from phenoscope.models import MLP
from phenoscope.objective import SquaredError

P = ps.probes
NEEDED = (P.Loss(), P.RelativeProgress(), P.Sharpness(every=4, along=True))


def digits(count=60, seed=0):
    train = dataset("digits", train=count, flat=True).draw(stream(seed, "data")).train
    return train.inputs.float(), train.targets


def network(seed=0, width=10, scale=0.2):
    return MLP((width,), init_scale=scale).build(stream(seed, "initialisation"), inputs=(64,), outputs=10)


def trained(path, model, data, loss, optimizer, *, steps, probes=NEEDED, batch=None, seed=0):
    """A user's loop, watched."""
    generator = torch.Generator().manual_seed(seed)
    with ps.watch(model, loss, data, optimizer, probes=probes, run=path):
        for _ in range(steps):
            some = torch.randint(len(data[1]), (batch,), generator=generator) if batch else slice(None)
            optimizer.zero_grad()
            loss(model(data[0][some]), data[1][some]).backward()
            optimizer.step()
    return ps.diagnose(path)


@pytest.fixture(scope="module")
def at_the_edge(tmp_path_factory):
    """Full-batch descent on digits, at a rate whose edge it reaches, watched long enough to make blocks."""
    model = network(scale=0.2)
    return trained(
        tmp_path_factory.mktemp("runs") / "edge",
        model,
        digits(),
        SquaredError(),
        SGD(model.parameters(), lr=0.2),
        steps=1500,
    )


def judged(diagnosis):
    return {verdict.name: verdict for verdict in diagnosis.verdicts}


def test_a_run_at_the_edge_is_found_there(at_the_edge):
    found = judged(at_the_edge)
    edge = found["sits-at-the-edge"]
    assert 0.9 < edge.estimate < 1.15
    assert edge.outcome in ("supported", "undecided")  # as long as the run is in its own autocorrelation times
    assert edge.n > 1 or "autocorrelation times" in edge.reason
    assert found["oscillates-along-top-eigenvector"].outcome == "supported"
    assert all(verdict.scope == "this run" and verdict.control is None for verdict in found.values())
    assert found["loss-falls-on-average"].outcome == "undecided"  # a largest ratio: it happens once


def test_every_claim_of_the_atlas_is_either_judged_or_explained(at_the_edge):
    claims = Counter(claim.name for name in ATLAS for claim in find(name).claims)
    rest = Counter(unjudged.name for unjudged in at_the_edge.rest)
    assert rest + Counter(verdict.name for verdict in at_the_edge.verdicts) == claims
    assert all(unjudged.why for unjudged in at_the_edge.rest)


def test_it_is_written_beside_the_run_and_as_json(at_the_edge):
    kept = json.loads((at_the_edge.path / "diagnosis.json").read_text())
    told = json.loads(json.dumps(at_the_edge.to_json(), allow_nan=False))
    assert kept["verdicts"] == told["verdicts"]
    assert kept["rest"] == told["rest"]
    read = [verdict_from_json(value) for value in told["verdicts"]]
    assert [verdict.outcome for verdict in read] == [verdict.outcome for verdict in at_the_edge.verdicts]
    assert {verdict.scope for verdict in read} == {"this run"}
    assert {"name", "scale", "seeds", "folder", "report", "verdicts"} <= told.keys()


def why(diagnosis, name):
    return next(unjudged for unjudged in diagnosis.rest if unjudged.name == name)


def test_mini_batches_are_no_case_of_full_batch_claims(tmp_path):
    model = network()
    found = trained(
        tmp_path / "r", model, digits(), SquaredError(), SGD(model.parameters(), lr=0.1), steps=60, batch=20
    )
    assert not found.verdicts
    assert "mini-batches" in why(found, "sits-at-the-edge").why


def test_another_loss_rule_or_rate(tmp_path):
    model = network()
    adam = trained(tmp_path / "a", model, digits(), SquaredError(), Adam(model.parameters(), lr=1e-3), steps=10)
    assert "this run used Adam" in why(adam, "sits-at-the-edge").why
    model = network()
    entropy = trained(
        tmp_path / "b", model, digits(), nn.CrossEntropyLoss(), SGD(model.parameters(), lr=1e-2), steps=10
    )
    assert "this run's loss is cross-entropy" in why(entropy, "sits-at-the-edge").why
    assert "cross-entropy-reaches-the-edge" in judged(entropy)
    model = network()
    heavy = trained(
        tmp_path / "c", model, digits(), SquaredError(), SGD(model.parameters(), lr=1e-3, momentum=0.9), steps=10
    )
    assert "heavy-ball-edge" in judged(heavy)
    model = network()
    optimizer = SGD(model.parameters(), lr=1e-2)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 5)
    with ps.watch(model, SquaredError(), digits(), optimizer, probes=NEEDED, run=tmp_path / "d"):
        for _ in range(10):
            optimizer.zero_grad()
            SquaredError()(model(digits()[0]), digits()[1]).backward()
            optimizer.step()
            scheduler.step()
    assert "constant learning rate" in why(ps.diagnose(tmp_path / "d"), "sits-at-the-edge").why


def test_what_was_not_measured_is_named_with_its_probe(tmp_path):
    model = network()
    found = trained(
        tmp_path / "r", model, digits(), SquaredError(), SGD(model.parameters(), lr=0.1), steps=10, probes=[P.Loss()]
    )
    lacking = why(found, "oscillates-along-top-eigenvector")
    assert "gradient along top eigenvector" in lacking.why
    (probe,) = lacking.needs
    assert eval(probe, {"ps": ps}) == P.Sharpness(every=25, challenge_every=5, along=True)
    assert why(found, "loss-falls-on-average").needs  # no step was checked: a probe of the curvature would do it


LOSSES = {
    "cross-entropy": [
        nn.CrossEntropyLoss(),
        functional.cross_entropy,
        lambda outputs, labels: functional.nll_loss(functional.log_softmax(outputs, 1), labels),
    ],
    "squared error": [
        SquaredError(),
        lambda outputs, labels: functional.mse_loss(outputs, functional.one_hot(labels, 10).float()),
    ],
    "other": [
        nn.MultiMarginLoss(),
        lambda outputs, labels: functional.l1_loss(outputs, functional.one_hot(labels, 10).float()),
        lambda outputs, labels: functional.cross_entropy(outputs, labels, label_smoothing=0.3),
        lambda outputs, labels: functional.huber_loss(outputs, functional.one_hot(labels, 10).float()),
    ],
}


@pytest.mark.parametrize("kind", LOSSES)
def test_a_loss_is_known_by_what_it_does(tmp_path, kind):
    for loss in LOSSES[kind]:
        assert ps.Objective(network(scale=1.0), loss, digits()).loss_kind == kind


def test_steps_too_small_to_be_checked(tmp_path):
    model = network()
    found = trained(tmp_path / "r", model, digits(), SquaredError(), SGD(model.parameters(), lr=1e-7), steps=20)
    assert "rounding" in why(found, "sits-at-the-edge").why


def test_a_member_of_an_experiment_is_no_watched_run(tmp_path):
    with pytest.raises(BadInput, match=r"there is no member\.json"):
        ps.diagnose(tmp_path)
    (tmp_path / "member.json").write_text('{"schema": 1}')
    with pytest.raises(BadInput, match=r"no watched run.*ps\.watch"):
        ps.diagnose(tmp_path)


def test_a_plain_run_is_no_finding(tmp_path):
    """24 runs with a small step, in which nothing unusual happens: at most 5 % may have a supported claim."""
    rng, supported = np.random.default_rng(7), []
    for seed in range(24):
        model = network(seed, width=int(rng.integers(4, 10)), scale=float(rng.uniform(0.3, 1.0)))
        data, loss = digits(40, seed), SquaredError()
        with torch.no_grad():
            top = float(ps.sharpness(ps.Objective(model, loss, data)).value)
        rate = float(rng.uniform(0.02, 0.2)) * 2 / top
        kind = seed % 4
        optimizer = SGD(model.parameters(), lr=rate * (0.1 if kind == 3 else 1), momentum=0.9 if kind == 3 else 0.0)
        found = trained(
            tmp_path / str(seed), model, data, nn.CrossEntropyLoss() if kind == 2 else loss, optimizer, steps=200,
            batch=20 if kind == 1 else None, seed=seed,
        )  # fmt: skip
        assert kind == 1 or found.verdicts  # claims were judged, so they could have been supported
        supported += [verdict for verdict in found.verdicts if verdict.outcome.startswith("supported")]
    assert len(supported) <= 1, [str(verdict) for verdict in supported]
    assert all(math.isfinite(verdict.estimate) for verdict in supported)


@pytest.mark.parametrize(
    "make", [lambda p: Adam(p, lr=1e-3), lambda p: SGD(p, lr=0.01, momentum=0.9), lambda p: SGD(p, lr=0.01)]
)
def test_a_run_that_was_killed_is_judged_as_far_as_it_came(tmp_path, make):
    """The numbers of its rule are known from the start, whether or not it ever ends."""
    model, data, loss = network(), digits(), SquaredError()
    optimizer = make(model.parameters())
    probes = (*NEEDED, P.EffectiveSharpness(every=4))
    watch = ps.watch(model, loss, data, optimizer, probes=probes, run=tmp_path / "r")
    watch.__enter__()
    for _ in range(9):
        optimizer.zero_grad()
        loss(model(data[0]), data[1]).backward()
        optimizer.step()
    watch._notes._journal._file.flush()  # as it does by itself once a second; then the process is gone
    found = ps.diagnose(tmp_path / "r")
    assert found.record.outcome == "running"
    assert found.verdicts
    assert not [
        verdict for verdict in found.verdicts if verdict.outcome == "not tested" and "setting" in verdict.reason
    ]
    watch.__exit__(None, None, None)


def test_the_phenomena_of_adaptive_rules_are_judged_on_them(tmp_path):
    model = network()
    optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-4)
    probes = (*NEEDED, P.EffectiveSharpness(every=4))
    found = trained(tmp_path / "r", model, digits(), SquaredError(), optimizer, steps=12, probes=probes)
    assert {"rmsprop-sits-at-its-edge", "loss-not-monotone"} == judged(found).keys()
    assert found.full_batch
    assert found.departure < 1e-3
