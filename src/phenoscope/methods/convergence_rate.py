"""How fast the training loss of a wide network goes to zero, beside the smallest eigenvalue that bounds it."""

import dataclasses
import math
from collections.abc import Iterator, Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.points import point
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.instruments import empirical_ntk
from phenoscope.methods.computation import Found
from phenoscope.methods.initial_kernel import digits, limit, uniform_network
from phenoscope.methods.timed_descent import descend_for
from phenoscope.objective.evaluation.expanded import Linearised
from phenoscope.theory import infinite_kernel, kernel_descent

MORE = 8
"""How many times the steps of a kernel that stands still there may be."""
ROUNDING = 1e-6
"""Of the largest eigenvalue: what is smaller is zero, as angles come from cosines."""


@spec
class ConvergenceRate:
    r"""Gradient descent on ½ Σ (f - y)² for a time in units of 1/λ₀, from f = 0; even against odd digits of one length.

    λ₀ is the smallest eigenvalue, but for zeros, of the tangent kernel Θ of the infinitely wide network. While the
    network's own kernel keeps its eigenvalues above λ, the loss falls at least as exp(-2λt); Du et al. 2018
    (arXiv:1810.02054) prove that those of a wide enough network stay above λ₀/2, so that it falls as exp(-λ₀t). A twin
    is a copy of another example with the opposite target, turned away from it by an angle: λ₀ is nearly in proportion
    to a small angle, and zero where the twin is the same example.

    Series, in the time that `steps` readings divide: "loss", over that at the start, and "foretold loss", that of the
    flow with Θ; "bound", exp(-λ₀t); "exponent", -log(loss)/(λ₀t), at least 1 where the bound holds; "rate", by which
    the logarithm of the loss has fallen since the last reading over the time, and "foretold rate"; "smallest
    eigenvalue" of the network's kernel, over λ₀, "kernel departure", how far that is from 1, and "neuron movement",
    the root mean square over hidden units of how far their weights have moved, relative to their length at the start.
    At the end "smallest eigenvalue of the limit", λ₀.

    Attributes:
        seed: of the network, the choice of digits and the twins.
        steps: readings, at equal distances in time.
        width: of the hidden layer.
        examples: trained on, twins among them.
        twins: how many of them are twins.
        angle: between twins, in radians; 0 for the same example twice.
        readout: "ntk", or "mean field", whose outputs are divided by the root of the width once more.
        horizon: the time, in units of 1/λ₀.
        rate: of descent, in units of one over the largest eigenvalue of the network's kernel at its start or of Θ,
            whichever is larger; below 2. It is halved wherever the loss would rise.
        dynamics: "network", or "linearised" for its Taylor expansion.
    """

    seed: int = 0
    steps: int = 40
    width: int = 1024
    examples: int = 20
    twins: int = 0
    angle: float = 0.0
    readout: str = "ntk"
    horizon: float = 4.0
    rate: float = 0.5
    dynamics: str = "network"

    def __post_init__(self) -> None:
        one_of("readout", self.readout, ("ntk", "mean field"))
        one_of("dynamics", self.dynamics, ("network", "linearised"))
        fine = 0 <= self.angle <= math.pi / 2 and 0 < self.rate < 2 and self.horizon > 0
        if not fine or self.steps < 1 or self.examples < 2 or not 0 <= 2 * self.twins <= self.examples:
            raise BadInput(
                "a rate of convergence needs readings, a horizon, a rate between 0 and 2, 2 examples, at most half of "
                f"them twins, and an angle from 0 to π/2, got {self}."
            )
        uniform_network(self.width, 1, "relu", "ntk")  # refuses what it cannot use

    def frozen(self) -> "ConvergenceRate":
        """The twin with frozen features."""
        return dataclasses.replace(self, dynamics="linearised")

    @property
    def units(self) -> Mapping[str, str]:
        along = ("loss", "foretold loss", "bound", "exponent", "rate", "foretold rate")
        kernels = ("smallest eigenvalue", "kernel departure", "neuron movement", "smallest eigenvalue of the limit")
        return dict.fromkeys((*along, *kernels), "1")

    @property
    def task(self) -> tuple[Float[Tensor, "n d"], Float[Tensor, " n"]]:
        """Inputs whose mean square is 1, and their targets; twins stand last."""
        inputs, targets = digits(self.seed, self.examples)
        inputs = inputs / inputs.square().mean(1, keepdim=True).sqrt()
        first, kept = inputs[: self.twins], self.examples - self.twins
        drawn = torch.randn(first.shape, generator=stream(self.seed, "twins"), dtype=torch.float64)
        aside = drawn - (drawn * first).mean(1, keepdim=True) * first
        aside = aside / aside.square().mean(1, keepdim=True).sqrt()
        twins = math.cos(self.angle) * first + math.sin(self.angle) * aside
        return torch.cat([inputs[:kept], twins]), torch.cat([targets[:kept], -targets[: self.twins]])

    def readings(self) -> Iterator[Found]:
        """What is found at each of the times."""
        inputs, targets = self.task
        model = self._started(inputs)
        start, scale = point(model), self._scale
        theta = scale**2 * infinite_kernel(limit(1, "relu"), inputs)
        values = torch.linalg.eigvalsh(theta)
        smallest = float(values[values > ROUNDING * values[-1]][0])
        lap = self.horizon / (self.steps * smallest)
        # a narrow network's kernel may be nearly zero, and more so at its start than later
        rate = self.rate / max(float(values[-1]), float(torch.linalg.eigvalsh(_kernel(model, inputs))[-1]))
        most = MORE * math.ceil(lap / rate)
        n, before, foretold = len(targets), 1.0, 1.0
        for step in range(self.steps + 1):
            if step > 0:  # the loss is a sum here, not a mean: N times the time, and N times the rate
                descend_for(model, inputs, targets[:, None], time=n * lap, rate=n * rate, most=most)
            with torch.no_grad():
                loss = float((model(inputs)[:, 0] - targets).square().mean())
            if not math.isfinite(loss):
                yield Found(step, {}, diverged=True)
                return
            flow = kernel_descent(theta, targets[:, None], torch.zeros_like(targets)[:, None], n * lap * step)
            after = float((flow[:, 0] - targets).square().mean())
            own = float(torch.linalg.eigvalsh(_kernel(model, inputs))[0]) / smallest
            found = {"loss": loss, "foretold loss": after, "bound": math.exp(-smallest * lap * step)}
            found |= {"smallest eigenvalue": own, "kernel departure": abs(own - 1)}
            found["neuron movement"] = _moved(start, point(model), self.width, inputs.shape[1])
            if step > 0:
                found |= {"rate": math.log(before / loss) / lap, "foretold rate": math.log(foretold / after) / lap}
                found["exponent"] = -math.log(loss) / (smallest * lap * step)
            yield Found(step, found)
            before, foretold = loss, after
        yield Found(self.steps, {"smallest eigenvalue of the limit": smallest})

    @property
    def _scale(self) -> float:
        """Of the outputs, beside those of the NTK parametrisation."""
        return self.width**-0.5 if self.readout == "mean field" else 1.0

    def _started(self, inputs: Tensor) -> "_FromZero":
        network = uniform_network(self.width, 1, "relu", "ntk")
        generator = stream(self.seed, "initialisation")
        made: nn.Module = network.build(generator, inputs=inputs.shape[1:], outputs=1, dtype=torch.float64)
        return _FromZero(Linearised(made) if self.dynamics == "linearised" else made, self._scale, inputs)


class _FromZero(nn.Module):
    """A network less its outputs at the start, on the inputs that it is trained on, times a scale."""

    def __init__(self, network: nn.Module, scale: float, inputs: Tensor) -> None:
        super().__init__()
        self.network, self.scale = network, scale
        with torch.no_grad():
            self.zero = network(inputs)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.scale * (self.network(inputs) - self.zero)


def _kernel(model: _FromZero, inputs: Tensor) -> Float[Tensor, "n n"]:
    """The tangent kernel, where the model stands."""
    found = model.scale**2 * empirical_ntk(model.network, inputs, outputs="trace").matrix
    return (found + found.mT) / 2


def _moved(start: Tensor, here: Tensor, width: int, inputs: int) -> float:
    """Of the hidden units' weights, which stand first."""
    before, now = (each[: width * inputs].reshape(width, inputs) for each in (start, here))
    return float(((now - before).square().sum(1) / before.square().sum(1)).mean().sqrt())
