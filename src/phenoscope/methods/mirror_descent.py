"""Mirror descent on a regression with more coefficients than examples: which of the solutions does it come to?"""

import math
from collections.abc import Iterator, Mapping

import numpy as np
import torch

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.data import Dataset
from phenoscope.methods.computation import Found
from phenoscope.theory import Euclidean, HyperbolicEntropy, Mirror, Power, nearest_interpolant

MIRRORS: dict[str, Mirror] = {
    "euclidean": Euclidean(), "power": Power(1.5), "hyperbolic": HyperbolicEntropy(1e-4),
}  # fmt: skip
HALVINGS = 60
"""Of a step that does not lower the loss."""


@spec
class MirrorDescent:
    """Mirror descent, ∇ψ(β') = ∇ψ(β) - η ∇L(β), on L = ‖Xβ - y‖² / 2n with fewer examples than coefficients.

    Theory says where it ends: at the solution of the smallest Bregman divergence from the start
    (`theory.nearest_interpolant`), whatever the step sizes. Here they are sought on the way: a step that does not lower
    the loss is halved, one that does is followed by a larger one. Inputs are divided by their root mean square length;
    the start is normal. "distance to power" and its like are ‖β - β*‖ / ‖β*‖ from what theory says of each potential
    from the same start: one's own, and the others. Step k of the record comes after 2^k
    updates. `relative loss` is L over that of β = 0.

    Attributes:
        data: targets are one number.
        mirror: ψ: "euclidean", ½ ‖β‖², which is gradient descent; "power", Σ |β|^1.5 / 1.5; "hyperbolic", the entropy
            of diagonal networks at the scale 1e-4.
        start: standard deviation of a coordinate of the start, in units of that of the shortest solution.
        growth: the factor of a step size after one that has lowered the loss.
        steps: doublings of the updates.
        seed: of data and start.
    """

    data: Dataset
    mirror: str = "euclidean"
    start: float = 0.5
    growth: float = 1.1
    steps: int = 13
    seed: int = 0

    def __post_init__(self) -> None:
        one_of("mirror", self.mirror, tuple(MIRRORS))
        if self.start < 0 or not self.growth > 1 or self.steps < 1 or self.data.outputs != 1:
            raise BadInput(
                "mirror descent needs a start of at least 0, a growth above 1, a step, and targets that are one "
                f"number, got {self}."
            )

    @property
    def units(self) -> Mapping[str, str]:
        return dict.fromkeys((*map(_distance, MIRRORS), "relative loss"), "1")

    def problem(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """X (n, d), y (n,) and the start (d,)."""
        drawn = self.data.draw(stream(self.seed, "data")).train
        x, y = drawn.inputs.flatten(1).double().numpy(), drawn.targets.double().numpy().reshape(-1)
        n, d = x.shape
        if n >= d:
            raise BadInput(
                f"mirror descent chooses among solutions where there are more inputs than examples, got {n}, {d}."
            )
        x = x / math.sqrt(np.square(x).sum(axis=1).mean())
        size = float(np.linalg.norm(np.linalg.lstsq(x, y, rcond=None)[0])) / math.sqrt(d)
        drawn_start = torch.randn(d, generator=stream(self.seed, "start"), dtype=torch.float64).numpy()
        return x, y, self.start * size * drawn_start

    def readings(self) -> Iterator[Found]:
        x, y, begun = self.problem()
        foretold = {name: nearest_interpolant(x, y, mirror, begun).point for name, mirror in MIRRORS.items()}

        def read(point: np.ndarray) -> dict[str, float]:
            gaps = {_distance(name): _apart(point, there) for name, there in foretold.items()}
            return gaps | {"relative loss": float(np.square(x @ point - y).sum() / np.square(y).sum())}

        step, point = 0, begun
        for count, point in enumerate(self._descent(x, y, begun)):
            if count == 2**step and step < self.steps:
                yield Found(step, read(point))
                step += 1
        yield Found(self.steps, read(point))

    def _descent(self, x: np.ndarray, y: np.ndarray, begun: np.ndarray) -> Iterator[np.ndarray]:
        """The start, and the point after each update, until none lowers the loss any more: it fits to rounding."""
        mirror, rate = MIRRORS[self.mirror], 1.0
        dual = mirror.to_dual(begun)
        residual = x @ begun - y
        yield begun
        for _ in range(2**self.steps):
            gradient = residual @ x / len(y)
            for _ in range(HALVINGS):
                tried = mirror.to_primal(dual - rate * gradient)
                left = x @ tried - y
                if left @ left < residual @ residual:
                    break
                rate /= 2
            else:
                return
            dual, residual = dual - rate * gradient, left
            rate *= self.growth
            yield tried


def _distance(name: str) -> str:
    return f"distance to {name}"


def _apart(point: np.ndarray, there: np.ndarray) -> float:
    return float(np.linalg.norm(point - there) / np.linalg.norm(there))
