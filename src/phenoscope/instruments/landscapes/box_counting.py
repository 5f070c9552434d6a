"""How rough is the boundary of a set in a picture? Its box-counting dimension."""

import dataclasses
import math

import torch
from jaxtyping import Bool
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.instruments.outcome import Outcome
from phenoscope.instruments.reading import Reading

SMALLEST, LARGEST = 1, 4
"""Boxes are counted from 2^SMALLEST pixels to a part 2^-LARGEST of the side: below, all is made of squares; above, the
few boxes that there are hold the boundary anyway."""
FEWEST = 3
"""Sizes of boxes that a line is fitted to, at least."""


@dataclasses.dataclass(frozen=True)
class BoxDimension(Reading):
    """A box-counting dimension, with its evidence.

    Attributes:
        value: minus the slope of log(boxes that hold the set) against log(side of a box), by least squares.
        residual: the standard error of that slope, from how far the counts are from a line: not an interval, as counts
            of one picture are not independent, but a fractal of another kind bends, and that shows here.
        sides: of the boxes, in pixels.
        counts: boxes that hold the set, for each side.
        outcome: undefined where the set is empty.
    """

    value: float
    residual: float
    sides: tuple[int, ...]
    counts: tuple[int, ...]
    outcome: Outcome

    @property
    def evidence(self) -> str:
        return f"residual {self.residual:.1e}; {self.outcome}, boxes of {self.sides[0]} to {self.sides[-1]} pixels"


def boundary(inside: Bool[Tensor, "h w"]) -> Bool[Tensor, "h w"]:
    """Pixels of the set with one of their four neighbours outside of it."""
    edge = torch.zeros_like(inside)
    edge[1:] |= inside[1:] & ~inside[:-1]
    edge[:-1] |= inside[:-1] & ~inside[1:]
    edge[:, 1:] |= inside[:, 1:] & ~inside[:, :-1]
    edge[:, :-1] |= inside[:, :-1] & ~inside[:, 1:]
    return edge


def box_dimension(pixels: Bool[Tensor, "h w"]) -> BoxDimension:
    r"""Box-counting dimension of a set of pixels: 1 for a smooth curve, 2 where it fills the plane. Dimensionless.

    Boxes have sides of 2, 4, 8, ... pixels, up to a sixteenth of the picture, on the one of two grids that needs fewer.
    Over so few octaves an estimate is good to about a tenth for curves, and low rather than high.

    Args:
        pixels: a square picture, whose side is a power of 2 and at least 128.

    Returns:
        `BoxDimension`: value, residual, sides, counts, outcome.

    Raises:
        BadInput: another shape.

    Example:
        >>> box_dimension(torch.eye(256, dtype=torch.bool)).value
        1.0
    """
    side = len(pixels)
    octaves = side.bit_length() - 1
    if pixels.ndim != 2 or pixels.shape[1] != side or side != 2**octaves or octaves - LARGEST - SMALLEST + 1 < FEWEST:
        raise BadInput(
            f"boxes are counted in square pictures whose side is a power of 2 and at least 128, got "
            f"{tuple(pixels.shape)}."
        )
    sides = tuple(2**power for power in range(SMALLEST, octaves - LARGEST + 1))
    counts = tuple(_held(pixels, box) for box in sides)
    if not counts[0]:
        return BoxDimension(math.nan, math.nan, sides, counts, Outcome.UNDEFINED)
    x, y = (torch.tensor([math.log(number) for number in row], dtype=torch.float64) for row in (sides, counts))
    x, y = x - x.mean(), y - y.mean()
    slope = (torch.dot(x, y) / torch.dot(x, x)).item()
    spread = (y - slope * x).square().sum().item() / max(len(sides) - 2, 1)
    return BoxDimension(-slope, math.sqrt(spread / torch.dot(x, x).item()), sides, counts, Outcome.CONVERGED)


def _held(pixels: Tensor, box: int) -> int:
    """The boxes that hold a pixel, on the grid that begins at the corner or on the one half a box off."""
    shifted = torch.nn.functional.pad(pixels, (box // 2,) * 4)
    grids = (one.reshape(len(one) // box, box, len(one) // box, box) for one in (pixels, shifted))
    return min(int(grid.any(dim=3).any(dim=1).sum()) for grid in grids)
