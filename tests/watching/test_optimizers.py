"""Recognised rules, against PyTorch's own steps: what a rule foretells is where the optimizer went."""

import functools

import pytest
import torch
from loops import descend, examples, network, series, squared
from torch.optim import SGD, Adam, AdamW, NAdam, RMSprop

import phenoscope as ps
from phenoscope.core.errors import BadInput
from phenoscope.store import DEPARTURE, rule_name
from phenoscope.training.dividing import inner
from phenoscope.watching.optimizers import recognised

KNOWN = {
    "GradientDescent": functools.partial(SGD, lr=0.1),
    "HeavyBall": functools.partial(SGD, lr=0.1, momentum=0.8),
    "Nesterov": functools.partial(SGD, lr=0.1, momentum=0.8, nesterov=True),
    "WeightDecay(GradientDescent)": functools.partial(SGD, lr=0.1, weight_decay=0.3),
    "WeightDecay(HeavyBall)": functools.partial(SGD, lr=0.1, momentum=0.5, weight_decay=0.3),
    "RMSProp": functools.partial(RMSprop, lr=0.01, alpha=0.9),
    "Adam": functools.partial(Adam, lr=0.01, betas=(0.8, 0.9)),
    "WeightDecay(Adam)": functools.partial(Adam, lr=0.01, weight_decay=0.3),
    "Adam decoupled": functools.partial(AdamW, lr=0.01, weight_decay=0.3),
}
FRESH = {
    "amsgrad": functools.partial(Adam, lr=0.1, amsgrad=True),
    "dampening": functools.partial(SGD, lr=0.1, momentum=0.5, dampening=0.5),
    "maximize": functools.partial(SGD, lr=0.1, maximize=True),
    "centered": functools.partial(RMSprop, lr=0.1, centered=True),
    "not among the optimizers known": functools.partial(NAdam, lr=0.1),
}


def departures(tmp_path, optimizer, model, train, data=None):
    loss = squared
    with ps.watch(
        model, loss, data or examples(), optimizer, probes=[ps.probes.Sharpness(every=1)], run=tmp_path / "r"
    ):
        train(model, loss, optimizer)
    return series(tmp_path / "r", DEPARTURE)


@pytest.mark.parametrize("name", KNOWN)
def test_the_rule_foretells_every_step(tmp_path, name):
    model = network()
    optimizer = KNOWN[name](model.parameters())
    found = recognised(optimizer)
    assert rule_name(found.rule) == name.split(" ")[0]
    read = departures(tmp_path, optimizer, model, lambda m, loss, o: descend(m, loss, examples(), o, 6))
    assert list(read) == list(range(6))
    assert max(read.values()) < 1e-8


@pytest.mark.parametrize("wrong", ["GradientDescent", "HeavyBall", "WeightDecay(GradientDescent)"])
def test_a_wrong_rule_does_not(tmp_path, monkeypatch, wrong):
    """The nearest wrong cousins of Nesterov with decay."""
    model = network()
    right = SGD(model.parameters(), lr=0.1, momentum=0.8, nesterov=True, weight_decay=0.3)
    mistaken = recognised(KNOWN[wrong](network().parameters()))
    monkeypatch.setattr("phenoscope.watching.moments.recognised", lambda optimizer: mistaken)
    read = departures(tmp_path, right, model, lambda m, loss, o: descend(m, loss, examples(), o, 4))
    assert max(read.values()) > 0.05


def clipped(model, loss, optimizer):
    for _ in range(3):
        optimizer.zero_grad()
        loss(model(examples()[0]), examples()[1]).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1e-3)
        optimizer.step()


def mini_batches(model, loss, optimizer):
    inputs, labels = examples()
    for batch in torch.arange(len(labels)).split(10):
        optimizer.zero_grad()
        loss(model(inputs[batch]), labels[batch]).backward()
        optimizer.step()


def accumulated(model, loss, optimizer):
    inputs, labels = examples()
    for _ in range(3):
        optimizer.zero_grad()
        for batch in torch.arange(len(labels)).split(10):
            (loss(model(inputs[batch]), labels[batch]) / 4).backward()
        optimizer.step()


@pytest.mark.parametrize(("train", "whole"), [(clipped, False), (mini_batches, False), (accumulated, True)])
def test_what_makes_a_step_another_one(tmp_path, train, whole):
    model = network()
    read = departures(tmp_path, SGD(model.parameters(), lr=0.1), model, train)
    assert (max(read.values()) < 1e-8) is whole
    assert whole or min(read.values()) > 0.05


@pytest.mark.parametrize("part", FRESH)
def test_what_is_no_rule_here_says_so(part):
    found = recognised(FRESH[part](network().parameters()))
    assert found.rule is None
    assert part in found.why


def test_groups_that_differ():
    model = network()
    groups = [{"params": model[0].parameters()}, {"params": model[2].parameters(), "lr": 0.5}]
    found = recognised(SGD(groups, lr=0.1))
    assert (found.rule, found.rate, found.rates) == (None, None, (0.1, 0.5))
    assert "lr" in found.why
    alike = recognised(
        SGD([{"params": model[0].parameters(), "name": "first"}, {"params": model[2].parameters()}], 0.1)
    )
    assert alike.rate == 0.1
    assert alike.rule is not None


def test_a_subclass_may_do_anything():
    class Own(SGD):
        pass

    assert recognised(Own(network().parameters(), lr=0.1)).rule is None


def test_wrapped_optimizers_are_looked_into():
    class Wrapper:
        def __init__(self, optimizer):
            self.optimizer = optimizer

    wrapped = SGD(network().parameters(), lr=0.1)
    assert inner(Wrapper(wrapped)) is wrapped
    with pytest.raises(BadInput, match=r"torch\.optim.*got a list"):
        inner([wrapped])
