"""Linear classification of examples that can be separated: which direction a rule goes to, and how slowly."""

import dataclasses
import math
from collections.abc import Iterator, Mapping

import numpy as np
from scipy.special import log_expit

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.data import Dataset
from phenoscope.methods.computation import Found
from phenoscope.methods.logistic_flow import logistic_flow
from phenoscope.theory import LargestMargin, dual_length, largest_margin, margin
from phenoscope.theory.margins import angle

GEOMETRY = {"coordinate": "l1", "gradient": "l2", "normalised": "l2", "flow": "l2", "steepest": "l2", "sign": "linf"}
"""The norm of each rule's steps."""
RULES = (*GEOMETRY, "adam")
NORMS = ("l1", "l2", "linf")
BETAS = (0.9, 0.99)
"""Of Adam: the first moment's and the second's."""


@dataclasses.dataclass(frozen=True)
class _Seen:
    """A point of the way: the logarithm of the time, and w."""

    log_time: float
    w: np.ndarray


@spec
class SeparableDescent:
    """A linear classifier on data that can be separated, trained by the logistic loss for an exponentially long time.

    Inputs are divided by their root mean square length and have no bias; targets are 1 and -1. Step k of the record is
    the time 2^k: so many updates, or units of time of the flow. Rules, with the step size `rate` over R², where R is
    the longest example in the dual norm, so that 1 is stable:

    "flow" is gradient flow, integrated in the logarithm of time, and so reaches times like 2^200; "gradient" is
    gradient descent; "normalised" the same with the gradient over the loss; "coordinate", "steepest" and "sign" go
    along the steepest direction of the l1, l2 and l-infinity norm, by the dual length of the gradient over the loss,
    with rates that fall like 1/√t; "adam" is Adam without ε, whose rate falls so, too.

    `norm` is ‖w‖, `margin share` its l2 margin over the largest one (`theory.largest_margin`), `angle` the one to that
    classifier; "l1 share" and its like are margins in other norms over the largest in these. Exponents are read from
    one doubling to the next: `norm growth` is γ Δ‖w‖ / Δ log t with the largest margin γ, which theory puts at 1 where
    norms diverge; `angle exponent` and `gap exponent` are those a of the angle and of 1 less the margin share in
    (log t)^-a; `gap power` is that of the latter in t^-a.

    Attributes:
        data: with two sides, such as `phenoscope.data.Sides`.
        rule: one of the above.
        rate: η, in units of 1/R².
        decay: weight decay: ½ `decay` ‖w‖² is added to the loss.
        components: so many first principal components of the inputs stand in their place; 0 leaves them.
        flipped: whether the example with the largest margin of the best classifier has the other label in training.
            With few components no classifier is then right on all, nor ever more right on some at no cost for the
            others: the loss has a minimum.
        steps: doublings of the time.
        seed: of the data.
    """

    version = 2  # the flow is integrated from the time 0

    data: Dataset
    rule: str = "gradient"
    rate: float = 1.0
    decay: float = 0.0
    components: int = 0
    flipped: bool = False
    steps: int = 16
    seed: int = 0

    def __post_init__(self) -> None:
        one_of("rule", self.rule, RULES)
        fits = 0 <= self.components <= math.prod(self.data.shape) and self.steps >= 2 and self.data.outputs == 1
        if not self.rate > 0 or self.decay < 0 or not fits:
            raise BadInput(
                "a classifier of separable data needs a positive rate, a decay of at least 0, 2 doublings, no more "
                "components than inputs, and targets that are one number (see `phenoscope.data.Sides`), got "
                f"{self}."
            )
        if self.decay and self.rule not in ("gradient", "flow"):
            raise BadInput(f"weight decay goes with the rules gradient and flow, got {self.rule!r}.")

    @property
    def units(self) -> Mapping[str, str]:
        plain = ("norm", "margin share", "norm growth", "angle exponent", "gap exponent", "gap power", *_shares())
        plain += ("loss power", *(("foretold norm",) if self.foretold else ()))
        angles = ("angle", "foretold angle") if self.foretold else ("angle",)
        others = dict.fromkeys(angles, "radian") | {"log loss": "log of loss", "error": "share of examples"}
        return dict.fromkeys(plain, "1") | others

    @property
    def foretold(self) -> bool:
        """Whether theory says how norm and angle move: for plain descent without a finite minimum."""
        return self.rule in ("flow", "gradient") and not self.decay and not self.flipped

    def examples(self) -> np.ndarray:
        """zᵢ = yᵢ xᵢ, (n, d), in units of the root mean square length."""
        drawn = self.data.draw(stream(self.seed, "data")).train
        x, y = drawn.inputs.flatten(1).double().numpy(), drawn.targets.double().numpy().reshape(-1)
        if self.components:
            x = x @ np.linalg.svd(x, full_matrices=False)[2][: self.components].T
        return y[:, None] * x / math.sqrt(np.square(x).sum(axis=1).mean())

    def readings(self) -> Iterator[Found]:
        z = self.examples()
        best = {norm: largest_margin(z, norm=norm) for norm in NORMS}
        if best["l2"].value == 0:
            raise BadInput("these examples cannot be separated without a bias. Take fewer, or other classes.")
        trained = z.copy()
        if self.flipped:
            trained[(z @ best["l2"].direction).argmax()] *= -1
        seen = self._flow(trained) if self.rule == "flow" else self._updates(trained)
        before: dict[str, float] = {}
        foretold = _Foretold(z, best["l2"], self.rate / dual_length_of(z, "l2") ** 2 / len(z))
        for step, moment in enumerate(seen):
            values = self._read(z, trained, moment.w, best)
            rates = _rates(before, values, moment.log_time, best["l2"].value) if step else {}
            before = values | {"log time": moment.log_time}
            if self.foretold and step:
                rates |= foretold(moment.log_time)
            yield Found(step, {name: value for name, value in (values | rates).items() if math.isfinite(value)})

    def _read(self, z: np.ndarray, trained: np.ndarray, w: np.ndarray, best: Mapping) -> dict[str, float]:
        size = float(np.linalg.norm(w))
        found = {
            "norm": size,
            "log loss": float(np.logaddexp.reduce(_log_losses(trained @ w))) - math.log(len(trained)),
            "error": float((trained @ w <= 0).mean()),
        }
        if size == 0:
            return found
        shares = {name: margin(z, w, norm=norm) / best[norm].value for norm, name in zip(NORMS, _shares(), strict=True)}
        return found | shares | {"margin share": shares["l2 share"], "angle": angle(w, best["l2"].direction)}

    def _flow(self, z: np.ndarray) -> Iterator[_Seen]:
        n, scale = len(z), self.rate / dual_length_of(z, "l2") ** 2
        flow = logistic_flow(
            z, np.full(n, 1 / n), scale=scale, steps=self.steps, start=np.zeros(z.shape[1]), decay=self.decay
        )
        for log_time, w in flow:
            yield _Seen(log_time, w)

    def _updates(self, z: np.ndarray) -> Iterator[_Seen]:
        stepper, w, done = _Stepper(self, z), np.zeros(z.shape[1]), 0
        for step in range(self.steps + 1):
            for count in range(done + 1, 2**step + 1):
                w = stepper.after(w, count)
            done = 2**step
            yield _Seen(step * math.log(2), w)


class _Foretold:
    """ŵ log t + w₀ for gradient flow with so much of a step for each example's pull."""

    def __init__(self, z: np.ndarray, best: LargestMargin, pull: float) -> None:
        holds = best.weights > 1e-9
        self._limit, self._best = best.direction / best.value, best.direction
        # the pulls exp(-⟨zᵢ, w₀⟩) · pull are the multipliers of ŵ
        multipliers = best.weights[holds] / best.value**2
        self._first = np.linalg.lstsq(z[holds], -np.log(multipliers / pull), rcond=None)[0]

    def __call__(self, log_time: float) -> dict[str, float]:
        w = self._limit * log_time + self._first
        return {"foretold norm": float(np.linalg.norm(w)), "foretold angle": angle(w, self._best)}


class _Stepper:
    """One update after the other."""

    def __init__(self, made: SeparableDescent, z: np.ndarray) -> None:
        self._made, self._z = made, z
        self._norm = GEOMETRY.get(made.rule, "linf")
        self._rate = made.rate / dual_length_of(z, self._norm) ** 2
        self._mean, self._square = np.zeros(z.shape[1]), np.zeros(z.shape[1])

    def after(self, w: np.ndarray, count: int) -> np.ndarray:
        """Update number `count`, from 1."""
        rule, margins = self._made.rule, self._z @ w
        slopes = log_expit(-margins)  # logarithms of -dL/dm of each example, but for 1/n
        if rule == "gradient":
            gradient = -(np.exp(slopes) @ self._z) / len(margins) + self._made.decay * w
            return w - self._rate * gradient
        if rule == "adam":
            return w - self._adam(-(np.exp(slopes) @ self._z) / len(margins), count)
        over_loss = -(np.exp(slopes - np.logaddexp.reduce(_log_losses(margins))) @ self._z)
        if rule == "normalised":
            return w - self._rate * over_loss
        return w - self._rate / math.sqrt(count) * _steepest(over_loss, self._norm)

    def _adam(self, gradient: np.ndarray, count: int) -> np.ndarray:
        first, second = BETAS
        self._mean = first * self._mean + (1 - first) * gradient
        self._square = second * self._square + (1 - second) * np.square(gradient)
        root = np.sqrt(self._square / (1 - second**count))
        direction = np.divide(self._mean / (1 - first**count), root, out=np.zeros_like(root), where=root > 0)
        return self._rate * dual_length_of(self._z, self._norm) / math.sqrt(count) * direction


def dual_length_of(z: np.ndarray, norm: str) -> float:
    """R: the longest example in the dual norm, which bounds how far a step of length 1 changes its output."""
    return max(dual_length(row, norm) for row in z)


def _steepest(gradient: np.ndarray, norm: str) -> np.ndarray:
    """‖g‖* s for the s of norm 1 with the largest ⟨g, s⟩."""
    if norm == "l2":
        return gradient
    if norm == "linf":
        return np.abs(gradient).sum() * np.sign(gradient)
    found, place = np.zeros_like(gradient), int(np.abs(gradient).argmax())
    found[place] = gradient[place]
    return found


def _log_losses(margins: np.ndarray) -> np.ndarray:
    """The logarithm of log(1 + exp(-m)), also where exp(-m) is nothing beside 1: log(1 + e) is e there."""
    near = np.minimum(margins, 30.0)
    return np.where(margins > 30, -margins, np.log(-log_expit(near)))


def _shares() -> tuple[str, ...]:
    return tuple(f"{norm} share" for norm in NORMS)


def _rates(before: Mapping[str, float], now: Mapping[str, float], log_time: float, best: float) -> dict[str, float]:
    """What changed since the last reading, per change of the logarithm of time."""
    elapsed = log_time - before["log time"]
    found = {"norm growth": best * (now["norm"] - before["norm"]) / elapsed}
    found["loss power"] = (before["log loss"] - now["log loss"]) / elapsed
    if "angle" not in before:
        return found
    gaps = [1 - values["margin share"] for values in (before, now)]
    falls = {}
    if min(now["angle"], before["angle"]) > 0:
        falls["angle"] = math.log(before["angle"] / now["angle"])
    if min(gaps) > 1e-12:  # below it the gap is rounding
        falls["gap"] = math.log(gaps[0] / gaps[1])
        found["gap power"] = falls["gap"] / elapsed
    if before["log time"] > 0:
        longer = math.log(log_time / before["log time"])
        found |= {f"{name} exponent": fall / longer for name, fall in falls.items()}
    return found
