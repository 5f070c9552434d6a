"""Does a series rise? The order of its readings against the order of the steps."""

import numpy as np

from phenoscope.claims.expressions import Expression
from phenoscope.claims.reductions import Reduction, Rule, series
from phenoscope.claims.statistics import Statistic


def trend(expression: Expression) -> Statistic:
    """Kendall's rank correlation τ of the readings with their order: 1 if each is above the one before, -1 if below.

    It is the share of pairs of readings that rise less the share that fall; equal readings count for neither. Error:
    twice the share of pairs whose order the measurement errors leave open. Source: Kendall 1938, A new measure of rank
    correlation, Biometrika 30.
    """
    return Reduction(_TREND, series(expression, "trend"))


def _kendall(values: np.ndarray, errors: np.ndarray) -> tuple[float, float]:
    first, second = np.triu_indices(len(values), k=1)
    rises = values[second] - values[first]
    open_ones = np.abs(rises) < errors[second] + errors[first]
    return float(np.sign(rises).mean()), 2 * float(open_ones.mean())


_TREND = Rule("trend", _kendall, needs=3, keeps_unit=False)
