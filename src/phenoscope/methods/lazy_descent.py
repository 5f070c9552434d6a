"""Descent on a network whose outputs are multiplied by α, and its linearisation beside it."""

import dataclasses
import math
from collections.abc import Iterator

import torch
from jaxtyping import Float
from scipy.optimize import brentq
from torch import Generator, Tensor

from phenoscope.core.points import point, write
from phenoscope.instruments import empirical_ntk, kernel_alignment, kernel_change
from phenoscope.methods.dial_tasks import Task
from phenoscope.methods.initial_kernel import Difference, limit
from phenoscope.models import CNN, UniformMLP
from phenoscope.models.layers import Classifier
from phenoscope.theory import infinite_kernel

RATE = 0.5
"""In units of N/λ, λ the largest eigenvalue of K₀."""
HALVINGS = 60
"""Of the rate in one step, at most."""


@dataclasses.dataclass(frozen=True)
class Moment:
    """Where training stands.

    Attributes:
        point: θ.
        outputs: α f of what is trained on.
        loss: ½ mean square of what is left of the targets.
        slope: the gradient of loss/α².
        rate: of the next step.
        left: of the linearisation, what is left to fit, along the eigenvectors of K₀.
        taken: Σ rate/N times what was left: its coefficients on kernel functions, along the same.
        gap: the largest distance from the linearisation so far, over that of the targets from 0.
    """

    point: Tensor
    outputs: Tensor
    loss: float
    slope: Tensor
    rate: float
    left: Tensor
    taken: Tensor
    gap: float = 0.0


@dataclasses.dataclass(frozen=True)
class Start:
    """A network at its start; `zero` are its outputs on all inputs, and `across` is the kernel of the tested ones."""

    alpha: float
    frozen: bool
    task: Task
    model: Difference | Classifier
    point: Tensor
    zero: Tensor
    kernel: Float[Tensor, "n n"]
    across: Float[Tensor, "m n"]
    values: Float[Tensor, " n"]
    vectors: Float[Tensor, "n n"]

    @staticmethod
    def of(
        network: UniformMLP | CNN, task: Task, generator: Generator, *, alpha: float, symmetric: bool, frozen: bool
    ) -> "Start":
        """Of a network that is drawn, less a copy if it is symmetric."""
        sizes = {"inputs": task.inputs.shape[1:], "outputs": 1, "dtype": torch.float64}
        state = generator.get_state()
        one = network.build(generator, **sizes)
        model = Difference(one, network.build(generator.set_state(state), **sizes)) if symmetric else one
        both = torch.cat([task.inputs, task.others])
        with torch.no_grad():
            zero = model(both)[:, 0]
        kernels = empirical_ntk(model, both, task.inputs, outputs="trace").matrix
        kernel, across = kernels.split((len(task.inputs), len(task.others)))
        kernel = (kernel + kernel.mT) / 2
        return Start(alpha, frozen, task, model, point(model), zero, kernel, across, *torch.linalg.eigh(kernel))

    def moment(self) -> Moment:
        """The start."""
        rate = RATE * len(self.task.inputs) / float(self.values[-1])
        left = self.vectors.mT @ self.task.targets
        return Moment(self.point, *self._at(self.point), rate, left, torch.zeros_like(left))

    def trained(self, now: Moment, steps: int) -> Iterator[Moment]:
        """From a moment on, each one until that many steps are made."""
        yield now
        for _ in range(steps):
            now = self._linear(now) if self.frozen else self._next(now)
            yield now

    def _next(self, now: Moment) -> Moment:
        """One step, with the first rate that does not raise the loss; the linearisation takes it, too."""
        rate, here, outputs, loss, slope = now.rate, now.point, now.outputs, now.loss, now.slope
        for _ in range(HALVINGS):
            here = now.point - rate * now.slope
            outputs, loss, slope = self._at(here)
            if not loss > now.loss:
                break
            rate /= 2
        step = rate / len(outputs)
        left, taken = now.left * (1 - step * self.values), now.taken + step * now.left
        apart = outputs - (self.task.targets - self.vectors @ left)
        gap = max(now.gap, float(apart.norm() / self.task.targets.norm()))
        return Moment(here, outputs, loss, slope, rate, left, taken, gap)

    def _linear(self, now: Moment) -> Moment:
        """One step of the linearisation, whose outputs its kernel decides; it has no point of its own."""
        step = now.rate / len(now.outputs)
        left, taken = now.left * (1 - step * self.values), now.taken + step * now.left
        outputs, loss = self.task.targets - self.vectors @ left, float(left.square().sum()) / (2 * len(left))
        return dataclasses.replace(now, outputs=outputs, loss=loss, left=left, taken=taken)

    def _at(self, here: Tensor) -> tuple[Tensor, float, Tensor]:
        """Outputs, loss and slope at a point, where the model stands afterwards."""
        write(here, self.model)
        n = len(self.task.inputs)
        made = self.alpha * (self.model(self.task.inputs)[:, 0] - self.zero[:n])
        loss = (made - self.task.targets).square().sum() / (2 * n)
        slopes = torch.autograd.grad(loss / self.alpha**2, list(self.model.parameters()))
        return made.detach(), float(loss.detach()), torch.cat([slope.flatten() for slope in slopes])

    def features(self, moment: Moment) -> Tensor:
        """What the last hidden layer makes of the inputs tested on; of two copies, which begin alike, the first."""
        write(moment.point, self.model)
        copy = self.model.one if isinstance(self.model, Difference) else self.model
        with torch.no_grad():
            return copy.features(self.task.others)

    def regressed(self, moment: Moment) -> float:
        """The least test error of regression with the kernel at a moment, over the mean square of the targets."""
        write(moment.point, self.model)
        task, n = self.task, len(self.task.inputs)
        both = empirical_ntk(self.model, torch.cat([task.inputs, task.others]), task.inputs, outputs="trace").matrix
        values, vectors = torch.linalg.eigh((both[:n] + both[:n].mT) / 2)
        ridges = values[-1] * torch.logspace(-9, 0, 28, dtype=values.dtype)
        solved = vectors @ ((vectors.mT @ task.targets)[:, None] / (values.clamp_min(0)[:, None] + ridges))
        errors = (both[n:] @ solved - task.truth[:, None]).square().mean(0) / task.truth.square().mean()
        return float(errors.min())

    def tested(self, last: Moment) -> Float[Tensor, " m"]:
        """α f of what is tested on, of the network or of the linearisation that is in its place."""
        if self.frozen:
            return self._linear_tested(last)
        write(last.point, self.model)
        with torch.no_grad():
            return self.alpha * (self.model(self.task.others)[:, 0] - self.zero[len(self.task.inputs) :])

    def _linear_tested(self, last: Moment) -> Float[Tensor, " m"]:
        return self.across @ (self.vectors @ last.taken)

    def displacement(self, moment: Moment) -> float:
        """‖θ - θ₀‖/‖θ₀‖, of the network or of the linearisation that is in its place."""
        if self.frozen:  # Δ = Jᵀ V t/α, and J Jᵀ = V Λ Vᵀ
            moved = (moment.taken.square() * self.values).sum().sqrt() / self.alpha
        else:
            moved = (moment.point - self.point).norm()
        return float(moved / self.point.norm())

    def found(self, last: Moment) -> dict[str, float]:
        """What is said of the whole, at its end."""
        task, size, now = self.task, self.task.truth.square().mean(), self.kernel
        if not self.frozen:
            write(last.point, self.model)
            now = empirical_ntk(self.model, task.inputs, outputs="trace").matrix
        return {
            "displacement": self.displacement(last),
            "kernel change": kernel_change(self.kernel, now),
            "alignment": kernel_alignment(now, task.targets),
            "gap": last.gap,
            "test error": float((self.tested(last) - task.truth).square().mean() / size),
            "linear test error": float((self._linear_tested(last) - task.truth).square().mean() / size),
            "train error": float((last.outputs - task.targets).square().mean()),
        }


def limit_test_error(task: Task, activation: str, fit: float) -> float:
    """The test error of the infinitely wide lazy network, stopped where a fraction of the first loss is left."""
    n = len(task.inputs)
    kernel = infinite_kernel(limit(1, activation), torch.cat([task.inputs, task.others]))
    values, vectors = torch.linalg.eigh(kernel[:n, :n])
    held = vectors.mT @ task.targets

    def missing(log_time: float) -> float:
        left = held.square() * torch.exp(-2 * values * math.exp(log_time))
        return float(left.sum() / held.square().sum()) - fit

    shortest, longest = -math.log(float(values[-1])) - 20, -math.log(float(values[0])) + 20
    time = math.exp(brentq(missing, shortest, longest))  # type: ignore[arg-type]  # a root, as no report is asked for
    foretold = kernel[n:, :n] @ vectors @ (-torch.expm1(-values * time) / values * held)
    return float((foretold - task.truth).square().mean() / task.truth.square().mean())
