"""Functions on the circle, learned frequency by frequency: what a network does beside what its limit foretells."""

import dataclasses
import math
from collections.abc import Iterator, Mapping

import numpy as np
import torch
from scipy.stats import kendalltau
from torch import Tensor, nn

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.points import point, write
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.instruments import empirical_ntk
from phenoscope.methods.computation import Found
from phenoscope.methods.initial_kernel import limit, uniform_network
from phenoscope.theory import infinite_kernel, mode_decay

INPUTS = ("circle", "fourier")
READOUTS = ("ntk", "mean field")
FREQUENCIES = (1, 3, 5, 9)
"""Of the cosines that the target is the sum of."""
FEATURES = 12
"""Frequencies among the Fourier features."""
RATE = 0.5
"""In units of N/λ, λ the largest eigenvalue of the limiting kernel."""
FLAT = 1e-3
"""Of log eigenvalues: where they spread by less there is no exponent."""
READINGS = 100
"""Along training, at most."""


@spec
class Circle:
    """Full-batch gradient descent on a sum of cosines of frequencies 1, 3, 5 and 9 at equal amplitude.

    Points are equally spaced and seen as (cos t, sin t, 1), or as cosines and sines of all frequencies up to 12, so
    that the limiting kernel depends on the angle between two points alone: its eigenfunctions are the frequencies, and
    all that is foretold follows from one row of it, before any network is drawn. Gradient descent on ½ mean square with
    rate η then takes a frequency to half its amplitude in log 2 N/(η λ) steps (or that many discrete ones). The network
    is in the NTK parametrisation, without its outputs at the start; each frequency has a phase drawn with the seed.

    Series along training: "part of k", of the amplitude of frequency k, and "foretold part of k". At the end: "half
    time of k", in steps, nan where it never came so far, and "foretold half time of k"; "departure", the largest
    |measured/foretold - 1| of these; "rate exponent", the slope of log half time against log 1/λ; "order", Kendall's τ
    of half times and frequencies; "ratio", the half time of the highest frequency over that of the lowest.

    Sources: Rahaman et al. 2018, arXiv:1806.08734; Basri et al. 2019, arXiv:1906.00425.

    Attributes:
        seed: of the network and the phases.
        steps: of gradient descent.
        width: of the hidden layers.
        depth: hidden layers.
        activation: "relu" or "erf".
        readout: "ntk", or "mean field", whose outputs are divided by the root of the width once more; there the rate is
            multiplied by the width, so that the kernel of the start is the same.
        inputs: "circle" or "fourier".
        points: on the circle; more than twice the highest frequency.
        amplitude: of each cosine; features move the less the smaller it is.
        dynamics: "network", or "linearised" for its Taylor expansion.
    """

    seed: int = 0
    steps: int = 2000
    width: int = 1024
    depth: int = 1
    activation: str = "relu"
    readout: str = "ntk"
    inputs: str = "circle"
    points: int = 48
    amplitude: float = 0.01
    dynamics: str = "network"

    def __post_init__(self) -> None:
        one_of("dynamics", self.dynamics, ("network", "linearised"))
        one_of("inputs", self.inputs, INPUTS)
        one_of("readout", self.readout, READOUTS)
        fewest = 2 * max(FREQUENCIES[-1], FEATURES)
        if self.steps < 1 or self.points <= fewest or not 0 < self.amplitude < math.inf:
            raise BadInput(
                f"learning on the circle needs a step, more than {fewest} points and a positive amplitude, got {self}."
            )
        uniform_network(self.width, self.depth, self.activation, "ntk")  # refuses what it cannot use

    def frozen(self) -> "Circle":
        """The twin with frozen features."""
        return dataclasses.replace(self, dynamics="linearised")

    @property
    def units(self) -> Mapping[str, str]:
        parts = [f"{what} of {k}" for k in FREQUENCIES for what in ("part", "foretold part")]
        times = {f"{what} of {k}": "steps" for k in FREQUENCIES for what in ("half time", "foretold half time")}
        return dict.fromkeys((*parts, "departure", "rate exponent", "order", "ratio"), "1") | times

    def readings(self) -> Iterator[Found]:
        """Parts along training, and half times at the end."""
        angles = 2 * math.pi * torch.arange(self.points, dtype=torch.float64) / self.points
        inputs = seen(angles, self.inputs)
        kernel = infinite_kernel(limit(self.depth, self.activation), inputs)
        # a kernel of the angle alone is a circulant matrix, and its first row says all of it
        spectrum = torch.cos(angles[:, None] * torch.arange(self.points // 2 + 1)).mT @ kernel[0]
        values, rate = spectrum[list(FREQUENCIES)], RATE * self.points / float(spectrum.max())
        phases = 2 * math.pi * torch.rand(len(FREQUENCIES), generator=stream(self.seed, "data"), dtype=torch.float64)
        waves = torch.cos(angles[:, None] * torch.tensor(FREQUENCIES) + phases)  # (N, frequencies)
        history = []
        for step, outputs in enumerate(self._trained(inputs, self.amplitude * waves.sum(dim=1), rate)):
            if not bool(torch.isfinite(outputs).all()):
                yield Found(step, {}, diverged=True)
                return
            history.append(2 / (self.points * self.amplitude) * waves.mT @ outputs)
            if step % math.ceil(self.steps / READINGS) == 0:
                foretold = 1 - mode_decay(values, self.points, rate * step, steps=max(1, step))
                yield Found(step, _named("part", history[-1]) | _named("foretold part", foretold))
        yield Found(self.steps, _times(torch.stack(history).numpy(), (rate * values / self.points).numpy()))

    def _trained(self, inputs: Tensor, targets: Tensor, rate: float) -> Iterator[Tensor]:
        """Outputs at each step, less those at the start."""
        network = uniform_network(self.width, self.depth, self.activation, "ntk")
        generator = stream(self.seed, "initialisation")
        model = network.build(generator, inputs=inputs.shape[1:], outputs=1, dtype=torch.float64)
        if self.dynamics == "linearised":
            yield from self._expanded(model, inputs, targets, rate)
            return
        scale = self.width**-0.5 if self.readout == "mean field" else 1.0
        here, zero = point(model), 0.0
        for step in range(self.steps + 1):
            write(here, model)
            outputs = scale * model(inputs)[:, 0]
            zero = outputs.detach() if step == 0 else zero
            yield (outputs - zero).detach()
            loss = (outputs - zero - targets).square().mean() / 2
            slopes = torch.autograd.grad(loss, list(model.parameters()))
            here = here - rate / scale**2 * torch.cat([slope.flatten() for slope in slopes])

    def _expanded(self, model: nn.Module, inputs: Tensor, targets: Tensor, rate: float) -> Iterator[Tensor]:
        """The same of its expansion at the start, whose outputs move by its own kernel alone, at any readout.

        The scale of the readout cancels: it multiplies the kernel by its square, and the rate by one over that.
        """
        kernel = empirical_ntk(model, inputs, outputs="trace").matrix
        outputs = torch.zeros_like(targets)
        for _ in range(self.steps + 1):
            yield outputs
            outputs = outputs - rate / len(targets) * kernel @ (outputs - targets)


def seen(angles: Tensor, inputs: str) -> Tensor:
    """Points on the circle as a network sees them, all of one length: the root of the number of their entries."""
    if inputs == "circle":
        return torch.stack([angles.cos(), angles.sin(), torch.ones_like(angles)], dim=1) * math.sqrt(3 / 2)
    waves = angles[:, None] * torch.arange(1, FEATURES + 1)
    return torch.cat([waves.cos(), waves.sin()], dim=1) * math.sqrt(2)


def _named(what: str, values: Tensor | np.ndarray) -> dict[str, float]:
    return {f"{what} of {k}": float(value) for k, value in zip(FREQUENCIES, values, strict=True)}


def _times(history: np.ndarray, rates: np.ndarray) -> dict[str, float]:
    """Half times of each frequency, between two steps by a line through their logarithms of what is left."""
    found = np.array([_half(parts) for parts in history.T])
    foretold = math.log(0.5) / np.log1p(-rates)
    named = _named("half time", found) | _named("foretold half time", foretold)
    if not np.isfinite(found).all():
        return named
    order = float(np.asarray(kendalltau(found, FREQUENCIES))[0])
    departure = float(np.abs(found / foretold - 1).max())
    named |= {"departure": departure, "order": order, "ratio": float(found[-1] / found[0])}
    if np.ptp(np.log(rates)) > FLAT:
        named["rate exponent"] = float(np.polyfit(-np.log(rates), np.log(found), 1)[0])
    return named


def _half(parts: np.ndarray) -> float:
    """The first time at which a part is a half."""
    above = np.flatnonzero(parts >= 0.5)
    if not len(above):
        return math.nan
    last = int(above[0])
    before, after = np.log(1 - parts[last - 1]), np.log(max(1 - parts[last], 1e-12))
    return last - 1 + float((before - math.log(0.5)) / (before - after))
