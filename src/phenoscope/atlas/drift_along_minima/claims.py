"""What is claimed of the drift along minima; 10 % is the tolerance with which the comparison was planned."""

from phenoscope.claims import Below, Between, Breaks, Claim, Measured, first_value, last_value

ARORA = "Arora, Li, Panigrahi 2022, arXiv:2205.09745"

DRIFT, SHARPNESS = Measured("drift"), Measured("sharpness")
BY_LOG, BY_SHARPNESS, BY_TRACE = (
    Measured("drift by log sharpness"), Measured("drift by sharpness"), Measured("drift by log trace"),
)  # fmt: skip

NORMALISED, ROOT, PLAIN = "normalised descent", "descent on the root", "gradient descent"
NEAR = Between(0.9, 1.1)


def claims() -> tuple[Claim, ...]:
    """The claims."""
    by_log, by_sharpness = (last_value(DRIFT) / last_value(flow) for flow in (BY_LOG, BY_SHARPNESS))
    return (
        Claim(
            "normalised descent drifts, to 10 %, as the flow -¼ ∇log λ₁ does", ARORA,
            by_log, NEAR, region_from="pilot",
            on=NORMALISED, each="rate", control=Breaks(PLAIN), name="normalised-descent-follows-its-flow",
        ),
        Claim(
            "descent on √L drifts, to 10 %, as the flow -⅛ ∇λ₁ does", ARORA,
            by_sharpness, NEAR, region_from="pilot",
            on=ROOT, each="rate",
            control=Breaks(ROOT, statistic=by_log, called="against the flow of normalised descent"),
            name="descent-on-the-root-follows-its-own-flow",
        ),
        Claim(
            "it is the largest eigenvalue that decides, not their sum: with the trace in its place the flow is off by "
            "more than 10 %", "theory: the swing is along the top eigenvector alone (Arora, Li, Panigrahi 2022)",
            last_value(BY_TRACE) / last_value(DRIFT), Below(0.9), region_from="pilot",
            on=NORMALISED, each="rate",
            control=Breaks(NORMALISED, statistic=1 / by_log, called="with the largest eigenvalue"),
            name="not-the-trace",
        ),
        Claim(
            "normalised descent lowers the sharpness of the minimum beside it by 5 % or more", ARORA,
            last_value(SHARPNESS) / first_value(SHARPNESS), Below(0.95), region_from="pilot",
            on=NORMALISED, each="rate", control=Breaks(PLAIN), name="normalised-descent-flattens",
        ),
        Claim(
            "gradient descent with a small step stays: its drift is within 1 % of what the flow of normalised descent "
            "covers in that time", "theory: it converges to a minimum, and there the gradient is 0",
            by_log, Between(-0.01, 0.01), region_from="theory",
            on=PLAIN, control=Breaks(NORMALISED), name="plain-descent-stays",
        ),
    )  # fmt: skip
