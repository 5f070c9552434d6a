import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from phenoscope.claims import (
    AtLeast,
    AtMost,
    Between,
    Breaks,
    Claim,
    Measured,
    Setting,
    first_step,
    first_value,
    judge,
    last_value,
    late_mean,
    log_log_slope,
    ratio,
)
from phenoscope.core.errors import BadInput

X, LR = Measured("x"), Setting("lr")
GOOD = [1.00, 1.02, 0.98, 1.01, 0.99]


def claim(statistic=None, region=None, **changed):
    fields = {"says": "x is near one", "source": "nobody", "on": "main"} | changed
    statistic = last_value(X) if statistic is None else statistic
    return Claim(statistic=statistic, region=region or Between(0.9, 1.1), **fields)


def one(claims, evidence, **options):
    (verdict,) = judge([claims] if isinstance(claims, Claim) else claims, evidence, **options)
    return verdict


@pytest.mark.parametrize(
    ("region", "outcome"),
    [(Between(0.9, 1.1), "supported"), (AtLeast(1.5), "contradicted"), (AtLeast(1.0), "undecided")],
    ids=str,
)
def test_inside_outside_across(arm, region, outcome):
    verdict = one(claim(region=region), {"main": arm(GOOD)})
    assert verdict.outcome == outcome
    expected = stats.t.interval(0.95, 4, loc=np.mean(GOOD), scale=stats.sem(GOOD))
    assert (verdict.low, verdict.high) == pytest.approx(expected)
    assert (verdict.raw_low, verdict.raw_high) == (verdict.low, verdict.high)
    assert (verdict.n, verdict.seeds, verdict.values) == (5, (0, 1, 2, 3, 4), tuple(GOOD))


def test_undecided_says_why_and_how_many_seeds_would_decide(arm):
    crossing = one(claim(region=AtLeast(0.99)), {"main": arm(GOOD)})
    assert "crosses an edge of the region, ≥ 0.99" in crossing.reason
    assert "about 13 seeds would decide" in crossing.reason
    edge = one(claim(region=AtLeast(1.0)), {"main": arm(GOOD)})
    assert "too near the region's edge" in edge.reason


@pytest.mark.usefixtures("as_shipped")  # for speed
@pytest.mark.parametrize("region", [AtLeast(0.0), Between(-9.0, 0.0)], ids=str)
def test_a_truth_on_the_edge_is_rarely_decided(arm, region):
    # Each side of a 95 % interval misses in 2.5 %; with 1.96 in place of t it would be 6 %.
    generator = np.random.default_rng(11)
    rounds = 1500
    outcomes = [one(claim(region=region), {"main": arm(generator.normal(size=5))}).outcome for _ in range(rounds)]
    for decided in ("supported", "contradicted"):
        assert outcomes.count(decided) / rounds <= 0.025 + 3 * math.sqrt(0.025 * 0.975 / rounds)


@pytest.mark.usefixtures("as_shipped")  # for speed
def test_a_family_makes_one_false_decision_in_few_runs(record):
    # Four claims whose truth lies on an edge: uncorrected, about 18 % of the runs would decide at least one.
    generator = np.random.default_rng(12)
    family = [claim(last_value(Measured(name)), AtLeast(0.0)) for name in "abcd"]
    rounds, wrong = 500, 0
    for _ in range(rounds):
        members = [record({name: [generator.normal()] for name in "abcd"}, seed=seed) for seed in range(5)]
        wrong += any(verdict.outcome != "undecided" for verdict in judge(family, {"main": members}))
    assert wrong / rounds <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / rounds)


def test_holm_gives_each_verdict_the_level_of_its_rank(arm):
    sure, close = claim(region=AtLeast(0.5)), claim(region=AtLeast(0.978))
    alone = one(close, {"main": arm(GOOD)})
    first, second, third = judge([close, sure, close], {"main": arm(GOOD)})
    assert alone.outcome == "supported"
    assert second.level == pytest.approx(1 - 0.05 / 3)
    assert first.outcome == third.outcome == "undecided"
    assert first.level == third.level == pytest.approx(1 - 0.05 / 2)
    assert (first.raw_low, first.raw_high) == (alone.low, alone.high)
    assert first.low < alone.low
    assert first.reason.startswith("decided alone, but not as one of 3 claims judged together")


def test_what_cannot_be_tested_does_not_count_in_the_family(arm):
    lost = claim(last_value(Measured("y")))
    verdicts = judge([claim(), lost, lost], {"main": arm(GOOD)})
    assert verdicts[0].level == 0.95
    assert verdicts[1].outcome == "not tested"
    assert verdicts[1].reason == "needs the series 'y'"


@given(
    values=st.lists(st.floats(-3, 3), min_size=2, max_size=8),
    edges=st.tuples(st.floats(-3, 3), st.floats(-3, 3)),
    more=st.tuples(st.floats(0, 2), st.floats(0, 2)),
    others=st.lists(st.floats(-3, 3), max_size=3),
)
@settings(deadline=None)
def test_a_larger_region_never_turns_supported_into_contradicted(arm, values, edges, more, others):
    low, high = sorted(edges)
    if high - low < 1e-6:
        return
    rest = [claim(region=AtLeast(edge)) for edge in others]
    small = judge([claim(region=Between(low, high)), *rest], {"main": arm(values)})[0]
    large = judge([claim(region=Between(low - more[0], high + more[1])), *rest], {"main": arm(values)})[0]
    if small.outcome == "supported":
        assert large.outcome == "supported"
    if large.outcome == "contradicted":
        assert small.outcome == "contradicted"


@given(data=st.data())
@settings(deadline=None, max_examples=30)
def test_the_order_of_the_records_changes_nothing(arm, data):
    main = arm(data.draw(st.lists(st.floats(0.5, 1.5), min_size=5, max_size=5)))
    control = arm(data.draw(st.lists(st.floats(0.5, 1.5), min_size=5, max_size=5)))
    made = claim(control=Breaks("control"))
    first = one(made, {"main": main, "control": control})
    again = {"main": data.draw(st.permutations(main)), "control": data.draw(st.permutations(control))}
    assert one(made, again).to_json() == first.to_json()


def test_seeds_are_the_unit_not_members(record):
    # Ten members of two seeds: two replicates, each the mean of its five members.
    members = [record({"x": [k]}, seed=seed) for seed in (0, 1) for k in (seed, seed + 1, seed + 2, seed + 3, seed + 4)]
    verdict = one(claim(), {"main": members})
    assert (verdict.n, verdict.values) == (2, (2.0, 3.0))


def test_one_seed_and_no_seed(arm):
    single = one(claim(), {"main": arm([1.0])})
    assert (single.outcome, single.reason) == ("undecided", "one seed shows no spread")
    assert one(claim(), {}).reason == "the arm 'main' has no member"
    assert one(claim(), {}).outcome == "not tested"


def test_pilot_seeds_never_judge(arm):
    evidence = {"main": arm([*GOOD, 9.0, 9.0]), "control": arm([9.0] * 7)}
    verdict = one(claim(control=Breaks("control")), evidence, pilot_seeds={5, 6})
    assert (verdict.seeds, verdict.outcome) == ((0, 1, 2, 3, 4), "supported")
    assert verdict.control is not None
    assert verdict.control.n == 5
    nothing = one(claim(), {"main": arm(GOOD)}, pilot_seeds=range(9))
    assert (nothing.outcome, nothing.reason) == ("not tested", "the arm 'main' has only pilot seeds, which never judge")


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_not_finite_is_undecided_never_contradicted(arm, value):
    verdict = one(claim(region=AtLeast(50)), {"main": arm([*GOOD, value])})
    assert verdict.outcome == "undecided"
    assert verdict.reason == "seed 5: the reading at step 0 is not a finite number"


@pytest.mark.parametrize(
    ("rule", "outcome", "values"),
    [
        ("undecided", "undecided", (1.0, 1.01, 0.99, math.nan)),
        ("as measured", "supported", (1.0, 1.01, 0.99, 1.02)),
        (0.0, "undecided", (1.0, 1.01, 0.99, 0.0)),
    ],
)
def test_diverged_seeds_count_by_the_claims_rule(record, arm, rule, outcome, values):
    lost = record({"x": [1.02]}, seed=3, outcome="diverged", stopped_at=7)
    verdict = one(claim(if_diverged=rule), {"main": [*arm([1.0, 1.01, 0.99]), lost]})
    assert verdict.outcome == outcome
    np.testing.assert_array_equal(verdict.values, values)
    assert (verdict.n, verdict.diverged) == (4, (3,))
    if rule == "undecided":
        assert verdict.reason == "seed 3: diverged at step 7, which the claim leaves undecided"


def test_an_unfinished_member_leaves_its_claim_open(record, arm):
    verdict = one(claim(), {"main": [*arm(GOOD), record({"x": [1.0]}, seed=9, outcome="running", name="m9")]})
    assert (verdict.outcome, verdict.reason) == ("undecided", "seed 9: the member m9 has not finished")


def test_given_leaves_out_the_seeds_where_it_fails(arm):
    made = claim(given=first_value(X) >= 0.5)
    some = one(made, {"main": arm([*GOOD, 0.1])})
    assert (some.outcome, some.n) == ("supported", 5)
    assert some.reason == "the precondition first_value(x) ≥ 0.5 holds for 5 of 6 seeds of 'main' (not for 5)"
    none = one(made, {"main": arm([0.1, 0.2])})
    assert none.outcome == "not tested"
    assert "holds for no seed of 'main' (seed 0: it does not hold)" in none.reason
    unread = one(claim(given=first_value(Measured("y")) > 0), {"main": arm(GOOD)})
    assert unread.outcome == "not tested"
    assert "needs the series 'y'" in unread.reason


def test_a_diverged_seed_does_not_escape_through_its_precondition(record, arm):
    lost = record({"x": [math.nan]}, seed=3, outcome="diverged", stopped_at=7)
    verdict = one(claim(given=last_value(X) > 0), {"main": [*arm([1.0, 1.01, 0.99]), lost]})
    assert (verdict.outcome, verdict.n) == ("undecided", 4)


def test_each_gives_a_verdict_for_every_swept_value(arm):
    members = [*arm(GOOD, lr=0.3), *arm([2 * value for value in GOOD], lr=0.1)]
    control = [*arm([3.0] * 5, lr=0.3), *arm([2.0, 2.04, 1.96, 2.02, 1.98], lr=0.1)]
    made = claim(late_mean(X * LR / 0.3, fraction=1), each="lr", control=Breaks("control"))
    small, large = judge([made], {"main": members, "control": control}, sweeps={"main": ("lr",)})
    assert [(verdict.where, verdict.outcome) for verdict in (small, large)] == [
        ({"lr": 0.1}, "contradicted"),
        ({"lr": 0.3}, "supported"),
    ]
    assert large.control is not None
    assert large.control.estimate == pytest.approx(3), "the control at the same rate"
    assert small.control is not None
    assert small.control.estimate == pytest.approx(2 / 3)


def test_a_sweep_must_not_be_averaged_by_accident(arm):
    members = [*arm(GOOD, lr=0.3), *arm(GOOD, lr=0.1)]
    with pytest.raises(BadInput, match="sweeps 'lr', which the claim 'x is near one' does not use"):
        judge([claim()], {"main": members}, sweeps={"main": ("lr",)})
    verdict = one(claim(each="width"), {"main": members})
    assert (verdict.outcome, verdict.reason) == ("not tested", "needs the setting 'width' of every member")


def test_over_gives_one_slope_for_each_seed(record):
    def member(seed, rate):
        return record({"x": [2 / rate ** (1 + 0.01 * seed)]}, seed=seed, lr=rate)

    members = [member(seed, rate) for seed in range(5) for rate in (0.1, 0.2, 0.4)]
    made = claim(log_log_slope(last_value(X), 1 / LR), AtLeast(0.9), over="lr")
    verdict = one(made, {"main": members}, sweeps={"main": ("lr",)})
    assert verdict.outcome == "supported"
    assert verdict.values == pytest.approx((1, 1.01, 1.02, 1.03, 1.04))
    short = one(made, {"main": members[:-1]}, sweeps={"main": ("lr",)})
    assert (short.outcome, short.reason) == ("undecided", "seed 4: has 2 of the 3 values of lr")


def test_ratios_with_a_zero_are_judged_on_the_linear_scale_and_say_so(record):
    members = [record({"x": [1, value]}, seed=seed) for seed, value in enumerate([0.0, 0.01, 0.02])]
    verdict = one(claim(ratio(last_value(X), first_value(X)), AtMost(0.5)), {"main": members})
    assert (verdict.outcome, verdict.scale) == ("supported", "linear")
    assert "linear scale" in verdict.reason


def test_medians_need_six_seeds(arm):
    made = claim(summary="median")
    assert one(made, {"main": arm([*GOOD, 1.0])}).outcome == "supported"
    few = one(made, {"main": arm(GOOD)})
    assert (few.outcome, few.reason) == ("undecided", "the interval of a median needs 6 seeds, got 5")


def test_onsets_carry_the_width_of_their_grid(record):
    members = [record({"x": ([0, 100, 200], [0, 0, 1])}, seed=seed) for seed in range(5)]
    made = claim(first_step(X > 0.5), AtMost(160))
    verdict = one(made, {"main": members})
    assert (verdict.estimate, verdict.low, verdict.high, verdict.unit) == (150, 100, 200, "steps")
    assert verdict.outcome == "undecided"
    assert "the grid on which the onset is read is too coarse" in verdict.reason


def test_measurement_errors_keep_agreement_from_deciding(record):
    def members(residual):
        return [record({"x": [1.0], "x.residual": [residual]}, seed=seed) for seed in range(5)]

    assert one(claim(), {"main": members(0.01)}).outcome == "supported"
    assert one(claim(), {"main": members(0.2)}).outcome == "undecided"
    assert "not bounded" in one(claim(1 / last_value(X)), {"main": members(1.5)}).reason


def test_a_level_is_a_share():
    with pytest.raises(BadInput, match="level lies between 0 and 1"):
        judge([], {}, level=95)
