"""The tangent kernel of a network as it is drawn, beside that of its limit of infinite width."""

import math
from collections.abc import Iterator, Mapping

import numpy as np
import torch
from torch import Tensor, nn

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.data import dataset
from phenoscope.instruments import conjugate_kernel, empirical_ntk, kernel_change
from phenoscope.methods.computation import Found
from phenoscope.models import UniformMLP
from phenoscope.models.layers import Classifier
from phenoscope.theory import infinite, infinite_kernel

STARTS = {"relu": ("he", math.sqrt(2), infinite.relu()), "erf": ("lecun", 1.0, infinite.erf())}
"""For each activation how weights are drawn, their deviation in the NTK parametrisation, and the layer of the limit."""


def uniform_network(width: int, depth: int, activation: str, parametrisation: str) -> UniformMLP:
    """A network without biases whose limit is known."""
    one_of("activation", activation, STARTS)
    init = STARTS[activation][0]
    return UniformMLP(width, depth, activation, bias=False, init=init, parametrisation=parametrisation)


def limit(depth: int, activation: str) -> list[infinite.Layer]:
    """The same network, infinitely wide."""
    _, deviation, nonlinearity = STARTS[activation]
    return [*[infinite.dense(deviation), nonlinearity] * depth, infinite.dense(deviation)]


@spec
class InitialKernel:
    """The kernels of networks as drawn, on a few digits, against those of their limit (Jacot et al. 2018).

    Series, once, each the root mean square over the networks: "kernel error", ‖K - Θ‖/‖Θ‖ for the tangent kernel and
    its limit in the NTK parametrisation; "kernel size", ‖K‖/‖Θ‖; "outputs' kernel error", the same as the first for the
    covariance of the outputs given the hidden layers.

    Attributes:
        seed: of the networks and the choice of digits.
        steps: networks drawn, one after the other.
        width: of the hidden layers.
        depth: hidden layers.
        activation: "relu" or "erf".
        parametrisation: "ntk" or "standard".
        examples: digits.
    """

    seed: int = 0
    steps: int = 20
    width: int = 64
    depth: int = 2
    activation: str = "relu"
    parametrisation: str = "ntk"
    examples: int = 20

    def __post_init__(self) -> None:
        if self.steps < 1 or self.examples < 2:
            raise BadInput(f"initial kernels need a network and 2 examples, got {self.steps} and {self.examples}.")
        _ = self._network  # refuses what it cannot use

    @property
    def _network(self) -> UniformMLP:
        return uniform_network(self.width, self.depth, self.activation, self.parametrisation)

    @property
    def units(self) -> Mapping[str, str]:
        return dict.fromkeys(("kernel error", "kernel size", "outputs' kernel error"), "1")

    def readings(self) -> Iterator[Found]:
        """One finding, once all networks are drawn."""
        inputs, layers = digits(self.seed, self.examples)[0], limit(self.depth, self.activation)
        tangent, outputs = (infinite_kernel(layers, inputs, kind=kind) for kind in ("ntk", "nngp"))
        generator, squares = stream(self.seed, "initialisation"), np.zeros(3)
        for _ in range(self.steps):
            model = self._network.build(generator, inputs=inputs.shape[1:], outputs=1, dtype=torch.float64)
            found = empirical_ntk(model, inputs, outputs="trace").matrix
            spread = STARTS[self.activation][1] ** 2 / self.width * conjugate_kernel(model, inputs)
            size = float(found.norm() / tangent.norm())
            squares += np.square([kernel_change(tangent, found), size, kernel_change(outputs, spread)])
        yield Found(self.steps, dict(zip(self.units, np.sqrt(squares / self.steps).tolist(), strict=True)))


def digits(seed: int, examples: int, number: int = 0) -> tuple[Tensor, Tensor]:
    """Some digits as vectors, and ±1 for even and odd ones, in float64; others for each number."""
    inputs, classes = classed_digits(seed, examples, number)
    return inputs, 1.0 - 2.0 * (classes % 2).double()


def classed_digits(seed: int, examples: int, number: int = 0) -> tuple[Tensor, Tensor]:
    """The same digits, and which they are."""
    drawn = dataset("digits", train=examples, flat=True).draw(stream(seed, "data", number)).train
    return drawn.inputs.double(), drawn.targets


class Difference(nn.Module):
    """(g(x; θ₁) - g(x; θ₂))/√2, zero where the two copies are equal."""

    def __init__(self, one: Classifier, other: Classifier) -> None:
        super().__init__()
        self.one, self.other = one, other

    def forward(self, inputs: Tensor) -> Tensor:
        return (self.one(inputs) - self.other(inputs)) / math.sqrt(2)
