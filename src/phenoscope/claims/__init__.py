"""Claims and verdicts: what is claimed of a record, and what the evidence says."""

from phenoscope.claims.alone import judge_run
from phenoscope.claims.claim import Breaks, Claim, Twin
from phenoscope.claims.correlations import rank_correlation
from phenoscope.claims.crossings import crossing_slope
from phenoscope.claims.expressions import Condition, Expression, Measured, Setting
from phenoscope.claims.humps import hump_height, hump_step
from phenoscope.claims.intervals import Interval, interval
from phenoscope.claims.judge import judge
from phenoscope.claims.marks import highest_step, mark_correlation, mark_ratio, settled_step
from phenoscope.claims.offsets import offset_ratio
from phenoscope.claims.onsets import onset
from phenoscope.claims.optima import optimum_slope
from phenoscope.claims.passages import block_ratio, first_step, maximum_until, value_when
from phenoscope.claims.peaks import hump_across, hump_place, peak_descent, peak_height, peak_place, second_minimum
from phenoscope.claims.reductions import (
    first_value,
    fraction_of,
    growth,
    last_value,
    late_mean,
    maximum,
    mean,
    minimum,
    relative_spread,
    sign_changes,
)
from phenoscope.claims.regions import Above, AtLeast, AtMost, Below, Between, Region, region_from_json
from phenoscope.claims.slopes import SweepStatistic, log_log_slope, slope
from phenoscope.claims.statistics import Criterion, Statistic, Value, ratio
from phenoscope.claims.sweeps import average, correlation_trend, largest, quotient
from phenoscope.claims.trends import trend
from phenoscope.claims.verdict import ControlVerdict, Outcome, Verdict, verdict_from_json

__all__ = [
    "Above",
    "AtLeast",
    "AtMost",
    "Below",
    "Between",
    "Breaks",
    "Claim",
    "Condition",
    "ControlVerdict",
    "Criterion",
    "Expression",
    "Interval",
    "Measured",
    "Outcome",
    "Region",
    "Setting",
    "Statistic",
    "SweepStatistic",
    "Twin",
    "Value",
    "Verdict",
    "average",
    "block_ratio",
    "correlation_trend",
    "crossing_slope",
    "first_step",
    "first_value",
    "fraction_of",
    "growth",
    "highest_step",
    "hump_across",
    "hump_height",
    "hump_place",
    "hump_step",
    "interval",
    "judge",
    "judge_run",
    "largest",
    "last_value",
    "late_mean",
    "log_log_slope",
    "mark_correlation",
    "mark_ratio",
    "maximum",
    "maximum_until",
    "mean",
    "minimum",
    "offset_ratio",
    "onset",
    "optimum_slope",
    "peak_descent",
    "peak_height",
    "peak_place",
    "quotient",
    "rank_correlation",
    "ratio",
    "region_from_json",
    "relative_spread",
    "second_minimum",
    "settled_step",
    "sign_changes",
    "slope",
    "trend",
    "value_when",
    "verdict_from_json",
]
