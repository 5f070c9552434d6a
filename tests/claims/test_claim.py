import pickle

import pytest

from phenoscope.claims import (
    AtLeast,
    Between,
    Breaks,
    Claim,
    Measured,
    Setting,
    Twin,
    first_value,
    fraction_of,
    last_value,
    late_mean,
    log_log_slope,
    maximum_until,
)
from phenoscope.core.errors import BadInput

SHARPNESS, LR = Measured("sharpness"), Setting("lr")
SLOPE = log_log_slope(late_mean(SHARPNESS), 1 / LR)


def claim(**changed):
    fields = {
        "says": "it sits at the edge",
        "source": "Cohen et al. 2021",
        "statistic": late_mean(SHARPNESS * LR / 2),
        "region": Between(0.9, 1.15),
        "on": "gradient descent",
    }
    return Claim(**(fields | changed))


def test_a_claim_is_a_value():
    made = claim(each="lr", control=Breaks("small step"), name="sits-at-the-edge")
    assert made == claim(each="lr", control=Breaks("small step"), name="sits-at-the-edge")
    assert pickle.loads(pickle.dumps(made)) == made


def test_a_claim_knows_all_it_needs():
    made = claim(
        statistic=maximum_until(SHARPNESS, Measured("loss") < 1) / first_value(SHARPNESS),
        given=first_value(2 / Setting("momentum") / Measured("norm")) >= 2,
        each="lr",
    )
    assert made.names == ("sharpness", "loss", "norm")
    assert made.settings == ("momentum", "lr")


def test_a_precondition_may_be_a_comparison_of_settings():
    assert str(claim(given=Setting("momentum") > 0).given) == "momentum > 0"


@pytest.mark.usefixtures("as_shipped")
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"says": " "}, "says of a claim must not be empty"),
        ({"source": ""}, "source of a claim must not be empty"),
        ({"on": None}, "on of a claim"),
        ({"region": (0.9, 1.15)}, "a region is needed"),
        ({"region_from": "the run"}, "region_from is one of"),
        ({"statistic": SHARPNESS * LR / 2}, "got the series sharpness · lr / 2"),
        ({"statistic": SHARPNESS > 1}, "got the condition"),
        ({"statistic": 1.0}, "one number per record"),
        ({"statistic": SLOPE}, "needs a sweep, got no `over`"),
        ({"statistic": SLOPE, "each": "lr"}, "needs a sweep, got no `over`"),
        ({"over": "lr"}, "needs one number from a sweep"),
        ({"statistic": SLOPE, "over": "width"}, "needs one number from a sweep of width"),
        ({"statistic": SLOPE, "over": "lr", "each": "width"}, "Give one of the two"),
        ({"each": ""}, "swept setting"),
        ({"given": fraction_of(SHARPNESS > 1)}, "given is true or false once"),
        ({"given": SHARPNESS > 1}, "Compare statistics"),
        ({"control": "small step"}, "a control has a role"),
        ({"statistic": SLOPE, "over": ("lr", "width")}, "needs one number from a sweep of lr, width"),
        ({"control": Breaks("gradient descent")}, "another arm"),
        ({"control": Breaks("gradient descent", statistic=SLOPE)}, "needs a sweep, got no `over`"),
        ({"summary": "mode"}, "summary is one of"),
        ({"summary": "proportion"}, "summary='proportion'"),
        ({"statistic": last_value(SHARPNESS) > 1}, "summary='proportion'"),
        ({"statistic": last_value(SHARPNESS) > 1, "summary": "proportion", "region": AtLeast(80)}, "between 0 and 1"),
        ({"if_diverged": "drop"}, "if_diverged"),
        ({"if_diverged": float("inf")}, "if_diverged"),
        (
            {"statistic": last_value(SHARPNESS) > 1, "summary": "proportion", "if_diverged": 0.5},
            "counts as 0 or 1",
        ),
        ({"name": "Sits At"}, "short slug"),
    ],
)
def test_mistakes_are_refused_at_definition(wrong, message):
    with pytest.raises(BadInput, match=message):
        claim(**wrong)


@pytest.mark.usefixtures("as_shipped")
@pytest.mark.parametrize(
    "wrong", [lambda: Breaks(""), lambda: Breaks("a", by="magic"), lambda: Twin("a", expects=0.5), lambda: Twin(3)]
)
def test_controls_are_checked(wrong):
    with pytest.raises(BadInput, match="got"):
        wrong()
