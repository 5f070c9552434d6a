"""Which way to prune is best for a network of one's own? Scores beside baselines, with intervals over seeds."""

import dataclasses
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from scipy import stats
from torch import Tensor, nn

from phenoscope.claims.family import holm
from phenoscope.core.errors import BadInput
from phenoscope.instruments import Pruner, masked, prune, sparse_cost

BASELINES = ("random", "magnitude")
SMALLER = "smaller network"
"""The baseline that is not pruned."""
ALPHA = 0.05

Retrain = Callable[[nn.Module, dict[str, Tensor], int], float]
"""From a pruned copy of the network, its masks by name, and a seed, to a figure of merit after training: the more the
better."""


@dataclasses.dataclass(frozen=True)
class PrunerGain:
    """How far a way to prune is ahead of a baseline.

    Attributes:
        method: its name.
        baseline: that of what it is compared with.
        mean: of the differences over seeds, each the mean over sparsities.
        low, high: ends of the interval of that mean, at the level that Holm's correction leaves to it.
        level: one less that α, such as 0.99.
    """

    method: str
    baseline: str
    mean: float
    low: float
    high: float
    level: float

    @property
    def beats(self) -> bool:
        """Whether the whole interval is above 0."""
        return self.low > 0

    def __str__(self) -> str:
        verdict = "ahead" if self.beats else ("behind" if self.high < 0 else "undecided")
        numbers = f"{self.mean:+.4g} [{self.low:+.4g}, {self.high:+.4g}] at {100 * self.level:.4g} %"
        return f"{self.method} over {self.baseline}: {numbers}, {verdict}"


@dataclasses.dataclass(frozen=True)
class PrunerComparison:
    """What came out for all ways to prune.

    Attributes:
        merits: by the name of a method, (seeds, sparsities).
        sparsities: of the columns.
        seeds: of the rows.
        gains: each method beside each baseline, judged together.
        parameters: by the name of a method, those that are left, (seeds, sparsities).
        operations: multiplications of one example by weights that are left, likewise; empty unless inputs were given.
    """

    merits: dict[str, np.ndarray]
    sparsities: tuple[float, ...]
    seeds: tuple[int, ...]
    gains: tuple[PrunerGain, ...]
    parameters: dict[str, np.ndarray]
    operations: dict[str, np.ndarray]

    @property
    def winners(self) -> tuple[str, ...]:
        """The methods that beat every baseline."""
        methods = dict.fromkeys(gain.method for gain in self.gains)
        return tuple(name for name in methods if all(gain.beats for gain in self.gains if gain.method == name))

    def __str__(self) -> str:
        return "\n".join(map(str, self.gains))


def compare_pruners(
    make: Callable[[int], nn.Module],
    retrain: Retrain,
    *,
    methods: Sequence[str | Pruner],
    baselines: Sequence[str | Pruner] = BASELINES,
    sparsities: Sequence[float] = (0.5, 0.8, 0.9, 0.95),
    seeds: int | Sequence[int] = 5,
    data: Any = None,
    loss: Any = None,
    smaller: Callable[[int, float], nn.Module] | None = None,
    inputs: Any = None,
) -> PrunerComparison:
    """Ways to prune a network of your own beside magnitude and chance, all else being equal.

    For every seed a network is made once, pruned in every way and at every sparsity, and each of the sparse networks is
    trained by `retrain` with that seed. Differences are taken within a seed and averaged over sparsities, so the seed
    is the unit; their intervals are Student's, and Holm's correction is made for all methods and baselines together.
    Without such comparisons published gains say little (Blalock et al. 2020, What is the state of neural network
    pruning?, arXiv:2003.03033). Ways that leave as many weights need not leave as many operations: a weight of a
    convolution is used at every place. So both are counted, and merits can be laid out against either.

    Args:
        make: from a seed to a network, at its start or already trained.
        retrain: from a pruned copy of it, the masks and the seed to a figure of merit, such as test accuracy. It keeps
            removed weights at 0, for example by multiplying them by the masks after each step.
        methods: as `method` in `prune`.
        baselines: likewise: what must be beaten.
        sparsities: shares removed.
        seeds: how many, from 0 on, or which; at least 2.
        data: for scores that use it, as in `prune`.
        loss: (outputs, targets) -> scalar, for those.
        smaller: from a seed and a sparsity to a dense network with about as many parameters as pruning leaves: one more
            baseline, "smaller network", trained by `retrain` as it is, without masks.
        inputs: the shape of one example, or inputs of a call: then operations are counted, as by `sparse_cost`.

    Raises:
        BadInput: too few seeds, a method twice, or a figure of merit that is not finite.
    """
    chosen = tuple(range(seeds)) if isinstance(seeds, int) else tuple(seeds)
    pruners = {_name(way): way for way in (*methods, *baselines)}
    if len(chosen) < 2 or len(set(chosen)) < len(chosen):
        raise BadInput(f"an interval takes at least 2 different seeds, got {chosen}.")
    if len(pruners) < len(methods) + len(baselines) or not methods or not baselines or not sparsities:
        raise BadInput("a comparison takes methods, other baselines and sparsities, and each way to prune once.")
    names = (*pruners, *(() if smaller is None else (SMALLER,)))
    merits, parameters, operations = (
        {name: np.empty((len(chosen), len(sparsities))) for name in names} for _ in range(3)
    )
    for row, seed in enumerate(chosen):
        model = make(seed)
        for name, (column, sparsity) in itertools.product(names, enumerate(sparsities)):
            if smaller is not None and name == SMALLER:
                sparse, masks = smaller(seed, sparsity), {}
            else:
                drawn = torch.Generator().manual_seed(seed)
                options = {"sparsity": sparsity, "data": data, "loss": loss, "generator": drawn}
                masks = prune(model, method=pruners[name], **options).masks
                sparse = masked(model, masks)
            parameters[name][row, column] = _left(sparse, masks)
            if inputs is not None:
                operations[name][row, column] = sparse_cost(sparse, masks, inputs=inputs).value
            merits[name][row, column] = _merit(retrain(sparse, masks, seed), name)
    pairs = [(_name(one), other) for one in methods for other in (*map(_name, baselines), *names[len(pruners) :])]
    counted = {} if inputs is None else operations
    return PrunerComparison(merits, tuple(sparsities), chosen, _gains(merits, pairs), parameters, counted)


def _left(model: nn.Module, masks: dict[str, Tensor]) -> int:
    """Trainable parameters under the masks."""
    trained = sum(value.numel() for value in model.parameters() if value.requires_grad)
    return trained - sum(int((~mask).sum()) for mask in masks.values())


def _gains(merits: dict[str, np.ndarray], pairs: Sequence[tuple[str, str]]) -> tuple[PrunerGain, ...]:
    ahead = [(merits[one] - merits[other]).mean(axis=1) for one, other in pairs]
    count = len(ahead[0])
    means, errors = [float(each.mean()) for each in ahead], [float(stats.sem(each)) for each in ahead]
    found = [_p_value(mean, error, count) for mean, error in zip(means, errors, strict=True)]
    gains = []
    for pair, mean, error, alpha in zip(pairs, means, errors, holm(found, ALPHA), strict=True):
        half = float(stats.t.ppf(1 - alpha / 2, count - 1)) * error
        gains.append(PrunerGain(*pair, mean, mean - half, mean + half, 1 - alpha))
    return tuple(gains)


def _p_value(mean: float, error: float, count: int) -> float:
    if error == 0:
        return 1.0 if mean == 0 else 0.0
    return float(2 * stats.t.sf(abs(mean) / error, count - 1))


def _name(way: str | Pruner) -> str:
    if isinstance(way, str):
        return way
    changed = [field for field in dataclasses.fields(way) if getattr(way, field.name) != field.default]
    return ", ".join([way.score, *(f"{f.name}={getattr(way, f.name)}" for f in changed if f.name != "score")])


def _merit(value: float, name: str) -> float:
    if not math.isfinite(value):
        raise BadInput(f"`retrain` must give a finite number for every network, got {value} for one pruned by {name}.")
    return float(value)
