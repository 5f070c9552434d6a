"""Each threshold by simulating the actual update rule on a quadratic and bisecting the largest stable curvature."""

import pytest
import torch

from phenoscope.core.errors import BadInput
from phenoscope.theory import (
    adam_threshold,
    gradient_descent_threshold,
    heavy_ball_threshold,
    nesterov_threshold,
    rmsprop_threshold,
    sam_threshold,
)
from phenoscope.training import Adam, AdamW, GradientDescent, HeavyBall, Nesterov, RMSProp, WeightDecay, threshold

SQUARE, EPSILON = 4.0, 0.5
P = SQUARE**0.5 + EPSILON  # the preconditioner, held fixed
FIXED = 1 - 1e-12
LARGE = 1e15  # updates after which bias corrections have died out even for this β₂


def started(rule, points, momentum):
    """The rule's memory with a momentum, and a second moment that stays as it is."""
    memory = rule.init(points)
    preset = {"square": torch.full_like(points, SQUARE), "count": torch.full_like(points, LARGE)}
    return {name: preset.get(name, momentum) for name in memory}


def radius(rule, curvature):
    """The spectral radius of one step on ½ λ θ², from what the step does to each unit state (θ, m)."""
    scale = 1e-6  # gradients so small that they leave the second moment alone
    columns = []
    for state in torch.eye(2, dtype=torch.float64) * scale:
        points = state[:1, None]
        memory = started(rule, points, state[1:, None])
        moved, after = rule.update(curvature * points, points, memory, 0)
        momentum = next((after[name] for name in ("momentum", "mean") if name in after), torch.zeros_like(points))
        columns.append(torch.cat([moved, momentum])[:, 0] / scale)
    return torch.linalg.eigvals(torch.stack(columns, dim=1)).abs().max().item()


def largest_stable(rule):
    low, high = 0.0, 1e4
    assert radius(rule, high) > 1
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if radius(rule, middle) <= 1 + 1e-12 else (low, middle)
    return low


CASES = {
    "gradient descent": (GradientDescent(0.1), gradient_descent_threshold(0.1)),
    "gradient descent, coupled": (WeightDecay(GradientDescent(0.1), 0.7), gradient_descent_threshold(0.1, decay=0.7)),
    "heavy ball": (HeavyBall(0.1, 0.8), heavy_ball_threshold(0.1, 0.8)),
    "heavy ball, coupled": (WeightDecay(HeavyBall(0.1, 0.8), 0.7), heavy_ball_threshold(0.1, 0.8, decay=0.7)),
    "nesterov": (Nesterov(0.1, 0.8), nesterov_threshold(0.1, 0.8)),
    "nesterov, small momentum": (Nesterov(0.2, 0.1), nesterov_threshold(0.2, 0.1)),
    "nesterov, coupled": (WeightDecay(Nesterov(0.1, 0.8), 0.7), nesterov_threshold(0.1, 0.8, decay=0.7)),
    "adam": (Adam(0.1, 0.9, FIXED, EPSILON), P * adam_threshold(0.1, 0.9)),
    "adam, no momentum": (Adam(0.1, 0.0, FIXED, EPSILON), P * adam_threshold(0.1, 0.0)),
    "adam, coupled": (WeightDecay(Adam(0.1, 0.9, FIXED, EPSILON), 0.7), P * adam_threshold(0.1, 0.9) - 0.7),
    "adam, decoupled": (AdamW(0.1, 0.7, 0.9, FIXED, EPSILON), P * adam_threshold(0.1, 0.9, decay=0.7, decoupled=True)),
    "rmsprop": (RMSProp(0.1, FIXED, EPSILON), P * rmsprop_threshold(0.1)),
    "rmsprop, coupled": (WeightDecay(RMSProp(0.1, FIXED, EPSILON), 0.7), P * rmsprop_threshold(0.1) - 0.7),
}


@pytest.mark.parametrize("case", CASES)
def test_the_threshold_is_where_the_rule_loses_stability(case):
    rule, predicted = CASES[case]
    assert largest_stable(rule) == pytest.approx(predicted, rel=1e-6)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("decay", [0.0, 0.7])
@pytest.mark.parametrize("kind", [heavy_ball_threshold, nesterov_threshold])
def test_decoupled_decay(kind, momentum, decay):
    """θ' = (1 - η w) θ - η d, with d the rule's own direction, by its 2 x 2 matrix written out here."""
    lr = 0.1

    def stable(curvature):
        if kind is heavy_ball_threshold:
            rows = [[1 - lr * decay - lr * curvature, -lr * momentum], [curvature, momentum]]
        else:
            ahead = lr * curvature * (1 + momentum)
            rows = [[1 - lr * decay - ahead, -lr * momentum**2], [curvature, momentum]]
        return torch.linalg.eigvals(torch.tensor(rows, dtype=torch.float64)).abs().max() <= 1 + 1e-12

    low, high = 0.0, 1e4
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if stable(middle) else (low, middle)
    assert low == pytest.approx(kind(lr, momentum, decay=decay, decoupled=True), rel=1e-6)


def test_a_long_run_diverges_just_above_and_not_just_below():
    for rule, predicted in (CASES["heavy ball, coupled"], CASES["adam, decoupled"]):
        curvature = predicted * torch.tensor([[0.999], [1.001]], dtype=torch.float64)
        points = torch.full_like(curvature, 1e-6)
        memory = started(rule, points, torch.zeros_like(points))
        for step in range(30_000):
            points, memory = rule.update(curvature * points, points, memory, step)
            if points[1].abs() > 1e-3:
                break
        assert points[1].abs() > 1e-3
        assert points[0].abs() < 1e-6


@pytest.mark.parametrize("case", ["gradient descent, coupled", "heavy ball", "nesterov, coupled"])
def test_rules_know_their_thresholds(case):
    rule, predicted = CASES[case]
    assert threshold(rule, 0, 1.0) == pytest.approx(predicted)


def test_known_values():
    assert adam_threshold(1e-3, 0.9) == pytest.approx(38 / 1e-3)
    assert gradient_descent_threshold(0.5, decay=1.0, decoupled=True) == 3.0


@pytest.mark.parametrize("call", [lambda: heavy_ball_threshold(0.0, 0.5), lambda: adam_threshold(-1.0, 0.9)])
def test_a_rate_must_be_positive(call):
    with pytest.raises(BadInput, match="rate must be positive"):
        call()


@pytest.mark.parametrize("momentum", [-0.1, 1.0, float("nan")])
def test_momentum_is_a_fraction(momentum):
    with pytest.raises(BadInput, match="momentum must be"):
        nesterov_threshold(0.1, momentum)


@pytest.mark.parametrize(("lr", "radius"), [(0.4, 0.05), (0.4, 0.2), (0.1, 0.0), (1.0, 1e-12), (0.01, 3.0)])
def test_sam_loses_stability_at_its_threshold(lr, radius):
    """θ' = θ - η λ (θ + ρ λ θ) swings at constant height where the factor is -1."""
    bearable = sam_threshold(gradient_descent_threshold(lr), radius)
    assert 1 - lr * bearable * (1 + radius * bearable) == pytest.approx(-1.0, rel=1e-12)


def test_sam_threshold_of_the_published_cases():
    """4.142 and 3.090 at η = 0.4 (the family's guide, checked there on small networks)."""
    assert sam_threshold(5.0, 0.05) == pytest.approx(4.142, abs=5e-4)
    assert sam_threshold(5.0, 0.2) == pytest.approx(3.090, abs=5e-4)
    assert sam_threshold(5.0, float("inf")) == 0.0
    with pytest.raises(BadInput, match="at least 0"):
        sam_threshold(5.0, -1.0)
