"""Update rules against torch's own optimizers, as rows of a cohort, and their refusals."""

import dataclasses

import pytest
import torch
from torch.testing import assert_close

from oracles import normal
from phenoscope.core.errors import BadInput
from phenoscope.training import (
    Adam,
    AdamW,
    Clipped,
    Cosine,
    GradientDescent,
    HeavyBall,
    Nesterov,
    RMSProp,
    Sam,
    UnnormalisedSam,
    Warmup,
    WeightDecay,
    threshold,
)
from phenoscope.training.rules import ascent, stacked

EXACT = {"rtol": 1e-12, "atol": 1e-14}
HALF = normal(6, 6)
HESSIAN = HALF @ HALF.T / 6


def slope(points):
    """The gradient of ½ θᵀHθ + ¼ Σθ⁴, row by row."""
    return points @ HESSIAN.to(points.dtype) + points**3


def run(rule, points, steps=20):
    memory, path = rule.init(points), [points]
    for step in range(steps):
        away = ascent(rule, slope(points))
        gradient = slope(points) if away is None else slope(points + away)
        points, memory = rule.update(gradient, points, memory, step)
        path.append(points)
    return torch.stack(path)


def reference(make, points, *, steps=20, norm=None):
    theta = torch.nn.Parameter(points[0].clone())
    optimizer, path = make([theta]), [points[0]]
    for _ in range(steps):
        theta.grad = slope(theta.detach()[None])[0]
        if norm is not None:
            torch.nn.utils.clip_grad_norm_([theta], norm)
        optimizer.step()
        path.append(theta.detach().clone())
    return torch.stack(path)[:, None]


SGD = torch.optim.SGD
PAIRS = {
    "gradient descent": (GradientDescent(0.1), lambda p: SGD(p, 0.1)),
    "decay": (WeightDecay(GradientDescent(0.1), 0.3), lambda p: SGD(p, 0.1, weight_decay=0.3)),
    "heavy ball": (HeavyBall(0.1, 0.8), lambda p: SGD(p, 0.1, momentum=0.8)),
    "heavy ball, decay": (
        WeightDecay(HeavyBall(0.1, 0.8), 0.3),
        lambda p: SGD(p, 0.1, momentum=0.8, weight_decay=0.3),
    ),
    "nesterov": (Nesterov(0.1, 0.8), lambda p: SGD(p, 0.1, momentum=0.8, nesterov=True)),
    "adam": (Adam(0.05, 0.8, 0.95, 1e-3), lambda p: torch.optim.Adam(p, 0.05, (0.8, 0.95), 1e-3)),
    "adam, coupled decay": (
        WeightDecay(Adam(0.05), 0.3),
        lambda p: torch.optim.Adam(p, 0.05, weight_decay=0.3),
    ),
    "adamw": (AdamW(0.05, 0.3), lambda p: torch.optim.AdamW(p, 0.05, weight_decay=0.3)),
    "rmsprop": (RMSProp(0.05, 0.9, 1e-3), lambda p: torch.optim.RMSprop(p, 0.05, 0.9, 1e-3)),
}


@pytest.mark.parametrize("case", PAIRS)
def test_moves_like_torch(case):
    rule, make = PAIRS[case]
    points = normal(1, 6)
    expected = reference(make, points)
    assert_close(run(rule, points), expected, **EXACT)
    assert_close(run(stacked([rule], points), points), expected, **EXACT)


def test_coupled_and_decoupled_decay_differ():
    points = normal(1, 6)
    assert not torch.allclose(run(AdamW(0.05, 0.3), points), run(WeightDecay(Adam(0.05), 0.3), points), rtol=1e-3)


@pytest.mark.parametrize("norm", [0.5, 100.0])
def test_clipping_is_torchs_without_its_millionth(norm):
    points = normal(1, 6)
    expected = reference(lambda p: SGD(p, 0.1, momentum=0.8), points, norm=norm)
    assert_close(run(Clipped(HeavyBall(0.1, 0.8), norm), points), expected, rtol=1e-4, atol=1e-5)


def test_clipping_cuts_to_the_length_row_by_row():
    gradient = torch.tensor([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0]], dtype=torch.float64)
    points = torch.zeros(3, 2, dtype=torch.float64)
    moved, _ = Clipped(GradientDescent(1.0), 1.0).update(gradient, points, {}, 0)
    assert_close(moved, -torch.tensor([[0.6, 0.8], [0.3, 0.4], [0.0, 0.0]], dtype=torch.float64))


@pytest.mark.parametrize("kind", [Sam, UnnormalisedSam])
def test_sam_takes_its_gradient_uphill(kind):
    points, rho = normal(1, 6), 0.05
    theta, expected = points[0].clone(), [points[0]]
    for _ in range(20):
        here = slope(theta[None])[0]
        away = theta + rho * (here / here.norm() if kind is Sam else here)
        theta = theta - 0.1 * slope(away[None])[0]
        expected.append(theta)
    assert_close(run(kind(GradientDescent(0.1), rho), points), torch.stack(expected)[:, None], **EXACT)


@pytest.mark.parametrize("kind", [Sam, UnnormalisedSam])
def test_sam_without_a_radius_is_the_rule_itself(kind):
    points = normal(1, 6)
    assert torch.equal(run(kind(HeavyBall(0.1, 0.8), 0.0), points), run(HeavyBall(0.1, 0.8), points))
    assert ascent(Clipped(HeavyBall(0.1), 1.0), points) is None
    assert ascent(WeightDecay(Clipped(kind(HeavyBall(0.1), 0.3), 1.0), 0.1), points) is not None


def test_sam_at_rest_stays_there():
    assert not ascent(Sam(GradientDescent(0.1), 0.3), torch.zeros(2, 3)).any()


ROWS = {
    "gradient descent": [GradientDescent(0.1), GradientDescent(Cosine(0.2, 10)), GradientDescent(0.3)],
    "heavy ball": [HeavyBall(0.1, 0.8), HeavyBall(0.05, 0.0), HeavyBall(Warmup(5, 0.1), 0.5)],
    "nesterov": [Nesterov(0.1, 0.8), Nesterov(0.05, 0.0), Nesterov(0.02, 0.5)],
    "adam": [Adam(0.1, 0.8, 0.9), AdamW(0.05, 0.2), Adam(0.02, 0.0, 0.99, 1e-2)],
    "rmsprop": [RMSProp(0.1, 0.8), RMSProp(0.05, 0.9, 0.1), RMSProp(0.02)],
    "sam": [Sam(HeavyBall(0.1, 0.8), 0.1), Sam(HeavyBall(0.05, 0.5), 0.0), Sam(HeavyBall(0.02), 0.5)],
    "unnormalised sam": [UnnormalisedSam(GradientDescent(0.1), rho) for rho in (0.01, 0.0, 0.03)],
    "nested": [
        WeightDecay(Clipped(HeavyBall(0.1, 0.8), 1.0), 0.1),
        WeightDecay(Clipped(HeavyBall(0.1, 0.5), 9.0), 0.0),
        WeightDecay(Clipped(HeavyBall(0.05, 0.8), 0.1), 0.2),
    ],
}


@pytest.mark.parametrize("case", ROWS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_cohort_moves_like_its_members(case, dtype):
    points = normal(3, 6).to(dtype)
    together = run(stacked(ROWS[case], points), points, 30)
    alone = torch.cat([run(rule, points[i : i + 1], 30) for i, rule in enumerate(ROWS[case])], dim=1)
    assert together.dtype == dtype
    assert_close(
        together, alone, rtol=1e-5 if dtype == torch.float32 else 1e-13, atol=1e-6 if dtype == torch.float32 else 1e-15
    )


def test_factors_near_one_keep_their_digits_in_single_precision():
    """1 - β₂ taken in float32 would be off by a part in a thousand here, or zero."""
    points, beta2 = normal(1, 6).float(), 1 - 1e-8
    rule = stacked([Adam(0.1, beta2=beta2)], points)
    _, memory = rule.update(torch.ones_like(points), points, rule.init(points), 0)
    assert_close(memory["square"], torch.full_like(points, 1e-8), rtol=1e-6, atol=0)
    moved, _ = rule.update(torch.ones_like(points), points, rule.init(points), 0)
    assert_close(moved, points - 0.1, rtol=1e-5, atol=1e-6)


def test_rules_are_pure():
    points = normal(2, 6)
    for rule in (HeavyBall(0.1), Adam(0.1), RMSProp(0.1), Nesterov(0.1)):
        memory = rule.init(points)
        before = {name: value.clone() for name, value in memory.items()}
        rule.update(slope(points), points, memory, 0)
        assert all(torch.equal(memory[name], before[name]) for name in before)


def test_thresholds_exist_where_theory_gives_them():
    assert threshold(Clipped(GradientDescent(0.1), 1.0), 0, 1.0) == 20.0
    assert threshold(WeightDecay(Clipped(GradientDescent(0.1), 1.0), 1.0), 0, 1.0) == 19.0
    for rule in (Adam(0.1), RMSProp(0.1), WeightDecay(Adam(0.1), 0.1)):
        assert threshold(rule, 0, 1.0) is None
    assert threshold(GradientDescent(Warmup(4, 0.4)), 0, 1.0) == 20.0
    assert threshold(UnnormalisedSam(GradientDescent(0.1), 0.0), 0, 1.0) == 20.0
    assert threshold(UnnormalisedSam(GradientDescent(1.0), 1.0), 0, 9.0) == 1.0
    assert threshold(Sam(GradientDescent(1.0), 9.0), 0, 9.0) == 1.0
    assert threshold(Sam(GradientDescent(1.0), 9.0), 0, 0.0) == 0.0
    assert threshold(Sam(GradientDescent(1.0), 0.0), 0, 0.0) == 2.0
    assert threshold(Sam(Adam(0.1), 0.3), 0, 1.0) is None


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: GradientDescent(0.0), "`lr` of GradientDescent must be positive and finite, got 0.0"),
        (lambda: GradientDescent(float("inf")), "positive and finite"),
        (lambda: HeavyBall(0.1, 1.0), "`momentum` of HeavyBall must be at least 0 and below 1"),
        (lambda: Adam(0.1, beta2=-0.1), "`beta2` of Adam"),
        (lambda: Adam(0.1, epsilon=float("nan")), "`epsilon` of Adam must be at least 0 and finite"),
        (lambda: WeightDecay(GradientDescent(0.1), -1.0), "`decay` of WeightDecay must be at least 0 and finite"),
        (lambda: Sam(GradientDescent(0.1), -1.0), "`radius` of Sam must be at least 0 and finite"),
        (lambda: Clipped(GradientDescent(0.1), 0.0), "`norm` of Clipped must be positive"),
    ],
)
def test_numbers_without_meaning_are_refused(make, says):
    with pytest.raises(BadInput, match=says):
        make()


def test_a_cohort_shares_its_rule():
    with pytest.raises(BadInput, match=r"share a rule, got \['GradientDescent', 'HeavyBall'\]"):
        stacked([GradientDescent(0.1), HeavyBall(0.1)], normal(2, 3))
    with pytest.raises(BadInput, match="share a rule"):
        stacked([WeightDecay(GradientDescent(0.1), 0.1), WeightDecay(HeavyBall(0.1), 0.1)], normal(2, 3))


def test_every_rule_is_tried_here():
    from phenoscope.training import Rule

    tried = {type(rule) for rules in ROWS.values() for rule in rules} | {WeightDecay, Clipped}
    assert tried == set(Rule.__args__)
    assert all(dataclasses.is_dataclass(kind) for kind in tried)
