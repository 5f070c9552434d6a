"""Does noise prefer flat minima? Noisy gradient descent between a flat and a sharp well of equal depth."""

import dataclasses
import math
from collections.abc import Iterator, Mapping

import numpy as np
import torch

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.methods.computation import Found
from phenoscope.theory import first_passage_time, kramers_time, stationary_density

WALKERS = 800
"""Walks that are advanced together, half of them from each minimum."""
CHUNK = 1000
"""Steps whose noise is drawn at once."""
REACH, POINTS = 2.6, 20_001
"""The grid of the quadrature: to so many widths on either side, where exp(-U/T) is no more than rounding."""


@dataclasses.dataclass(frozen=True)
class Valley:
    """What pushes a walk at x along the wells (one or many), and how strong its noise is there.

    Attributes:
        drift: -∂U/∂x on the line between the minima.
        across: the curvature of every direction across.
        pull: -½ ∂across/∂x: the drift along for each unit of squared distance from the line.
        diffusion: D of every direction.
    """

    drift: np.ndarray
    across: np.ndarray
    pull: np.ndarray
    diffusion: np.ndarray


@spec
class DoubleWell:
    """Noisy gradient descent dθ = -∇U dt + √(2D) dW on a loss with two minima of one depth, one flat and one sharp.

    Along x the loss is h ((x/w)² - 1)², with a width w of its own on either side of the top at 0: the flat minimum is
    at x = -`flat`, the sharp one at x = `sharp`, each with the curvature 8h/w². In every direction across, the loss has
    ½ k(x) y², where k is the curvature of the well and between the minima goes over from one to the other, its
    logarithm by a smooth step. The noise is isotropic with D = T everywhere, as in Langevin's equation, or has the
    curvature's shape, D = T k(x)/√(k_flat k_sharp): SGD's noise at a minimum is about in proportion to the Hessian
    (Jastrzebski et al. 2017, arXiv:1711.04623; Xie et al. 2020, arXiv:2002.03495).

    A walk has left a well when it first reaches the other minimum (its x, where there are several dimensions). Escape
    times are all time since a minimum was last reached, over the number of passages to the other one. The share of the
    flat well is of time at x < 0, in the second half of the steps. With both stands what theory says: `exact` ones are
    of the diffusion itself in one dimension, by quadrature; `boltzmann share flat` is that of isotropic noise in any
    number of dimensions; Kramers' is the limit of low temperatures. The walk's own steps, Euler's, add an error in
    proportion to `rate` times curvature.

    Attributes:
        temperature: T, in units of the loss.
        noise: "isotropic", or "curvature".
        dimensions: 1, or more: then with so many directions less one across.
        flat: the width of the flat well.
        sharp: that of the sharp well.
        barrier: h, the height of the top.
        rate: dt, the time that a step takes, which is its learning rate.
        steps: of every walk.
        seed: of the noise.
    """

    temperature: float
    noise: str = "isotropic"
    dimensions: int = 1
    flat: float = 2.0
    sharp: float = 1.0
    barrier: float = 1.0
    rate: float = 0.005
    steps: int = 40_000
    seed: int = 0

    def __post_init__(self) -> None:
        one_of("noise", self.noise, ("isotropic", "curvature"))
        positive = min(self.temperature, self.flat, self.sharp, self.barrier, self.rate) > 0
        if not positive or self.dimensions < 1 or self.steps < 2:
            raise BadInput(
                "a double well needs positive widths, temperature, barrier and rate, at least 1 dimension and 2 steps, "
                f"got {self}."
            )
        if self.rate * self.curvature(min(self.flat, self.sharp)) > 0.5:
            raise BadInput(
                f"the rate {self.rate:g} is too large for the sharp well, whose curvature is "
                f"{self.curvature(min(self.flat, self.sharp)):g}: their product should be far below 1."
            )

    @property
    def units(self) -> Mapping[str, str]:
        wells = ("flat", "sharp")
        times = [f"log escape time {well}" for well in wells]
        shares = ["share flat", "boltzmann share flat"]
        if self.dimensions == 1:
            times += [f"exact log escape time {well}" for well in wells]
            shares.append("exact share flat")
            if self.noise == "isotropic":
                times += [f"kramers log escape time {well}" for well in wells]
        return dict.fromkeys(times, "log of a time") | dict.fromkeys(shares, "1")

    def curvature(self, width: float) -> float:
        """Of the minimum of a well of that width."""
        return 8 * self.barrier / width**2

    def valley(self, x: np.ndarray) -> Valley:
        """Drift, curvature across and diffusion at each x."""
        inverse = np.where(x < 0, 1 / self.flat, 1 / self.sharp)
        u = x * inverse
        ratio = math.log(self.curvature(self.sharp) / self.curvature(self.flat))
        part = np.clip((u + 1) / 2, 0, 1)
        step = part * part * (3 - 2 * part)
        middle = math.sqrt(self.curvature(self.sharp) * self.curvature(self.flat))
        relative = np.exp(ratio * (step - 0.5))
        slope = ratio * 3 * part * (1 - part) * inverse  # of log k
        across = middle * relative
        diffusion = self.temperature * (relative if self.noise == "curvature" else np.ones_like(x))
        return Valley(-4 * self.barrier * u * (u * u - 1) * inverse, across, -across * slope / 2, diffusion)

    def readings(self) -> Iterator[Found]:
        walks = _Walks(self)
        generator = stream(self.seed, "noise")
        for first in range(0, self.steps, CHUNK):
            count = min(CHUNK, self.steps - first)
            drawn = torch.randn(count, self.dimensions, WALKERS, generator=generator, dtype=torch.float64).numpy()
            for number, each in enumerate(drawn):
                walks.step(each, counted=first + number >= self.steps // 2)
            if first + count < self.steps:
                yield Found(first + count, {})
        yield Found(self.steps, walks.found() | self._theory())

    def _theory(self) -> dict[str, float]:
        x = np.linspace(-REACH * self.flat, REACH * self.sharp, POINTS)
        there, t = self.valley(x), self.temperature
        # directions across with a constant T are Gaussian at every x: what they add to the drift is -T/2 (log k)'
        entropic = there.drift + (self.dimensions - 1) * t * there.pull / there.across
        values = {"boltzmann share flat": _left(x, stationary_density(x, entropic, np.full_like(x, t)))}
        if self.dimensions > 1:
            return values
        values["exact share flat"] = _left(x, stationary_density(x, there.drift, there.diffusion))
        ends = {"flat": (-self.flat, self.sharp), "sharp": (self.sharp, -self.flat)}
        for well, (start, end) in ends.items():
            time = first_passage_time(x, there.drift, there.diffusion, start, end)
            values[f"exact log escape time {well}"] = math.log(time)
            if self.noise == "isotropic":
                top = 16 * self.barrier / (self.flat + self.sharp) ** 2  # 1/√ of it is the mean of both sides' w/√4h
                time = kramers_time(self.barrier, t, self.curvature(abs(start)), top)
                values[f"kramers log escape time {well}"] = math.log(time)
        return values


class _Walks:
    """Walks together, (walkers,) each: where they are, which minimum each saw last, and what was counted so far.

    Args:
        wells: what they walk on.
    """

    def __init__(self, wells: DoubleWell) -> None:
        self._wells = wells
        half = np.arange(WALKERS) < WALKERS // 2
        self._x = np.where(half, -wells.flat, wells.sharp)
        self._y = np.zeros((wells.dimensions - 1, WALKERS))
        self._last_flat = half.copy()
        self._time = {"flat": 0, "sharp": 0}
        self._left = {"flat": 0, "sharp": 0}
        self._steps, self._below = 0, np.zeros(WALKERS)

    def step(self, noise: np.ndarray, *, counted: bool) -> None:
        """One step with noise (dimensions, walkers); `counted` for the share of the flat well."""
        wells, there = self._wells, self._wells.valley(self._x)
        spread = np.sqrt(2 * wells.rate * there.diffusion)
        drift = there.drift
        if len(self._y):
            drift = drift + there.pull * np.square(self._y).sum(axis=0)
            self._y = self._y - wells.rate * there.across * self._y + spread * noise[1:]
        self._x = self._x + wells.rate * drift + spread * noise[0]
        flats = int(self._last_flat.sum())
        self._time["flat"] += flats
        self._time["sharp"] += WALKERS - flats
        now = np.where(self._last_flat, self._x < wells.sharp, self._x <= -wells.flat)
        changed = now != self._last_flat
        if changed.any():
            out = int((changed & self._last_flat).sum())
            self._left["flat"] += out
            self._left["sharp"] += int(changed.sum()) - out
            self._last_flat = now
        if counted:
            self._steps += 1
            self._below += self._x < 0

    def found(self) -> dict[str, float]:
        """Escape times and share with their standard errors; without a passage there is no time."""
        values = {}
        for well, passages in self._left.items():
            time = self._time[well] * self._wells.rate / passages if passages else math.nan
            values[f"log escape time {well}"] = math.log(time)
            # waits are all but exponential, so the mean of n of them is off by 1/√n of itself
            values[f"log escape time {well}.standard error"] = passages**-0.5 if passages else math.nan
        shares = self._below / self._steps
        values["share flat"] = float(shares.mean())
        values["share flat.standard error"] = float(shares.std(ddof=1)) / math.sqrt(WALKERS)
        return values


def _left(x: np.ndarray, density: np.ndarray) -> float:
    """The share of the density below 0."""
    total = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2 * np.diff(x))])
    return float(np.interp(0.0, x, total) / total[-1])
