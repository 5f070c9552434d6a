"""With which weights a sparse network begins: what its own ones carry is taken apart into signs, sizes and places."""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Generator, Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.points import Layout
from phenoscope.core.specs import spec
from phenoscope.training.masks import layers

Change = Callable[[Tensor, Tensor, Generator], Tensor]
"""From all weights of a layer (q,), those of them that are trained (k,), and a stream, to what these begin with."""


def _dealt(values: Tensor, generator: Generator) -> Tensor:
    return values[torch.randperm(len(values), generator=generator)]


def _signs(count: Tensor, generator: Generator) -> Tensor:
    return torch.randint(2, count.shape, generator=generator).to(count.dtype) * 2 - 1


def _size(layer: Tensor) -> Tensor:
    """The root of the mean square of all weights of the layer."""
    return layer.double().square().mean().sqrt().to(layer.dtype)


CHANGES: dict[str, Change] = {
    "as drawn": lambda layer, kept, generator: kept,
    "signs": lambda layer, kept, generator: kept.sign() * _size(layer),
    "random signs": lambda layer, kept, generator: kept.abs() * _signs(kept, generator),
    "other sizes": lambda layer, kept, generator: kept.sign() * _dealt(layer.abs(), generator)[: len(kept)],
    "reshuffled": lambda layer, kept, generator: _dealt(kept, generator),
    "constant": lambda layer, kept, generator: _signs(kept, generator) * _size(layer),
}
"""What the weights that are trained may begin with, layer by layer."""
RESTS = ("zero", "start")


@spec
class Reset:
    """What a sparse network begins with in place of the weights that were drawn for it; other parameters stay.

    Source: Zhou et al. 2019, Deconstructing lottery tickets: zeros, signs, and the supermask, arXiv:1905.01067.

    Attributes:
        to: for the weights that are trained: "as drawn"; "signs", their own signs, all of the root mean square of the
            layer; "random signs", their own sizes; "other sizes", their own signs with sizes of the whole layer, dealt
            out at random; "reshuffled", their own values at each other's places; "constant", random signs of that one
            size.
        rest: where the others are held: at "zero", or at the "start", as they were drawn.
    """

    to: str = "as drawn"
    rest: str = "zero"

    def __post_init__(self) -> None:
        one_of("what weights are reset to", self.to, CHANGES)
        one_of("where the rest is held", self.rest, RESTS)
        if self.to == "as drawn" and not self.still:
            raise BadInput("this reset changes nothing, and would be another name for the same network. Leave it out.")

    @property
    def still(self) -> bool:
        """Whether weights that are not trained are held at other values than 0."""
        return self.rest == "start"

    def begun(
        self, point: Float[Tensor, " p"], mask: Bool[Tensor, " p"], layout: Layout, generator: Generator
    ) -> Float[Tensor, " p"]:
        """The point that training begins at.

        Args:
            point: as drawn.
            mask: which of its parameters are trained.
            layout: of it.
            generator: for what is dealt out.
        """
        begins = point.clone() if self.still else point * mask
        for _, place in layers(layout):
            layer, trained = point[place].cpu(), mask[place].cpu()
            values = begins[place].cpu()
            values[trained] = CHANGES[self.to](layer, layer[trained], generator)
            begins[place] = values.to(begins.device)
        return begins
