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
        ratios: "uniform" keeps that share in every layer; "erdos renyi" keeps more in small layers, in proportion to
            the sum of a layer's dimensions over their product (Mocanu et al. 2018, arXiv:1707.04780; with kernels as
            Evci et al. 2020, arXiv:1911.11134, have it), layers that this would more than fill being kept whole.
    """

    density: float
    ratios: str = "uniform"

    def __post_init__(self) -> None:
        one_of("ratios", self.ratios, ("uniform", "erdos renyi"))
        if not 0 < self.density <= 1:
            raise BadInput(f"the `density` of a random mask must be above 0 and at most 1, got {self.density}.")

    def drawn(self, site: Site) -> Bool[Tensor, " p"]:
        mask = torch.ones(site.layout.size, dtype=torch.bool)
        shapes = [shape for shape in site.layout.shapes if len(shape) >= 2]
        for (_, place), share in zip(layers(site.layout), self._shares(shapes), strict=True):
            size = place.stop - place.start
            scores = torch.rand(size, generator=site.generator, dtype=torch.float64)
            mask[place] = largest_kept(scores, torch.ones(size, dtype=torch.bool), max(1, round(share * size)))
        return mask

    def _shares(self, shapes: list[tuple[int, ...]]) -> list[float]:
        if self.ratios == "uniform":
            return [self.density] * len(shapes)
        return erdos_renyi(shapes, self.density)


def erdos_renyi(shapes: list[tuple[int, ...]], density: float) -> list[float]:
    """The share kept in each layer, ε Σd/Πd with one ε for all that are not full, so that `density` is kept in all."""
    sizes = [math.prod(shape) for shape in shapes]
    raw = [sum(shape) / size for shape, size in zip(shapes, sizes, strict=True)]
    full: set[int] = set()
    while True:
        rest = [i for i in range(len(shapes)) if i not in full]
        left = density * sum(sizes) - sum(sizes[i] for i in full)
        scale = left / sum(raw[i] * sizes[i] for i in rest) if rest else 0.0
        over = [i for i in rest if scale * raw[i] > 1]
        if not over:
            return [1.0 if i in full else scale * raw[i] for i in range(len(shapes))]
        full |= set(over)
