"""What is claimed of averages: against the points they are made of, on the same test examples."""

import torch
from torch import Tensor

from phenoscope.claims import Above, AtMost, Below, Between, Breaks, Claim, Measured, last_value, late_mean
from phenoscope.comparisons import Comparison, Kept
from phenoscope.instruments import sharpness
from phenoscope.methods import merge

IZMAILOV = "Izmailov et al. 2018, arXiv:1803.05407"
WORTSMAN = "Wortsman et al. 2022, arXiv:2203.05482"

ALONG, DECAYED = "constant rate", "decayed rate"
CHILD, OTHER_CHILD, STRANGER = "child", "other child", "another initialisation"
SOUP, ACROSS = "soup of two children", "average across initialisations"
FLATNESS = "curvature at the average"

FLAT_SERIES = (
    "average over its points", "average over the decayed run", "decayed average over its points",
    "sharpness of the average",
)  # fmt: skip
SERIES = ("test loss over the better", "accuracy over the mean", "accuracy below the ensemble", "distance")


def comparisons() -> tuple[Comparison, ...]:
    """The average of two ends, by seed: of children of one run, and of two runs that share no more than the data."""
    pairs = {SOUP: (CHILD, OTHER_CHILD), ACROSS: (CHILD, STRANGER)}
    averages = tuple(Comparison(name, arms, averaged, SERIES) for name, arms in pairs.items())
    return (*averages, Comparison(FLATNESS, (ALONG, DECAYED), flatness, FLAT_SERIES))


def averaged(first: Kept, second: Kept) -> dict[str, float]:
    """The average of two ends against its parts and their ensemble, on the test examples."""
    ends = [kept["final"] for kept in (first, second)]
    found = merge(ends, first.objective("test"))
    assert found.accuracy is not None
    assert found.accuracies is not None
    assert found.ensemble_accuracy is not None  # these targets are classes
    return {
        "test loss over the better": found.value / float(found.losses.min()),
        "accuracy over the mean": found.accuracy - float(found.accuracies.mean()),
        "accuracy below the ensemble": found.ensemble_accuracy - found.accuracy,
        "distance": float(torch.dist(ends[0].double(), ends[1].double())),
    }


def flatness(first: Kept, second: Kept) -> dict[str, float]:
    """The sharpness at the average of a run's points, over that at every fifth of them and at another run's end."""
    objective = first.objective()

    def at(point: Tensor) -> float:
        return sharpness(objective.hessian(point)).value.item()

    found = []
    for kept in (first, second):
        points = [point for name, point in sorted(kept.items()) if name.startswith("step ")]
        found.append((at(merge(points, objective).point), sum(map(at, points[::5])) / len(points[::5])))
    (average, typical), (decayed_average, decayed_typical) = found
    ratios = (average / typical, average / at(second["final"]), decayed_average / decayed_typical)
    return dict(zip(FLAT_SERIES, (*ratios, average), strict=True))


LOSS, ACCURACY = Measured("test loss"), Measured("test accuracy")
LOWER = last_value(Measured("averaged test loss")) / late_mean(LOSS, 1 / 2)
BETTER = last_value(Measured("averaged test accuracy")) - late_mean(ACCURACY, 1 / 2)
LOWER_EXPONENTIAL = last_value(Measured("exponential test loss")) / late_mean(LOSS, 1 / 2)

FLATTER, FLATTER_THAN_DECAYED, DECAYED_FLATTER = (last_value(Measured(name)) for name in FLAT_SERIES[:3])
SOUP_LOSS, SOUP_GAIN, BELOW, DISTANCE = (last_value(Measured(name)) for name in SERIES)


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (
        Claim(
            "the average of a run's second half has a lower test loss than its points have on average", IZMAILOV,
            LOWER, Below(1.0), on=ALONG, control=Breaks(DECAYED), name="average-lowers-the-test-loss",
        ),
        Claim(
            "the average of a run's second half has a higher test accuracy than its points have on average", IZMAILOV,
            BETTER, Above(0.0), on=ALONG, control=Breaks(DECAYED), name="average-raises-the-accuracy",
        ),
        Claim(
            "so has an exponential average a lower test loss", f"{IZMAILOV}, of the plain mean",
            LOWER_EXPONENTIAL, Below(1.0), on=ALONG, control=Breaks(DECAYED), name="exponential-average",
        ),
        Claim(
            "where the rate has decayed before, the average changes the test loss by less than 1 %",
            "theory: points that coincide are their average",
            LOWER, Between(0.99, 1.01), region_from="theory", on=DECAYED, name="decayed-gains-nothing",
        ),
        Claim(
            "the average of a run's second half lies in a flatter place than its points do on average (largest Hessian "
            "eigenvalue)", f"{IZMAILOV}: wider optima",
            FLATTER, Below(1.0), on=FLATNESS, name="average-is-flatter",
            control=Breaks(FLATNESS, statistic=DECAYED_FLATTER, called="decayed rate"),
        ),
        Claim(
            "it lies in a flatter place than the end of the run whose rate has decayed", f"{IZMAILOV}: wider optima",
            FLATTER_THAN_DECAYED, Below(1.0), on=FLATNESS, name="average-is-flatter-than-a-decayed-run",
        ),
        Claim(
            "the average of two children of one run has a test loss no higher than that of the better one", WORTSMAN,
            SOUP_LOSS, AtMost(1.0), on=SOUP, control=Breaks(ACROSS), name="soup-beats-its-parts",
        ),
        Claim(
            "the average of two children has a higher test accuracy than they have on average", WORTSMAN,
            SOUP_GAIN, Above(0.0), on=SOUP, control=Breaks(ACROSS), name="soup-raises-the-accuracy",
        ),
        Claim(
            "the average of networks from two initialisations loses at least ten points of accuracy",
            f"{IZMAILOV} and {WORTSMAN} average in one region only; the size from a pilot",
            SOUP_GAIN, AtMost(-0.1), region_from="pilot", on=ACROSS, control=Breaks(SOUP), name="strangers-do-not-mix",
        ),
    )  # fmt: skip
