"""Deep linear networks: a linear function, a nonlinear loss landscape."""

import torch
from torch import Generator

from phenoscope.core.options import sizes
from phenoscope.core.specs import spec
from phenoscope.models.initialisation import check_initialisation
from phenoscope.models.layers import Classifier
from phenoscope.models.mlp import MLP


@spec
class DeepLinear:
    """A product of matrices, without biases or activations (Saxe et al. 2014, arXiv:1312.6120).

    Attributes:
        widths: of the hidden layers; () is a single matrix.
        init: as in `MLP`; "orthogonal" gives every matrix singular values of `init_scale`.
        init_scale: multiplies the weights' standard deviation in every layer; small values give the rich regime.
        parametrisation: as in `MLP`.
    """

    widths: tuple[int, ...] = (100, 100)
    init: str = "lecun"
    init_scale: float = 1.0
    parametrisation: str = "standard"

    def __post_init__(self) -> None:
        sizes("widths", self.widths)
        check_initialisation(self.init, self.init_scale, self.parametrisation, bias=False)

    def build(
        self, generator: Generator, *, inputs: tuple[int, ...], outputs: int, dtype: torch.dtype = torch.float32
    ) -> Classifier:
        """The network at its start; arguments as in `MLP.build`."""
        layers = MLP(self.widths, "identity", False, self.init, self.init_scale, self.parametrisation)
        return layers.build(generator, inputs=inputs, outputs=outputs, dtype=dtype)
