"""Linear models written as products, on data that can be separated: which of all does descent on the factors find?"""

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
from phenoscope.theory import LargestMargin, largest_margin, margin
from phenoscope.theory.margins import angle

MOST = 0.1
"""Of the length of all filters, that a step may move them: near 0 the bound of the curvature says nothing."""
NORMS = {"l1 share": "l1", "l2 share": "l2", "fourier l1 share": "fourier l1"}
LAYERS = ("convolution", "diagonal", "dense", "normalised")
ENTRYWISE = ("convolution", "diagonal")
"""β is a product entry by entry, of the layers or of their transforms."""


@spec
class ProductDescent:
    """Descent on a product of linear layers by the exponential loss, its gradient divided by the loss.

    "convolution" has L filters as wide as the input, circular: β is their convolution, and its discrete Fourier
    transform their product, β̂ = ŵ₁ ... ŵ_L. "diagonal" is such a product of the weights themselves, β = w₁ ∘ ... ∘ w_L.
    "dense" has a square matrix and a vector. "normalised" has a length and a direction, β = g v / ‖v‖. A depth of 1 of
    the first two is the plain linear model. Inputs are divided by their root mean square length; the start is normal
    with standard deviation `scale` / √d (g is `scale`). A step is `rate` over a bound of the curvature of log L, so
    that 1 is stable. Step k of the record comes after 2^k updates.

    Theory (Gunasekar et al. 2018, arXiv:1806.00468): β / ‖β‖ goes to a stationary point of the least Σ |β̂ₖ|^(2/L) with
    margins of 1: for one filter and for dense layers the largest l2 margin, for two filters the largest margin in the
    l1 norm of the transform. Of diagonal layers the same holds without a transform, and of a length and a direction it
    is the l2 margin again. "fourier l1 share", "l1 share" and "l2 share" are these margins over the largest ones
    (`theory.largest_margin`). `frequencies` is (Σ|β̂ₖ|)² / Σ|β̂ₖ|², how many of them β is made of, and `coefficients`
    the same of β itself. `misalignment` is the sine of the angle between β̂ |β̂|^(2/L - 2) and the transform of the
    examples' pull Σ pᵢzᵢ, over the frequencies in proportion to |β̂| (of diagonal layers, without the transform): 0 at a
    stationary point. `angle to l2` is that between β and the classifier of the largest l2 margin, and `angle to another
    start` that to where the same layers get to on the same data from another start.

    Attributes:
        data: targets 1 and -1.
        layers: "convolution", "diagonal", "dense" or "normalised".
        depth: L of convolutions and diagonals; 2 of the others.
        scale: of the start.
        rate: of the steps.
        twice: whether to go from another start, too, and read the angle between both.
        steps: doublings of the updates.
        seed: of data and start.
    """

    data: Dataset
    layers: str = "convolution"
    depth: int = 2
    scale: float = 0.1
    rate: float = 1.0
    twice: bool = False
    steps: int = 14
    seed: int = 0

    def __post_init__(self) -> None:
        one_of("layers", self.layers, LAYERS)
        fits = self.depth >= 1 and (self.layers in ENTRYWISE or self.depth == 2) and self.data.outputs == 1
        if not fits or not self.scale > 0 or not self.rate > 0 or self.steps < 1:
            raise BadInput(
                "a linear network needs a depth of at least 1 (2 of dense and normalised layers), positive scale and "
                f"rate, a doubling and targets that are one number, got {self}."
            )

    @property
    def units(self) -> Mapping[str, str]:
        names = [*NORMS, "frequencies", "coefficients", "log loss", "error"]
        angles = ["angle to l2", *(["angle to another start"] if self.twice else [])]
        plain: dict[str, str] = dict.fromkeys(names + ["misalignment"] * (self.layers in ENTRYWISE), "1")
        return plain | dict.fromkeys(angles, "radian")

    def examples(self) -> np.ndarray:
        """zᵢ = yᵢ xᵢ, (n, d)."""
        drawn = self.data.draw(stream(self.seed, "data")).train
        x, y = drawn.inputs.flatten(1).double().numpy(), drawn.targets.double().numpy().reshape(-1)
        return y[:, None] * x / math.sqrt(np.square(x).sum(axis=1).mean())

    def readings(self) -> Iterator[Found]:
        z = self.examples()
        best = {name: largest_margin(z, norm=norm) for name, norm in NORMS.items()}
        if min(each.value for each in best.values()) == 0:
            raise BadInput("these examples cannot be separated without a bias. Take fewer, or other classes.")
        starts = ("start", "another start") if self.twice else ("start",)
        for step, points in enumerate(zip(*(self._descent(z, name) for name in starts), strict=True)):
            found = self._read(z, points[0], best)
            if self.twice:
                found["angle to another start"] = angle(*points)
            yield Found(step, found)

    def _descent(self, z: np.ndarray, start: str) -> Iterator[np.ndarray]:
        """β after each doubling of the updates."""
        parts, bound, done = self._start(z.shape[1], start), float(np.square(z).sum(axis=1).max()), 0
        for step in range(self.steps + 1):
            for _ in range(done, 2**step):
                parts = self._updated(parts, z, bound)
            done = 2**step
            yield self.predictor(parts)

    def _start(self, d: int, name: str = "start") -> list[np.ndarray]:
        generator = stream(self.seed, name)
        shapes = {"dense": [(d, d), (d,)], "normalised": [(d,)]}.get(self.layers, [(d,)] * self.depth)
        draw = (torch.randn(*shape, generator=generator, dtype=torch.float64).numpy() for shape in shapes)
        parts = [self.scale / math.sqrt(d) * part for part in draw]
        return [*parts, np.array([self.scale])] if self.layers == "normalised" else parts

    def predictor(self, parts: list[np.ndarray]) -> np.ndarray:
        """β of the layers, (d,)."""
        if self.layers == "dense":
            return parts[1] @ parts[0]
        if self.layers == "normalised":
            return parts[1] * parts[0] / np.linalg.norm(parts[0])
        return self._back(np.prod(self._transform(np.array(parts)), axis=0))

    def _transform(self, rows: np.ndarray) -> np.ndarray:
        return np.fft.fft(rows) if self.layers == "convolution" else rows

    def _back(self, rows: np.ndarray) -> np.ndarray:
        return np.real(np.fft.ifft(rows)) if self.layers == "convolution" else rows

    def _updated(self, parts: list[np.ndarray], z: np.ndarray, bound: float) -> list[np.ndarray]:
        pull = _pull(z @ self.predictor(parts)) @ z
        if self.layers == "dense":
            square, last = parts
            step = self.rate / (bound * float(np.square(square).sum() + np.square(last).sum()))
            return [square + step * np.outer(last, pull), last + step * square @ pull]
        if self.layers == "normalised":
            direction, size = parts[0] / np.linalg.norm(parts[0]), float(np.linalg.norm(parts[0]))
            share = float(parts[1][0]) / size
            moves = [share * (pull - (direction @ pull) * direction), np.array([direction @ pull])]
            return self._moved(parts, moves, self.rate / (bound * (share**2 + 1)))
        factors = self._transform(np.array(parts))
        others = np.array([np.prod(np.delete(factors, place, axis=0), axis=0) for place in range(self.depth)])
        moves = self._back(others.conj() * self._transform(pull))
        return self._moved(parts, [*moves], self.rate / (bound * float(np.square(np.abs(others)).max(axis=1).sum())))

    def _moved(self, parts: list[np.ndarray], moves: list[np.ndarray], step: float) -> list[np.ndarray]:
        step = min(step, MOST * _length(parts) / _length(moves))
        return [part + step * move for part, move in zip(parts, moves, strict=True)]

    def _read(self, z: np.ndarray, beta: np.ndarray, best: Mapping[str, LargestMargin]) -> dict[str, float]:
        margins, spectrum = z @ beta, np.fft.fft(beta)
        found = {name: margin(z, beta, norm=norm) / best[name].value for name, norm in NORMS.items()}
        found["frequencies"], found["coefficients"] = _used(spectrum), _used(beta)
        found["log loss"] = float(np.logaddexp.reduce(-margins)) - math.log(len(z))
        found["error"] = float((margins <= 0).mean())
        found["angle to l2"] = angle(beta, best["l2 share"].direction)
        if self.layers in ENTRYWISE:
            pull = self._transform(_pull(margins) @ z)
            found["misalignment"] = _misaligned(self._transform(beta), pull, self.depth)
        return found


def _used(entries: np.ndarray) -> float:
    sizes = np.abs(entries)
    return float(sizes.sum() ** 2 / np.square(sizes).sum())


def _length(parts: list[np.ndarray]) -> float:
    return math.sqrt(sum(float(np.square(part).sum()) for part in parts))


def _pull(margins: np.ndarray) -> np.ndarray:
    """p, of sum 1: each example's part in the gradient of the exponential loss."""
    return np.exp(-margins - np.logaddexp.reduce(-margins))


def _misaligned(spectrum: np.ndarray, pull: np.ndarray, depth: int) -> float:
    """The sine of an angle between complex vectors, weighed by |β̂|: frequencies that are left out do not count."""
    size = np.abs(spectrum)
    # times |β̂|, the gradient of Σ |β̂|^(2/L) is β̂ |β̂|^(2/L - 1), which is finite where β̂ is 0
    first = np.where(size > 0, spectrum * np.maximum(size, 1e-300) ** (2 / depth - 1), 0)
    second = pull * size
    cosine = float(np.real(np.vdot(first, second))) / (np.linalg.norm(first) * np.linalg.norm(second))
    return math.sqrt(max(0.0, 1 - cosine**2)) if cosine > 0 else 1.0
