"""How parameters are drawn at the start, and whether their scale sits in the weights or in the forward pass.

Every weight is a draw u with unit variance times a standard deviation σ that depends on the layer's fan-in and
fan-out. The standard parametrisation stores σu. The NTK parametrisation (Jacot et al. 2018, arXiv:1806.07572) stores
u and multiplies by σ in the forward pass: at the start the network is the same function, but its gradients, and so
its training, scale differently with width. The maximal update parametrisation (Yang and Hu 2020, arXiv:2011.14522; in
this form Yang, Simon and Bernstein 2023, arXiv:2310.17813) multiplies by √(fan-out/fan-in), and starts a layer that
narrows smaller by that factor: then one step of gradient descent changes the features of a layer by as much at any
width. With one hidden layer it is the mean-field scaling.
"""

import dataclasses
import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.models.layers import Convolution, Dense

Shape = tuple[int, ...]
PARAMETRISATIONS = ("standard", "ntk", "maximal update")


@dataclasses.dataclass(frozen=True)
class Scheme:
    """One way to draw weights.

    Attributes:
        deviation: σ, the standard deviation of an entry, from fan-in and fan-out.
        draw: u, a weight (outputs, inputs, ...) in float64 whose entries have unit variance (but see `orthogonal`).
        random_biases: whether biases are drawn uniformly from ±1/√fan-in; else they start at 0.
    """

    deviation: Callable[[int, int], float]
    draw: Callable[[Shape, Generator], Tensor]
    random_biases: bool = False


def gaussian(shape: Shape, generator: Generator) -> Tensor:
    """Independent standard normal entries."""
    return torch.randn(shape, generator=generator, dtype=torch.float64, device=generator.device)


def uniform(shape: Shape, generator: Generator) -> Tensor:
    """Independent entries, uniform on ±√3 (unit variance)."""
    unit = torch.rand(shape, generator=generator, dtype=torch.float64, device=generator.device)
    return math.sqrt(3) * (2 * unit - 1)


def orthogonal(shape: Shape, generator: Generator) -> Tensor:
    """A uniformly drawn matrix (outputs, fan-in) with all singular values √fan-in.

    Where it is not taller than wide, its entries have unit mean square, as those of the other schemes.
    """
    rows, columns = shape[0], math.prod(shape[1:])
    tall = gaussian((max(rows, columns), min(rows, columns)), generator)
    frame, triangular = torch.linalg.qr(tall)
    # Uniform over frames only with the signs of R's diagonal taken out (Mezzadri 2007, arXiv:math-ph/0609050).
    frame = frame * triangular.diagonal().sign()
    return math.sqrt(columns) * (frame if rows >= columns else frame.T).reshape(shape)


SCHEMES: dict[str, Scheme] = {
    # LeCun et al. 1998, "Efficient BackProp"
    "lecun": Scheme(lambda fan_in, _: 1 / math.sqrt(fan_in), gaussian),
    # He et al. 2015, arXiv:1502.01852
    "he": Scheme(lambda fan_in, _: math.sqrt(2 / fan_in), gaussian),
    # Glorot & Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks"
    "glorot": Scheme(lambda fan_in, fan_out: math.sqrt(2 / (fan_in + fan_out)), gaussian),
    # Saxe et al. 2014, arXiv:1312.6120: all singular values 1
    "orthogonal": Scheme(lambda fan_in, _: 1 / math.sqrt(fan_in), orthogonal),
    # What torch.nn.Linear and Conv do by default: weights and biases uniform on ±1/√fan-in
    "pytorch": Scheme(lambda fan_in, _: 1 / math.sqrt(3 * fan_in), uniform, random_biases=True),
}


@dataclasses.dataclass(frozen=True)
class Initialisation:
    """Makes layers whose parameters come from one generator, layer after layer.

    Numbers are drawn in float64 and then rounded to `dtype`, so that networks of different precision start at the
    same point.

    Attributes:
        scheme: a name in `SCHEMES`.
        scale: multiplies σ of every weight.
        parametrisation: "standard", "ntk" or "maximal update".
        bias: whether layers have biases.
        generator: the only source of randomness.
        dtype: of the parameters.
    """

    scheme: str
    scale: float
    parametrisation: str
    bias: bool
    generator: Generator
    dtype: torch.dtype

    def dense(self, inputs: int, outputs: int) -> Dense:
        """The next dense layer."""
        weight, bias, scale = self._parameters((outputs, inputs), fan_in=inputs, fan_out=outputs)
        return Dense(weight, bias, scale=scale)

    def convolution(self, inputs: int, outputs: int, kernel: tuple[int, ...]) -> Convolution:
        """The next convolution; its fans count the kernel's entries."""
        entries = math.prod(kernel)
        weight, bias, scale = self._parameters(
            (outputs, inputs, *kernel), fan_in=inputs * entries, fan_out=outputs * entries
        )
        return Convolution(weight, bias, scale=scale)

    def _parameters(self, shape: Shape, *, fan_in: int, fan_out: int) -> tuple[Tensor, Tensor | None, float]:
        scheme = SCHEMES[self.scheme]
        deviation = self.scale * scheme.deviation(fan_in, fan_out)
        stored, forward = _split(self.parametrisation, deviation, fan_in, fan_out)
        weight = (stored * scheme.draw(shape, self.generator)).to(self.dtype)
        return weight, self._bias(shape[0], fan_in, scheme) if self.bias else None, forward

    def _bias(self, outputs: int, fan_in: int, scheme: Scheme) -> Float[Tensor, " outputs"]:
        if not scheme.random_biases:
            return torch.zeros(outputs, dtype=self.dtype, device=self.generator.device)
        return (uniform((outputs,), self.generator) / math.sqrt(3 * fan_in)).to(self.dtype)


def _split(parametrisation: str, deviation: float, fan_in: int, fan_out: int) -> tuple[float, float]:
    """The standard deviation of the stored weights, and what multiplies them in the forward pass."""
    if parametrisation == "standard":
        return deviation, 1.0
    if parametrisation == "ntk":
        return 1.0, deviation
    aspect = math.sqrt(fan_out / fan_in)
    return deviation * min(1.0, aspect) / aspect, aspect


def check_initialisation(scheme: str, scale: float, parametrisation: str, *, bias: bool) -> None:
    """Refuse, when a spec is made, what no layer could be built from."""
    one_of("init", scheme, SCHEMES)
    one_of("parametrisation", parametrisation, PARAMETRISATIONS)
    if not 0 <= scale < math.inf:
        raise BadInput(f"init_scale multiplies the weights' standard deviation and must be at least 0, got {scale}.")
    if parametrisation == "maximal update" and bias:
        raise BadInput(
            "in the maximal update parametrisation the rate of a bias would have to grow with the width, which one "
            "rate for all layers cannot do. Leave them out with bias=False."
        )
    if parametrisation == "ntk" and bias and SCHEMES[scheme].random_biases:
        raise BadInput(f'the NTK parametrisation starts its biases at 0, but init={scheme!r} draws them. Use "lecun".')
