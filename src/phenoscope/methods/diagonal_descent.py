"""Diagonal linear networks on a sparse regression: what start, step size and noise have to do with the solution."""

import dataclasses
from collections.abc import Iterator, Mapping

import numpy as np
import torch

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.methods.computation import Found
from phenoscope.theory import HyperbolicEntropy, nearest_interpolant, shortest_interpolant

CHUNK = 1024
"""Steps whose random numbers are drawn at once."""


@dataclasses.dataclass(frozen=True)
class _Problem:
    """X (n, d), y (n,), the sparse truth (d,), and the shortest solutions in l1 and l2."""

    x: np.ndarray
    y: np.ndarray
    truth: np.ndarray
    least: np.ndarray
    shortest: np.ndarray


@spec
class DiagonalDescent:
    """Descent on u and v of β = u∘u - v∘v from u = v = α, for L = ‖Xβ - y‖² / 2n with fewer examples than inputs.

    Inputs are standard normal; the truth is 1, -1, 1, ... on the first few of them, and y has no noise. Gradient flow
    keeps every product uᵢvᵢ = α² and ends at the solution nearest to 0 in the hyperbolic entropy of that scale
    (`theory.HyperbolicEntropy`; Woodworth et al. 2020, arXiv:2002.09277). Steps multiply uᵢvᵢ by 1 - 4η²gᵢ², g being
    the gradient in β of the step, so noise and large steps act as a smaller start, coordinate by coordinate (Pesme et
    al. 2021, arXiv:2106.09524). Step k of the record comes after 2^k updates.

    `error` is ‖β - truth‖ / ‖truth‖ (and `foretold error` that of the solution that the start foretells), `l1 excess`
    ‖β‖₁ over that of the shortest solution in l1, less 1, and `relative loss` L over that of β = 0. `distance to
    foretold` is ‖β - β*‖ / ‖β*‖ from the solution that the start foretells, `distance to shrunken` the same with the
    products uᵢvᵢ as they are by now, and `distance to l2` that from the shortest solution. `shrinkage` is the mean of
    log(α² / uᵢvᵢ) over coordinates, and `foretold shrinkage` 8η² times the sum over steps of L times the mean of
    diag(XᵀX)/n, what single examples are to bring about.

    Attributes:
        scale: α, positive.
        rate: η.
        batch: "all", or "one": a single random example a step.
        noise: standard deviation of what is added to the labels in the first half of the updates.
        fresh: whether it is drawn anew for every step, instead of once.
        examples: n.
        inputs: d, more than n.
        support: inputs that matter.
        steps: doublings of the updates.
        seed: of data and noise.
    """

    scale: float
    rate: float = 0.01
    batch: str = "all"
    noise: float = 0.0
    fresh: bool = True
    examples: int = 40
    inputs: int = 100
    support: int = 5
    steps: int = 16
    seed: int = 0

    def __post_init__(self) -> None:
        one_of("batch", self.batch, ("all", "one"))
        sized = 1 <= self.support <= self.inputs and 1 <= self.examples < self.inputs and self.steps >= 1
        if not self.scale > 0 or not self.rate > 0 or self.noise < 0 or not sized:
            raise BadInput(
                "a diagonal network needs a positive scale and rate, no negative noise, fewer examples than inputs, "
                f"and a support among these, got {self}."
            )

    @property
    def units(self) -> Mapping[str, str]:
        names = ["error", "foretold error", "l1 excess", "relative loss", "shrinkage"]
        names += [f"distance to {name}" for name in ("foretold", "shrunken", "l2")]
        if self.batch == "one" and not self.noise:
            names.append("foretold shrinkage")
        return dict.fromkeys(names, "1")

    def problem(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """X (n, d), y (n,) and the truth (d,)."""
        drawn = torch.randn(self.examples, self.inputs, generator=stream(self.seed, "data"), dtype=torch.float64)
        truth = np.zeros(self.inputs)
        truth[: self.support] = 1.0 - 2.0 * (np.arange(self.support) % 2)
        x = drawn.numpy()
        return x, x @ truth, truth

    def readings(self) -> Iterator[Found]:
        x, y, truth = self.problem()
        shortest = [shortest_interpolant(x, y, norm=norm).point for norm in ("l1", "l2")]
        made = _Problem(x, y, truth, *shortest)
        foretold = nearest_interpolant(x, y, HyperbolicEntropy(self.scale**2), np.zeros(self.inputs)).point
        for step, (u, v, losses) in enumerate(self._descent(made)):
            if not (np.isfinite(u).all() and np.isfinite(v).all()):
                yield Found(step, {}, diverged=True)
                return
            yield Found(step, self._read(made, u, v, foretold) | self._shrinkage(made, u, v, losses))

    def _read(self, made: _Problem, u: np.ndarray, v: np.ndarray, foretold: np.ndarray) -> dict[str, float]:
        beta = u * u - v * v
        kept = np.maximum(u * v, 1e-100)  # a product that a large step has turned round, or rounding ended, is none
        shrunken = nearest_interpolant(made.x, made.y, HyperbolicEntropy(kept), np.zeros(self.inputs)).point
        ends = {"foretold": foretold, "shrunken": shrunken, "l2": made.shortest}
        residual = made.x @ beta - made.y
        return {f"distance to {name}": _apart(beta, end) for name, end in ends.items()} | {
            "error": _apart(beta, made.truth),
            "foretold error": _apart(foretold, made.truth),
            "l1 excess": float(np.abs(beta).sum() / np.abs(made.least).sum()) - 1,
            "relative loss": float(residual @ residual / (made.y @ made.y)),
        }

    def _shrinkage(self, made: _Problem, u: np.ndarray, v: np.ndarray, losses: float) -> dict[str, float]:
        found = {"shrinkage": float(np.log(self.scale**2 / np.maximum(u * v, 1e-100)).mean())}
        if "foretold shrinkage" in self.units:
            found["foretold shrinkage"] = 8 * self.rate**2 * losses * float(np.square(made.x).mean())
        return found

    def _descent(self, made: _Problem) -> Iterator[tuple[np.ndarray, np.ndarray, float]]:
        """After each doubling of the updates: u, v, and the sum of all losses so far."""
        u = np.full(self.inputs, self.scale)
        v, losses, done, n = u.copy(), 0.0, 0, self.examples
        draws = self._draws()
        with np.errstate(over="ignore", invalid="ignore"):
            for step in range(self.steps + 1):
                for count in range(done, 2**step):
                    chosen, noise = next(draws)
                    residual = made.x @ (u * u - v * v) - made.y
                    losses += float(residual @ residual) / (2 * n)
                    if count < 2**self.steps // 2:
                        residual = residual - noise
                    one = self.batch == "one"
                    gradient = made.x[chosen] * residual[chosen] if one else residual @ made.x / n
                    u, v = u * (1 - 2 * self.rate * gradient), v * (1 + 2 * self.rate * gradient)
                done = 2**step
                yield u, v, losses

    def _draws(self) -> Iterator[tuple[int, np.ndarray]]:
        """For each update an example, and what is added to the labels."""
        generator, n = stream(self.seed, "descent"), self.examples
        once = self.noise * torch.randn(n, generator=stream(self.seed, "labels"), dtype=torch.float64).numpy()
        while True:
            chosen = torch.randint(n, (CHUNK,), generator=generator).tolist()
            if self.noise and self.fresh:
                drawn = self.noise * torch.randn(CHUNK, n, generator=generator, dtype=torch.float64).numpy()
                yield from zip(chosen, drawn, strict=True)
            else:
                yield from ((place, once) for place in chosen)


def _apart(point: np.ndarray, there: np.ndarray) -> float:
    return float(np.linalg.norm(point - there) / np.linalg.norm(there))
