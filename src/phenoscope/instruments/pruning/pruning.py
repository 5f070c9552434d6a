"""Pruning: which weights of a network can go? One registry of scores, and the same choices around each of them."""

import copy
import dataclasses
from collections.abc import Callable, Iterator, Mapping
from functools import cache, cached_property
from typing import Any

import torch
from torch import Generator, Tensor, nn

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.seeds import seeded
from phenoscope.core.specs import spec
from phenoscope.instruments.pruning.choosing import GRANULARITIES, highest
from phenoscope.instruments.pruning.densities import DENSITIES, budgets
from phenoscope.instruments.pruning.flow import example_of, still
from phenoscope.instruments.pruning.paths import EffectiveSparsity, effective_sparsity
from phenoscope.instruments.pruning.scores import SCORES, Score, Subject
from phenoscope.instruments.pruning.weights import prunable
from phenoscope.instruments.reading import Reading
from phenoscope.objective import Objective
from phenoscope.objective.batches import Batch, batches_of
from phenoscope.objective.randomness import preserved_randomness

SCHEDULES = ("exponential", "linear")


@spec
class Pruner:
    """How weights are chosen: a score, and what is done with it.

    Attributes:
        score: a name in `SCORES`.
        granularity: what stays or goes as one: a "weight", a "kernel", or a "unit" with all that goes into it (a
            filter). Leave the output layer out with units: its units are the outputs.
        scope: "global" ranks all weights together; a name in `DENSITIES` says beforehand how many each layer keeps.
        rounds: how often the score is taken anew, of what is left; `None` for the score's own number.
        schedule: the share kept falls by the same factor in each round ("exponential"), or by the same part ("linear").
        inverted: keep the lowest scores instead, for a control.
        leave: names, or patterns such as `"head.*"`, of weights that are not pruned.
    """

    score: str = "magnitude"
    granularity: str = "weight"
    scope: str = "global"
    rounds: int | None = None
    schedule: str = "exponential"
    inverted: bool = False
    leave: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        one_of("the method of pruning", self.score, SCORES)
        one_of("granularity", self.granularity, GRANULARITIES)
        one_of("scope", self.scope, ("global", *DENSITIES))
        one_of("schedule", self.schedule, SCHEDULES)
        if self.rounds is not None and self.rounds < 1:
            raise BadInput(f"pruning takes at least 1 round, got {self.rounds}.")

    def kept(self, total: int, count: int) -> list[int]:
        """How many of `total` weights stay after each round, when `count` are to stay in the end."""
        rounds = self.rounds or SCORES[self.score].rounds
        share = count / total
        parts = [number / rounds for number in range(1, rounds)]
        shares = [share**part if self.schedule == "exponential" else 1 - part * (1 - share) for part in parts]
        return [max(round(total * each), count) for each in shares] + [count]


@dataclasses.dataclass(frozen=True, eq=False)
class Pruning(Reading):
    """Which weights stay.

    Attributes:
        masks: by name, true where a weight stays.
        scores: those of the last round, by name; larger for what was to stay.
        pruner: how they were chosen.
        model: a copy of the network with the removed weights at 0.
        example: arguments of a call for one example, for following paths.
    """

    masks: dict[str, Tensor]
    scores: dict[str, Tensor]
    pruner: Pruner
    model: nn.Module
    example: Callable[[], Any] = dataclasses.field(repr=False)

    @property
    def kept(self) -> dict[str, int]:
        """How many weights each layer keeps."""
        return {name: int(mask.sum()) for name, mask in self.masks.items()}

    @property
    def total(self) -> int:
        """How many weights there were to choose from."""
        return sum(mask.numel() for mask in self.masks.values())

    @property
    def sparsity(self) -> float:
        """The share that was removed of the weights that could be."""
        return 1 - sum(self.kept.values()) / self.total

    @property
    def value(self) -> float:  # type: ignore[override]  # a reading's value, here what the masks say
        """The sparsity."""
        return self.sparsity

    @property
    def layers(self) -> dict[str, float]:
        """The sparsity of each layer; `prune` takes it, to remove as much from each by another score."""
        return {name: 1 - kept / self.masks[name].numel() for name, kept in self.kept.items()}

    @cached_property
    def effective(self) -> EffectiveSparsity:
        """The sparsity in which weights on no path count as removed."""
        return effective_sparsity(self.model, self.masks, inputs=self.example())

    @property
    def collapsed(self) -> bool:
        """Whether no path is left from the inputs to the outputs.

        Raises:
            BadInput: a model for which no input was found; `prune` takes `inputs=`.
        """
        return self.effective.collapsed

    @property
    def evidence(self) -> str:
        left = ", ".join(f"{name} {kept}" for name, kept in self.kept.items())
        return f"{sum(self.kept.values())} of {self.total} weights stay, by {self.pruner.score}: {left}"


def prune(
    model: nn.Module,
    *,
    method: str | Pruner = "magnitude",
    sparsity: float | Mapping[str, float],
    data: Any = None,
    loss: Any = None,
    batch_size: int | None = None,
    inputs: Any = None,
    generator: Generator | None = None,
) -> Pruning:
    """Choose weights to remove, by any score and in any of the ways of `Pruner`; the model stays as it is.

    Weights are the trainable parameters with two axes or more. Biases and the gains of normalisations are not pruned,
    and tied weights count once. Exactly the asked share goes (with groups of weights, up to one group), equal
    scores being decided by chance. Scores that use data are read with the model in the mode in which it is, with
    running statistics as they are, over all data that are passed, batches weighed by the loss's own denominator. Those
    of paths are read in evaluation mode and float64; they leave biases and means out, and take what bends for the
    identity, which is what rectifiers are there.

    Args:
        model: any module.
        method: a score by name (`SCORES`), used as it is meant to be, or a `Pruner` with choices of your own.
        sparsity: the share that is removed, from 0 to below 1; or by name that of each layer, such as the `layers` of
            another pruning, where layers that are not named stay whole.
        data: a pair of tensors, a Dataset, a DataLoader or any re-iterable of (input, target), for scores that use it.
        loss: (outputs, targets) -> scalar, for those.
        batch_size: examples a batch, as in `Objective`; it changes memory, not the result.
        inputs: the shape of one example, or inputs of a call, for paths; guessed from the first layer unless given.
        generator: for what is drawn.

    Raises:
        BadInput: a method, share or layer that is not there, data that the score lacks, scores that are not finite.

    Example:
        >>> network = nn.Sequential(nn.Linear(2, 2, bias=False), nn.ReLU(), nn.Linear(2, 1, bias=False))
        >>> with torch.no_grad():
        ...     _ = network[0].weight.copy_(torch.tensor([[3.0, -2.0], [0.1, 0.2]]))
        ...     _ = network[2].weight.copy_(torch.tensor([[0.5, 1.0]]))
        >>> pruned = prune(network, sparsity=0.5)
        >>> pruned.masks["0.weight"].tolist(), pruned.masks["2.weight"].tolist(), pruned.collapsed
        ([[True, True], [False, False]], [[False, True]], True)
    """
    pruner = method if isinstance(method, Pruner) else Pruner(method)
    weights = prunable(model, pruner.leave)
    counts = _counts(weights, sparsity, pruner)
    score, generator = SCORES[pruner.score], seeded(generator)
    twin = copy.deepcopy(model)
    held = {name: twin.get_parameter(name).detach() for name in weights}
    masks = {name: torch.ones_like(value, dtype=torch.bool) for name, value in held.items()}
    scores: dict[str, Tensor] = {}

    @cache
    def example() -> Any:
        return example_of(model, inputs, None if data is None or inputs is not None else _batch(model, data))

    objective = _objective(twin, data, loss, batch_size, pruner.score)
    subject = Subject(twin, held, objective, example, cache(lambda: still(model)), generator)
    for kept in counts:
        with preserved_randomness():
            scores = _checked(score, score.read(subject), held)
        scores = {name: -value if pruner.inverted else value for name, value in scores.items()}
        masks = highest(scores, kept, masks, granularity=pruner.granularity, generator=generator)
        for name, value in held.items():
            value.masked_fill_(~masks[name], 0.0)  # no product: 0 times infinity is no zero
    return Pruning(masks, scores, pruner, twin, example)


def _batch(model: nn.Module, data: Any) -> Batch:
    return next(batches_of(data, None, next(model.parameters()).device)())


def _counts(
    weights: Mapping[str, nn.Parameter], sparsity: float | Mapping[str, float], pruner: Pruner
) -> Iterator[int | dict[str, int]]:
    """What is kept after each round: in all, or in each layer."""
    sizes = {name: value.numel() for name, value in weights.items()}
    if isinstance(sparsity, Mapping):
        unknown = sorted(set(sparsity) - set(sizes))
        if unknown:
            raise BadInput(
                f"a sparsity is given for {unknown[0]!r}, which is not pruned. There are {', '.join(sizes)}."
            )
        last = {name: round(sizes[name] * (1 - _share(sparsity.get(name, 0.0)))) for name in sizes}
    else:
        last = round(sum(sizes.values()) * (1 - _share(sparsity)))
    if not last or (isinstance(last, dict) and not any(last.values())):
        raise BadInput(f"a sparsity of {sparsity} leaves none of {sum(sizes.values())} weights. Take a smaller one.")
    return _rounds(weights, sizes, last, pruner)


def _rounds(
    weights: Mapping[str, nn.Parameter], sizes: Mapping[str, int], last: int | dict[str, int], pruner: Pruner
) -> Iterator[int | dict[str, int]]:
    if isinstance(last, dict):
        each = {name: pruner.kept(sizes[name], last[name]) for name in sizes}
        yield from (dict(zip(each, counts, strict=True)) for counts in zip(*each.values(), strict=True))
        return
    for kept in pruner.kept(sum(sizes.values()), last):
        shapes = {name: tuple(value.shape) for name, value in weights.items()}
        yield kept if pruner.scope == "global" else budgets(shapes, kept, pruner.scope)


def _share(sparsity: float) -> float:
    if not 0 <= sparsity <= 1:
        raise BadInput(f"`sparsity` is the share of weights removed, from 0 to below 1, got {sparsity}.")
    return sparsity


def _objective(model: nn.Module, data: Any, loss: Any, batch_size: int | None, method: str) -> Objective | None:
    if not SCORES[method].data:
        return None
    if data is None or loss is None:
        raise BadInput(f"{method!r} scores weights by the loss on data. Pass `data=` and `loss=`.")
    return Objective(model, loss, data, batch_size)


def _checked(score: Score, scores: dict[str, Tensor], weights: dict[str, Tensor]) -> dict[str, Tensor]:
    for name, weight in weights.items():
        if name not in scores or scores[name].shape != weight.shape:
            raise BadInput(f"the score {score.says!r} must have a number for each entry of {name!r}.")
        if not bool(torch.isfinite(scores[name]).all()):
            raise BadInput(f"the scores of {name!r} are not finite, so that they rank nothing. Check weights and data.")
    return scores
