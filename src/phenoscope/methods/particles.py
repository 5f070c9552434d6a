"""A hidden layer as a cloud of particles: two-layer networks of many widths beside one that is far wider."""

import dataclasses
import math
from collections.abc import Iterator, Mapping

import torch
from jaxtyping import Float
from scipy.stats import wasserstein_distance
from torch import Generator, Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.instruments import kernel_change
from phenoscope.methods.computation import Found
from phenoscope.methods.initial_kernel import digits

SCALINGS = ("mean field", "mean field, one rate", "ntk")
RATE = 0.25
"""In units of N/λ, λ the largest eigenvalue of the wide network's kernel at its start, in its own time."""
ONE_RATE = 0.01
"""One over the width for which the one rate of all widths is the right one."""


@spec
class Particles:
    """Gradient descent on f(x) = s Σ aᵢ erf(wᵢ·x/√d) for even against odd digits, beside a far wider network.

    In the mean-field scaling s = 1/N: the rate is multiplied by the width N, so that each unit moves at a speed that
    the width does not change, and the units' joint law follows a flow of its own as N grows (Mei, Montanari, Nguyen
    2018, arXiv:1804.06561; Chizat and Bach 2018, arXiv:1805.09545). "mean field, one rate" is the same without that
    multiplication: the rate is right for 100 units. In the NTK scaling s = 1/√N, the rate is not multiplied, and the
    outputs at the start are taken off. The wide network, drawn apart, is scaled alike, with the rate that is right for
    it.

    Series along training: "loss", over the mean square of the targets, and "wide loss"; "movement", the root mean
    square over units of ‖wᵢ - wᵢ(0)‖/√d. At the end: "distance", the largest along training of the outputs on other
    digits from those of the wide network, over the length of their targets; "kernel change"; and "cloud distance" and
    "cloud movement", Wasserstein distances of the units' weights along one direction, the one in which the wide
    network's have come to spread most: from the wide network's, and from what they were at the start.

    Attributes:
        seed: of both networks and the choice of digits.
        steps: of gradient descent.
        width: N.
        wide: units of the other network.
        examples: trained on; as many others are tested on.
        scaling: "mean field", "mean field, one rate" or "ntk".
        every: steps from one reading to the next.
        dynamics: "network", or "linearised" for Taylor expansions of both networks.
    """

    seed: int = 0
    steps: int = 200
    width: int = 100
    wide: int = 10000
    examples: int = 40
    scaling: str = "mean field"
    every: int = 10
    dynamics: str = "network"

    def __post_init__(self) -> None:
        one_of("scaling", self.scaling, SCALINGS)
        one_of("dynamics", self.dynamics, ("network", "linearised"))
        if min(self.steps, self.every, self.width, self.examples - 1) < 1 or self.wide <= self.width:
            raise BadInput(f"particles need steps, 2 examples, a width and more units beside it, got {self}.")

    def frozen(self) -> "Particles":
        """The twin with frozen features."""
        return dataclasses.replace(self, dynamics="linearised")

    @property
    def units(self) -> Mapping[str, str]:
        ends = ("distance", "kernel change", "cloud distance", "cloud movement")
        return dict.fromkeys(("loss", "wide loss", "movement", *ends), "1")

    def readings(self) -> Iterator[Found]:
        """Both losses along training, and how far apart the networks have been at its end."""
        both, targets = digits(self.seed, 2 * self.examples)
        n = self.examples
        own = self._drawn(both, self.width, stream(self.seed, "initialisation"))
        wide = self._drawn(both, self.wide, stream(self.seed, "wide"))
        rate = RATE / float(torch.linalg.eigvalsh(wide.kernel(n))[-1])
        first, kernel, apart = own, own.kernel(n), 0.0
        for step in range(self.steps + 1):
            mine, its = own.outputs(), wide.outputs()
            if not bool(torch.isfinite(mine).all()):
                yield Found(step, {}, diverged=True)
                return
            apart = max(apart, float((mine - its)[n:].norm() / targets[n:].norm()))
            if step % self.every == 0:
                losses = [float((made[:n] - targets[:n]).square().mean()) for made in (mine, its)]
                moved = float((own.weights - first.weights).square().mean().sqrt())
                yield Found(step, {"loss": losses[0], "wide loss": losses[1], "movement": moved})
            if step < self.steps:
                own, wide = own.moved(targets[:n], rate * self._speed(self.width)), wide.moved(targets[:n], rate)
        ends = {"distance": apart, "kernel change": kernel_change(kernel, own.kernel(n))}
        yield Found(self.steps, ends | _clouds(first.weights, own.weights, wide.weights))

    def _speed(self, width: int) -> float:
        """Of a network, beside that which is right for its width."""
        return 1 / (ONE_RATE * width) if self.scaling == "mean field, one rate" else 1.0

    def _drawn(self, inputs: Tensor, width: int, generator: Generator) -> "_Layer":
        """A network of that width at its start."""
        weights = torch.randn(width, inputs.shape[1], generator=generator, dtype=torch.float64)
        readout = torch.randn(width, generator=generator, dtype=torch.float64)
        made = _Layer(inputs / math.sqrt(inputs.shape[1]), weights, readout, self.scaling == "ntk", None, 0.0)
        zero = made.outputs() if self.scaling == "ntk" else torch.zeros(len(inputs), dtype=torch.float64)
        made = dataclasses.replace(made, zero=zero)
        return dataclasses.replace(made, origin=made) if self.dynamics == "linearised" else made


@dataclasses.dataclass(frozen=True)
class _Layer:
    """A two-layer network, and what it is read on.

    Attributes:
        inputs: x/√d, (m, d), those trained on first.
        weights: w, (N, d).
        readout: a, (N,).
        ntk: whether s is 1/√N, and the time its own; else s is 1/N, and the time N times that.
        origin: where it is expanded, if it is its own linearisation.
        zero: outputs that are taken off.
    """

    inputs: Float[Tensor, "m d"]
    weights: Float[Tensor, "N d"]
    readout: Float[Tensor, " N"]
    ntk: bool
    origin: "_Layer | None"
    zero: Tensor | float

    @property
    def _scale(self) -> float:
        return len(self.readout) ** (-0.5 if self.ntk else -1.0)

    def _hidden(self) -> tuple[Tensor, Tensor]:
        """Activations and their slopes, (m, N)."""
        before = self.inputs @ self.weights.mT
        return torch.erf(before), 2 / math.sqrt(math.pi) * torch.exp(-before.square())

    def outputs(self) -> Float[Tensor, " m"]:
        """Of all inputs."""
        if self.origin is None:
            return self._scale * (torch.erf(self.inputs @ self.weights.mT) @ self.readout) - self.zero
        hidden, slopes = self.origin._hidden()
        turned = (slopes * (self.inputs @ (self.weights - self.origin.weights).mT)) @ self.origin.readout
        return self._scale * (hidden @ self.readout + turned) - self.zero

    def kernel(self, n: int) -> Float[Tensor, "n n"]:
        """In its own time: a mean over units, in either scaling."""
        hidden, slopes = (part[:n] for part in (self.origin or self)._hidden())
        pulled = slopes * (self.origin or self).readout
        grams = hidden @ hidden.mT + (pulled @ pulled.mT) * (self.inputs[:n] @ self.inputs[:n].mT)
        return grams / len(self.readout)

    def moved(self, targets: Float[Tensor, " n"], rate: float) -> "_Layer":
        """After a step on ½ ‖f - y‖², with the rate in its own time."""
        n, at = len(targets), self.origin or self
        left = self.outputs()[:n] - targets
        hidden, slopes = (part[:n] for part in at._hidden())
        # s times the width, or times 1 in the NTK scaling
        pull = rate * self._scale * (1.0 if self.ntk else len(self.readout))
        by_weights = ((left[:, None] * slopes) * at.readout).mT @ self.inputs[:n]
        return dataclasses.replace(
            self, weights=self.weights - pull * by_weights, readout=self.readout - pull * (left @ hidden)
        )


def _clouds(start: Tensor, end: Tensor, wide: Tensor) -> dict[str, float]:
    """Distances between clouds of weights, (N, d), along the first principal direction of the wide one."""
    direction = torch.linalg.eigh(wide.mT @ wide)[1][:, -1]
    before, after, other = (cloud @ direction for cloud in (start, end, wide))
    return {
        "cloud distance": float(wasserstein_distance(after.numpy(), other.numpy())),
        "cloud movement": float(wasserstein_distance(after.numpy(), before.numpy())),
    }
