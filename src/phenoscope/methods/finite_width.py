"""Trained networks of finite width beside what infinite width makes of the same data, in closed form."""

import dataclasses
from collections.abc import Iterator, Mapping

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.stats import spearmanr
from torch import Tensor, nn
from torch.nn.functional import one_hot

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.data import dataset
from phenoscope.instruments import empirical_ntk
from phenoscope.methods.computation import Found
from phenoscope.methods.initial_kernel import limit
from phenoscope.methods.timed_descent import descend_for
from phenoscope.models import UniformMLP
from phenoscope.objective.evaluation.expanded import Linearised
from phenoscope.theory import Posterior, infinite_kernel, posterior

CLASSES = 10
MORE = 4
"""How many times the steps asked for there may be, where rates are halved."""
PREDICTORS = ("network", "ensemble", "kernel", "foretold", "process")


@spec
class FiniteWidth:
    """Networks trained to tell digits apart by squared error, beside the two Gaussian processes of infinite width.

    Targets are 1 for the class less 1/10. ReLU networks without biases are trained by full-batch gradient descent, with
    a rate in units of N/λ, λ the largest eigenvalue of each one's tangent kernel at its start (the mean over outputs),
    halved wherever the loss would rise; with more steps then, so that training lasts as long (rate times steps), but
    four times as many at most.

    Series, at the end, on other digits: "... error", the share of wrong classes, and "... squared error", in parts of
    the targets' mean square; each for "network" (mean over networks), "ensemble" (of their mean outputs), "kernel"
    (regression with the limiting tangent kernel), "foretold" (the same stopped when the networks are) and "process"
    (the posterior mean of the Gaussian process). "train squared error" of the networks. "distance" of a network's
    outputs from those foretold, over the length of these, root mean square over networks, and "ensemble distance".
    "spread", the variance of the outputs between networks, and "foretold spread". Of the process: "doubt order", the
    rank correlation of an example's variance and squared error, and "doubt order before data", that of the variance
    before the data were seen; "calibration", mean squared error over mean variance when the prior's scale is that which
    makes the training targets most likely, and "calibration as drawn", with the scale of the network.

    Sources: Lee et al. 2018, arXiv:1711.00165; Lee et al. 2019, arXiv:1902.06720; Lee et al. 2020, arXiv:2007.15801.

    Attributes:
        seed: of the networks and the choice of digits.
        steps: of gradient descent, at the rate that it begins with.
        width: of the hidden layers.
        depth: hidden layers.
        parametrisation: "ntk", "standard" or "maximal update".
        start: "drawn", or "centred": each network's outputs at its start are taken off.
        examples: digits trained on.
        tested: other digits.
        networks: trained one after the other.
        rate: η λ/N; gradient descent on the limit is stable below 2.
        dynamics: "network", or "linearised" for its Taylor expansion.
    """

    seed: int = 0
    steps: int = 1000
    width: int = 64
    depth: int = 2
    parametrisation: str = "ntk"
    start: str = "drawn"
    examples: int = 200
    tested: int = 500
    networks: int = 4
    rate: float = 0.5
    dynamics: str = "network"

    def __post_init__(self) -> None:
        one_of("start", self.start, ("drawn", "centred"))
        one_of("dynamics", self.dynamics, ("network", "linearised"))
        _ = self._network  # refuses what it cannot use
        if not 0 < self.rate < 2 or min(self.steps, self.examples - 1, self.tested - 1, self.networks - 1) < 1:
            raise BadInput(
                "finite beside infinite width needs a rate between 0 and 2, steps, 2 examples, 2 to test on and 2 "
                f"networks, got {self}."
            )

    @property
    def _network(self) -> UniformMLP:
        return UniformMLP(self.width, self.depth, "relu", False, "he", parametrisation=self.parametrisation)

    def frozen(self) -> "FiniteWidth":
        """The twin with frozen features."""
        return dataclasses.replace(self, dynamics="linearised")

    @property
    def units(self) -> Mapping[str, str]:
        errors = [f"{name} {what}" for name in PREDICTORS for what in ("error", "squared error")]
        apart = ("train squared error", "distance", "ensemble distance", "spread", "foretold spread")
        doubts = ("doubt order", "doubt order before data", "calibration", "calibration as drawn")
        return dict.fromkeys((*errors, *apart, *doubts), "1")

    def readings(self) -> Iterator[Found]:
        """One finding, once all networks are trained."""
        task, generator = _Task.of(self), stream(self.seed, "initialisation")
        outputs = []
        for number in range(self.networks):
            model = self._network.build(generator, inputs=task.inputs.shape[1:], outputs=CLASSES)
            outputs.append(_trained(self, model, task))
            if not bool(torch.isfinite(outputs[-1]).all()):
                yield Found(self.steps * number // self.networks, {}, diverged=True)
                return
            if number + 1 < self.networks:
                yield Found(self.steps * (number + 1) // self.networks, {})
        yield Found(self.steps, _said(self, task, torch.stack(outputs)))


@dataclasses.dataclass(frozen=True)
class _Task:
    """Digits, those trained on before those tested on."""

    inputs: Float[Tensor, "a d"]
    labels: Int[Tensor, " a"]
    targets: Float[Tensor, "a k"]

    @staticmethod
    def of(spec: FiniteWidth) -> "_Task":
        drawn = dataset("digits", train=spec.examples + spec.tested, flat=True).draw(stream(spec.seed, "data", 0)).train
        targets = one_hot(drawn.targets, CLASSES).double() - 1 / CLASSES
        return _Task(drawn.inputs.double(), drawn.targets, targets)


class _Centred(nn.Module):
    """A network less its outputs at the start on the inputs that it is asked for first."""

    def __init__(self, network: nn.Module, inputs: Tensor) -> None:
        super().__init__()
        self.network = network
        with torch.no_grad():
            self.zero = network(inputs)

    def forward(self, inputs: Tensor) -> Tensor:
        """Of these inputs, or the first so many of them."""
        return self.network(inputs) - self.zero[: len(inputs)]


def _trained(spec: FiniteWidth, network: nn.Module, task: _Task) -> Float[Tensor, "a k"]:
    """Outputs on all digits once training has ended; in float32, as networks are trained."""
    n, inputs = spec.examples, task.inputs.float()
    kernel = empirical_ntk(network, inputs[:n], outputs="trace").matrix / CLASSES
    rate = spec.rate * n / float(torch.linalg.eigvalsh(kernel.double())[-1])
    model = Linearised(network) if spec.dynamics == "linearised" else network
    model = _Centred(model, inputs) if spec.start == "centred" else model
    time, most = rate * spec.steps, MORE * spec.steps
    descend_for(model, inputs[:n], task.targets[:n].float(), time=time, rate=rate, most=most)
    with torch.no_grad():
        return model(inputs).double()


def _said(spec: FiniteWidth, task: _Task, outputs: Float[Tensor, "e a k"]) -> dict[str, float]:
    """All series, from what the networks have become."""
    n, layers = spec.examples, limit(spec.depth, "relu")
    tangent, prior = (infinite_kernel(layers, task.inputs, kind=kind) for kind in ("ntk", "nngp"))
    time = spec.steps * spec.rate * n / float(torch.linalg.eigvalsh(tangent[:n, :n])[-1])
    random = prior if spec.start == "drawn" else torch.zeros_like(prior)  # outputs at the start
    known = task.targets[:n]
    foretold, kernel = posterior(tangent, random, known, time), posterior(tangent, prior, known)
    process = posterior(tangent, prior, known, frozen_body=True)
    tested, size = outputs[:, n:], float(foretold.mean.norm())
    apart = (tested - foretold.mean).square().sum((1, 2)).mean().sqrt()
    own = [_errors(task, n, each) for each in tested]
    means = {
        "network": np.mean(own, axis=0).tolist(),
        "ensemble": _errors(task, n, tested.mean(0)),
        "kernel": _errors(task, n, kernel.mean),
        "foretold": _errors(task, n, foretold.mean),
        "process": _errors(task, n, process.mean),
    }
    errors = {f"{name} {what}": value for name, (wrong, squared) in means.items()
              for what, value in (("error", wrong), ("squared error", squared))}  # fmt: skip
    return errors | {
        "train squared error": float((outputs[:, :n] - known).square().mean() / known.square().mean()),
        "distance": float(apart) / size,
        "ensemble distance": float((tested.mean(0) - foretold.mean).norm()) / size,
        "spread": float(tested.var(0).mean()),
        "foretold spread": float(foretold.covariance.diagonal().mean()),
        **_doubts(process, prior, task.targets, n),
    }


def _errors(task: _Task, n: int, outputs: Float[Tensor, "m k"]) -> tuple[float, float]:
    """The share of wrong classes, and the squared error in parts of the targets' mean square."""
    wrong = outputs.argmax(1) != task.labels[n:]
    targets = task.targets[n:]
    return float(wrong.double().mean()), float((outputs - targets).square().mean() / targets.square().mean())


def _doubts(process: Posterior, prior: Tensor, targets: Tensor, n: int) -> dict[str, float]:
    """What the variance of the process is worth."""
    squared = (process.mean - targets[n:]).square().mean(1)
    variance, before = process.covariance.diagonal(), prior.diagonal()[n:]
    # the scale s of the prior s Σ under which the training targets are most likely
    scale = (targets[:n] * torch.linalg.solve(prior[:n, :n], targets[:n])).mean()
    return {
        "doubt order": _rank_correlation(variance, squared),
        "doubt order before data": _rank_correlation(before, squared),
        "calibration": float(squared.mean() / (scale * variance.mean())),
        "calibration as drawn": float(squared.mean() / variance.mean()),
    }


def _rank_correlation(one: Tensor, other: Tensor) -> float:
    return float(np.asarray(spearmanr(one.numpy(), other.numpy())[0]))
