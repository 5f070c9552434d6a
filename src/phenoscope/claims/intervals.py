"""Confidence intervals for what replicates say: means, medians, proportions, and onsets read from a grid.

| what                      | how                                                                   |
| ------------------------- | --------------------------------------------------------------------- |
| mean, n < 20              | Student's t                                                           |
| mean, n ≥ 20              | bootstrap-t (Efron & Tibshirani 1993, section 12.5), 9,999 resamples  |
| mean of ratios            | the same on the log scale: a geometric mean                           |
| median                    | order statistics (distribution-free; 95 % needs n ≥ 6)                |
| proportion                | exact binomial (Clopper & Pearson 1934)                               |
| onset (interval-censored) | from the lower end for the lower bounds to the upper end for the upper ones |

The spread that enters a mean's interval is max(s, e): s the sample standard deviation, e the root mean square of the
measurement errors. Replicates that agree more closely than they were measured are no evidence of precision.
"""

import dataclasses
import math
from collections.abc import Sequence
from functools import cached_property
from typing import Literal

import numpy as np
from scipy import special

from phenoscope.claims.statistics import Scale
from phenoscope.core.errors import BadInput

Summary = Literal["mean", "median", "proportion"]

BOOTSTRAP_FROM = 20
RESAMPLES = 9_999


@dataclasses.dataclass(frozen=True)
class Interval:
    """An estimate and its confidence interval.

    Attributes:
        estimate: of the mean, median or proportion.
        low, high: the ends; the whole line where there is no interval.
        n: how many values it rests on.
        method: how it was made, such as "Student's t".
        reason: why there is none, where there is none.
    """

    estimate: float
    low: float
    high: float
    n: int
    method: str
    reason: str | None = None


def interval(
    values: Sequence[float] | np.ndarray,
    level: float = 0.95,
    kind: Summary = "mean",
    error: float | Sequence[float] | np.ndarray = 0.0,
    scale: Scale = "linear",
    *,
    censored: bool = False,
) -> Interval:
    """The confidence interval of one sample at one level.

    Args:
        values: one a replicate.
        level: the chance that such an interval covers the truth.
        kind: of what the interval is: the mean, the median, or, for values 0 and 1, the proportion of ones.
        error: absolute errors of measurement, one for all or one a value; the spread is never taken to be smaller.
        scale: "log" for ratios.
        censored: whether the truth is anywhere in value ± error, as for an onset read from a grid.

    Example:
        >>> found = interval([1.0, 2.0, 3.0])
        >>> print(f"{found.estimate:.2f} [{found.low:.2f}, {found.high:.2f}] by {found.method}")
        2.00 [-0.48, 4.48] by Student's t
    """
    if not 0 < level < 1:
        raise BadInput(f"a confidence level lies between 0 and 1, got {level!r}. Use for example 0.95.")
    sample = Sample.made(values, error, kind, scale, censored)
    low, high = sample.bounds(1 - level)
    return Interval(sample.estimate, low, high, sample.n, sample.method, sample.fault)


@dataclasses.dataclass(frozen=True, eq=False)
class Sample:
    """One value per replicate, and what kind of interval they ask for.

    Attributes:
        values: (n,), sorted, so that no result depends on the order of the seeds.
        errors: (n,) absolute measurement errors; with `censored`, half the width of what is known of each value.
        kind: what is estimated. For a proportion the values are 1 and 0, and an error of 1 marks one in doubt.
        scale: "log" averages logarithms. A sample with a value that its error does not tell from zero has no
            logarithms and falls back to the linear scale (`used_scale`).
        censored: the truth is anywhere in value ± error.
    """

    values: np.ndarray
    errors: np.ndarray
    kind: Summary
    scale: Scale
    censored: bool

    @staticmethod
    def made(
        values: Sequence[float] | np.ndarray,
        errors: float | Sequence[float] | np.ndarray,
        kind: Summary = "mean",
        scale: Scale = "linear",
        censored: bool = False,
    ) -> "Sample":
        """The sample of these values, checked."""
        numbers = np.asarray(values, dtype=np.float64)
        if numbers.ndim != 1:
            raise BadInput(f"an interval needs one value per replicate, got shape {numbers.shape}. Pass a flat list.")
        if kind == "proportion" and not np.isin(numbers[np.isfinite(numbers)], (0, 1)).all():
            raise BadInput(f"a proportion counts what is true (1) or false (0), got {numbers.tolist()}.")
        sizes = np.broadcast_to(np.asarray(errors, dtype=np.float64), numbers.shape)
        if (sizes < 0).any():
            raise BadInput(f"measurement errors are sizes, got {sizes.min()}. Pass absolute errors.")
        order = np.lexsort((sizes, numbers))
        return Sample(numbers[order], sizes[order], kind, scale, censored)

    @property
    def n(self) -> int:
        return len(self.values)

    @cached_property
    def fault(self) -> str | None:
        """Why these values give no interval at any level, or None."""
        if self.n < 2:
            return "one seed shows no spread" if self.n else "there are no seeds"
        if not np.isfinite(self.values).all():
            return "a value is not a finite number"
        if not np.isfinite(self.errors).all():
            return "the measurement error of a value is not bounded"
        if self.kind == "median" and self.n < 6:
            return f"the interval of a median needs 6 seeds, got {self.n}"
        return None

    @cached_property
    def used_scale(self) -> Scale:
        positive = bool((self.values > self.errors).all())
        return "log" if self.scale == "log" and self.kind == "mean" and positive else "linear"

    @property
    def method(self) -> str:
        if self.kind == "median":
            return "order statistics"
        if self.kind == "proportion":
            return "exact binomial"
        return "Student's t" if self.n < BOOTSTRAP_FROM else "bootstrap-t"

    @property
    def estimate(self) -> float:
        """The mean (geometric on the log scale), the median or the share."""
        if self.n == 0 or not np.isfinite(self.values).all():
            return math.nan
        if self.kind == "median":
            return float(np.median(self.values))
        if self.used_scale == "log":
            return float(np.exp(np.log(self.values).mean()))
        return float(self.values.mean())

    def bounds(self, alpha: float, n: int | None = None) -> tuple[float, float]:
        """The interval at level 1 − alpha; intervals at rising levels are nested.

        Args:
            alpha: the share of intervals allowed to miss.
            n: as if the same values had been seen in n replicates (to plan how many would decide).
        """
        if self.fault is not None:
            return -math.inf, math.inf
        size = self.n if n is None else n
        lower, upper = self._parts
        if self.kind == "median":
            return _rank(np.sort(lower), alpha, size)[0], _rank(np.sort(upper), alpha, size)[1]
        if self.kind == "proportion":
            return _binomial(lower.mean(), alpha, size)[0], _binomial(upper.mean(), alpha, size)[1]
        with np.errstate(over="ignore", invalid="ignore"):
            low, high = self._means[0].bounds(alpha, n)[0], self._means[1].bounds(alpha, n)[1]
            if self.used_scale == "log":
                low, high = np.exp(low), np.exp(high)
        return float(low), float(high)

    @cached_property
    def _parts(self) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper bounds of the values."""
        lower, upper = self.values - self.errors, self.values + self.errors
        return (lower.clip(0, 1), upper.clip(0, 1)) if self.kind == "proportion" else (lower, upper)

    @cached_property
    def _means(self) -> tuple["_Mean", "_Mean"]:
        """What gives the lower and what gives the upper end; one and the same unless censored."""
        change = np.log if self.used_scale == "log" else np.asarray
        if self.censored:
            return _Mean(change(self._parts[0]), 0.0), _Mean(change(self._parts[1]), 0.0)
        # On the log scale the side towards zero is the longer one.
        sizes = -np.log1p(-self.errors / self.values) if self.used_scale == "log" else self.errors
        both = _Mean(change(self.values), float(np.sqrt(np.mean(sizes**2))))
        return both, both


@dataclasses.dataclass(frozen=True, eq=False)
class _Mean:
    """The mean of values (n,), whose spread is never taken below `floor`."""

    values: np.ndarray
    floor: float

    def bounds(self, alpha: float, n: int | None) -> tuple[float, float]:
        mean, spread = self._moments
        size = len(self.values) if n is None else n
        width = spread / math.sqrt(size)
        if width == 0:
            return mean, mean
        if n is not None or size < BOOTSTRAP_FROM or not np.isfinite(self._pivots).all():
            reach = -float(special.stdtrit(size - 1, alpha / 2)) * width
            return mean - reach, mean + reach
        rank = math.floor((RESAMPLES + 1) * alpha / 2)
        if rank < 1:  # this far out the resamples say nothing
            return -math.inf, math.inf
        return mean - self._pivots[RESAMPLES - rank] * width, mean - self._pivots[rank - 1] * width

    @cached_property
    def _moments(self) -> tuple[float, float]:
        return float(self.values.mean()), max(float(self.values.std(ddof=1)), self.floor)

    @cached_property
    def _pivots(self) -> np.ndarray:
        """Sorted studentised resampled means. Infinite where ties leave a resample no spread; then t is used.

        The floor is no part of them: pivots over a spread that the values do not show would come out too small.
        """
        generator = np.random.default_rng(0)
        drawn = self.values[generator.integers(len(self.values), size=(RESAMPLES, len(self.values)))]
        spread = drawn.std(axis=1, ddof=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            pivots = (drawn.mean(axis=1) - self.values.mean()) / (spread / math.sqrt(len(self.values)))
        return np.sort(np.where(spread > 0, pivots, np.inf))


def _rank(ordered: np.ndarray, alpha: float, n: int) -> tuple[float, float]:
    """[x₍ᵣ₎, x₍ₙ₊₁₋ᵣ₎] with the largest r for which 2·P(Bin(n, ½) < r) ≤ alpha; the whole line if there is none."""
    ranks = np.arange(1, (n + 1) // 2 + 1)
    rank = int(np.count_nonzero(2 * special.bdtr(ranks - 1, n, 0.5) <= alpha))
    if rank < 1:
        return -math.inf, math.inf
    place = math.floor((rank - 0.5) / n * len(ordered))
    return float(ordered[place]), float(ordered[-1 - place])


def _binomial(share: float, alpha: float, n: int) -> tuple[float, float]:
    """Clopper-Pearson for `share`·n successes in n."""
    hits = share * n
    low = 0.0 if hits <= 0 else float(special.betaincinv(hits, n - hits + 1, alpha / 2))
    high = 1.0 if hits >= n else 1 - float(special.betaincinv(n - hits, hits + 1, alpha / 2))
    return low, high
