"""Minimal models of the edge of stability: products of scalars, and maps of second order, on one example."""

import math

import torch
from jaxtyping import Float
from torch import Generator, Tensor, nn

from phenoscope.core.errors import BadInput
from phenoscope.core.specs import spec


class ProductNetwork(nn.Module):
    """x · Π wᵢ^pᵢ for one number x."""

    def __init__(self, weights: Float[Tensor, " k"], powers: tuple[int, ...]) -> None:
        super().__init__()
        self.weights = nn.Parameter(weights)
        self._powers = powers

    def forward(self, inputs: Float[Tensor, "n 1"]) -> Float[Tensor, "n 1"]:
        product = inputs.new_ones(())
        for weight, power in zip(self.weights, self._powers, strict=True):
            product = product * weight**power
        return inputs * product


@spec
class Product:
    """A product of powers of scalars that fits the number 1: f(w) = Π wᵢ^pᵢ, with `phenoscope.data.One`.

    With the loss ½ (f - 1)² every minimum with vᵢ = wᵢ²/pᵢ has the sharpness Σ pᵢ/vᵢ. A start is drawn so that gradient
    flow from it would end at a minimum of a sharpness between `low` and `high`: all weights but the last are small
    there, with v equal up to a factor of at most 1 + `spread`; between a fifth and four fifths of the smallest v are
    then taken from every v, which the flow gives back.

    Attributes:
        powers: p, one a weight.
        low, high: bounds of the sharpness where the flow ends; drawn uniformly.
        spread: by how much the small weights differ.
    """

    powers: tuple[int, ...]
    low: float
    high: float
    spread: float = 0.0

    def __post_init__(self) -> None:
        if len(self.powers) < 2 or min(self.powers) < 1:
            raise BadInput(f"a product needs at least two powers of at least 1, got {self.powers}.")
        if not self._flattest < self.low <= self.high or self.spread < 0:
            raise BadInput(
                f"the minima meant here of a product with powers {self.powers} are sharper than {self._flattest:g}: "
                f"give `low` and `high` in this order, and a spread of at least 0; got {self.low}, {self.high}, "
                f"{self.spread}."
            )

    @property
    def _flattest(self) -> float:
        """Well above the smallest sharpness of a minimum, that of equal v, so that the last weight is the large one."""
        total = sum(self.powers)
        return 2 * total * math.prod(power**power for power in self.powers) ** (1 / total)

    def build(
        self, generator: Generator, *, inputs: tuple[int, ...], outputs: int, dtype: torch.dtype = torch.float32
    ) -> nn.Module:
        """The product at its start.

        Args:
            generator: of the start.
            inputs: (1,), the shape of `phenoscope.data.One`.
            outputs: 1.
            dtype: of the weights.
        """
        if inputs != (1,) or outputs != 1:
            raise BadInput(f"a product is of one number and gives one, got inputs {inputs} and {outputs} outputs.")
        drawn = torch.rand(len(self.powers) + 1, generator=generator, dtype=torch.float64)
        wanted, share = self.low + (self.high - self.low) * drawn[0].item(), 0.2 + 0.6 * drawn[1].item()
        powers = torch.tensor(self.powers, dtype=torch.float64)
        values = self._minimum(wanted, 1 + self.spread * drawn[2:], powers)
        start = values - (1 - share) * values.min()
        return ProductNetwork((powers * start).sqrt().to(dtype), self.powers)

    def _minimum(self, sharpness: float, factors: Tensor, powers: Tensor) -> Tensor:
        """The v of the minimum of that sharpness whose small v have these proportions; by bisection of log s."""
        low, high = -100.0, 0.0
        values = powers
        for _ in range(200):
            small = math.exp((low + high) / 2) * factors
            rest = (powers[:-1] / 2 * (powers[:-1] * small).log()).sum()
            values = torch.cat((small, ((-2 * rest / powers[-1]).exp() / powers[-1])[None]))
            too_sharp = (powers / values).sum().item() > sharpness
            low, high = ((low + high) / 2, high) if too_sharp else (low, (low + high) / 2)
        return values


class SecondOrderNetwork(nn.Module):
    """c + Jθ + ½ θᵀQθ for the c, J and Q of the example, which are flat rows of 1 + p + p² numbers an output."""

    def __init__(self, parameters: Float[Tensor, " p"]) -> None:
        super().__init__()
        self.theta = nn.Parameter(parameters)

    def forward(self, inputs: Float[Tensor, "n d m"]) -> Float[Tensor, "n d"]:
        point = self.theta
        size = len(point)
        constant, slope, curved = inputs[..., 0], inputs[..., 1 : 1 + size], inputs[..., 1 + size :]
        return constant + slope @ point + (curved.unflatten(-1, (size, size)) @ point @ point) / 2


@spec
class SecondOrder:
    """Parameters θ of a map of second order, f(θ) = c + Jθ + ½ θᵀQθ, whose c, J and Q are the example.

    It starts at θ = 0, where f = c; what the seed draws is the map (`phenoscope.data.SecondOrderMap`).
    Source: Agarwala, Pedregosa, Pennington 2022, arXiv:2210.04860.

    Attributes:
        parameters: p.
    """

    parameters: int = 30

    def build(
        self, generator: Generator, *, inputs: tuple[int, ...], outputs: int, dtype: torch.dtype = torch.float32
    ) -> nn.Module:
        """The map at θ = 0.

        Args:
            generator: not used.
            inputs: (outputs, 1 + p + p²), the shape of a `phenoscope.data.SecondOrderMap`.
            outputs: its number of outputs.
            dtype: of θ.
        """
        if inputs != (outputs, 1 + self.parameters + self.parameters**2):
            raise BadInput(
                f"a map of second order of {self.parameters} parameters has examples of shape "
                f"({outputs}, {1 + self.parameters + self.parameters**2}), got {inputs}. Give both the same size."
            )
        return SecondOrderNetwork(torch.zeros(self.parameters, dtype=dtype))
