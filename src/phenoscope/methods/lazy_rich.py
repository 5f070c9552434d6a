"""A network whose outputs are multiplied by α, trained until it fits: the dial between lazy and rich training."""

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
from phenoscope.methods.dial_tasks import TARGETS, Task, drawn_task
from phenoscope.methods.initial_kernel import classed_digits, uniform_network
from phenoscope.methods.lazy_descent import Moment, Start, limit_test_error
from phenoscope.methods.learned_features import SERIES, learned_features
from phenoscope.models import CNN, UniformMLP

STARTS = ("symmetric", "subtracted")
MODELS = ("dense", "convolution")
SCALINGS = ("ntk", "mean field")
SIDE = 8
"""Of a digit, in pixels."""
TOGETHER = ("ensemble test error", "limit test error")
REGRESSED = ("start kernel test error", "end kernel test error")
READINGS = 50
"""Of the loss along training, at most."""


@spec
class LazyRich:
    """Gradient descent on the loss ½ ‖α f - y‖²/(N α²), from f = 0, until it is a fraction `fit` of the first one.

    The division by α² makes the outputs move as fast at any α. The network is in the NTK parametrisation; symmetric, it
    is the difference of two copies over √2, and subtracted, one network less its outputs at the start. The rate is half
    of N/λ, with λ the largest eigenvalue of K₀, and is halved again wherever the loss would rise: in rich training
    kernels grow many times over. Beside it runs the linearisation, with the same rates.

    Series, at the end: "displacement", ‖θ - θ₀‖/‖θ₀‖; "kernel change", ‖K - K₀‖/‖K₀‖; "alignment" of K with the
    targets; "gap", the largest distance along training of the outputs from those of the linearisation, over ‖y‖;
    "test error" and "linear test error", mean squares over that of the test targets; "train error", the same of what is
    left to fit. Along training "loss", over that at the start. For convolutions also those of `learned_features`, of
    the last hidden layer on the digits tested on; and if asked for, "start kernel test error" and "end kernel test
    error", those of regression with K₀ and K, with the ridge that is best on the tested examples: to the kernels'
    advantage. Of several networks also "ensemble test error", that of their mean outputs, and "limit test error", of
    the infinitely wide lazy network with the same training error.

    Sources: Chizat et al. 2018, arXiv:1812.07956; Geiger et al. 2019, arXiv:1906.08034.

    Attributes:
        seed: of the network and the data.
        steps: at most.
        alpha: α.
        width: of the hidden layer, of each copy; channels of both layers of convolutions.
        activation: "relu" or "erf".
        start: "symmetric" or "subtracted".
        target: "two directions", |x₁| - |x₂|; "isotropic", a draw of the Gaussian process whose covariance is the
            tangent kernel of the infinitely wide network, for which no estimate beats that kernel's on average; both
            on the sphere; or "digits", even or odd.
        dimensions: of the sphere's space.
        examples: trained on.
        tested: other examples.
        fit: the fraction of the first loss at which it stops.
        model: "dense", or "convolution" for two layers of convolution and pooling, on digits.
        regress: whether the kernels at the start and at the end are tried on the tested examples, too.
        dynamics: "network", or "linearised": the linearisation itself is what is read, so that its kernel and its
            features stay as they are, and its gap is 0.
        scaling: of the outputs beside α: "ntk", the network's own, or "mean field", divided by the root of the width
            once more.
        networks: drawn and trained one after the other on one task; readings are means over them.
    """

    seed: int = 0
    steps: int = 3000
    alpha: float = 1.0
    width: int = 128
    activation: str = "relu"
    start: str = "symmetric"
    target: str = "two directions"
    dimensions: int = 10
    examples: int = 100
    tested: int = 400
    fit: float = 0.003
    model: str = "dense"
    regress: bool = False
    dynamics: str = "network"
    scaling: str = "ntk"
    networks: int = 1

    later = ("model", "regress", "dynamics", "scaling", "networks")

    def __post_init__(self) -> None:
        one_of("start", self.start, STARTS)
        one_of("target", self.target, TARGETS)
        counts = (self.steps, self.examples - 1, self.tested, self.dimensions - 1)
        if not (self.alpha > 0 and 0 < self.fit < 1) or min(counts) < 1:
            raise BadInput(
                "lazy and rich training need a positive alpha, a fit between 0 and 1, a step, 2 examples, 2 dimensions "
                f"and an example to test on, got {self}."
            )
        one_of("model", self.model, MODELS)
        one_of("dynamics", self.dynamics, ("network", "linearised"))
        one_of("scaling", self.scaling, SCALINGS)
        if self.networks < 1 or (self.networks > 1 and self.model != "dense"):
            raise BadInput(f"several networks are dense ones, and one is the least, got {self}.")
        if self.model == "convolution" and (self.target != "digits" or self.tested < 40):
            raise BadInput(
                f'convolutions see images, and their features are read on 40 at least: use target="digits", got {self}.'
            )
        _ = self.network  # refuses what it cannot use

    def frozen(self) -> "LazyRich":
        """The twin with frozen features."""
        return dataclasses.replace(self, dynamics="linearised")

    @property
    def network(self) -> UniformMLP | CNN:
        """Each of its copies."""
        if self.model == "dense":
            return uniform_network(self.width, 1, self.activation, "ntk")
        return CNN((self.width, self.width), activation=self.activation, bias=False, parametrisation="ntk")

    @property
    def task(self) -> Task:
        """What it is trained and tested on."""
        sizes = {"dimensions": self.dimensions, "activation": self.activation}
        made = drawn_task(self.target, self.seed, self.examples, self.tested, **sizes)
        if self.model == "dense":
            return made
        images = {name: getattr(made, name).unflatten(1, (SIDE, SIDE)) for name in ("inputs", "others")}
        return dataclasses.replace(made, **images)

    @property
    def units(self) -> Mapping[str, str]:
        ends = ("displacement", "kernel change", "alignment", "gap", "test error", "linear test error", "train error")
        more = (*(SERIES if self.model == "convolution" else ()), *(REGRESSED if self.regress else ()))
        more = (*more, *(TOGETHER if self.networks > 1 else ()))
        return dict.fromkeys(("loss", *ends, *more), "1")

    def readings(self) -> Iterator[Found]:
        """The loss along training, of the first network, and the rest at the end, of all."""
        task, ends, outputs = self.task, [], []
        for number in range(self.networks):
            start = self._start(task, number)
            first = last = start.moment()
            for step, last in enumerate(start.trained(first, self.steps)):
                if not math.isfinite(last.loss):
                    yield Found(step, {}, diverged=True)
                    return
                if number == 0 and step % math.ceil(self.steps / READINGS) == 0:
                    yield Found(step, {"loss": last.loss / first.loss})
                if last.loss <= self.fit * first.loss:
                    break
            ends.append(self._end(start, first, last))
            outputs.append(start.tested(last))
        means = {name: float(np.mean([end[name] for end in ends])) for name in ends[0]}
        if self.networks > 1:
            apart = torch.stack(outputs).mean(0) - task.truth
            together = float(apart.square().mean() / task.truth.square().mean())
            means |= dict(zip(TOGETHER, (together, limit_test_error(task, self.activation, self.fit)), strict=True))
        yield Found(self.steps, means)

    def _start(self, task: Task, number: int) -> Start:
        """Where one of the networks begins."""
        generator = stream(self.seed, "initialisation", *([number] if number else []))
        alpha = self.alpha * (self.width**-0.5 if self.scaling == "mean field" else 1.0)
        symmetric, frozen = self.start == "symmetric", self.dynamics == "linearised"
        return Start.of(self.network, task, generator, alpha=alpha, symmetric=symmetric, frozen=frozen)

    def _end(self, start: Start, first: Moment, last: Moment) -> dict[str, float]:
        """What is said of one network."""
        said = start.found(last)
        if self.regress:
            said |= dict(zip(REGRESSED, map(start.regressed, (first, last)), strict=True))
        if self.model == "convolution":
            classes = classed_digits(self.seed, self.examples + self.tested)[1][self.examples :]
            said |= learned_features(start.features(first), start.features(last), classes)
        return {"loss": last.loss / first.loss} | said
