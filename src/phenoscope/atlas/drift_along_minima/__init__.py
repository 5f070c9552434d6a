"""Drift along minima: descent with steps of fixed length, or on √L, moves along a valley to where it is flatter."""

from phenoscope.atlas.drift_along_minima.claims import ARORA, NORMALISED, PLAIN, ROOT, claims
from phenoscope.atlas.drift_along_minima.panels import panels
from phenoscope.methods import ValleyDescent
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale

RATES: dict[Scale, tuple[float, ...]] = {
    "smoke": (0.05, 0.08),
    "laptop": (0.02, 0.03, 0.04),
    "paper": (0.002, 0.005, 0.01),
}
TIMES: dict[Scale, float] = {"smoke": 1.0, "laptop": 4.0, "paper": 8.0}
"""How long each descent goes on, η² a step."""


def drift_along_minima(scale: Scale) -> Phenomenon:
    """Three rules in a bent valley of minima in three dimensions, for the same time at each rate.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    rates = RATES[scale]
    steps = tuple(round(TIMES[scale] / rate**2) for rate in rates)
    sweep = {"sweep": {"rate": rates}, "along": {"steps": steps}}
    return Phenomenon(
        name="drift_along_minima",
        title="Drift along minima",
        question="Does descent with long steps move along a valley of minima, and along which flow?",
        summary=(
            "Where every point of a curve is a minimum, gradient descent with a small step stops. With steps of one "
            "length, or on the root of the loss, no step is ever small enough: descent swings from wall to wall, and "
            "the slope of the walls moves it along the curve to where they are less steep. In the limit of small rates "
            "that drift is a flow: down the logarithm of the largest eigenvalue of the Hessian for steps of fixed "
            "length, down the eigenvalue itself on the root of the loss, each with a factor of its own. So what is "
            "sometimes said of both, that they descend one smoothed loss, is loose: they are two flows."
        ),
        arms=(
            Arm(NORMALISED, ValleyDescent("normalised", rates[-1], steps[-1]), **sweep, says="steps η ∇L/‖∇L‖"),
            Arm(ROOT, ValleyDescent("square root", rates[-1], steps[-1]), **sweep, says="steps η ∇√L"),
            Arm(
                PLAIN, ValleyDescent("plain", rates[-1], steps[-1]), role="control",
                says="steps η ∇L, at the largest of these rates, which is far below the edge",
            ),
        ),
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{ARORA.partition(', arXiv')[0]}: Understanding gradient descent on edge of stability in deep learning",
             "https://arxiv.org/abs/2205.09745"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip
