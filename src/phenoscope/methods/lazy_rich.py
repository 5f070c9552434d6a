"""A network whose outputs are multiplied by α, trained until it fits: the dial between lazy and rich training."""

import dataclasses
import math
from collections.abc import Iterator, Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.points import point, write
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.instruments import empirical_ntk, kernel_alignment, kernel_change
from phenoscope.methods.computation import Found
from phenoscope.methods.dial_tasks import TARGETS, Task, drawn_task
from phenoscope.methods.initial_kernel import Difference, classed_digits, uniform_network
from phenoscope.methods.learned_features import SERIES, learned_features
from phenoscope.models import CNN, UniformMLP
from phenoscope.models.layers import Classifier

STARTS = ("symmetric", "subtracted")
MODELS = ("dense", "convolution")
SIDE = 8
"""Of a digit, in pixels."""
REGRESSED = ("start kernel test error", "end kernel test error")
RATE = 0.5
"""In units of N/λ, λ the largest eigenvalue of K₀."""
HALVINGS = 60
"""Of the rate in one step, at most."""
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
    advantage.

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

    later = ("model", "regress", "dynamics")

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
        return dict.fromkeys(("loss", *ends, *more), "1")

    def readings(self) -> Iterator[Found]:
        """The loss along training, and the rest at its end."""
        start = _Start.of(self)
        first = last = start.moment()
        for step, last in enumerate(start.trained(first, self.steps)):
            if not math.isfinite(last.loss):
                yield Found(step, {}, diverged=True)
                return
            if step % math.ceil(self.steps / READINGS) == 0:
                yield Found(step, {"loss": last.loss / first.loss})
            if last.loss <= self.fit * first.loss:
                break
        said = start.found(last)
        if self.regress:
            said |= dict(zip(REGRESSED, map(start.regressed, (first, last)), strict=True))
        if self.model == "convolution":
            classes = classed_digits(self.seed, self.examples + self.tested)[1][self.examples :]
            said |= learned_features(start.features(first), start.features(last), classes)
        yield Found(self.steps, {"loss": last.loss / first.loss} | said)


@dataclasses.dataclass(frozen=True)
class _Moment:
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
class _Start:
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
    def of(spec: LazyRich) -> "_Start":
        task, made = spec.task, spec.network
        sizes = {"inputs": task.inputs.shape[1:], "outputs": 1, "dtype": torch.float64}
        one, other = (made.build(stream(spec.seed, "initialisation"), **sizes) for _ in range(2))
        model = Difference(one, other) if spec.start == "symmetric" else one
        both = torch.cat([task.inputs, task.others])
        with torch.no_grad():
            zero = model(both)[:, 0]
        kernels = empirical_ntk(model, both, task.inputs, outputs="trace").matrix
        kernel, across = kernels.split((len(task.inputs), len(task.others)))
        kernel = (kernel + kernel.mT) / 2
        frozen = spec.dynamics == "linearised"
        return _Start(spec.alpha, frozen, task, model, point(model), zero, kernel, across, *torch.linalg.eigh(kernel))

    def moment(self) -> _Moment:
        """The start."""
        rate = RATE * len(self.task.inputs) / float(self.values[-1])
        left = self.vectors.mT @ self.task.targets
        return _Moment(self.point, *self._at(self.point), rate, left, torch.zeros_like(left))

    def trained(self, now: _Moment, steps: int) -> Iterator[_Moment]:
        """From a moment on, each one until that many steps are made."""
        yield now
        for _ in range(steps):
            now = self._linear(now) if self.frozen else self._next(now)
            yield now

    def _next(self, now: _Moment) -> _Moment:
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
        return _Moment(here, outputs, loss, slope, rate, left, taken, gap)

    def _linear(self, now: _Moment) -> _Moment:
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

    def features(self, moment: _Moment) -> Tensor:
        """What the last hidden layer makes of the inputs tested on; of two copies, which begin alike, the first."""
        write(moment.point, self.model)
        copy = self.model.one if isinstance(self.model, Difference) else self.model
        with torch.no_grad():
            return copy.features(self.task.others)

    def regressed(self, moment: _Moment) -> float:
        """The least test error of regression with the kernel at a moment, over the mean square of the targets."""
        write(moment.point, self.model)
        task, n = self.task, len(self.task.inputs)
        both = empirical_ntk(self.model, torch.cat([task.inputs, task.others]), task.inputs, outputs="trace").matrix
        values, vectors = torch.linalg.eigh((both[:n] + both[:n].mT) / 2)
        ridges = values[-1] * torch.logspace(-9, 0, 28, dtype=values.dtype)
        solved = vectors @ ((vectors.mT @ task.targets)[:, None] / (values.clamp_min(0)[:, None] + ridges))
        errors = (both[n:] @ solved - task.truth[:, None]).square().mean(0) / task.truth.square().mean()
        return float(errors.min())

    def found(self, last: _Moment) -> dict[str, float]:
        """What is said of the whole, at its end."""
        task = self.task
        linear = self.across @ (self.vectors @ last.taken)
        if self.frozen:  # Δ = Jᵀ V t/α, and J Jᵀ = V Λ Vᵀ
            now, tested = self.kernel, linear
            moved = (last.taken.square() * self.values).sum().sqrt() / self.alpha
        else:
            write(last.point, self.model)
            now, moved = (
                empirical_ntk(self.model, task.inputs, outputs="trace").matrix,
                (last.point - self.point).norm(),
            )
            with torch.no_grad():
                tested = self.alpha * (self.model(task.others)[:, 0] - self.zero[len(task.inputs) :])
        size = task.truth.square().mean()
        return {
            "displacement": float(moved / self.point.norm()),
            "kernel change": kernel_change(self.kernel, now),
            "alignment": kernel_alignment(now, task.targets),
            "gap": last.gap,
            "test error": float((tested - task.truth).square().mean() / size),
            "linear test error": float((linear - task.truth).square().mean() / size),
            "train error": float((last.outputs - task.targets).square().mean()),
        }
