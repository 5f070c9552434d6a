"""Where does SGD on a linear model leave its minimum? The exact threshold, bounds, and a simulation."""

from collections.abc import Iterator, Mapping

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.methods.computation import Found
from phenoscope.theory import coherence, coherence_threshold, gradient_descent_threshold, sgd_threshold, trace_threshold

ABOVE = (1.05, 1.1, 1.15, 1.2)
"""Learning rates, over the exact threshold, at which the growth is simulated: below it the slowest direction hides what
is about to grow."""
WALKERS = 2000
"""Copies of the parameters that are moved together."""


@spec
class LinearSGD:
    """Mean-square stability of SGD on ½ (xᵢᵀw)², one xᵢ of unit length an example, at the minimum w = 0.

    The vectors are drawn as xᵢ = √a u + √(1 - a) zᵢ with one direction u for all and zᵢ of unit length at right angles
    to it; at a = 1 all are parallel. The minimum is left in mean square above the learning rate `exact threshold`.
    `simulated threshold` is where E‖w‖², simulated above it, no longer grows; `coherence threshold` and `trace
    threshold` are bounds from above; `gradient descent threshold` is 2/λ₁(H); `coherence` is that of the Hessians.

    Attributes:
        alignment: a, from 0 to 1.
        batch: the mean size of a mini-batch; each example is in it by chance, independently.
        examples: n.
        dimensions: d, at least 2.
        steps: of the simulation, at its four learning rates together; the first half of each lets the growing direction
            prevail.
        seed: of the vectors and of the simulation.
    """

    alignment: float
    batch: int = 1
    examples: int = 24
    dimensions: int = 12
    steps: int = 1600
    seed: int = 0

    def __post_init__(self) -> None:
        sized = 1 <= self.batch <= self.examples and self.dimensions >= 2 and self.steps >= 2 * len(ABOVE)
        if not 0 <= self.alignment <= 1 or not sized:
            raise BadInput(
                f"linear SGD needs an alignment from 0 to 1, a batch from 1 to the number of examples, at least 2 "
                f"dimensions and {2 * len(ABOVE)} steps, got {self}."
            )

    @property
    def units(self) -> Mapping[str, str]:
        rates = ("exact", "simulated", "coherence", "trace", "gradient descent")
        return dict.fromkeys((f"{name} threshold" for name in rates), "learning rate") | {"coherence": "1"}

    def vectors(self) -> Float[Tensor, "n d"]:
        """The examples."""
        drawn = torch.randn(
            self.examples + 1, self.dimensions, generator=stream(self.seed, "vectors"), dtype=torch.float64
        )
        shared = drawn[0] / drawn[0].norm()
        own = drawn[1:] - (drawn[1:] @ shared)[:, None] * shared
        return self.alignment**0.5 * shared + (1 - self.alignment) ** 0.5 * own / own.norm(dim=1, keepdim=True)

    def readings(self) -> Iterator[Found]:
        x = self.vectors()
        exact, first = sgd_threshold(x.numpy(), self.batch), torch.linalg.eigvalsh(x.T @ x)[-1].item() / len(x)
        rates, growth = [part * exact for part in ABOVE], []
        for part, rate in enumerate(rates):
            yield Found(part * self.steps // len(ABOVE), {})
            growth.append(self._growth(x, rate, stream(self.seed, "simulation", part)))
        yield Found(
            self.steps,
            {
                "exact threshold": exact,
                "simulated threshold": _crossing(rates, growth),
                "coherence threshold": coherence_threshold(x.numpy(), self.batch),
                "trace threshold": trace_threshold(x.numpy(), self.batch),
                "gradient descent threshold": gradient_descent_threshold(first),  # 2/λ₁, as it is 2/η of a rate
                "coherence": coherence(x.numpy()),
            },
        )

    def _growth(self, x: Float[Tensor, "n d"], lr: float, generator: torch.Generator) -> float:
        """The factor by which E‖w‖² grows in a step, the geometric mean over the second half of the steps.

        E‖w‖² is carried by few walkers; so after each step all are drawn anew in proportion to their ‖w‖², and made as
        long again as before: then the mean of ‖w'‖² is the growth.
        """
        steps = self.steps // len(ABOVE)
        walkers = torch.randn(WALKERS, x.shape[1], generator=generator, dtype=torch.float64)
        walkers = walkers / walkers.norm(dim=1, keepdim=True)
        logs = []
        for step in range(steps):
            chosen = torch.rand(WALKERS, len(x), generator=generator) < self.batch / len(x)
            walkers = walkers - lr / self.batch * (chosen * (walkers @ x.T)) @ x
            sizes = walkers.square().sum(dim=1)
            if step >= steps // 2:
                logs.append(sizes.mean().log())
            kept = torch.multinomial(sizes, WALKERS, replacement=True, generator=generator)
            walkers = walkers[kept] / sizes[kept].sqrt()[:, None]
        return torch.stack(logs).mean().exp().item()


def _crossing(rates: list[float], growth: list[float]) -> float:
    """The learning rate at which the growth is 1: in one direction it is 1 - 2cη + dη², so (growth - 1)/η is a line."""
    slope, offset = np.polyfit(rates, (np.array(growth) - 1) / np.array(rates), 1)
    return float(-offset / slope)
