"""Gradient descent on a network beside what its tangent kernel at the start foretells, in the space of functions."""

import dataclasses
from collections.abc import Iterator, Mapping

import numpy as np
import torch
from jaxtyping import Float
from scipy.stats import kendalltau
from torch import Tensor, nn

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.points import point, write
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.instruments import empirical_ntk, kernel_change, kernel_modes
from phenoscope.methods.computation import Found
from phenoscope.methods.initial_kernel import digits, uniform_network
from phenoscope.objective.evaluation.expanded import Linearised
from phenoscope.theory import kernel_descent, mode_decay

SHOWN = (1, 3, 6, 10)
"""Modes whose residuals are recorded, counted from the largest eigenvalue among those that are followed."""
FOLLOWED = 10
"""Modes whose rates are measured."""
LEAST = 0.02
"""Of the targets' length: modes that hold less at the start are left out."""
ROUNDING = 1e-8
"""Of a relative difference: below it, half of the digits of float64 are gone, and two ways to one number are compared.

Outputs of a linearised network are those foretold, and a power of the width fitted to what is left of rounding would be
one of nothing.
"""
FALL = 0.2
"""A rate is fitted until the residual of the mode has fallen to this share of its start."""


@spec
class FunctionSpace:
    """Full-batch gradient descent on a network that starts as the zero function, and its linear prediction.

    The network learns to tell even from odd digits (±1, squared error) with its outputs at the start taken off. The
    rate is in units of the kernel's largest eigenvalue. Series: "loss" and "foretold loss"; "gap" and "test gap", the
    distance of its outputs from those foretold, over the length of the targets; "relative drift" ‖θ - θ₀‖/‖θ₀‖ and
    "absolute drift"; "residual of mode k" and "foretold residual of mode k" for some eigenvectors of K₀, in parts of
    their start. At the end: "kernel change" ‖K - K₀‖/‖K₀‖; of the largest modes' rates "rate departure", the largest
    |measured / foretold - 1|, and Kendall's τ of the measured rates with the eigenvalues, "rate order", and with what
    each mode holds of the targets, "share order". Each is the mean over some networks of their own digits.

    Sources: Jacot et al. 2018, arXiv:1806.07572; Lee et al. 2019, arXiv:1902.06720.

    Attributes:
        seed: of the network and the choice of digits.
        steps: of gradient descent.
        width: of the hidden layers.
        depth: hidden layers.
        activation: "relu" or "erf".
        readout: "ntk", or "mean field", whose outputs are divided by the root of the width once more.
        examples: digits trained on; as many others are tested on.
        rate: η λ/N, λ the largest eigenvalue of K₀ and N the examples; gradient descent is stable below 2.
        every: steps from one reading to the next.
        dynamics: "network", or "linearised" for its Taylor expansion.
        networks: independent ones that are averaged over.
    """

    seed: int = 0
    steps: int = 300
    width: int = 256
    depth: int = 1
    activation: str = "erf"
    readout: str = "ntk"
    examples: int = 40
    rate: float = 0.5
    every: int = 10
    dynamics: str = "network"
    networks: int = 1

    def __post_init__(self) -> None:
        one_of("readout", self.readout, ("ntk", "mean field"))
        one_of("dynamics", self.dynamics, ("network", "linearised"))
        if not 0 < self.rate < 2 or min(self.steps, self.every, self.networks) < 1 or self.examples < FOLLOWED:
            raise BadInput(
                f"training in function space needs a rate between 0 and 2, steps, and {FOLLOWED} examples, got {self}."
            )
        uniform_network(self.width, self.depth, self.activation, "ntk")  # refuses what it cannot use

    def frozen(self) -> "FunctionSpace":
        """The twin with frozen features."""
        return dataclasses.replace(self, dynamics="linearised")

    @property
    def units(self) -> Mapping[str, str]:
        modes = [f"{what} of mode {k}" for k in SHOWN for what in ("residual", "foretold residual")]
        along = ("loss", "foretold loss", "gap", "test gap", "relative drift", "absolute drift", *modes)
        return dict.fromkeys((*along, "kernel change", "rate departure", "rate order", "share order"), "1")

    def readings(self) -> Iterator[Found]:
        """What is found along training, and about the whole of it at the end; the mean over the networks."""
        for each in zip(*(self._of(number) for number in range(self.networks)), strict=False):
            if any(found.diverged for found in each):
                yield Found(each[0].step, {}, diverged=True)
                return
            shared = [name for name in each[0].values if all(name in found.values for found in each)]
            means = {name: float(np.mean([found.values[name] for found in each])) for name in shared}
            yield Found(each[0].step, means)

    def _of(self, number: int) -> Iterator[Found]:
        """The findings of one network."""
        start = _Start.of(self, number)
        modes = kernel_modes(start.kernel, -start.targets)
        held = modes.projections[:, 0].abs() >= LEAST * start.targets.norm()
        followed = held.nonzero()[:FOLLOWED, 0]
        history: list[Tensor] = []
        for step, outputs, tested, moved in start.trained(self):
            if not bool(torch.isfinite(outputs).all()):
                yield Found(step, {}, diverged=True)
                return
            shares = (modes.vectors.mT @ (outputs - start.targets) / modes.projections[:, 0])[followed]
            history.append(shares)
            if step % self.every == 0:
                values = start.beside(self, step, outputs, tested) | _drift(moved, start.point)
                foretold = mode_decay(modes.eigenvalues[followed], self.examples, start.rate * step, steps=max(1, step))
                yield Found(step, values | _shown(shares, foretold))
        rates = -torch.log((1 - start.rate * modes.eigenvalues[followed] / self.examples).clamp_min(1e-12))
        found = _rates(torch.stack(history), rates, modes.projections[followed, 0].abs())
        yield Found(self.steps, found | {"kernel change": _difference(kernel_change(start.kernel, start.kernel_now()))})


@dataclasses.dataclass(frozen=True)
class _Start:
    """A network at its start: what it is trained on, and its kernel.

    Attributes:
        model: whose outputs are multiplied by `scale`; it moves along.
        inputs, others: trained and tested on.
        targets: (n,).
        point: θ₀.
        zero: the outputs at the start of all inputs, trained ones first.
        kernel: K₀, (n, n).
        across: of the test inputs with the trained ones, (m, n).
        rate: η.
    """

    model: nn.Module
    scale: float
    inputs: Tensor
    others: Tensor
    targets: Tensor
    point: Tensor
    zero: Tensor
    kernel: Float[Tensor, "n n"]
    across: Float[Tensor, "m n"]
    rate: float

    @staticmethod
    def of(spec: FunctionSpace, number: int) -> "_Start":
        both, targets = digits(spec.seed, 2 * spec.examples, number)
        inputs, others = both.split(spec.examples)
        network = uniform_network(spec.width, spec.depth, spec.activation, "ntk")
        generator = stream(spec.seed, "initialisation", number)
        model: nn.Module = network.build(generator, inputs=both.shape[1:], outputs=1, dtype=torch.float64)
        scale = spec.width**-0.5 if spec.readout == "mean field" else 1.0
        kernels = (scale**2 * empirical_ntk(model, both, inputs, outputs="trace").matrix).split(spec.examples)
        rate = spec.rate * spec.examples / float(torch.linalg.eigvalsh(kernels[0])[-1])
        before = point(model)
        model = Linearised(model) if spec.dynamics == "linearised" else model
        with torch.no_grad():
            zero = scale * model(both)[:, 0]
        kernel, own = (kernels[0] + kernels[0].mT) / 2, targets[: spec.examples]
        return _Start(model, scale, inputs, others, own, before, zero, kernel, kernels[1], rate)

    def trained(self, spec: FunctionSpace) -> Iterator[tuple[int, Tensor, Tensor, Tensor]]:
        """Each step, with the outputs on both sets of inputs and the point there."""
        here, n = self.point, len(self.inputs)
        for step in range(spec.steps + 1):
            write(here, self.model)
            outputs = self.scale * self.model(self.inputs)[:, 0] - self.zero[:n]
            tested = outputs.detach()
            if step % spec.every == 0:
                with torch.no_grad():
                    tested = self.scale * self.model(self.others)[:, 0] - self.zero[n:]
            yield step, outputs.detach(), tested, here
            loss = (outputs - self.targets).square().sum() / (2 * n)
            slopes = torch.autograd.grad(loss, list(self.model.parameters()))
            here = here - self.rate * torch.cat([slope.flatten() for slope in slopes])

    def beside(self, spec: FunctionSpace, step: int, outputs: Tensor, tested: Tensor) -> dict[str, float]:
        """The outputs beside those foretold."""
        size = self.targets.norm()
        time, zero = self.rate * step, torch.zeros_like(self.targets)[:, None]
        foretold = kernel_descent(self.kernel, self.targets[:, None], zero, time, steps=max(1, step))[:, 0]
        across = self.across @ torch.linalg.solve(self.kernel, foretold)
        n = len(self.targets)
        return {
            "loss": float((outputs - self.targets).square().sum() / (2 * n)),
            "foretold loss": float((foretold - self.targets).square().sum() / (2 * n)),
            "gap": _difference((outputs - foretold).norm() / size),
            "test gap": _difference((tested - across).norm() / size),
        }

    def kernel_now(self) -> Tensor:
        """K where training has ended."""
        return self.scale**2 * empirical_ntk(self.model, self.inputs, outputs="trace").matrix


def _drift(here: Tensor, start: Tensor) -> dict[str, float]:
    moved = float((here - start).norm())
    return {"relative drift": moved / float(start.norm()), "absolute drift": moved}


def _shown(shares: Tensor, foretold: Tensor) -> dict[str, float]:
    pairs = (("residual", shares), ("foretold residual", foretold))
    return {f"{what} of mode {k}": float(of[k - 1]) for k in SHOWN if k <= len(shares) for what, of in pairs}


def _rates(history: Tensor, foretold: Tensor, shares: Tensor) -> dict[str, float]:
    """Measured rates of decay against those foretold; each by a line through log residuals of the first fall."""
    measured = []
    for residuals in history.mT.numpy():
        below = np.flatnonzero(residuals <= FALL)
        count = max(2, int(below[0]) if len(below) else len(residuals))
        fall = np.log(np.maximum(residuals[:count], 1e-12))
        measured.append(-np.polyfit(np.arange(count), fall, 1)[0])
    ratios = np.array(measured) / foretold.numpy()
    order, by_share = (float(np.asarray(kendalltau(measured, each.numpy()))[0]) for each in (foretold, shares))
    return {"rate departure": _difference(np.abs(ratios - 1).max()), "rate order": order, "share order": by_share}


def _difference(size: Tensor | float) -> float:
    """A relative difference, or 0 where it is rounding."""
    return float(size) if float(size) > ROUNDING else 0.0
