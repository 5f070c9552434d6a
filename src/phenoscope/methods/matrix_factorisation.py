"""Descent on a product of matrices: which of its singular values are learned first, and what it is not."""

import math
from collections.abc import Iterator, Mapping

import numpy as np
import torch

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.instruments import Balance, balance
from phenoscope.methods.computation import Found

MODES = (1, 2, 3)
STRENGTHS = (4.0, 2.0, 1.0)
"""Singular values of the target."""
READINGS = 80


@spec
class MatrixFactorisation:
    """Gradient descent on ½ ‖W - M‖² over the observed entries of M, with W = W_L ... W_1 a product of L matrices.

    In the task "modes" all of M is observed: it has the singular values 4, 2 and 1 along random vectors, and the
    factors start normal with standard deviation `scale` / √d. Then `mode 1` and its like are uᵢᵀWvᵢ / sᵢ, and with two
    factors `foretold mode 1` is a logistic curve: growth at the rate 2sᵢ from ‖(W₁vᵢ + W₂ᵀuᵢ)/2‖² at the start, which
    is what a small random start has in the direction that grows (Saxe et al. 2013, arXiv:1312.6120, for balanced ones).
    `time 1` is when a mode reaches a half, `foretold time 1` when it should; `second at half` is mode 2 at the time of
    mode 1.

    In the task "corner" M is [[?, 1], [1, 0]], and the factors start near `scale` times the identity. Every W that fits
    has the determinant -1, and a product that starts with a positive one keeps its sign; so the open entry must grow
    without end while the loss falls, though 0 gives the least of all norms (Razin and Cohen 2020, arXiv:2005.06398). In
    the "turned corner" the first factor starts with its second row turned round, so that the sign is right. There is
    the `open entry`, and the `nuclear norm`, whose least value is 2.

    `effective rank` is exp of the entropy of the singular values over their sum (Roy and Vetterli 2007). `drift` is
    that of `instruments.balance` since the start.

    Attributes:
        depth: L, at least 1.
        scale: of the start.
        task: "modes", "corner" or "turned corner".
        rate: η, the time that an update takes.
        size: d, of the square matrices in the task "modes".
        steps: updates.
        seed: of target and start.
    """

    depth: int = 2
    scale: float = 1e-3
    task: str = "modes"
    rate: float = 0.01
    size: int = 20
    steps: int = 2000
    seed: int = 0

    def __post_init__(self) -> None:
        one_of("task", self.task, ("modes", "corner", "turned corner"))
        if self.depth < 1 or not self.scale > 0 or not self.rate > 0 or self.size < len(MODES) or self.steps < 2:
            raise BadInput(
                f"a matrix factorisation needs a depth of at least 1, positive scale and rate, a size of at least "
                f"{len(MODES)} and 2 steps, got {self}."
            )

    @property
    def units(self) -> Mapping[str, str]:
        names = ["log loss", "effective rank"]
        names += ["drift"] if self.depth > 1 else []
        if self.task != "modes":
            return dict.fromkeys([*names, "open entry", "nuclear norm"], "1")
        names += [f"mode {mode}" for mode in MODES]
        names += [f"foretold mode {mode}" for mode in MODES] if self.depth == 2 else []
        times = [f"time {mode}" for mode in MODES]
        times += [f"foretold time {mode}" for mode in MODES] if self.depth == 2 else []
        return dict.fromkeys([*names, "second at half"], "1") | dict.fromkeys(times, "time")

    def problem(self) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
        """M, which of its entries are observed (1 or 0), and the factors at the start, the first one first."""
        generator = stream(self.seed, "factors")
        if self.task != "modes":
            drawn = torch.randn(self.depth, 2, 2, generator=generator, dtype=torch.float64).clamp(-2, 2)
            factors = self.scale * (np.eye(2) + 0.1 * drawn.numpy())
            factors[0, 1] *= -1 if self.task == "turned corner" else 1
            return np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[0.0, 1.0], [1.0, 1.0]]), [*factors]
        d = self.size
        left, right = np.linalg.qr(
            torch.randn(2, d, d, generator=stream(self.seed, "target"), dtype=torch.float64).numpy()
        )[0]
        target = (left[:, : len(MODES)] * STRENGTHS) @ right[:, : len(MODES)].T
        drawn = torch.randn(self.depth, d, d, generator=generator, dtype=torch.float64).numpy()
        return target, np.ones((d, d)), [*(self.scale / math.sqrt(d) * drawn)]

    def readings(self) -> Iterator[Found]:
        target, seen, factors = self.problem()
        first, every = _charges(factors), max(1, self.steps // READINGS)
        modes = _Modes(target, factors) if self.task == "modes" else None
        for step in range(self.steps + 1):
            product = product_of(factors)
            if modes is not None:
                modes.note(product, step * self.rate)
            if step % every == 0 or step == self.steps:
                found = self._read(target, seen, product)
                if first is not None:
                    found["drift"] = _drift(factors, first)
                if modes is not None:
                    found |= modes.now() | (modes.times() if step == self.steps else {})
                yield Found(step, found)
            factors = descended(factors, (product - target) * seen, self.rate)

    def _read(self, target: np.ndarray, seen: np.ndarray, product: np.ndarray) -> dict[str, float]:
        loss = float(np.square((product - target) * seen).sum()) / 2
        values = np.linalg.svd(product, compute_uv=False)
        found = {"log loss": math.log(max(loss, 1e-300)), "effective rank": effective_rank(values)}
        if self.task != "modes":
            found |= {"open entry": float(product[0, 0]), "nuclear norm": float(values.sum())}
        return found


class _Modes:
    """How far each mode of the target has come, and when it came to a half."""

    def __init__(self, target: np.ndarray, factors: list[np.ndarray]) -> None:
        left, _, right = np.linalg.svd(target)
        self._left, self._right = left[:, : len(MODES)], right[: len(MODES)]
        self._values, self._time = np.zeros(len(MODES)), 0.0
        self._reached: dict[str, float] = {}
        self._begun = _growing(factors, self._left, self._right) if len(factors) == 2 else None

    def note(self, product: np.ndarray, time: float) -> None:
        """Where the modes are at this time, and between the last one and now by a straight line."""
        values = np.einsum("dk,de,ke->k", self._left, product, self._right) / STRENGTHS
        for place, mode in enumerate(MODES):
            if f"time {mode}" not in self._reached and values[place] >= 0.5 > self._values[place]:
                part = (0.5 - self._values[place]) / (values[place] - self._values[place])
                self._reached[f"time {mode}"] = self._time + part * (time - self._time)
                if mode == 1:
                    self._reached["second at half"] = float(values[1])
        self._values, self._time = values, time

    def now(self) -> dict[str, float]:
        """Each mode, and what it was foretold to be."""
        found = {f"mode {mode}": float(value) for mode, value in zip(MODES, self._values, strict=True)}
        if self._begun is not None:
            for mode, strength, start in zip(MODES, STRENGTHS, self._begun, strict=True):
                fallen = math.exp(-2 * strength * self._time)
                found[f"foretold mode {mode}"] = 1 / (1 + (strength / start - 1) * fallen)
        return found

    def times(self) -> dict[str, float]:
        """When each mode came to a half, and when it was foretold to; none where it starts beyond."""
        found = dict(self._reached)
        if self._begun is not None:
            for mode, strength, start in zip(MODES, STRENGTHS, self._begun, strict=True):
                if 2 * start < strength:
                    found[f"foretold time {mode}"] = math.log(strength / start - 1) / (2 * strength)
        return found


def product_of(factors: list[np.ndarray]) -> np.ndarray:
    """W_L ... W_1, the first factor applied first."""
    made = factors[0]
    for factor in factors[1:]:
        made = factor @ made
    return made


def descended(factors: list[np.ndarray], residual: np.ndarray, rate: float) -> list[np.ndarray]:
    """Every factor moved against its gradient, (what follows)ᵀ residual (what goes before)ᵀ."""
    size = len(residual)
    before, after = [np.eye(size)], [np.eye(size)]
    for factor in factors[:-1]:
        before.append(factor @ before[-1])
    for factor in factors[:0:-1]:
        after.append(after[-1] @ factor)
    moves = zip(factors, before, reversed(after), strict=True)
    return [factor - rate * follow.T @ residual @ lead.T for factor, lead, follow in moves]


def _growing(factors: list[np.ndarray], left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """‖(W₁vᵢ + W₂ᵀuᵢ)/2‖²: of the start of a mode, the part that grows; the other half of it dies out."""
    return np.square((factors[0] @ right.T + factors[1].T @ left) / 2).sum(axis=0)


def _charges(factors: list[np.ndarray]) -> Balance | None:
    return balance([torch.from_numpy(factor) for factor in factors]) if len(factors) > 1 else None


def _drift(factors: list[np.ndarray], first: Balance) -> float:
    now = _charges(factors)
    return 0.0 if now is None else now.drift(first)


def effective_rank(values: np.ndarray) -> float:
    """Exp of the entropy of singular values over their sum."""
    shares = values[values > 0] / values.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))
