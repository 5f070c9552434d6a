"""Which weights a training begins with: masks that are drawn, scored, or taken from another training.

A mask is true where a parameter is trained and false where it is held at 0. Biases and other parameters of less than
two dimensions are always trained (`prunable`). A kind of mask is a spec with `drawn(site)`: a new one costs that much.
"""

import dataclasses
import math
from collections.abc import Callable, Iterator
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float
from torch import Generator, Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.points import Layout
from phenoscope.core.specs import spec
from phenoscope.instruments.pruning.densities import DENSITIES, budgets
from phenoscope.objective import Objective

MASK = "sparse.mask"
"""The name of the mask (n, p) in the memory of a training that has one."""


@dataclasses.dataclass(frozen=True)
class Site:
    """What a mask may be made from, for one network before its first step.

    Attributes:
        layout: names and shapes of its parameters.
        point: (p,), where it starts.
        generator: of the recipe's stream "mask".
        objective: makes its loss on all training data, whose own point is `point`; it asks for it if it needs it.
        inherited: (p,), the mask of the recipe that it is taken from, if any.
    """

    layout: Layout
    point: Float[Tensor, " p"]
    generator: Generator
    objective: Callable[[], Objective]
    inherited: Bool[Tensor, " p"] | None = None


@runtime_checkable
class Mask(Protocol):
    """How the first mask of a training is made: a frozen spec with this method."""

    def drawn(self, site: Site) -> Bool[Tensor, " p"]:
        """True where a parameter is trained."""
        ...


def prunable(layout: Layout) -> Bool[Tensor, " p"]:
    """Which coordinates of a point are weights: those of parameters with two dimensions or more."""
    fits = torch.tensor([len(shape) >= 2 for shape in layout.shapes])
    return fits.repeat_interleave(torch.tensor(layout.sizes))


def layers(layout: Layout) -> Iterator[tuple[str, slice]]:
    """The name and the coordinates of each parameter that is prunable, in the model's order."""
    end = 0
    for name, shape, size in zip(layout.names, layout.shapes, layout.sizes, strict=True):
        end += size
        if len(shape) >= 2:
            yield name, slice(end - size, end)


def largest_kept(scores: Float[Tensor, " p"], among: Bool[Tensor, " p"], count: int) -> Bool[Tensor, " p"]:
    """True at the `count` coordinates of the largest scores among some; of equal ones the first come first."""
    held = scores.masked_fill(~among, -math.inf)
    kept = torch.zeros_like(among)
    kept[held.argsort(descending=True, stable=True)[:count]] = True
    return kept & among


def shuffled(mask: Bool[Tensor, " p"], layout: Layout, generator: Generator) -> Bool[Tensor, " p"]:
    """The same number of weights in every layer, dealt out anew within it."""
    dealt = mask.clone()
    for _, place in layers(layout):
        dealt[place] = mask[place][torch.randperm(place.stop - place.start, generator=generator).to(mask.device)]
    return dealt


@spec
class RandomMask:
    """A random share of the weights.

    Attributes:
        density: the share of all weights that is kept.
        ratios: how many each layer keeps, a name in `instruments.pruning.DENSITIES`: "uniform", the same share; or
            "erdos_renyi_kernel", more of small layers.
    """

    density: float
    ratios: str = "uniform"

    def __post_init__(self) -> None:
        one_of("ratios", self.ratios, DENSITIES)
        if not 0 < self.density <= 1:
            raise BadInput(f"the `density` of a random mask must be above 0 and at most 1, got {self.density}.")

    def drawn(self, site: Site) -> Bool[Tensor, " p"]:
        mask = torch.ones(site.layout.size, dtype=torch.bool)
        shapes = {n: shape for n, shape in zip(site.layout.names, site.layout.shapes, strict=True) if len(shape) >= 2}
        total = sum(math.prod(shape) for shape in shapes.values())
        kept = budgets(shapes, round(self.density * total), self.ratios)
        for name, place in layers(site.layout):
            scores = torch.rand(place.stop - place.start, generator=site.generator, dtype=torch.float64)
            mask[place] = largest_kept(scores, torch.ones_like(scores, dtype=torch.bool), kept[name])
        return mask
