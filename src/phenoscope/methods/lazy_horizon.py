"""How long a network stays near its linearisation: a given time of descent, at a given scale of the outputs."""

import dataclasses
import math
from collections.abc import Iterator, Mapping

import torch

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.methods.computation import Found
from phenoscope.methods.dial_tasks import Task, drawn_task
from phenoscope.methods.initial_kernel import uniform_network
from phenoscope.methods.lazy_descent import Moment, Start
from phenoscope.methods.lazy_rich import STARTS
from phenoscope.models import UniformMLP

TASKS = ("every mode", "digits")
READINGS = 40
"""Along training, at most, at equal ratios of time."""
MOST = 64
"""How many times the steps there may be, where the rate is halved; with more to do it counts as diverged."""
FLOOR = 1e-20
"""Of the first loss: with less left nothing moves any more, and rounding decides whether the loss rises."""


@spec
class LazyHorizon:
    """Gradient descent on ½ ‖α f - y‖²/(N α²) from f = 0 for a time T, beside the linearisation with the same rates.

    Time is the sum of rates in units of N/λ, with λ the largest eigenvalue of the tangent kernel K₀ at the start: in a
    time of 1 the linearisation takes what lies along its first eigenvector down to 1/e. A mode with eigenvalue μ takes
    the time λ/μ. The division by α² makes the outputs move as fast at any α. The network has one hidden layer of erf
    units, in the NTK parametrisation, without biases; symmetric, it is the difference of two copies over √2, and
    subtracted, one network less its outputs at the start. A rate is halved wherever the loss would rise; time is kept.

    Series, along training at equal ratios of time: "gap", the largest distance so far of the outputs from those of the
    linearisation, over ‖y‖; "displacement", ‖θ - θ₀‖/‖θ₀‖; "left", ‖α f - y‖/‖y‖.

    Valid for squared error, in float64. Sources: Chizat et al. 2018, arXiv:1812.07956; Boix-Adserà and Littwin 2023,
    The NTK approximation is valid for longer than you think: gaps are of order T/α at most.

    Attributes:
        seed: of the network and the data.
        steps: T over the rate.
        rate: of descent, in units of N/λ; below 2, beyond which the linearisation diverges.
        alpha: α.
        width: of the hidden layer, of each copy.
        start: "subtracted" or "symmetric".
        target: "every mode", with an equal share of every eigenvector of K₀ and random signs, for inputs that are
            uniform on the sphere; or "digits", even or odd.
        dimensions: of the sphere's space.
        examples: N.
        slower: of the targets only what lies along modes that take this time or longer is left.
        dynamics: "network", or "linearised": the linearisation itself is what is read, so that its gap is 0.
    """

    seed: int = 0
    steps: int = 600
    rate: float = 0.5
    alpha: float = 100.0
    width: int = 64
    start: str = "subtracted"
    target: str = "every mode"
    dimensions: int = 3
    examples: int = 60
    slower: float = 0.0
    dynamics: str = "network"

    def __post_init__(self) -> None:
        one_of("start", self.start, STARTS)
        one_of("target", self.target, TASKS)
        one_of("dynamics", self.dynamics, ("network", "linearised"))
        fine = self.alpha > 0 and 0 < self.rate < 2 and self.slower >= 0
        if not fine or min(self.steps, self.examples - 1, self.dimensions - 1) < 1:
            raise BadInput(
                "a horizon needs a positive alpha, a rate between 0 and 2, a step, 2 examples, 2 dimensions and no "
                f"negative times, got {self}."
            )
        _ = self.network  # refuses what it cannot use

    def frozen(self) -> "LazyHorizon":
        """The twin with frozen features."""
        return dataclasses.replace(self, dynamics="linearised")

    @property
    def network(self) -> UniformMLP:
        """Each of its copies."""
        return uniform_network(self.width, 1, "erf", "ntk")

    @property
    def task(self) -> Task:
        """Inputs, and of digits the targets; it is tested on nothing."""
        kind = "digits" if self.target == "digits" else "two directions"
        return drawn_task(kind, self.seed, self.examples, 0, dimensions=self.dimensions, activation="erf")

    @property
    def units(self) -> Mapping[str, str]:
        return dict.fromkeys(("gap", "displacement", "left"), "1")

    def readings(self) -> Iterator[Found]:
        """What is found at times that grow as a geometric series, the last of them T."""
        start = self._start()
        first = start.moment()
        first = dataclasses.replace(first, rate=self.rate * self.examples / float(start.values[-1]))
        marks = sorted({round(self.steps ** (k / READINGS)) for k in range(READINGS + 1)})
        for elapsed, now in _timed(start.trained(first, MOST * self.steps)):
            if not math.isfinite(now.loss):
                break
            ended = now.loss <= FLOOR * first.loss
            while marks and (ended or elapsed >= marks[0]):
                left = math.sqrt(now.loss / first.loss)
                yield Found(marks.pop(0), {"gap": now.gap, "displacement": start.displacement(now), "left": left})
            if not marks:
                return
        yield Found(marks[0] - 1, {}, diverged=True)

    def _start(self) -> Start:
        """Where the network begins, with the targets that it is given."""
        generator = stream(self.seed, "initialisation")
        symmetric, frozen = self.start == "symmetric", self.dynamics == "linearised"
        made = Start.of(self.network, self.task, generator, alpha=self.alpha, symmetric=symmetric, frozen=frozen)
        parts = made.vectors.mT @ made.task.targets
        if self.target == "every mode":
            parts = 2.0 * torch.randint(2, parts.shape, generator=stream(self.seed, "signs")).double() - 1
        slow = made.values * self.slower <= made.values[-1]
        if not slow.any():
            raise BadInput(f"no mode takes a time of {self.slower}: the slowest, {made.values[-1] / made.values[0]}.")
        targets = made.vectors @ (parts * slow)
        targets = targets / targets.square().mean().sqrt()
        return dataclasses.replace(made, task=dataclasses.replace(made.task, targets=targets))


def _timed(moments: Iterator[Moment]) -> Iterator[tuple[float, Moment]]:
    """Moments with the time before each, in units of the first one's rate; exact, as rates are only ever halved."""
    first = next(moments)
    elapsed = 0.0
    yield elapsed, first
    for now in moments:
        elapsed += now.rate / first.rate
        yield elapsed, now
