"""The largest learning rate at which a network trains, by how much its outputs are divided by."""

import dataclasses
import math
from collections.abc import Iterator, Mapping

import numpy as np
from jaxtyping import Float

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.methods.computation import Found
from phenoscope.methods.initial_kernel import digits
from phenoscope.methods.rate_trials import FITTED, Start, Trial, tried

HALVINGS = 3
"""Of the octave in which the largest rate lies."""
OCTAVES = 40
"""Tried on the way to that octave, at most."""
CURVE = 100
"""Readings of a loss curve, about."""


@spec
class RichnessRate:
    r"""For networks whose outputs are divided by γ: which learning rates are too large?

    A ReLU network f with L layers of weights, without biases, in the NTK parametrisation, is trained by gradient
    descent on ½ mean (F - y)², F = (f - f₀)/(γ√width), with f₀ what it gives at the start; y is ±1 for even and odd
    digits. F moves as its kernel times η/γ² while features stand still, so that the largest rate goes as γ² where
    γ ≪ 1. For large γ weights must grow to fit, and as f is homogeneous of degree L, θ = γ^(1/L) φ turns descent with
    γ and η into that with 1 and ηγ^(-2/L) from the start φ₀ = γ^(-1/L) θ₀: the largest rate goes as γ^(2/L) once that
    is small (Atanasov et al. 2024), and leaving the saddle φ = 0 takes a number of steps that goes as
    φ₀^(2-L) = γ^(1-2/L), or log γ for L = 2.

    A rate is too large if the loss rises above twice that at the start, or no digit reaches the output any more. A
    trial ends there, or once the loss has stayed below a tenth for 100 updates. The largest rate is found by bisection
    between one that is not too large and one that is, to an eighth of an octave; where they alternate this is one of
    the places where they do. Series, at the end, over several networks: "largest rate", the geometric mean, and
    "largest rate over the kernel's", over 2nγ² width/λ, λ the largest eigenvalue of the tangent kernel at the start,
    above which the expansion at the start diverges; "law", the smaller of 1 and γ^(2/L - 2), which is what both laws
    make of it if they meet at γ = 1; "departure", |log₂| of one over the other; "fastest rate", of the fewest updates
    to a tenth of the loss, among those tried, the geometric mean of networks that were fitted. At half of the largest
    rate: "updates to half", to half of the loss, the median; "plateau", the updates that the first tenth of the loss
    takes over those that the first half takes, the median; and "loss", along the way, of the first network.

    Attributes:
        seed: of the networks and the choice of digits.
        steps: updates at most, of each trial.
        gamma: γ; above 1 it is rich.
        depth: L, layers of weights.
        width: of the hidden layers.
        networks: whose rates are averaged.
        examples: digits.
        dynamics: "network", or "linearised" for its Taylor expansion.
    """

    seed: int = 0
    steps: int = 500
    gamma: float = 1.0
    depth: int = 2
    width: int = 64
    networks: int = 8
    examples: int = 16
    dynamics: str = "network"

    def __post_init__(self) -> None:
        one_of("dynamics", self.dynamics, ("network", "linearised"))
        fine = 0 < self.gamma < math.inf and self.depth >= 2 and self.networks >= 1
        if not fine or self.steps < 1 or self.examples < 2 or self.width < 1:
            raise BadInput(
                "a rate for a richness needs a positive gamma, 2 layers of weights, a width, a network, 2 examples and "
                f"an update, got {self}."
            )

    def frozen(self) -> "RichnessRate":
        """The twin with frozen features."""
        return dataclasses.replace(self, dynamics="linearised")

    @property
    def units(self) -> Mapping[str, str]:
        names = ["loss", "largest rate over the kernel's", "law", "departure", "updates to half", "plateau"]
        rates = ["largest rate", "largest rate.residual", "fastest rate"]
        return dict.fromkeys([*names, *rates], "1")

    def readings(self) -> Iterator[Found]:
        """A loss curve, and what all trials say."""
        start = self._start()
        kernels = np.log2(2 * self.examples / self._scale**2 / start.values[:, -1].numpy())
        largest, trials = self._bracketed(start, kernels)
        half = self._tried(start, kernels + largest - 1)
        trials = [*trials, (largest - 1, half)]
        curve = half.losses[:, 0][np.isfinite(half.losses[:, 0])]
        for step in range(0, len(curve), max(1, len(curve) // CURVE)):
            yield Found(step, {"loss": float(curve[step])})
        values = self._rates(kernels, largest) | _shape(half)
        fastest = kernels + _fastest(trials)
        if np.isfinite(fastest).any():
            values["fastest rate"] = 2.0 ** float(np.nanmean(fastest))
        yield Found(self.steps, {name: value for name, value in values.items() if math.isfinite(value)})

    @property
    def _scale(self) -> float:
        """Of the outputs of the NTK parametrisation."""
        return 1 / (self.gamma * math.sqrt(self.width))

    @property
    def _law(self) -> float:
        return min(1.0, self.gamma ** (2 / self.depth - 2))

    def _start(self) -> Start:
        inputs, targets = digits(self.seed, self.examples)
        inputs = inputs / inputs.square().mean(1, keepdim=True).sqrt()
        sizes = {"networks": self.networks, "width": self.width, "depth": self.depth}
        return Start.of(inputs, targets, stream(self.seed, "initialisation"), **sizes)

    def _tried(self, start: Start, logs: Float[np.ndarray, " m"]) -> Trial:
        return tried(start, self._scale, 2.0**logs, self.steps, frozen=self.dynamics == "linearised")

    def _bracketed(
        self, start: Start, kernels: Float[np.ndarray, " m"]
    ) -> tuple[Float[np.ndarray, " m"], list[tuple[np.ndarray, Trial]]]:
        """For each network log₂ of the largest rate over its kernel's, and all trials, by the same logarithms.

        The search begins at the law, that of expansions at the kernel's rate, and goes up or down by octaves until it
        has a rate on either side.
        """
        here = np.full(self.networks, math.log2(self._law) if self.dynamics == "network" else 0.0)
        low, high, trials = np.full(self.networks, -math.inf), np.full(self.networks, math.inf), []
        for _ in range(OCTAVES + HALVINGS):
            wide = high - low > 0.5**HALVINGS
            if not wide.any():
                return (low + high) / 2, trials
            here = np.where(wide, here, math.nan)  # what is not a number is lost at once, and costs nothing
            trial = self._tried(start, kernels + here)
            trials.append((here, trial))
            low, high = np.where(wide & ~trial.lost, here, low), np.where(wide & trial.lost, here, high)
            here = _next(low, high)
        return np.full(self.networks, math.nan), trials

    def _rates(self, kernels: Float[np.ndarray, " m"], largest: Float[np.ndarray, " m"]) -> dict[str, float]:
        rate, share = 2.0 ** float((kernels + largest).mean()), 2.0 ** float(largest.mean())
        return {
            "largest rate": rate,
            "largest rate.residual": rate * (1 - 2.0 ** -(0.5 ** (HALVINGS + 1))),
            "largest rate over the kernel's": share,
            "law": self._law,
            "departure": abs(math.log2(share / self._law)),
        }


def _next(low: Float[np.ndarray, " m"], high: Float[np.ndarray, " m"]) -> Float[np.ndarray, " m"]:
    """The middle of a bracket, or an octave beyond its only end."""
    both = np.isfinite(low) & np.isfinite(high)
    beyond = np.where(np.isfinite(low), low + 1, high - 1)
    return np.where(both, (np.where(both, low, 0) + np.where(both, high, 0)) / 2, beyond)


def _fastest(trials: list[tuple[np.ndarray, Trial]]) -> Float[np.ndarray, " m"]:
    """Of each network log₂ of the rate with the fewest updates, among those that fit it."""
    rates = np.array([logs for logs, _ in trials])
    updates = np.array([np.where(trial.fitted, trial.passage(FITTED), math.inf) for _, trial in trials])
    best = np.take_along_axis(rates, updates.argmin(axis=0)[None], axis=0)[0]
    return np.where(np.isfinite(updates.min(axis=0)), best, math.nan)


def _shape(half: Trial) -> dict[str, float]:
    """Over networks, a half that is never reached being later than any other."""
    first, middle = half.passage(0.9), half.passage(0.5)
    reached = np.isfinite(middle)
    plateau = float(np.median((first / middle)[reached])) if reached.any() else math.nan
    return {"updates to half": float(np.median(np.where(reached, middle, math.inf))), "plateau": plateau}
