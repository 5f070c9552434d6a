"""Sources of one example, for the minimal models."""

import torch
from torch import Generator

from phenoscope.core.errors import BadInput
from phenoscope.core.specs import spec
from phenoscope.data.examples import Examples, Pool


@spec
class One:
    """The number 1 with the one label that there is: with squared error, a model is to give 1 for 1."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one input: (1,)."""
        return (1,)

    @property
    def classes(self) -> int:
        """One."""
        return 1

    def load(self, generator: Generator) -> Pool:
        """The one example; nothing is drawn."""
        return Pool(Examples(torch.ones(1, 1), torch.zeros(1, dtype=torch.int64)), None, 1)


@spec
class SecondOrderMap:
    """One example that holds a random map of second order, f(θ) = c + Jθ + ½ θᵀQθ, for `phenoscope.models.SecondOrder`.

    c has independent standard normal entries beside the target of label 0, so that f starts that far off; J is normal
    and scaled to norm 1; each matrix of Q is symmetric, ½ (G + Gᵀ)/√p for G with entries of deviation `curvature`.

    Attributes:
        outputs: d.
        parameters: p, of θ.
        curvature: of Q; 0 makes the map linear.
    """

    outputs: int = 10
    parameters: int = 30
    curvature: float = 0.4

    def __post_init__(self) -> None:
        if self.outputs < 1 or self.parameters < 1 or self.curvature < 0:
            raise BadInput(
                f"a map of second order needs outputs, parameters and a curvature of at least 0, got {self}."
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the example: one row an output, with c, J and Q in it."""
        return (self.outputs, 1 + self.parameters + self.parameters**2)

    @property
    def classes(self) -> int:
        """The number of outputs."""
        return self.outputs

    def load(self, generator: Generator) -> Pool:
        """Draw c, J and Q."""
        d, p = self.outputs, self.parameters

        def normal(*shape: int) -> torch.Tensor:
            return torch.randn(*shape, generator=generator, dtype=torch.float64)

        residual, slope, square = normal(d), normal(d, p), self.curvature * normal(d, p, p) / p**0.5
        constant = residual + torch.eye(d, dtype=torch.float64)[0]
        slope = slope / torch.linalg.matrix_norm(slope, 2)
        curved = (square + square.mT) / 2
        whole = torch.cat((constant[:, None], slope, curved.flatten(1)), dim=1)
        return Pool(Examples(whole[None].float(), torch.zeros(1, dtype=torch.int64)), None, d)
