"""Descent that is stopped: is it where a penalty would have led, on a regression and on a classifier?"""

import math
from collections.abc import Iterator, Mapping

import numpy as np
import torch
from scipy.integrate import solve_ivp
from scipy.special import expit, log_expit

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.data import Dataset, Examples
from phenoscope.methods.computation import Found

FIRST = -4
"""Times begin at 2^-4, in units of one over the largest curvature."""
EARLY = -20
"""The classifier's flow begins after the time 2^-20, up to which it is a straight line."""
DRAWS = 200
"""Of the noise."""
NEWTON = 100
"""Steps to a minimum, at most."""
BISECTIONS = 100


@spec
class StoppedRegression:
    """Gradient flow from 0 on ‖Xβ - y‖² / 2n, stopped at a time t, beside ridge with the penalty λ = `factor` / t.

    y are the targets with noise of standard deviation `noise`, drawn 200 times. Both shrink each principal component:
    flow by 1 - exp(-st), ridge by s/(s + λ), s its curvature. Step k of the record is the time 2^(k-4) over the largest
    curvature. `risk` is the mean square error of the fit against the targets without noise, on the training inputs,
    `test risk` that on test examples, both means over the draws; "ridge risk" and "ridge test risk" are those of ridge,
    and `risk ratio` is that of the first ones. `norm` and `ridge norm` are root mean squares of ‖β‖, `norm at best`
    is the first one at the smallest test risk so far, and `distance` is that of the difference of the two β over the
    latter.

    Attributes:
        data: targets are one number.
        noise: in units of the targets.
        factor: λt.
        steps: doublings of the time.
        seed: of data and noise.
    """

    data: Dataset
    noise: float = 1.0
    factor: float = 1.0
    steps: int = 24
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.noise >= 0 or not self.factor > 0 or self.steps < 1 or self.data.outputs != 1:
            raise BadInput(
                "a stopped regression needs noise of at least 0, a positive factor, a doubling, and targets that are "
                f"one number, got {self}."
            )

    @property
    def units(self) -> Mapping[str, str]:
        names = ("risk", "ridge risk", "risk ratio", "test risk", "ridge test risk", "norm", "ridge norm", "distance")
        return dict.fromkeys((*names, "norm at best"), "1")

    def readings(self) -> Iterator[Found]:
        draw = self.data.draw(stream(self.seed, "data"))
        (x, y), (others, answers) = _arrays(draw.train), _arrays(draw.test)
        scale = math.sqrt(np.square(x).sum(axis=1).mean())
        x, others = x / scale, others / scale
        noise = torch.randn(DRAWS, len(y), generator=stream(self.seed, "noise"), dtype=torch.float64).numpy()
        left, values, right = np.linalg.svd(x, full_matrices=False)
        there = values > values[0] * 1e-10
        left, values, right = left[:, there], values[there], right[there]
        curvatures = values**2 / len(y)
        parts = ((y + self.noise * noise) @ left) / values  # β of least squares along each component, (draws, k)
        least = (math.inf, 0.0)
        for step in range(self.steps + 1):
            time = 2.0 ** (step + FIRST) / curvatures[0]
            flow = parts * -np.expm1(-curvatures * time)
            ridge = parts * curvatures / (curvatures + self.factor / time)
            found = {}
            for name, beta in (("", flow), ("ridge ", ridge)):
                found[f"{name}risk"] = float(np.square(beta * values @ left.T - y).mean())
                found[f"{name}test risk"] = float(np.square(beta @ right @ others.T - answers).mean())
                found[f"{name}norm"] = _size(beta)
            least = min(least, (found["test risk"], found["norm"]))
            found["norm at best"] = least[1]
            found["distance"] = _size(flow - ridge) / found["ridge norm"]
            yield Found(step, found | {"risk ratio": found["risk"] / found["ridge risk"]})


@spec
class StoppedClassifier:
    """Gradient flow from 0 on the logistic loss of separable data, beside the least loss at its length.

    Inputs are divided by their root mean square length and have no bias. The flow is integrated in the logarithm of
    time; step k of the record is the time 2^k over the largest curvature at the start. The classifier of the least loss
    among those of the same length is that of an l2 penalty. `angle` is that between the two, `norm` the length, `log
    loss` and `least log loss` the losses.

    Attributes:
        data: with two sides, such as `phenoscope.data.Sides`.
        spread: of the logarithms of the rates at which coordinates move, normal; 0 is gradient flow.
        steps: doublings of the time.
        seed: of data and rates.
    """

    data: Dataset
    spread: float = 0.0
    steps: int = 30
    seed: int = 0

    def __post_init__(self) -> None:
        if self.spread < 0 or self.steps < 1 or self.data.outputs != 1:
            raise BadInput(
                f"a stopped classifier needs a spread of at least 0, a doubling, and targets that are one number, got "
                f"{self}."
            )

    @property
    def units(self) -> Mapping[str, str]:
        return {"angle": "radian", "norm": "1", "log loss": "log of loss", "least log loss": "log of loss"}

    def readings(self) -> Iterator[Found]:
        x, y = _arrays(self.data.draw(stream(self.seed, "data")).train)
        z = y[:, None] * x / math.sqrt(np.square(x).sum(axis=1).mean())
        drawn = torch.randn(z.shape[1], generator=stream(self.seed, "rates"), dtype=torch.float64).numpy()
        rates = np.exp(self.spread * drawn) * 4 * len(z) / np.linalg.norm(z, 2) ** 2

        def velocity(log_time: float, w: np.ndarray) -> np.ndarray:
            return rates * (np.exp(log_time + log_expit(-(z @ w))) @ z) / len(z)

        since, guess = EARLY * math.log(2), (0.0, np.zeros(z.shape[1]))
        w = math.exp(since) * rates * z.mean(axis=0) / 2  # until then the slope is that at 0
        for step in range(self.steps + 1):
            span, since = (since, step * math.log(2)), step * math.log(2)
            w = solve_ivp(velocity, span, w, method="LSODA", rtol=1e-9, atol=1e-12).y[:, -1]
            guess = least_loss(z, float(np.linalg.norm(w)), guess)
            best = guess[1]
            apart = np.linalg.norm(w / np.linalg.norm(w) - best / np.linalg.norm(best))
            yield Found(step, {
                "angle": 2 * math.asin(min(1.0, float(apart) / 2)), "norm": float(np.linalg.norm(w)),
                "log loss": _log_loss(z, w), "least log loss": _log_loss(z, best),
            })  # fmt: skip


def least_loss(z: np.ndarray, length: float, guess: tuple[float, np.ndarray]) -> tuple[float, np.ndarray]:
    """The logarithm of a penalty, and the classifier of the least logistic loss of its length that it leads to.

    By bisection over the penalty λ, ‖w‖ falling with it, and Newton's method on the loss plus ½ λ ‖w‖².

    Args:
        z: yᵢ xᵢ, (n, d).
        length: ‖w‖, positive.
        guess: that of a similar length, to begin with.
    """
    penalty, w = guess
    low, high, step = -math.inf, math.inf, 1.0
    for _ in range(BISECTIONS):
        w = _penalised(z, math.exp(penalty), w)
        size = float(np.linalg.norm(w))
        if abs(size / length - 1) < 1e-10 or high - low < 1e-13:
            break
        low, high = (penalty, high) if size > length else (low, penalty)
        step = 2 * step if math.inf in (high, -low) else step
        middle = (low + high) / 2
        penalty = middle if math.isfinite(middle) else (low + step if high == math.inf else high - step)
    return penalty, w


def _penalised(z: np.ndarray, penalty: float, w: np.ndarray) -> np.ndarray:
    """The minimum of the mean loss plus ½ λ ‖w‖², by Newton's method with steps halved until it falls."""
    n, d = z.shape

    def value(at: np.ndarray) -> float:
        return float(-log_expit(z @ at).mean() + penalty * (at @ at) / 2)

    for _ in range(NEWTON):
        pull = expit(-(z @ w))
        slope = penalty * w - pull @ z / n
        if np.linalg.norm(slope) <= 1e-11 * penalty * max(np.linalg.norm(w), 1e-3):
            break
        move = np.linalg.solve((z * (pull * (1 - pull))[:, None]).T @ z / n + penalty * np.eye(d), slope)
        share, before = 1.0, value(w)
        while value(w - share * move) > before and share > 1e-6:
            share /= 2
        w = w - share * move
    return w


def _log_loss(z: np.ndarray, w: np.ndarray) -> float:
    return math.log(float(np.logaddexp(0, -(z @ w)).mean()))


def _size(rows: np.ndarray) -> float:
    """Root mean square length."""
    return math.sqrt(np.square(rows).sum(axis=1).mean())


def _arrays(examples: Examples) -> tuple[np.ndarray, np.ndarray]:
    return examples.inputs.flatten(1).double().numpy(), examples.targets.double().numpy().reshape(-1)
