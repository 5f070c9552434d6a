"""Whose doing is it? The variance of the test error over a crossed design of trainings, share by share."""

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import numpy as np
import torch

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.data import Dataset
from phenoscope.methods.computation import Found
from phenoscope.models import MLP
from phenoscope.objective import CrossEntropy
from phenoscope.training import Adam, GradientDescent, HeavyBall, Recipe, Rule, train

FACTORS = ("rule", "rate", "batch", "data", "initialisation")
"""The order of the axes of a design."""


def variance_shares(values: np.ndarray) -> dict[str, float]:
    """The shares of the variance over a crossed design, one axis a factor, the last one nested in the one before.

    ε² of each main effect: (SS - df · MS_rest) / SS_total, which is 0 on average for a factor without effect, and can
    be negative. The last axis counts levels drawn anew at each level of the axis before it (initialisations of each
    draw of the data), so its sum of squares is within those. "rest" is what no main effect explains: interactions and
    noise.

    Source: the analysis of variance; Kelley 1935, Proc. Natl. Acad. Sci. 21:554, for ε².

    Args:
        values: one number a training, an axis for each of `FACTORS`, each with at least 2 levels.

    Example:
        >>> values = np.zeros((2, 2, 2, 2, 2)); values[1] = 1.0
        >>> variance_shares(values)["rule"]
        1.0
    """
    if values.ndim != len(FACTORS) or min(values.shape) < 2 or not np.isfinite(values).all():
        raise BadInput(
            f"shares need a finite number for each training of a design of {', '.join(FACTORS)}, at least 2 levels of "
            f"each; got shape {values.shape}."
        )
    mean, every = values.mean(), values.size
    squares: dict[str, float] = {}
    freedom: dict[str, int] = {}
    for axis, name in enumerate(FACTORS[:-1]):
        levels = values.mean(axis=tuple(other for other in range(values.ndim) if other != axis))
        squares[name] = float(np.square(levels - mean).sum()) * every / len(levels)
        freedom[name] = len(levels) - 1
    cells = values.mean(axis=(0, 1, 2))  # (data, initialisation)
    within = np.square(cells - cells.mean(axis=1, keepdims=True)).sum()
    squares[FACTORS[-1]] = float(within) * every / cells.size
    freedom[FACTORS[-1]] = cells.shape[0] * (cells.shape[1] - 1)
    total = float(np.square(values - mean).sum())
    if total == 0:
        raise BadInput("all trainings came to one number, so there is no variance to share out.")
    spread = (total - sum(squares.values())) / (every - 1 - sum(freedom.values()))
    shares = {name: float(squares[name] - freedom[name] * spread) / total for name in FACTORS}
    return shares | {"rest": 1.0 - sum(shares.values())}


@spec
class Attribution:
    """How much of the variance of the test error is due to rule, rate, batch, data and initialisation.

    A network is trained with the cross-entropy in every combination of three rules (descent, heavy ball with momentum
    0.9, Adam), each at a rate of its own and at a third of it, two batches, and `levels` draws of the data (with a test
    part of their own), each with as many initialisations. A training is judged where its loss on all training data is
    first at `level`, or, with `matched` false, after `steps` steps wherever it is. So what descent chooses is told from
    how far it has come.

    `share of ...` are the shares of `variance_shares`; `share of training` is that of rule, rate and batch together,
    and `share of training, dealt out` the same after the test errors were dealt out anew among the trainings. `reached`
    is the share of trainings that came to the level; the others are judged where they end. `spread` is the standard
    deviation of the test errors, `mean test error` their mean.

    Attributes:
        data: of classes, with test examples.
        model: what is trained.
        rates: of descent, of heavy ball, and of Adam.
        batches: two of them.
        levels: draws of the data, and initialisations of each.
        level: of the training loss.
        matched: whether trainings are judged at the level.
        steps: of each training, at most.
        seed: of everything drawn.
        dynamics: "network", or "linearised" for Taylor expansions.
    """

    data: Dataset
    model: MLP
    rates: tuple[float, float, float] = (0.3, 0.03, 0.003)
    batches: tuple[int, int] = (10, 50)
    levels: int = 3
    level: float = 0.1
    matched: bool = True
    steps: int = 600
    seed: int = 0
    dynamics: Literal["network", "linearised"] = "network"

    def __post_init__(self) -> None:
        one_of("dynamics", self.dynamics, ("network", "linearised"))
        if self.levels < 2 or self.steps < 1 or not self.level > 0 or min(*self.rates, *self.batches) <= 0:
            raise BadInput(f"an attribution needs 2 levels, a step, and positive rates, batches and level; got {self}.")

    def frozen(self) -> "Attribution":
        """The twin with frozen features."""
        return dataclasses.replace(self, dynamics="linearised")

    @property
    def units(self) -> Mapping[str, str]:
        shares = [f"share of {name}" for name in (*FACTORS, "rest", "training", "training, dealt out")]
        errors = dict.fromkeys(("mean test error", "spread"), "share of examples")
        return dict.fromkeys((*shares, "reached"), "1") | errors

    def readings(self) -> Iterator[Found]:
        """The shares, at the last step."""
        errors, reached = [], []
        cells = list(itertools.product(range(3), range(2)))
        for number, (rule, batch) in enumerate(cells, start=1):
            found, came = self._trained(self._cohort(rule, self.batches[batch]))
            errors.append(found.reshape(2, self.levels, self.levels))
            reached.append(came)
            if number < len(cells):
                yield Found(number * self.steps // len(cells), {})
        # (rule, batch, rate, data, initialisation) to the order of FACTORS
        values = np.stack(errors).reshape(3, 2, 2, self.levels, self.levels).swapaxes(1, 2)
        yield Found(self.steps, self._told(values) | {"reached": float(np.mean(reached))})

    def _told(self, values: np.ndarray) -> dict[str, float]:
        order = torch.randperm(values.size, generator=stream(self.seed, "dealt out")).numpy()
        shares, dealt = variance_shares(values), variance_shares(values.ravel()[order].reshape(values.shape))
        training = FACTORS[:3]
        found = {f"share of {name}": share for name, share in shares.items()}
        found["share of training"] = sum(shares[name] for name in training)
        found["share of training, dealt out"] = sum(dealt[name] for name in training)
        return found | {"mean test error": float(values.mean()), "spread": float(values.std())}

    def _cohort(self, rule: int, batch: int) -> list[Recipe]:
        """The trainings of one rule and batch: rates outermost, then data, then initialisations."""
        first = int(torch.randint(2**30, (), generator=stream(self.seed, "levels")))
        return [
            Recipe(
                self.data, self.model, CrossEntropy(), _rule(rule, self.rates[rule] / slower), self.steps,
                seed=first + data, batch=batch, initialisation=start, dynamics=self.dynamics,
            )
            for slower, data, start in itertools.product((1, 3), range(self.levels), range(self.levels))
        ]  # fmt: skip

    def _trained(self, cohort: Sequence[Recipe]) -> tuple[np.ndarray, np.ndarray]:
        """The test error of each training where it is judged, and whether it came to the level."""
        errors = np.full(len(cohort), np.nan)
        reached = np.zeros(len(cohort), dtype=bool)
        for state in train(cohort):
            there = (state.around.loss <= self.level).cpu().numpy() & ~reached
            last = state.step == self.steps
            judged = (there if self.matched else np.zeros_like(there)) | (last & np.isnan(errors))
            reached |= there
            if judged.any():
                right = state.accuracy("test")
                if right is None:
                    raise BadInput("an attribution is about test errors: give data of classes with test examples.")
                errors[judged] = 1 - right.cpu().numpy()[judged]
            if self.matched and reached.all():
                break
        return errors, reached


def _rule(number: int, rate: float) -> Rule:
    return (GradientDescent(rate), HeavyBall(rate, 0.9), Adam(rate))[number]
