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
    AmplifiedNoise,
    Clipped,
    Cosine,
    EntropyMirror,
    GradientDescent,
    HeavyBall,
    Jittered,
    Nesterov,
    PowerMirror,
    Projected,
    RMSProp,
    Sam,
    Steepest,
    UnnormalisedSam,
    Warmup,
    WeightDecay,
    threshold,
)
from phenoscope.training.sight import seen
from phenoscope.training.stacking import stacked

EXACT = {"rtol": 1e-12, "atol": 1e-14}
HALF = normal(6, 6)
HESSIAN = HALF @ HALF.T / 6


def slope(points):
    """The gradient of ½ θᵀHθ + ¼ Σθ⁴, row by row."""
    return points @ HESSIAN.to(points.dtype) + points**3


@dataclasses.dataclass(frozen=True)
class Bowl:
    """The sight of that loss from some points."""

    points: torch.Tensor

    @property
    def gradient(self):
        return slope(self.points)

    def third(self, left, right):
        return torch.zeros_like(left)  # no rule here looks at it, or it is a quadratic

    def whole(self):
        return self.points @ HESSIAN.to(self.points.dtype)

    def hessian(self):
        return Stack(HESSIAN + torch.diag_embed(3 * self.points**2).to(HESSIAN))

    def at(self, points):
        return Bowl(points)

    def normal(self, step):
        return normal(6, seed=step).to(self.points).expand_as(self.points)


@dataclasses.dataclass(frozen=True)
class Stack:
    """A dense matrix a row."""

    rows: torch.Tensor

    def multiply(self, block):
        return (block.double() @ self.rows).to(block.dtype)


def run(rule, points, steps=20):
    memory, path = rule.init(points), [points]
    for step in range(steps):
        gradient, memory = seen(rule, Bowl(points), memory, step)
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
    assert torch.equal(seen(Clipped(HeavyBall(0.1), 1.0), Bowl(points), {}, 0)[0], slope(points))


@pytest.mark.parametrize("kind", [Sam, UnnormalisedSam])
def test_wrappers_pass_on_what_is_seen(kind):
    points = normal(2, 6)
    plain = seen(kind(HeavyBall(0.1), 0.3), Bowl(points), {}, 0)[0]
    assert torch.equal(seen(WeightDecay(Clipped(kind(HeavyBall(0.1), 0.3), 1.0), 0.1), Bowl(points), {}, 0)[0], plain)
    assert not torch.equal(plain, slope(points))


def test_amplified_noise_is_amplified_wherever_the_rule_inside_looks():
    """Here the gradient of all data is Hθ, and that of the step's examples has θ³ for its noise."""
    theta = normal(1, 6)
    (_, moved) = run(AmplifiedNoise(UnnormalisedSam(GradientDescent(0.1), 0.3), 2.0), theta, 1)

    def louder(point):
        return point @ HESSIAN + 2 * point**3

    assert_close(moved, theta - 0.1 * louder(theta + 0.3 * louder(theta)), **EXACT)


def test_sam_at_rest_stays_there():
    rule, points = Sam(GradientDescent(0.1), 0.3), torch.zeros(2, 6, dtype=torch.float64)
    assert not run(rule, points).any()


def dominant(point, k):
    """The projection on the k largest curvatures there, from a dense eigensolver."""
    vectors = torch.linalg.eigh(HESSIAN + torch.diag(3 * point**2)).eigenvectors[:, -k:]
    return vectors @ vectors.T


@pytest.mark.parametrize("keep", ["dominant", "bulk"])
@pytest.mark.parametrize("k", [1, 3])
def test_projected_keeps_one_part_of_the_gradient(keep, k, monkeypatch):
    monkeypatch.setattr("phenoscope.training.leading.TOLERANCE", 1e-9)
    points = normal(1, 6)
    theta, expected, momentum = points[0].clone(), [points[0]], torch.zeros(6, dtype=torch.float64)
    for _ in range(20):
        here, inside = slope(theta[None])[0], dominant(theta, k)
        momentum = 0.8 * momentum + (inside @ here if keep == "dominant" else here - inside @ here)
        theta = theta - 0.1 * momentum
        expected.append(theta)
    found = run(Projected(HeavyBall(0.1, 0.8), k, keep), points)
    assert_close(found, torch.stack(expected)[:, None], rtol=1e-9, atol=1e-10)


def test_the_two_parts_make_the_whole_and_the_space_waits_for_its_turn():
    points, other = normal(2, 6), normal(2, 6, seed=5)
    rules = [Projected(GradientDescent(0.1), 2, keep, every=3) for keep in ("dominant", "bulk")]
    parts = [seen(rule, Bowl(points), rule.init(points), 0) for rule in rules]
    assert_close(parts[0][0] + parts[1][0], slope(points))
    first = memory = parts[0][1]
    for call in (1, 2, 3):
        _, memory = seen(rules[0], Bowl(other), memory, 0)
        assert torch.equal(memory["space"], first["space"]) == (call < 3)


def test_a_space_that_is_overtaken_is_left():
    """The last space, without its guards, may be an invariant one that a larger curvature has overtaken elsewhere."""
    rule, axes = Projected(GradientDescent(0.1), 1, "dominant"), torch.eye(6, dtype=torch.float64)
    trapped = {"space": axes[None, [0, 1, 2]], "space age": torch.full((1, 1), 20.0)}  # a measurement that looks
    sight = Diagonal(torch.tensor([[3.0, 2.0, 1.0, 0.5, 9.0, 0.1]], dtype=torch.float64))
    _, memory = seen(rule, sight, trapped, 0)
    assert memory["space"][0, 0].abs().argmax() == 4


@dataclasses.dataclass(frozen=True)
class Diagonal:
    """A quadratic with these curvatures, seen from 1."""

    curvatures: torch.Tensor

    @property
    def points(self):
        return torch.ones_like(self.curvatures)

    @property
    def gradient(self):
        return self.curvatures

    def third(self, left, right):
        return torch.zeros_like(left)  # no rule here looks at it, or it is a quadratic

    def whole(self):
        return self.gradient

    def hessian(self):
        return Stack(torch.diag_embed(self.curvatures))

    def at(self, points):
        raise AssertionError("nobody asks")

    def normal(self, step):
        raise AssertionError("nobody asks")


ROWS = {
    "gradient descent": [GradientDescent(0.1), GradientDescent(Cosine(0.2, 10)), GradientDescent(0.3)],
    "heavy ball": [HeavyBall(0.1, 0.8), HeavyBall(0.05, 0.0), HeavyBall(Warmup(5, 0.1), 0.5)],
    "nesterov": [Nesterov(0.1, 0.8), Nesterov(0.05, 0.0), Nesterov(0.02, 0.5)],
    "adam": [Adam(0.1, 0.8, 0.9), AdamW(0.05, 0.2), Adam(0.02, 0.0, 0.99, 1e-2)],
    "rmsprop": [RMSProp(0.1, 0.8), RMSProp(0.05, 0.9, 0.1), RMSProp(0.02)],
    "sam": [Sam(HeavyBall(0.1, 0.8), 0.1), Sam(HeavyBall(0.05, 0.5), 0.0), Sam(HeavyBall(0.02), 0.5)],
    "projected": [
        Projected(HeavyBall(0.1, 0.8), 5, "bulk", every=2),
        Projected(HeavyBall(0.05, 0.5), 5, "bulk", every=2),
        Projected(HeavyBall(0.02), 5, "bulk", every=2),
    ],
    "jittered": [Jittered(GradientDescent(0.1), rho) for rho in (0.01, 0.0, 0.3)],
    "unnormalised sam": [UnnormalisedSam(GradientDescent(0.1), rho) for rho in (0.01, 0.0, 0.03)],
    "amplified noise": [AmplifiedNoise(HeavyBall(lr, 0.8), 10 * lr) for lr in (0.1, 0.0001, 0.05)],
    "signs": [Steepest(0.01, "linf", 0.5), Steepest(Cosine(0.2, 10), "linf"), Steepest(0.03, "linf", 0.9)],
    "matrices": [
        Steepest(lr, "spectral", momentum, "dual", ((2, 2), (2,)))
        for lr, momentum in ((0.1, 0.5), (0.02, 0.0), (0.05, 0.9))
    ],
    "powers": [PowerMirror(lr, power) for lr, power in ((0.1, 1.5), (0.05, 2.0), (0.02, 3.0))],
    "entropies": [EntropyMirror(lr, scale) for lr, scale in ((0.1, 1.0), (0.5, 0.1), (0.02, 10.0))],
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


@pytest.mark.parametrize("other", [1 - 1e-8, 0.9], ids=["a number", "a column"])
def test_factors_near_one_keep_their_digits_in_single_precision(other):
    """1 - β₂ taken in float32 would be off by a part in a thousand here, or zero."""
    points = normal(2, 6).float()
    rule = stacked([Adam(0.1, beta2=1 - 1e-8), Adam(0.1, beta2=other)], points)
    _, memory = rule.update(torch.ones_like(points), points, rule.init(points), 0)
    assert_close(memory["square"][0], torch.full((6,), 1e-8), rtol=1e-6, atol=0)
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
    curved = (Adam(0.1), RMSProp(0.1), Steepest(0.1), PowerMirror(0.1), EntropyMirror(0.1))
    for rule in (*curved, WeightDecay(Adam(0.1), 0.1)):
        assert threshold(rule, 0, 1.0) is None
    assert threshold(GradientDescent(Warmup(4, 0.4)), 0, 1.0) == 20.0
    assert threshold(UnnormalisedSam(GradientDescent(0.1), 0.0), 0, 1.0) == 20.0
    assert threshold(UnnormalisedSam(GradientDescent(1.0), 1.0), 0, 9.0) == 1.0
    assert threshold(Sam(GradientDescent(1.0), 9.0), 0, 9.0) == 1.0
    assert threshold(Sam(GradientDescent(1.0), 9.0), 0, 0.0) == 0.0
    assert threshold(Sam(GradientDescent(1.0), 0.0), 0, 0.0) == 2.0
    assert threshold(Sam(Adam(0.1), 0.3), 0, 1.0) is None
    assert threshold(Projected(GradientDescent(0.1), 2, "dominant"), 0, 1.0) == 20.0
    assert threshold(Projected(GradientDescent(0.1), 2, "bulk"), 0, 1.0) is None
    assert threshold(AmplifiedNoise(GradientDescent(0.1), 3.0), 0, 1.0) == 20.0


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: GradientDescent(0.0), "`lr` of GradientDescent must be positive and finite, got 0.0"),
        (lambda: GradientDescent(float("inf")), "positive and finite"),
        (lambda: HeavyBall(0.1, 1.0), "`momentum` of HeavyBall must be at least 0 and below 1"),
        (lambda: Adam(0.1, beta2=-0.1), "`beta2` of Adam"),
        (lambda: Adam(0.1, epsilon=float("nan")), "`epsilon` of Adam must be at least 0 and finite"),
        (lambda: WeightDecay(GradientDescent(0.1), -1.0), "`decay` of WeightDecay must be at least 0 and finite"),
        (lambda: Jittered(GradientDescent(0.1), -1.0), "`radius` of Jittered must be at least 0 and finite"),
        (lambda: Sam(GradientDescent(0.1), -1.0), "`radius` of Sam must be at least 0 and finite"),
        (lambda: Projected(GradientDescent(0.1), 0, "bulk"), "`k` and `every` of Projected must be at least 1, got 0"),
        (lambda: Projected(GradientDescent(0.1), 2, "rest"), "keep must be one of 'bulk', 'dominant', got 'rest'"),
        (lambda: Projected(GradientDescent(0.1), 3, "bulk").init(torch.zeros(1, 3)), "more than 3 parameters, got 3"),
        (lambda: Clipped(GradientDescent(0.1), 0.0), "`norm` of Clipped must be positive"),
        (lambda: Steepest(0.1, "l3"), "norm must be one of"),
        (lambda: Steepest(0.1, length="short"), "length must be one of"),
        (lambda: Steepest(0.1, momentum=1.0), "`momentum` of Steepest must be at least 0 and below 1"),
        (lambda: PowerMirror(0.1, 1.0), "the power of a mirror lies above 1, got 1.0"),
        (lambda: EntropyMirror(0.1, 0.0), "the scale of a hyperbolic entropy is positive, got 0.0"),
        (lambda: AmplifiedNoise(GradientDescent(0.1), -1.0), "`factor` of AmplifiedNoise must be at least 0"),
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
    from phenoscope.training import CentralFlow, GradientFlow, Rule

    flows = {CentralFlow, GradientFlow}  # in test_flows.py
    tried = {type(rule) for rules in ROWS.values() for rule in rules} | {WeightDecay, Clipped} | flows
    assert tried == set(Rule.__args__)
    assert all(dataclasses.is_dataclass(kind) for kind in tried)
