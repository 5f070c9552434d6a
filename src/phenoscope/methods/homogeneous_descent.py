"""A ReLU network trained far past the fit: does its direction come to a KKT point of the largest margin?"""

import math
from collections.abc import Iterator, Mapping

import numpy as np
import torch
from torch import nn

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.data import Dataset
from phenoscope.instruments import margin_conditions
from phenoscope.methods.computation import Found


@spec
class HomogeneousDescent:
    """f(x) = Σ aⱼ max(0, ⟨wⱼ, x⟩) trained by the exponential loss, its gradient divided by the loss, in float64.

    With `biases` it is Σ aⱼ max(0, ⟨wⱼ, x⟩ + bⱼ) + c, whose two kinds of terms have different orders: it is not
    homogeneous. Inputs are divided by their root mean square length; the start is normal, w with standard deviation
    `scale` / √d and a with `scale` / √width. A step is `rate` over a bound of the curvature of log L. Step k of the
    record comes after 2^k updates.

    `smoothed margin` is -log(Σ exp(-qᵢ)) / ‖θ‖^L, which gradient flow raises once all examples are right (Lyu and Li
    2019, arXiv:1906.05890); the rest is that of `instruments.margin_conditions`: `stationarity` (what of θ is no
    combination of gradients), `slackness`, `margin`, `order` and `inhomogeneity`. `slackness of equal pulls` is what
    the slackness would be if all examples had one weight λ, of a size that they make up θ: 1 - q / (mean of qᵢ).

    Attributes:
        data: targets 1 and -1.
        width: units.
        biases: whether there are any.
        scale: of the start.
        rate: of the steps.
        steps: doublings of the updates.
        seed: of data and start.
    """

    version = 2  # with the slackness of equal pulls

    data: Dataset
    width: int = 20
    biases: bool = False
    scale: float = 0.5
    rate: float = 1.0
    steps: int = 14
    seed: int = 0

    def __post_init__(self) -> None:
        if self.width < 1 or not self.scale > 0 or not self.rate > 0 or self.steps < 1 or self.data.outputs != 1:
            raise BadInput(
                "a homogeneous network needs a unit, positive scale and rate, a doubling, and targets that are one "
                f"number, got {self}."
            )

    @property
    def units(self) -> Mapping[str, str]:
        names = ("log loss", "error", "smoothed margin", "stationarity", "slackness", "margin", "order")
        return dict.fromkeys((*names, "slackness of equal pulls", "inhomogeneity"), "1")

    def examples(self) -> tuple[np.ndarray, np.ndarray]:
        """X (n, d) in units of the root mean square length, and y (n,)."""
        drawn = self.data.draw(stream(self.seed, "data")).train
        x, y = drawn.inputs.flatten(1).double().numpy(), drawn.targets.double().numpy().reshape(-1)
        return x / math.sqrt(np.square(x).sum(axis=1).mean()), y

    def readings(self) -> Iterator[Found]:
        x, y = self.examples()
        # with biases the inputs get a 1, which bounds the curvature with them
        bound = float(np.square(x).sum(axis=1).max()) + self.biases
        parts, done = self._start(x.shape[1]), 0
        for step in range(self.steps + 1):
            for _ in range(done, 2**step):
                parts = self._updated(parts, x, y, bound)
            done = 2**step
            yield Found(step, self._read(parts, x, y))

    def _start(self, d: int) -> list[np.ndarray]:
        """W (width, d), a (width,), b (width,) and c (1,)."""
        generator = stream(self.seed, "start")
        w = torch.randn(self.width, d, generator=generator, dtype=torch.float64).numpy() / math.sqrt(d)
        a = torch.randn(self.width, generator=generator, dtype=torch.float64).numpy() / math.sqrt(self.width)
        return [self.scale * w, self.scale * a, np.zeros(self.width), np.zeros(1)]

    def _updated(self, parts: list[np.ndarray], x: np.ndarray, y: np.ndarray, bound: float) -> list[np.ndarray]:
        w, a, b, c = parts
        hidden = np.maximum(x @ w.T + b, 0)
        margins = y * (hidden @ a + c)
        pull = y * np.exp(-margins - np.logaddexp.reduce(-margins))
        back = pull[:, None] * (hidden > 0) * a
        size = sum(float(np.square(part).sum()) for part in parts)
        step = self.rate / (bound * (size + 1))  # ‖∇qᵢ‖² is no more than the bound times ‖θ‖² + 1
        moved = [w + step * back.T @ x, a + step * pull @ hidden]
        return [*moved, b + step * back.sum(axis=0), c + step * pull.sum()] if self.biases else [*moved, b, c]

    def module(self, parts: list[np.ndarray]) -> nn.Module:
        """The same network as a module."""
        w, a, b, c = (torch.from_numpy(part.copy()) for part in parts)
        first = nn.Linear(w.shape[1], w.shape[0], bias=self.biases, dtype=torch.float64)
        last = nn.Linear(w.shape[0], 1, bias=self.biases, dtype=torch.float64)
        first.weight.data, last.weight.data = w, a[None]
        if self.biases:
            first.bias.data, last.bias.data = b, c
        return nn.Sequential(first, nn.ReLU(), last)

    def _read(self, parts: list[np.ndarray], x: np.ndarray, y: np.ndarray) -> dict[str, float]:
        w, a, b, c = parts
        margins = y * (np.maximum(x @ w.T + b, 0) @ a + c)
        loss = float(np.logaddexp.reduce(-margins))
        found = margin_conditions(self.module(parts), torch.from_numpy(x), torch.from_numpy(y))
        size = math.sqrt(sum(float(np.square(part).sum()) for part in parts))
        values = {
            "log loss": loss - math.log(len(y)), "error": float((margins <= 0).mean()),
            "smoothed margin": -loss / size**2, "stationarity": found.stationarity, "slackness": found.slackness,
            "margin": found.margin, "order": found.order, "inhomogeneity": found.inhomogeneity,
        }  # fmt: skip
        if margins.mean() > 0:  # else they make up nothing of θ
            values["slackness of equal pulls"] = 1 - float(margins.min() / margins.mean())
        return {name: value for name, value in values.items() if math.isfinite(value)}
