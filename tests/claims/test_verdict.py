import json
import math

import pytest

from phenoscope.claims import (
    AtLeast,
    Between,
    Breaks,
    Claim,
    Measured,
    Setting,
    block_ratio,
    first_value,
    fraction_of,
    judge,
    late_mean,
    log_log_slope,
    maximum_until,
    sign_changes,
    verdict_from_json,
)
from phenoscope.claims.regions import AtMost
from phenoscope.core.errors import BadInput

SHARPNESS, LR, LOSS = Measured("sharpness"), Setting("lr"), Measured("loss")
PROGRESS, GRADIENT = Measured("relative progress"), Measured("gradient along top eigenvector")


def claim(says, statistic, region, **options):
    return Claim(says=says, source="Cohen et al. 2021", statistic=statistic, region=region, on="descent", **options)


EDGE = [
    claim(
        "sits at the edge", late_mean(SHARPNESS * LR / 2), Between(0.9, 1.15), each="lr", control=Breaks("small step")
    ),
    claim("follows 2/η", log_log_slope(late_mean(SHARPNESS), 1 / LR), Between(0.9, 1.1), over="lr"),
    claim(
        "sharpens",
        maximum_until(SHARPNESS, SHARPNESS * LR / 2 >= 1) / first_value(SHARPNESS),
        AtLeast(1.5),
        given=first_value(2 / LR / SHARPNESS) >= 2,
        each="lr",
    ),
    claim("goes up and down", fraction_of(PROGRESS > 0, last=1 / 3), AtLeast(0.1), each="lr"),
    claim("falls from block to block", block_ratio(LOSS, block=50), AtMost(1), each="lr"),
    claim("swings", sign_changes(GRADIENT), AtLeast(0.8), each="lr"),
]


@pytest.fixture(scope="session")
def verdicts(record):
    def member(seed, rate, top):
        ramp = [min(0.3 + step / 100, top) * (2 + 0.02 * seed) / rate for step in range(301)]
        swing = [(-1) ** step for step in range(301)]
        loss = [math.exp(-step / 100) for step in range(301)]
        series = {"sharpness": ramp, "loss": loss, GRADIENT.name: swing, PROGRESS.name: swing}
        return record(series, seed=seed, lr=rate)

    descent = [member(seed, rate, 1.0) for seed in range(5) for rate in (0.1, 0.4)]
    small = [member(seed, 0.01, 0.5) for seed in range(5)]
    return judge(EDGE, {"descent": descent, "small step": small}, sweeps={"descent": ("lr",)})


def test_the_edge_of_stability_from_records_to_verdicts(verdicts):
    assert [(verdict.claim, dict(verdict.where), verdict.outcome) for verdict in verdicts] == [
        ("sits at the edge", {"lr": 0.1}, "supported"),
        ("sits at the edge", {"lr": 0.4}, "supported"),
        ("follows 2/η", {}, "supported"),
        ("sharpens", {"lr": 0.1}, "supported"),
        ("sharpens", {"lr": 0.4}, "supported"),
        ("goes up and down", {"lr": 0.1}, "supported"),
        ("goes up and down", {"lr": 0.4}, "supported"),
        ("falls from block to block", {"lr": 0.1}, "supported"),
        ("falls from block to block", {"lr": 0.4}, "supported"),
        ("swings", {"lr": 0.1}, "supported"),
        ("swings", {"lr": 0.4}, "supported"),
    ]


def test_json_puts_the_answer_first_and_comes_back(verdicts):
    for verdict in verdicts:
        text = json.dumps(verdict.to_json(), allow_nan=False)
        assert list(json.loads(text))[:9] == [
            "claim", "arm", "outcome", "estimate", "low", "high", "region", "n", "control",
        ]  # fmt: skip
        again = verdict_from_json(json.loads(text))
        assert again.to_json() == verdict.to_json()
        assert (again.region, again.control, again.seeds) == (verdict.region, verdict.control, verdict.seeds)
        assert str(again) == str(verdict)


def test_what_is_not_finite_is_null(record):
    lost = claim("lost", first_value(SHARPNESS), AtLeast(1), control=Breaks("small step"))
    (verdict,) = judge([lost], {"descent": [record({"sharpness": [math.nan]}, seed=seed) for seed in (0, 1)]})
    written = verdict.to_json()
    assert written["estimate"] is written["low"] is written["raw_high"] is None
    assert written["values"] == [None, None]
    assert json.dumps(written, allow_nan=False)
    again = verdict_from_json(json.loads(json.dumps(written)))
    assert math.isnan(again.estimate)
    assert again.control is not None
    assert math.isnan(again.control.low)
    assert again.to_json() == written


def test_a_verdict_reads_as_a_sentence(verdicts):
    assert str(verdicts[2]).startswith("supported: follows 2/η (descent: 1 [1, 1] against [0.9, 1.1], n = 5)")
    assert "(descent, lr = 0.1: 1.02 [" in str(verdicts[0])


def test_earlier_verdicts_do_not_tell_who_diverged(verdicts):
    written = verdicts[0].to_json()
    assert written["diverged"] == []
    assert verdict_from_json(written).diverged == ()
    del written["diverged"]
    assert verdict_from_json(written).diverged is None
    lost = verdict_from_json(written | {"diverged": [2, 4]})
    assert lost.diverged == (2, 4)
    assert lost.to_json()["diverged"] == [2, 4]


def test_another_versions_verdict_is_refused(verdicts):
    written = verdicts[0].to_json()
    del written["raw_low"]
    with pytest.raises(BadInput, match="raw_low missing or unknown"):
        verdict_from_json(written)
