"""Perceptrons whose hidden layers are all as wide, so that width and depth are numbers that can be swept."""

import torch
from torch import Generator

from phenoscope.core.options import sizes
from phenoscope.core.specs import spec
from phenoscope.models.layers import Classifier
from phenoscope.models.mlp import MLP


@spec
class UniformMLP:
    """The `MLP` with `depth` hidden layers of `width` units each: the same network, with its sizes as settings.

    Attributes:
        width: units of each hidden layer.
        depth: number of hidden layers.
        activation, bias, init, init_scale, parametrisation: as in `MLP`.

    Example:
        >>> UniformMLP(width=64, depth=2).layers.widths
        (64, 64)
    """

    width: int = 100
    depth: int = 2
    activation: str = "tanh"
    bias: bool = True
    init: str = "lecun"
    init_scale: float = 1.0
    parametrisation: str = "standard"

    def __post_init__(self) -> None:
        sizes("width and depth", (self.width, self.depth))
        _ = self.layers  # refuses what it cannot use

    @property
    def layers(self) -> MLP:
        """The same network with its widths written out."""
        widths = (self.width,) * self.depth
        return MLP(widths, self.activation, self.bias, self.init, self.init_scale, self.parametrisation)

    def build(
        self, generator: Generator, *, inputs: tuple[int, ...], outputs: int, dtype: torch.dtype = torch.float32
    ) -> Classifier:
        """The network at its start; arguments as in `MLP.build`."""
        return self.layers.build(generator, inputs=inputs, outputs=outputs, dtype=dtype)
