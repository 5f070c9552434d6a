"""Training with fewer channels: those that the gains of normalisation choose, or as many by chance."""

import torch
from jaxtyping import Bool
from torch import Tensor, nn

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.points import Layout
from phenoscope.core.specs import spec
from phenoscope.instruments import gain_names, largest_gains
from phenoscope.objective.evaluation.expanded import Linearised, layout_of
from phenoscope.training.masks import Site


def channel_layout(model: nn.Module) -> tuple[Layout, tuple[str, ...]]:
    """Where a network's parameters lie in its point, and the names of its gains; of a linearised one, of what it
    expands.

    Raises:
        BadInput: a network without such gains.
    """
    return layout_of(model), gain_names(model.expanded if isinstance(model, Linearised) else model)


@spec
class Channels:
    """A share of the channels, by the size of their gains where training begins; see `instruments.channel_masks`.

    Of a channel that goes, gain and bias of its normalisation are held at 0, so that it is 0 and what goes into it
    and out of it is without effect, whatever the weights there are: they stay in the point, and in its density.

    Attributes:
        density: the share of all channels that stays.
        how: "gains" keeps the largest ones over all layers; "random" as many in each layer, at random.
    """

    density: float
    how: str = "gains"

    def __post_init__(self) -> None:
        one_of("how channels are chosen", self.how, ("gains", "random"))
        if not 0 < self.density <= 1:
            raise BadInput(f"the `density` of channels must be above 0 and at most 1, got {self.density}.")

    def drawn(self, site: Site) -> Bool[Tensor, " p"]:
        """True where a parameter is trained."""
        places, names = channel_layout(site.objective().model)
        parts = places.unravel(site.point)
        kept = dict(largest_gains({name: parts[name] for name in names}, 1 - self.density))
        if self.how == "random":
            kept = {n: m[torch.randperm(len(m), generator=site.generator)] for n, m in kept.items()}
        held = {name: torch.ones_like(value, dtype=torch.bool) for name, value in parts.items()}
        for name, mask in kept.items():
            bias = name.removesuffix("weight") + "bias"
            held |= {own: mask for own in (name, bias) if own in held}
        return places.ravel(held)
