"""A network whose outputs are multiplied by α, trained until it fits: the dial between lazy and rich training."""

import dataclasses
import math
from collections.abc import Iterator, Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.points import point, write
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.instruments import empirical_ntk, kernel_alignment, kernel_change
from phenoscope.methods.computation import Found
from phenoscope.methods.initial_kernel import digits, limit, uniform_network
from phenoscope.theory import infinite_kernel

TARGETS = ("two directions", "isotropic", "digits")
STARTS = ("symmetric", "subtracted")
GROWTH, FIRST = 1.0, 0.5
"""By how much the rate grows after a step that lowers the loss; and the first rate, in units of N/λ of K₀."""


@spec
class LazyRich:
    """Gradient descent on the loss ½ ‖α f - y‖²/(N α²), from f = 0, until it is a fraction `fit` of the first one.

    The division by α² makes the outputs move as fast at any α. The network is in the NTK parametrisation; symmetric, it
    is the difference of two copies over √2, and subtracted, one network less its outputs at the start. The rate is
    halved where the loss would rise, and grows by a twentieth after each other step, so that rich training, in which
    kernels grow many times over, stays close to the flow. Beside it runs the linearisation, with the same rates.

    Series, at the end: "displacement", ‖θ - θ₀‖/‖θ₀‖; "kernel change", ‖K - K₀‖/‖K₀‖; "alignment" of K with the
    targets; "gap", the largest distance along training of the outputs from those of the linearisation, over ‖y‖;
    "test error" and "linear test error", mean squares over that of the test targets; "train error", the same of what is
    left to fit. Along training "loss", over that at the start.

    Sources: Chizat et al. 2018, arXiv:1812.07956; Geiger et al. 2019, arXiv:1906.08034.

    Attributes:
        seed: of the network and the data.
        steps: at most.
        alpha: α.
        width: of the hidden layer, of each copy.
        activation: "relu" or "erf".
        start: "symmetric" or "subtracted".
        target: "two directions", |x₁| - |x₂|; "isotropic", a draw of the Gaussian process whose covariance is the
            tangent kernel of the infinitely wide network, for which no estimate beats that kernel's on average; both
            on the sphere; or "digits", even or odd.
        dimensions: of the sphere's space.
        examples: trained on.
        tested: other examples.
        fit: the fraction of the first loss at which it stops.
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

    def __post_init__(self) -> None:
        one_of("start", self.start, STARTS)
        one_of("target", self.target, TARGETS)
        counts = (self.steps, self.examples - 1, self.tested, self.dimensions - 1)
        if not (self.alpha > 0 and 0 < self.fit < 1) or min(counts) < 1:
            raise BadInput(
                "lazy and rich training need a positive alpha, a fit between 0 and 1, a step, 2 examples and dimensions, "
                f"and an example to test on; got {self}."
            )
        uniform_network(self.width, 1, self.activation, "ntk")  # refuses what it cannot use

    @property
    def units(self) -> Mapping[str, str]:
        ends = ("displacement", "kernel change", "alignment", "gap", "test error", "linear test error", "train error")
        return dict.fromkeys(("loss", *ends), "1")

    def readings(self) -> Iterator[Found]:
        """The loss along training, and the rest at its end."""
        task, training = _task(self), None
        training = _Training.of(self, task)
        level = self.fit * training.loss
        first = training.loss
        for step in range(self.steps):
            if step % max(1, self.steps // 50) == 0:
                yield Found(step, {"loss": training.loss / first})
            if training.loss <= level:
                break
            training.advance()
            if not math.isfinite(training.loss):
                yield Found(step + 1, {}, diverged=True)
                return
        yield Found(self.steps, {"loss": training.loss / first} | training.found())


@dataclasses.dataclass(frozen=True)
class _Task:
    """Inputs trained on and tested on, and their targets; the train targets have mean square 1."""

    inputs: Tensor
    others: Tensor
    targets: Float[Tensor, " n"]
    truth: Float[Tensor, " m"]


def _task(spec: LazyRich) -> _Task:
    count, generator = spec.examples + spec.tested, stream(spec.seed, "data")
    if spec.target == "digits":
        inputs, targets = digits(spec.seed, count)
    else:
        drawn = torch.randn(count, spec.dimensions, generator=generator, dtype=torch.float64)
        inputs = math.sqrt(spec.dimensions) * drawn / drawn.norm(dim=1, keepdim=True)
        targets = inputs[:, 0].abs() - inputs[:, 1].abs()
        if spec.target == "isotropic":
            kernel = infinite_kernel(limit(1, spec.activation), inputs)
            values, vectors = torch.linalg.eigh(kernel)
            normal = torch.randn(count, generator=generator, dtype=torch.float64)
            targets = vectors @ (values.clamp_min(0).sqrt() * normal)
    n = spec.examples
    targets = targets / targets[:n].square().mean().sqrt()
    return _Task(inputs[:n], inputs[n:], targets[:n], targets[n:])


class _Difference(nn.Module):
    """(g(x; θ₁) - g(x; θ₂))/√2, zero where the two copies are equal."""

    def __init__(self, one: nn.Module, other: nn.Module) -> None:
        super().__init__()
        self.one, self.other = one, other

    def forward(self, inputs: Tensor) -> Tensor:
        return (self.one(inputs) - self.other(inputs)) / math.sqrt(2)


class _Training:
    """Where training stands: the network, and the outputs of its linearisation along the eigenvectors of K₀."""

    def __init__(self, spec: LazyRich, task: _Task, model: nn.Module) -> None:
        self.alpha, self.task, self.model = spec.alpha, task, model
        both = torch.cat([task.inputs, task.others])
        with torch.no_grad():
            self.zero = model(both)[:, 0]
        self.start = point(model)
        kernels = empirical_ntk(model, both, task.inputs, outputs="trace").matrix
        self.kernel, self.across = kernels.split((len(task.inputs), len(task.others)))
        self.kernel = (self.kernel + self.kernel.mT) / 2
        self.values, self.vectors = torch.linalg.eigh(self.kernel)
        self.left = self.vectors.mT @ task.targets  # of the linearisation, what is left to fit
        self.taken = torch.zeros_like(self.left)  # Σ η times what was left: its coefficients on kernel functions
        self.rate = FIRST * len(task.inputs) / float(self.values[-1])
        self.gap = 0.0
        self.loss, self.slope = self._at(self.start)

    @staticmethod
    def of(spec: LazyRich, task: _Task) -> "_Training":
        made = uniform_network(spec.width, 1, spec.activation, "ntk")
        copies = [
            made.build(stream(spec.seed, "initialisation"), inputs=task.inputs.shape[1:], outputs=1, dtype=torch.float64)
            for _ in range(2)
        ]
        return _Training(spec, task, _Difference(*copies) if spec.start == "symmetric" else copies[0])

    def advance(self) -> None:
        """One step that lowers the loss; the linearisation takes it, too."""
        here = point(self.model)
        for _ in range(60):
            write(here - self.rate * self.slope, self.model)
            loss, slope = self._at(None)
            if loss <= self.loss:
                break
            self.rate /= 2
        step = self.rate / len(self.task.inputs)
        self.taken = self.taken + step * self.left
        self.left = self.left * (1 - step * self.values)
        self.loss, self.slope = loss, slope
        self.rate *= GROWTH
        apart = self.outputs() - (self.task.targets - self.vectors @ self.left)
        self.gap = max(self.gap, float(apart.norm() / self.task.targets.norm()))

    def outputs(self) -> Tensor:
        """α f on what is trained on."""
        return self._made

    def _at(self, where: Tensor | None) -> tuple[float, Tensor]:
        """Loss (of α f, without the 1/α²) and what the rate multiplies, at a point or where the model stands."""
        if where is not None:
            write(where, self.model)
        n = len(self.task.inputs)
        made = self.alpha * (self.model(self.task.inputs)[:, 0] - self.zero[:n])
        loss = (made - self.task.targets).square().sum() / (2 * n)
        slopes = torch.autograd.grad(loss / self.alpha**2, list(self.model.parameters()))
        self._made = made.detach()
        return float(loss.detach()), torch.cat([slope.flatten() for slope in slopes])

    def found(self) -> dict[str, float]:
        """What is said of the whole."""
        task, n = self.task, len(self.task.inputs)
        now = empirical_ntk(self.model, task.inputs, outputs="trace").matrix
        with torch.no_grad():
            tested = self.alpha * (self.model(task.others)[:, 0] - self.zero[n:])
        linear = self.across @ (self.vectors @ self.taken)
        size = task.truth.square().mean()
        return {
            "displacement": float((point(self.model) - self.start).norm() / self.start.norm()),
            "kernel change": kernel_change(self.kernel, now),
            "alignment": kernel_alignment(now, task.targets),
            "gap": self.gap,
            "test error": float((tested - task.truth).square().mean() / size),
            "linear test error": float((linear - task.truth).square().mean() / size),
            "train error": float((self._made - task.targets).square().mean()),
        }
