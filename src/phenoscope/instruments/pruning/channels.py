"""Early birds: which channels would pruning keep now, and has that choice come to rest?"""

import dataclasses
import math
from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Generator, Tensor, nn

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import seeded
from phenoscope.instruments.pruning.choosing import highest
from phenoscope.instruments.pruning.weights import Masks
from phenoscope.instruments.reading import Reading


def gain_names(model: nn.Module) -> tuple[str, ...]:
    """The names of the gains of batch, instance and group normalisation: one number a channel.

    Raises:
        BadInput: a model that has none.
    """
    kinds = (nn.modules.batchnorm._NormBase, nn.GroupNorm)
    own = {id(module.weight) for module in model.modules() if isinstance(module, kinds)}
    found = tuple(name for name, value in model.named_parameters() if id(value) in own)
    if not found:
        raise BadInput(
            "the model has no channels to choose from: that takes batch, instance or group normalisation with a "
            "gain for each channel."
        )
    return found


def largest_gains(gains: Mapping[str, Tensor], sparsity: float, *, generator: Generator | None = None) -> Masks:
    """The channels that stay when a share goes by the size of its gains, over all layers together.

    Args:
        gains: (c,) by name.
        sparsity: the share that goes, from 0 to below 1.
        generator: decides between equal gains; equal generators do so equally.

    Raises:
        BadInput: a share that leaves nothing, or gains that are not finite.
    """
    total = sum(value.numel() for value in gains.values())
    kept = round(total * (1 - sparsity)) if 0 <= sparsity < 1 else 0
    if kept < 1:
        raise BadInput(f"a sparsity of {sparsity} leaves none of {total} channels. Take one from 0 to below 1.")
    if not all(bool(torch.isfinite(value).all()) for value in gains.values()):
        raise BadInput("a gain is not finite, so that channels cannot be ranked. Check the weights.")
    scores = {name: value.detach().abs() for name, value in gains.items()}
    alive = {name: torch.ones_like(value, dtype=torch.bool) for name, value in scores.items()}
    return highest(scores, kept, alive, generator=seeded(generator))


def channel_masks(model: nn.Module, *, sparsity: float, generator: Generator | None = None) -> Masks:
    """The channels that pruning by the size of normalisation's gains would keep now, over all layers together.

    Source: Liu et al. 2017, Learning efficient convolutional networks through network slimming, arXiv:1708.06519, who
    also penalise the gains; You et al. 2019, Drawing early-bird tickets, arXiv:1909.11957.

    Valid where a gain says how large its channel is: behind the normalisation nothing may rescale the channel, such
    as another normalisation.

    Args:
        model: with batch, instance or group normalisation; it stays as it is.
        sparsity: the share of all channels that goes, from 0 to below 1.
        generator: decides between equal gains, the same way each time unless given.

    Returns:
        By the name of each gain, true where its channel stays, (c,).

    Raises:
        BadInput: no such normalisation, a share that leaves nothing, or gains that are not finite.

    Example:
        >>> network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4))
        >>> with torch.no_grad():
        ...     _ = network[1].weight.copy_(torch.tensor([0.1, -2.0, 0.5, 1.0]))
        >>> channel_masks(network, sparsity=0.5)["1.weight"].tolist()
        [False, True, False, True]
    """
    gains = {name: model.get_parameter(name) for name in gain_names(model)}
    return largest_gains(gains, sparsity, generator=generator)


@dataclasses.dataclass(frozen=True, eq=False)
class EarlyBird(Reading):
    """How far apart the last masks of a training are, and whether they have come to rest.

    Attributes:
        value: the largest distance between two of the last `window` masks; nan where there are fewer.
        distances: (n, n), the share of entries in which each two masks of all differ (their Hamming distance).
        random: what is expected of two random masks that keep as many: near it, the masks share nothing.
        window: how many masks must agree.
        below: the distance at which they do.
        drawn: the place, from 0, of the first mask that agrees with the `window` - 1 before it; `None` where none does.
    """

    value: float
    distances: Float[Tensor, "n n"]
    random: float
    window: int
    below: float
    drawn: int | None

    @property
    def relative(self) -> float:
        """The value in units of what two random masks differ by."""
        return self.value / self.random if self.random else math.nan

    @property
    def evidence(self) -> str:
        found = "not drawn yet" if self.drawn is None else f"drawn at the mask in place {self.drawn}"
        return f"of {len(self.distances)} masks the last {self.window}; random ones {self.random:.3g}; {found}"


def early_bird(masks: Sequence[Masks], *, window: int = 5, below: float = 0.1) -> EarlyBird:
    """Has the choice of what to keep come to rest? Then its ticket can be drawn, long before training ends.

    Source: You et al. 2019, Drawing early-bird tickets, arXiv:1909.11957, where an epoch makes a mask, five must agree
    and 0.1 is the distance.

    Masks do not move where nothing does, so a training at a tiny rate draws at once: compare with `random`, and see
    whether the mask agrees with that of the end.

    Args:
        masks: those of a training, in order, such as what `channel_masks` gives after each epoch; of any kind, as
            long as all are of the same parameters.
        window: how many of the last masks must agree, 2 or more.
        below: the largest distance at which two agree.

    Raises:
        BadInput: no masks, masks of different parameters, or a window of fewer than 2.

    Example:
        >>> steady, other = {"gain": torch.tensor([True, True, False, False])}, {"gain": torch.tensor([True] * 4)}
        >>> found = early_bird([other, steady, steady, steady], window=3)
        >>> found.value, found.drawn
        (0.0, 3)
    """
    if window < 2 or not masks:
        raise BadInput(f"an early bird needs masks and a window of 2 or more, got {len(masks)} and {window}.")
    shapes = {tuple((name, tuple(mask.shape)) for name, mask in sorted(each.items())) for each in masks}
    if len(shapes) > 1:
        raise BadInput("masks can be compared where all are of the same parameters; these are of different ones.")
    flat = torch.stack([torch.cat([mask.flatten() for _, mask in sorted(each.items())]) for each in masks]).double()
    entries, share = flat.shape[1], flat.mean(dim=1)
    distances = (flat @ (1 - flat).T + (1 - flat) @ flat.T) / entries
    places = range(window - 1, len(masks))
    spread = [float(distances[end - window + 1 : end + 1, end - window + 1 : end + 1].max()) for end in places]
    drawn = next((end for end, apart in zip(places, spread, strict=True) if apart <= below), None)
    random = float((share[:, None] * (1 - share) + (1 - share[:, None]) * share)[-window:, -window:].mean())
    return EarlyBird(spread[-1] if spread else math.nan, distances, random, window, below, drawn)
