import numpy as np
import pytest
from scipy import stats

from phenoscope.claims import (
    AtLeast,
    Between,
    Breaks,
    Claim,
    Measured,
    Setting,
    Twin,
    first_value,
    judge,
    last_value,
    log_log_slope,
    ratio,
)

X, LR = Measured("x"), Setting("lr")
GOOD = [1.00, 1.02, 0.98, 1.01, 0.99]


def claim(statistic=None, region=None, **changed):
    fields = {"says": "x is near one", "source": "nobody", "on": "main"} | changed
    statistic = last_value(X) if statistic is None else statistic
    return Claim(statistic=statistic, region=region or Between(0.9, 1.1), **fields)


def one(claims, evidence, **options):
    (verdict,) = judge([claims] if isinstance(claims, Claim) else claims, evidence, **options)
    return verdict


def test_a_control_without_the_swept_value_serves_all(arm):
    members = [*arm(GOOD, lr=0.3), *arm(GOOD, lr=0.1)]
    made = claim(each="lr", control=Breaks("control"))
    verdicts = judge([made], {"main": members, "control": arm([5.0] * 5, lr=0.01)}, sweeps={"main": ("lr",)})
    assert [verdict.control.estimate for verdict in verdicts if verdict.control] == [5, 5]


def test_breaks_by_contradiction(arm):
    made = claim(control=Breaks("control", by="contradiction"))
    verdict = one(made, {"main": arm(GOOD), "control": arm([2.0, 2.1, 1.9], seeds=[7, 8, 9])})
    assert verdict.outcome == "supported"
    assert verdict.control is not None
    assert verdict.control.how == "contradicted there; no two seeds in common to compare"
    near, wide = arm([1.05, 1.07, 1.03, 1.06, 1.04]), arm([0.0, 5.0, 2.0])
    for members in (near, wide):
        verdict = one(made, {"main": arm(GOOD), "control": members})
        assert verdict.outcome == "supported, control did not discriminate"
    by_difference = claim(control=Breaks("control", by="difference"))
    verdict = one(by_difference, {"main": arm(GOOD), "control": arm([2.0, 2.1, 1.9], seeds=[7, 8, 9])})
    assert verdict.outcome == "supported, control did not discriminate"


def test_breaks_by_a_paired_difference(arm):
    # Seeds differ by far more than the arms do: paired, the difference is plain; unpaired, it is lost.
    main, shift = np.array([0.2, 0.6, 1.0, 1.4, 1.8]), np.array([0.10, 0.11, 0.09, 0.10, 0.10])
    made = claim(region=Between(-2, 4), control=Breaks("control"))
    verdict = one(made, {"main": arm(main), "control": arm(main - shift)})
    assert stats.ttest_ind(main, main - shift).pvalue > 0.5
    assert verdict.outcome == "supported"
    low, high = stats.t.interval(0.95, 4, loc=shift.mean(), scale=stats.sem(shift))
    assert verdict.control is not None
    assert f"differs: claim − control {shift.mean():.4g} [{low:.4g}, {high:.4g}] over 5 pairs" in verdict.control.how
    shuffled = one(made, {"main": arm(main), "control": arm((main - shift)[[2, 3, 4, 0, 1]])})
    assert shuffled.outcome == "supported, control did not discriminate"
    by_contradiction = claim(region=Between(-2, 4), control=Breaks("control", by="contradiction"))
    verdict = one(by_contradiction, {"main": arm(main), "control": arm(main - shift)})
    assert verdict.outcome == "supported, control did not discriminate"


def test_ratios_are_compared_as_ratios(record):
    def arm_of(factors):
        return [record({"x": [1, f]}, seed=seed) for seed, f in enumerate(factors)]

    main, control = np.array([2.0, 4.0, 8.0, 16.0]), np.array([1.0, 2.1, 4.0, 7.9])
    made = claim(ratio(last_value(X), first_value(X)), AtLeast(0.1), control=Breaks("control"))
    verdict = one(made, {"main": arm_of(main), "control": arm_of(control)})
    logs = np.log(main / control)
    low, high = np.exp(stats.t.interval(0.95, 3, loc=logs.mean(), scale=stats.sem(logs)))
    assert verdict.control is not None
    assert f"claim / control {np.exp(logs.mean()):.4g} [{low:.4g}, {high:.4g}]" in verdict.control.how
    assert (verdict.scale, verdict.estimate) == ("log", pytest.approx(32**0.5))


@pytest.mark.parametrize(
    ("main", "control", "region"),
    [
        (GOOD, [x * (1 + 3e-16) for x in GOOD], Between(0.9, 1.1)),
        (GOOD, [x + 2e-8 for x in GOOD], Between(0.9, 1.1)),
        ([0.0] * 5, [1e-17] * 5, AtLeast(-0.1)),
    ],
    ids=["last digits of double precision", "below single precision", "zero to rounding, for a region of some size"],
)
def test_what_differs_by_rounding_only_does_not_break(arm, main, control, region):
    made = claim(region=region, control=Breaks("control"))
    verdict = one(made, {"main": arm(main), "control": arm(control)})
    assert verdict.outcome == "supported, control did not discriminate"
    assert verdict.control is not None
    assert "does not differ" in verdict.control.how


@pytest.mark.parametrize("size", [1.0, 1e-9])
def test_small_numbers_differ_all_the_same(arm, size):
    made = claim(region=Between(0.5 * size, 2 * size), control=Breaks("control"))
    main = [size * value for value in GOOD]
    verdict = one(made, {"main": arm(main), "control": arm([value * (1 + 1e-6) for value in main])})
    assert verdict.outcome == "supported"


def test_exponents_and_ratios_that_are_one_to_rounding(record):
    """An exponent of 0 has no size of its own, and the edge 0 none either."""

    def arm_of(exponent):
        return [record({"x": [2.0 * lr**exponent]}, seed=seed, lr=lr) for seed in range(5) for lr in (1.0, 10.0)]

    flat = claim(log_log_slope(last_value(X), LR), AtLeast(0.0), over="lr", control=Breaks("control"))
    verdict = one(flat, {"main": arm_of(2e-16), "control": arm_of(0.0)}, sweeps={"main": ("lr",)})
    assert verdict.outcome == "supported, control did not discriminate"
    steep = one(flat, {"main": arm_of(1e-3), "control": arm_of(0.0)}, sweeps={"main": ("lr",)})
    assert steep.outcome == "supported"
    near = claim(ratio(last_value(X), first_value(X)), AtLeast(0.1), control=Breaks("control"))
    ours = [record({"x": [1.0, value]}, seed=seed) for seed, value in enumerate(GOOD)]
    theirs = [record({"x": [1.0, value * (1 + 1e-15)]}, seed=seed) for seed, value in enumerate(GOOD)]
    assert one(near, {"main": ours, "control": theirs}).outcome == "supported, control did not discriminate"


def test_a_control_that_was_not_run_does_not_discriminate(arm):
    verdict = one(claim(control=Breaks("control")), {"main": arm(GOOD)})
    assert verdict.outcome == "supported, control did not discriminate"
    assert verdict.reason == "the control cannot be judged: the arm 'control' has no member"
    assert verdict.control is not None
    assert verdict.control.discriminates is None


def test_a_twin_is_reported_beside(arm):
    evidence = {"main": arm(GOOD), "twin": arm([5.0, 5.1, 4.9])}
    plain = one(claim(control=Twin("twin")), evidence)
    assert plain.outcome == "supported"
    assert plain.control is not None
    assert (plain.control.role, plain.control.discriminates) == ("twin", None)
    expecting = one(claim(control=Twin("twin", expects=AtLeast(4))), evidence)
    assert expecting.control is not None
    assert expecting.control.how == "as expected: expected ≥ 4"


def test_a_control_does_not_save_or_sink_another_outcome(arm):
    made = claim(region=AtLeast(3), control=Breaks("control"))
    assert one(made, {"main": arm(GOOD), "control": arm([9.0] * 5)}).outcome == "contradicted"


def test_proportions(arm):
    made = claim(last_value(X) > 0.5, AtLeast(0.4), summary="proportion", control=Breaks("control"))
    verdict = one(made, {"main": arm([1.0] * 6), "control": arm([0.0] * 6)})
    assert verdict.outcome == "supported"
    assert verdict.low == pytest.approx(stats.binomtest(6, 6).proportion_ci(0.95, "exact").low)
    assert verdict.statistic == "share of seeds with last_value(x) > 0.5"
    # Exact test of the unlike pairs: six of six that differ exclude one half, five of five do not.
    by_difference = claim(last_value(X) > 0.5, AtLeast(0.4), summary="proportion", control=Breaks("c", "difference"))
    six = one(by_difference, {"main": arm([1.0] * 6), "c": arm([0.0] * 6)})
    five = one(by_difference, {"main": arm([1.0] * 6), "c": arm([0.0] * 5 + [1.0])})
    alike = one(by_difference, {"main": arm([1.0] * 12), "c": arm([0.0] * 6 + [1.0] * 6)})
    assert six.outcome == alike.outcome == "supported"
    assert five.outcome == "supported, control did not discriminate"
