"""Linear convolution networks on data that can be separated: which spectrum does their product end with?"""

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
from phenoscope.theory import largest_margin, length, margin

MOST = 0.1
"""Of the length of all filters, that a step may move them: near 0 the bound of the curvature says nothing."""
NORMS = {"fourier l1 share": "fourier l1", "l2 share": "l2"}


@spec
class ConvolutionDescent:
    """Descent on a product of linear layers by the exponential loss, its gradient divided by the loss.

    "convolution" has L filters as wide as the input, circular: β is their convolution, and its discrete Fourier
    transform their product, β̂ = ŵ₁ ... ŵ_L. "dense" has a square matrix and a vector. Inputs are divided by their root
    mean square length; the start is normal with standard deviation `scale` / √d. A step is `rate` over a bound of the
    curvature of log L, so that 1 is stable. Step k of the record comes after 2^k updates.

    Theory (Gunasekar et al. 2018, arXiv:1806.00468): β / ‖β‖ goes to a stationary point of the least Σ |β̂ₖ|^(2/L) with
    margins of 1: for one filter and for dense layers the largest l2 margin, for two filters the largest margin in the
    l1 norm of the transform. "fourier l1 share" and "l2 share" are these margins over the largest ones
    (`theory.largest_margin`). `frequencies` is (Σ|β̂ₖ|)² / Σ|β̂ₖ|², how many of them β is made of. `misalignment` is the
    sine of the angle between β̂ |β̂|^(2/L - 2) and the transform of the examples' pull Σ pᵢzᵢ, over the frequencies in
    proportion to |β̂|: 0 at a stationary point.

    Attributes:
        data: targets 1 and -1.
        layers: "convolution" or "dense".
        depth: L of the convolutions; 2 for dense layers.
        scale: of the start.
        rate: of the steps.
        steps: doublings of the updates.
        seed: of data and start.
    """

    data: Dataset
    layers: str = "convolution"
    depth: int = 2
    scale: float = 0.1
    rate: float = 1.0
    steps: int = 14
    seed: int = 0

    def __post_init__(self) -> None:
        one_of("layers", self.layers, ("convolution", "dense"))
        fits = self.depth >= 1 and (self.layers == "convolution" or self.depth == 2) and self.data.outputs == 1
        if not fits or not self.scale > 0 or not self.rate > 0 or self.steps < 1:
            raise BadInput(
                "a linear network needs a depth of at least 1 (2 of dense layers), positive scale and rate, a doubling "
                f"and targets that are one number, got {self}."
            )

    @property
    def units(self) -> Mapping[str, str]:
        names = (*NORMS, "frequencies", "log loss", "error")
        return dict.fromkeys((*names, "misalignment") if self.layers == "convolution" else names, "1")

    def examples(self) -> np.ndarray:
        """zᵢ = yᵢ xᵢ, (n, d)."""
        drawn = self.data.draw(stream(self.seed, "data")).train
        x, y = drawn.inputs.flatten(1).double().numpy(), drawn.targets.double().numpy().reshape(-1)
        return y[:, None] * x / math.sqrt(np.square(x).sum(axis=1).mean())

    def readings(self) -> Iterator[Found]:
        z = self.examples()
        best = {name: largest_margin(z, norm=norm).value for name, norm in NORMS.items()}
        if min(best.values()) == 0:
            raise BadInput("these examples cannot be separated without a bias. Take fewer, or other classes.")
        parts, bound, done = self._start(z.shape[1]), float(np.square(z).sum(axis=1).max()), 0
        for step in range(self.steps + 1):
            for _ in range(done, 2**step):
                parts = self._updated(parts, z, bound)
            done = 2**step
            yield Found(step, self._read(z, self.predictor(parts), best))

    def _start(self, d: int) -> list[np.ndarray]:
        generator = stream(self.seed, "start")
        shapes = [(d,)] * self.depth if self.layers == "convolution" else [(d, d), (d,)]
        draw = (torch.randn(*shape, generator=generator, dtype=torch.float64).numpy() for shape in shapes)
        return [self.scale / math.sqrt(d) * part for part in draw]

    def predictor(self, parts: list[np.ndarray]) -> np.ndarray:
        """β of the layers, (d,)."""
        if self.layers == "dense":
            return parts[1] @ parts[0]
        return np.real(np.fft.ifft(np.prod(np.fft.fft(parts, axis=1), axis=0)))

    def _updated(self, parts: list[np.ndarray], z: np.ndarray, bound: float) -> list[np.ndarray]:
        pull = _pull(z @ self.predictor(parts)) @ z
        if self.layers == "dense":
            square, last = parts
            step = self.rate / (bound * float(np.square(square).sum() + np.square(last).sum()))
            return [square + step * np.outer(last, pull), last + step * square @ pull]
        spectra = np.fft.fft(parts, axis=1)
        others = np.array([np.prod(np.delete(spectra, place, axis=0), axis=0) for place in range(self.depth)])
        step = self.rate / (bound * float(np.square(np.abs(others)).max(axis=1).sum()))
        moves = np.real(np.fft.ifft(others.conj() * np.fft.fft(pull), axis=1))
        step = min(step, MOST * float(np.linalg.norm(parts) / np.linalg.norm(moves)))
        return [part + step * move for part, move in zip(parts, moves, strict=True)]

    def _read(self, z: np.ndarray, beta: np.ndarray, best: Mapping[str, float]) -> dict[str, float]:
        margins, spectrum = z @ beta, np.fft.fft(beta)
        found = {name: margin(z, beta, norm=norm) / best[name] for name, norm in NORMS.items()}
        found["frequencies"] = length(beta, "fourier l1") ** 2 / float(np.square(np.abs(spectrum)).sum())
        found["log loss"] = float(np.logaddexp.reduce(-margins)) - math.log(len(z))
        found["error"] = float((margins <= 0).mean())
        if self.layers == "convolution":
            found["misalignment"] = _misaligned(spectrum, np.fft.fft(_pull(margins) @ z), self.depth)
        return found


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
