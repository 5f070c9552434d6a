"""Multi-layer perceptrons."""

import math

import torch
from torch import Generator, nn

from phenoscope.core.options import one_of, sizes
from phenoscope.core.specs import spec
from phenoscope.models.activations import ACTIVATIONS, Activation
from phenoscope.models.initialisation import Initialisation, check_initialisation
from phenoscope.models.layers import Classifier


@spec
class MLP:
    """A fully connected network; inputs of any shape are flattened.

    Attributes:
        widths: of the hidden layers; () is a linear classifier.
        activation: a name in `ACTIVATIONS`, applied after each hidden layer.
        bias: whether layers have biases; they start at 0, except under init="pytorch".
        init: a name in `SCHEMES`: standard deviation of the weights 1/√fan-in ("lecun"), √(2/fan-in) ("he"),
            √(2/(fan-in + fan-out)) ("glorot"), orthogonal matrices, or torch's own default ("pytorch").
        init_scale: multiplies the weights' standard deviation in every layer.
        parametrisation: "standard"; "ntk": weights of unit variance, multiplied by their standard deviation in the
            forward pass (Jacot et al. 2018, arXiv:1806.07572); the same function at the start; or "maximal update",
            where features move as much at any width under gradient descent with one rate (Yang and Hu 2020,
            arXiv:2011.14522): a layer is multiplied by √(fan-out/fan-in) in the forward pass, and one that narrows
            starts smaller by that factor. Without biases, and for gradient descent with or without momentum.

    Example:
        >>> from phenoscope.core.seeds import stream
        >>> network = MLP(widths=(8,)).build(stream(0, "init"), inputs=(2, 3), outputs=4)
        >>> {name: tuple(value.shape) for name, value in network.named_parameters()}
        {'body.1.weight': (8, 6), 'body.1.bias': (8,), 'head.weight': (4, 8), 'head.bias': (4,)}
    """

    widths: tuple[int, ...] = (100, 100)
    activation: str = "tanh"
    bias: bool = True
    init: str = "lecun"
    init_scale: float = 1.0
    parametrisation: str = "standard"

    def __post_init__(self) -> None:
        sizes("widths", self.widths)
        one_of("activation", self.activation, ACTIVATIONS)
        check_initialisation(self.init, self.init_scale, self.parametrisation, bias=self.bias)

    def build(
        self, generator: Generator, *, inputs: tuple[int, ...], outputs: int, dtype: torch.dtype = torch.float32
    ) -> Classifier:
        """The network at its start.

        Args:
            generator: all parameters come from it, and nothing else does.
            inputs: shape of one input.
            outputs: number of outputs.
            dtype: of the parameters; they are drawn in float64, so all precisions start at the same numbers.
        """
        sizes("the shape of one input", inputs)
        start = Initialisation(self.init, self.init_scale, self.parametrisation, self.bias, generator, dtype)
        body: list[nn.Module] = [nn.Flatten()]
        width = math.prod(inputs)
        for hidden in self.widths:
            body += [start.dense(width, hidden), Activation(self.activation)]
            width = hidden
        return Classifier(nn.Sequential(*body), start.dense(width, outputs))
