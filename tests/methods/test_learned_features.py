"""Features of convolutions on the dial: against networks written out, and a probe solved otherwise."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge
from torch.nn import functional

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.data import dataset
from phenoscope.methods import LazyRich
from phenoscope.methods.learned_features import RIDGE, SERIES, learned_features, probe_error

SMALL = LazyRich(
    seed=3, steps=12, alpha=0.7, width=3, activation="erf", target="digits", examples=8, tested=40, fit=1e-9,
    model="convolution",
)  # fmt: skip


def ends(made):
    return list(made.readings())[-1].values


def by_hand(spec):
    """The same descent on weights as a list, with the convolutions and pools of torch."""
    drawn = dataset("digits", train=48, flat=True).draw(stream(spec.seed, "data", 0)).train
    x, y = drawn.inputs.double().reshape(48, 1, 8, 8), 1.0 - 2.0 * (drawn.targets % 2).double()
    generator, shapes = stream(spec.seed, "initialisation"), [(3, 1, 3, 3), (3, 3, 3, 3), (1, 12)]
    weights = [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]
    theta = [each.clone().requires_grad_() for each in (*weights, *weights)]

    def features(parts):
        now = x
        for weight in parts[:2]:
            scale = math.sqrt(2 / weight[0].numel())
            now = functional.avg_pool2d(torch.erf(functional.conv2d(now, scale * weight, padding=1)), 2)
        return now.flatten(1)

    def outputs():
        one, other = (features(part) @ part[2].T * math.sqrt(2 / 12) for part in (theta[:3], theta[3:]))
        return ((one - other) / math.sqrt(2))[:, 0]

    rows = [torch.cat([s.flatten() for s in torch.autograd.grad(outputs()[i], theta)]) for i in range(8)]
    kernel = torch.stack(rows) @ torch.stack(rows).T
    rate = 0.5 * 8 / float(torch.linalg.eigvalsh(kernel)[-1])
    before, losses = features(theta[:3]).detach(), []
    for _ in range(spec.steps):
        left = spec.alpha * outputs()[:8] - y[:8]
        losses.append(float(left.detach().square().mean()))
        slopes = torch.autograd.grad(left.square().sum() / 16 / spec.alpha**2, theta)
        with torch.no_grad():
            for weight, slope in zip(theta, slopes, strict=True):
                weight.sub_(rate * slope)
    assert losses == sorted(losses, reverse=True)  # so that no step is halved here
    tested, truth = spec.alpha * outputs()[8:].detach(), y[8:]
    return {
        "test error": (tested - truth).square().mean() / truth.square().mean(),
        "train error": (spec.alpha * outputs()[:8].detach() - y[:8]).square().mean(),
    }, (before[8:], features(theta[:3]).detach()[8:], drawn.targets[8:])


def test_convolutions_by_hand():
    found = ends(SMALL)
    expected, (before, after, digits) = by_hand(SMALL)
    for name, value in expected.items():
        assert found[name] == pytest.approx(float(value), rel=1e-6), name
    for name, value in learned_features(before, after, digits).items():
        assert found[name] == pytest.approx(value, rel=1e-6), name
    assert set(SERIES) < set(found) == set(SMALL.units)


def test_one_network_has_features_of_its_own():
    one = dataclasses.replace(SMALL, start="subtracted")
    found, both = ends(one), ends(SMALL)
    at_the_start = [name for name in SERIES if name.endswith("start")]
    assert {name: found[name] for name in at_the_start} == {name: both[name] for name in at_the_start}
    assert found["feature change"] != both["feature change"]


def gram(features):
    centred = features - features.mean(0)
    return centred @ centred.T


def test_what_is_said_of_features():
    generator = np.random.default_rng(0)
    before, after = (torch.as_tensor(generator.normal(size=(60, 5))) for _ in range(2))
    digits = torch.as_tensor(generator.integers(0, 10, 60))
    found = learned_features(before, after, digits)
    one, other = (gram(each.numpy()) for each in (before, after))
    expected = 1 - (one * other).sum() / np.linalg.norm(one) / np.linalg.norm(other)
    assert found["feature change"] == pytest.approx(expected, rel=1e-9)
    even = gram(np.eye(2)[digits.numpy() % 2])
    for name, each in (("feature alignment", other), ("feature alignment at the start", one)):
        assert found[name] == pytest.approx((each * even).sum() / np.linalg.norm(each) / np.linalg.norm(even))
    assert found["probe error"] == probe_error(after, digits % 2)
    assert found["digit probe error at the start"] == probe_error(before, digits)


@settings(max_examples=20, deadline=None)
@given(st.integers(4, 60), st.integers(1, 30), st.integers(2, 5), st.integers(0, 2**20))
@example(4, 6, 2, 9028)  # all examples of one class
def test_the_probe_is_ridge_regression_on_the_first_half(n, units, classes, seed):
    generator = np.random.default_rng(seed)
    features, labels = generator.normal(size=(n, units)), generator.integers(0, classes, n)
    half = n // 2
    values = np.linalg.svd(features[:half] - features[:half].mean(0), compute_uv=False)
    ridge = Ridge(alpha=RIDGE * np.square(values).mean(), solver="cholesky")
    targets = np.eye(labels.max() + 1)[labels]
    said = ridge.fit(features[:half], targets[:half]).predict(features[half:]).reshape(n - half, -1)  # one class: flat
    best = np.sort(said, axis=1)
    clear = np.ones(len(said), bool) if best.shape[1] < 2 else best[:, -1] - best[:, -2] > 1e-8
    wrong = (said.argmax(1) != labels[half:]) & clear
    found = probe_error(torch.as_tensor(features), torch.as_tensor(labels))
    assert wrong.mean() - 1e-12 <= found <= wrong.mean() + (~clear).mean() + 1e-12


def test_a_layer_that_says_it_outright_is_read_without_error():
    labels = torch.arange(40) % 2
    features = torch.randn(40, 3, generator=stream(0, "x"), dtype=torch.float64)
    assert probe_error(torch.cat([features, 5.0 * labels[:, None]], dim=1), labels) == 0.0
    assert probe_error(features, labels) > 0.2  # judged on the other half: no probe learns it by heart


def test_the_dense_dial_says_nothing_of_features():
    dense = dataclasses.replace(SMALL, model="dense")
    assert not set(SERIES) & set(dense.units)
    with pytest.raises(BadInput, match='use target="digits"'):
        LazyRich(model="convolution")
    with pytest.raises(BadInput, match="model must be one of"):
        LazyRich(model="other")
