"""Small convolutional networks over one or two axes of space."""

import math

import torch
from torch import Generator, nn

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of, sizes
from phenoscope.core.specs import spec
from phenoscope.models.activations import ACTIVATIONS, Activation
from phenoscope.models.initialisation import Initialisation, check_initialisation
from phenoscope.models.layers import BatchNorm, Classifier

POOLINGS: dict[tuple[str, int], type[nn.Module]] = {
    ("average", 1): nn.AvgPool1d,
    ("average", 2): nn.AvgPool2d,
    ("max", 1): nn.MaxPool1d,
    ("max", 2): nn.MaxPool2d,
}
"""What halves one or two axes of space."""

NORMALISATIONS = ("none", "batch", "layer")


@spec
class CNN:
    """Blocks of convolution, normalisation, activation and pooling by 2, then a dense layer on all that is left.

    Inputs of shape (length,) are convolved over one axis; (height, width) and (channels, height, width) over two.

    Attributes:
        channels: output channels of each block's convolution.
        kernel: side of the kernels, odd; zero padding keeps the sizes.
        activation: a name in `ACTIVATIONS`.
        pooling: "average" or "max", over windows of 2 along each axis of space; an odd last entry is dropped.
        normalisation: "none"; "batch", with running statistics as buffers; "layer", over channels and space of each
            example, with a gain and a bias a channel.
        bias, init, init_scale, parametrisation: as in `MLP`; a kernel's entries count in the fan-in.
    """

    channels: tuple[int, ...] = (16, 32)
    kernel: int = 3
    activation: str = "relu"
    pooling: str = "average"
    normalisation: str = "none"
    bias: bool = True
    init: str = "he"
    init_scale: float = 1.0
    parametrisation: str = "standard"

    def __post_init__(self) -> None:
        sizes("channels", self.channels)
        if type(self.kernel) is not int or self.kernel < 1 or self.kernel % 2 == 0:
            raise BadInput(f"kernel is the side of a convolution and must be a positive odd number, got {self.kernel}.")
        one_of("activation", self.activation, ACTIVATIONS)
        one_of("pooling", self.pooling, {name for name, _ in POOLINGS})
        one_of("normalisation", self.normalisation, NORMALISATIONS)
        check_initialisation(self.init, self.init_scale, self.parametrisation, bias=self.bias)

    def build(
        self, generator: Generator, *, inputs: tuple[int, ...], outputs: int, dtype: torch.dtype = torch.float32
    ) -> Classifier:
        """The network at its start; arguments as in `MLP.build`."""
        channels, space = self._channels_and_space(inputs)
        start = Initialisation(self.init, self.init_scale, self.parametrisation, self.bias, generator, dtype)
        # Whatever shape inputs have, convolutions see (batch, channels, *space).
        body: list[nn.Module] = [nn.Unflatten(1, (1, space[0]))] if len(inputs) < 3 else []
        for made in self.channels:
            body.append(start.convolution(channels, made, (self.kernel,) * len(space)))
            body += self._normalise(made, dtype)
            body += [Activation(self.activation), POOLINGS[self.pooling, len(space)](2)]
            channels, space = made, tuple(side // 2 for side in space)
        body.append(nn.Flatten())
        return Classifier(nn.Sequential(*body).to(generator.device), start.dense(channels * math.prod(space), outputs))

    def _channels_and_space(self, inputs: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
        sizes("the shape of one input", inputs)
        if len(inputs) not in (1, 2, 3):
            raise BadInput(f"inputs must be (length,), (height, width) or (channels, height, width), got {inputs}.")
        channels, space = (inputs[0], inputs[1:]) if len(inputs) == 3 else (1, inputs)
        if min(space) < 2 ** len(self.channels):
            raise BadInput(
                f"{len(self.channels)} poolings by 2 leave nothing of inputs of shape {inputs}. "
                "Use fewer channels or larger inputs."
            )
        return channels, space

    def _normalise(self, channels: int, dtype: torch.dtype) -> list[nn.Module]:
        if self.normalisation == "batch":
            return [BatchNorm(channels, dtype=dtype)]
        # One group: layer normalisation whose third derivatives are right; those of nn.LayerNorm are not
        # (https://github.com/pytorch/pytorch/issues/175754).
        return [nn.GroupNorm(1, channels, dtype=dtype)] if self.normalisation == "layer" else []
