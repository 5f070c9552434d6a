"""How the mask of a training changes on the way: pruning in rounds, and weights that are dropped and grown.

A kind of change is a frozen spec. The trainer asks it before each update; what it remembers lies in the memory of the
training, so that checkpoints take it along.
"""

import dataclasses
import functools
import math
from collections.abc import Callable, Hashable
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float
from torch import Generator, Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.points import Layout
from phenoscope.core.specs import spec
from phenoscope.instruments.pruning.scores import magnitude
from phenoscope.training.masks import largest_kept, layers, prunable


@dataclasses.dataclass(frozen=True)
class Moment:
    """One network at the step at which its mask changes.

    Attributes:
        layout: of its parameters.
        point: (p,).
        mask: (p,), so far.
        step: of the training.
        generator: of the recipe's stream "mask" and the step.
        slope: finds the gradient (p,) on the examples of the step, of all parameters, those held at 0 included.
    """

    layout: Layout
    point: Float[Tensor, " p"]
    mask: Bool[Tensor, " p"]
    step: int
    generator: Generator
    slope: Callable[[], Tensor]

    @functools.cached_property
    def gradient(self) -> Float[Tensor, " p"]:
        return self.slope()

    @property
    def weights(self) -> dict[str, Tensor]:
        """Those that can be pruned, by the name of their parameter, flat."""
        return {name: self.point[place] for name, place in layers(self.layout)}

    @functools.cached_property
    def magnitude(self) -> Float[Tensor, " p"]:
        """The score of that name of every weight; 0 for what cannot be pruned."""
        scores, found = torch.zeros_like(self.point), magnitude(self)
        for name, place in layers(self.layout):
            scores[place] = found[name]
        return scores


@runtime_checkable
class Pruning(Protocol):
    """How a mask changes along a training."""

    @property
    def alike(self) -> Hashable:
        """What the rows of a cohort must share of it."""
        ...

    @property
    def rewind(self) -> int | None:
        """The step whose weights and whose memory of the rule come back with each change; `None` where they stay."""
        ...

    def clock(self, step: int) -> int:
        """The step that rates and rule go by."""
        ...

    def due(self, step: int) -> bool:
        """Whether the mask changes before the update of that step."""
        ...

    def changed(self, moment: Moment) -> Bool[Tensor, " p"]:
        """The mask from then on."""
        ...


@spec
class Rounds:
    """Training in rounds: after each, a share of the weights that are left goes, and the rest is trained again.

    The mask changes before the update of step `first`, and every `length` steps from there on, so the state of such a
    step is the end of its round, under the mask with which it was trained.

    Sources: Frankle and Carbin 2018, The lottery ticket hypothesis, arXiv:1803.03635; Renda, Frankle and Carbin 2020,
    Comparing rewinding and fine-tuning in neural network pruning, arXiv:2003.02389.

    Attributes:
        first: steps before the first pruning.
        length: steps of each round after it.
        share: of the weights that are left, how many go each time.
        score: "magnitude" removes the weights closest to 0; "random" any.
        scope: "global" compares the weights of all layers; "layer" takes the share of each.
        then: "rewind" goes on from the weights, the rule's memory and the rate of the step `back`; "replay" keeps
            weights and memory and repeats the rates from that step on; "fine-tune" keeps all, and the rates go on by
            the steps of the whole training, so that a schedule that has ended stays at its last rate.
        back: that step, at most `first`; 0 is the start of the training.
        times: how often weights go; `None` for as long as the training lasts.
    """

    later = ("times",)

    first: int
    length: int
    share: float = 0.2
    score: str = "magnitude"
    scope: str = "global"
    then: str = "rewind"
    back: int = 0
    times: int | None = None

    def __post_init__(self) -> None:
        one_of("score", self.score, ("magnitude", "random"))
        one_of("scope", self.scope, ("global", "layer"))
        one_of("then", self.then, ("rewind", "replay", "fine-tune"))
        few = min(self.first, self.length, 1 if self.times is None else self.times)
        if few < 1 or not 0 < self.share < 1 or not 0 <= self.back <= self.first:
            raise BadInput(
                f"rounds need steps, a share between 0 and 1, and to go back to a step of the first round, got {self}."
            )

    @property
    def alike(self) -> Hashable:
        return tuple(getattr(self, field.name) for field in dataclasses.fields(self) if field.name != "share")

    @property
    def rewind(self) -> int | None:
        return self.back if self.then == "rewind" else None

    def clock(self, step: int) -> int:
        if step < self.first or self.then == "fine-tune":
            return step
        done = (step - self.first) // self.length
        done = done if self.times is None else min(done, self.times - 1)
        return self.back + step - self.first - done * self.length

    def due(self, step: int) -> bool:
        since, rest = divmod(step - self.first, self.length)
        return since >= 0 and rest == 0 and (self.times is None or since < self.times)

    def changed(self, moment: Moment) -> Bool[Tensor, " p"]:
        weights = prunable(moment.layout).to(moment.mask.device)
        parts = [slice(None)] if self.scope == "global" else [place for _, place in layers(moment.layout)]
        mask = moment.mask.clone()
        for part in parts:
            left = moment.mask[part] & weights[part]
            survivors = int(left.sum())
            kept = largest_kept(self._scores(moment, part), left, survivors - round(self.share * survivors))
            mask[part] = kept | (moment.mask[part] & ~weights[part])
        return mask

    def _scores(self, moment: Moment, part: slice) -> Tensor:
        if self.score == "magnitude":
            return moment.magnitude[part]
        return torch.rand(moment.point[part].shape, generator=moment.generator).to(moment.point.device)


@spec
class DropAndGrow:
    """Dynamic sparse training: now and then the smallest weights of each layer go, and as many others come.

    A weight that comes starts at 0, and nothing is remembered of it. The share of a layer's weights that goes falls
    along half a cosine wave to 0 at step `until`. A weight that would go and come at once stays as it is.

    Sources: Mocanu et al. 2018, Scalable training of artificial neural networks with adaptive sparse connectivity,
    arXiv:1707.04780 ("random"; theirs is a constant share, the most negative and the least positive weights apart);
    Evci et al. 2020, Rigging the lottery, arXiv:1911.11134 ("gradient").

    Attributes:
        every: steps from one change to the next.
        until: no change from this step on.
        share: of each layer's weights, at the beginning.
        grow: "gradient" lets those come whose loss gradient, on the examples of the step, is largest; "random" any;
            "smallest gradient" is a control.
    """

    every: int
    until: int
    share: float = 0.3
    grow: str = "gradient"

    def __post_init__(self) -> None:
        one_of("grow", self.grow, ("gradient", "random", "smallest gradient"))
        if self.every < 1 or self.until < 1 or not 0 < self.share < 1:
            raise BadInput(f"dropping and growing needs steps and a share between 0 and 1, got {self}.")

    @property
    def alike(self) -> Hashable:
        return self.every, self.until, self.grow

    @property
    def rewind(self) -> int | None:
        return None

    def clock(self, step: int) -> int:
        return step

    def due(self, step: int) -> bool:
        return 0 < step < self.until and step % self.every == 0

    def changed(self, moment: Moment) -> Bool[Tensor, " p"]:
        share = self.share * (1 + math.cos(math.pi * moment.step / self.until)) / 2
        mask = moment.mask.clone()
        for _, place in layers(moment.layout):
            active = moment.mask[place]
            count = int(active.sum())
            moved = min(round(share * count), len(active) - count)
            staying = largest_kept(moment.magnitude[place], active, count - moved)
            mask[place] = staying | largest_kept(self._scores(moment, place), ~staying, moved)
        return mask

    def _scores(self, moment: Moment, place: slice) -> Tensor:
        if self.grow == "random":
            return torch.rand(place.stop - place.start, generator=moment.generator).to(moment.point.device)
        slope = moment.gradient[place].abs()
        return slope if self.grow == "gradient" else -slope
