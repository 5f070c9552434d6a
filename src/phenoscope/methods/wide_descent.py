"""Wide networks with one hidden layer, far past the fit: which margin do they come to?"""

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
from phenoscope.theory import largest_margin, margin, variation_margin


@spec
class WideDescent:
    """f(x) = Σ aⱼ max(0, ⟨wⱼ, x⟩) trained by the exponential loss, its gradient divided by the loss, in float64.

    Inputs are the first principal components of the training inputs with a 1 beside them, divided by their root mean
    square length. Directions of the units are drawn evenly; both sides of a unit have the length `scale` / √width, and
    signs are drawn. With "output" trained alone the units keep their directions, of length 1 / √width, and a starts
    at 0. A step is `rate` over a bound of the curvature of log L. Step k of the record comes after 2^k updates.

    Theory (Chizat and Bach 2020, arXiv:2002.04486): from a vanishing start, with infinitely many units, both layers
    come to the largest margin in the variation norm Σ |aⱼ| ‖wⱼ‖ (`theory.variation_margin`), and the outputs alone to
    the largest one in the norm of a kernel, here that of the units drawn (`theory.largest_margin`). `variation share`
    and `kernel share` are these margins over the largest ones; the latter is read of outputs alone. `directions` is
    (Σ mⱼ)² / Σ mⱼ² with mⱼ = |aⱼ| ‖wⱼ‖ summed over units of one sign whose directions are less than 0.1 apart,
    one after the other from the largest.

    Attributes:
        data: targets 1 and -1.
        trained: "both" layers or the "output" one.
        width: units.
        components: principal components that stand in the inputs' place.
        scale: of the start.
        rate: of the steps.
        steps: doublings of the updates.
        seed: of data and start.
    """

    data: Dataset
    trained: str = "both"
    width: int = 200
    components: int = 2
    scale: float = 0.1
    rate: float = 1.0
    steps: int = 14
    seed: int = 0

    def __post_init__(self) -> None:
        one_of("trained", self.trained, ("both", "output"))
        fits = self.width >= 2 and self.components >= 1 and self.steps >= 1 and self.data.outputs == 1
        if not fits or not self.scale > 0 or not self.rate > 0:
            raise BadInput(
                "a wide network needs 2 units, a component, positive scale and rate, a doubling, and targets that are "
                f"one number, got {self}."
            )

    @property
    def units(self) -> Mapping[str, str]:
        names = ["log loss", "error", "variation share", "directions"]
        return dict.fromkeys(names + ["kernel share"] * (self.trained == "output"), "1")

    def examples(self) -> tuple[np.ndarray, np.ndarray]:
        """X (n, components + 1) in units of the root mean square length, and y (n,)."""
        drawn = self.data.draw(stream(self.seed, "data")).train
        x, y = drawn.inputs.flatten(1).double().numpy(), drawn.targets.double().numpy().reshape(-1)
        x = x @ np.linalg.svd(x, full_matrices=False)[2][: self.components].T
        x = np.hstack([x / math.sqrt(np.square(x).mean()), np.ones((len(x), 1))])
        return x / math.sqrt(np.square(x).sum(axis=1).mean()), y

    def readings(self) -> Iterator[Found]:
        x, y = self.examples()
        w, a = self._start(x.shape[1])
        kernel = largest_margin(_signed(w, x, y)).value if self.trained == "output" else math.nan
        best = 0.0 if kernel == 0 else variation_margin(x, y).value
        if best == 0:
            raise BadInput("no network of these units is right on all of these examples. Take fewer, or more units.")
        bound, done = float(np.square(x).sum(axis=1).max()), 0
        for step in range(self.steps + 1):
            for _ in range(done, 2**step):
                w, a = self._updated(w, a, x, y, bound)
            done = 2**step
            signed = _signed(w, x, y)
            found = _read(w, a, signed, best)
            if self.trained == "output":
                found["kernel share"] = margin(signed, a) / kernel
            yield Found(step, found)

    def _start(self, d: int) -> tuple[np.ndarray, np.ndarray]:
        """W (width, d) and a (width,)."""
        generator = stream(self.seed, "start")
        drawn = torch.randn(self.width, d, generator=generator, dtype=torch.float64).numpy()
        v = drawn / np.linalg.norm(drawn, axis=1, keepdims=True) / math.sqrt(self.width)
        signs = torch.randint(2, (self.width,), generator=generator).numpy() * 2.0 - 1
        if self.trained == "output":
            return v, np.zeros(self.width)
        return self.scale * v, self.scale * signs / math.sqrt(self.width)

    def _updated(
        self, w: np.ndarray, a: np.ndarray, x: np.ndarray, y: np.ndarray, bound: float
    ) -> tuple[np.ndarray, np.ndarray]:
        hidden = np.maximum(x @ w.T, 0)
        margins = y * (hidden @ a)
        pull = y * np.exp(-margins - np.logaddexp.reduce(-margins))
        lengths = float(np.square(w).sum())
        if self.trained == "output":
            return w, a + self.rate / (bound * lengths) * pull @ hidden
        step = self.rate / (bound * (lengths + float(np.square(a).sum()) + 1))  # as the logits bend, too
        back = (pull[:, None] * (hidden > 0) * a).T @ x
        return w + step * back, a + step * pull @ hidden


def _read(w: np.ndarray, a: np.ndarray, signed: np.ndarray, best: float) -> dict[str, float]:
    margins, masses = signed @ a, np.abs(a) * np.linalg.norm(w, axis=1)
    return {
        "log loss": float(np.logaddexp.reduce(-margins)) - math.log(len(margins)),
        "error": float((margins <= 0).mean()),
        "variation share": float(margins.min()) / float(masses.sum()) / best,
        "directions": _directions(w, a, masses),
    }


def _signed(w: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """What each unit says for each example's class, (n, width)."""
    return y[:, None] * np.maximum(x @ w.T, 0)


def _directions(w: np.ndarray, a: np.ndarray, masses: np.ndarray) -> float:
    """How many directions carry the masses, those close together and of one sign counted as one."""
    v = w / np.linalg.norm(w, axis=1, keepdims=True)
    near = (np.linalg.norm(v[:, None] - v, axis=2) < 0.1) & (np.sign(a)[:, None] == np.sign(a))
    left, sums = np.ones(len(a), dtype=bool), []
    for unit in np.argsort(-masses):
        if left[unit]:
            sums.append(masses[near[unit] & left].sum())
            left &= ~near[unit]
    return float(np.sum(sums) ** 2 / np.square(sums).sum())
