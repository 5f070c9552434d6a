"""Matrix completion by a product of matrices: does it come to the matrix of the least nuclear norm?"""

import math
from collections.abc import Iterator, Mapping

import numpy as np
import torch

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.instruments import rotation
from phenoscope.methods.computation import Found
from phenoscope.methods.matrix_factorisation import descended, effective_rank, product_of
from phenoscope.theory import end_to_end_velocity, least_nuclear_norm, nuclear_norm


@spec
class MatrixCompletion:
    """Gradient descent on ½ ‖W - M‖² over some entries of M, with W = W_L ... W_1 a product of L matrices.

    M (d, d) has the rank `rank`, random directions and the largest singular value 1; which entries are observed is
    drawn, too. The factors start normal with standard deviation `scale` / √d. Beside W stands the matrix of the least
    nuclear norm with the same entries (`theory.least_nuclear_norm`). Step k of the record comes after 2^k updates.

    `log loss`; `error`, ‖W - M‖ / ‖M‖, and `error of the least norm`, that of the other matrix; `distance` between the
    two over the norm of the latter; `nuclear norm`, over the least one; `effective rank`, exp of the entropy of the
    singular values over their sum, and `rank of the least norm`.

    Attributes:
        depth: L, at least 1.
        observed: entries, at most d².
        rank: of M.
        scale: of the start.
        rate: η.
        size: d.
        steps: doublings of the updates.
        seed: of M, of the entries and of the start.
    """

    depth: int = 3
    observed: int = 30
    rank: int = 1
    scale: float = 0.03
    rate: float = 0.2
    size: int = 10
    steps: int = 15
    seed: int = 0

    def __post_init__(self) -> None:
        fits = 1 <= self.observed <= self.size**2 and 1 <= self.rank <= self.size
        if self.depth < 1 or not fits or not self.scale > 0 or not self.rate > 0 or self.steps < 1:
            raise BadInput(
                "a matrix completion needs a factor, no more entries and no larger a rank than the matrix has, a "
                f"positive scale and rate, and a doubling, got {self}."
            )

    @property
    def units(self) -> Mapping[str, str]:
        names = ("log loss", "error", "error of the least norm", "distance", "nuclear norm", "effective rank")
        return dict.fromkeys((*names, "rank of the least norm"), "1")

    def problem(self) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
        """M (d, d), which of its entries are observed, and the factors at the start, the first one first."""
        drawn, d = stream(self.seed, "target"), self.size
        left, right = (torch.randn(d, self.rank, generator=drawn, dtype=torch.float64) for _ in range(2))
        target = (left @ right.mT).numpy()
        seen = np.zeros(d * d, dtype=bool)
        seen[torch.randperm(d * d, generator=drawn)[: self.observed].numpy()] = True
        start = torch.randn(self.depth, d, d, generator=stream(self.seed, "factors"), dtype=torch.float64)
        return target / np.linalg.norm(target, 2), seen.reshape(d, d), [*(self.scale / math.sqrt(d) * start.numpy())]

    def readings(self) -> Iterator[Found]:
        target, seen, factors = self.problem()
        least, done = least_nuclear_norm(target, seen), 0
        beside = {
            "error of the least norm": _apart(least.matrix, target),
            "rank of the least norm": effective_rank(np.linalg.svd(least.matrix, compute_uv=False)),
        }
        for step in range(self.steps + 1):
            for _ in range(done, 2**step):
                factors = descended(factors, (product_of(factors) - target) * seen, self.rate)
            done = 2**step
            made = product_of(factors)
            loss = float(np.square((made - target) * seen).sum()) / 2
            yield Found(step, beside | {
                "log loss": math.log(max(loss, 1e-300)), "error": _apart(made, target),
                "distance": _apart(made, least.matrix), "nuclear norm": nuclear_norm(made) / least.value,
                "effective rank": effective_rank(np.linalg.svd(made, compute_uv=False)),
            })  # fmt: skip


@spec
class EndToEndField:
    """How much the velocity of a product of L matrices turns, at random matrices: is it downhill on any function?

    The product W of balanced factors moves by `theory.end_to_end_velocity` under gradient flow on ½ ‖W - M‖² over
    entries of M. `rotation` is the share of the antisymmetric part in the Jacobian of that velocity
    (`instruments.rotation`), at one random W for each step of the record. M and W are normal (d, d), and half of the
    entries are observed.

    Attributes:
        depth: L, at least 1.
        size: d.
        steps: one less than the number of matrices.
        seed: of all of it.
    """

    depth: int = 2
    size: int = 4
    steps: int = 19
    seed: int = 0

    def __post_init__(self) -> None:
        if self.depth < 1 or self.size < 2 or self.steps < 1:
            raise BadInput(f"an end-to-end field needs a factor, two rows and a step, got {self}.")

    @property
    def units(self) -> Mapping[str, str]:
        return {"rotation": "1"}

    def readings(self) -> Iterator[Found]:
        drawn, d = stream(self.seed, "field"), self.size
        target = torch.randn(d, d, generator=drawn, dtype=torch.float64)
        seen = torch.randperm(d * d, generator=drawn).reshape(d, d) < d * d // 2
        for step in range(self.steps + 1):
            point = torch.randn(d * d, generator=drawn, dtype=torch.float64)

            def velocity(flat: torch.Tensor) -> torch.Tensor:
                w = flat.reshape(d, d)
                return end_to_end_velocity(w, (w - target) * seen, depth=self.depth).flatten()

            yield Found(step, {"rotation": rotation(velocity, point).value})


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.linalg.norm(one - other) / np.linalg.norm(other))
