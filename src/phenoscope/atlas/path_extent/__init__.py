"""The extent of a path: how far low loss goes, beside what the curvature at a solution says."""

from phenoscope.atlas.pairs import OTHER, SOLUTION, PairSize, pair_of_solutions
from phenoscope.atlas.path_extent.claims import WAYS, claims
from phenoscope.atlas.path_extent.measure import SERIES, measured
from phenoscope.atlas.path_extent.panels import panels
from phenoscope.atlas.usual_data import DATA, usual_data
from phenoscope.comparisons import Comparison
from phenoscope.phenomenon import PILOTS, Phenomenon, Scale

SIZES: dict[Scale, PairSize] = {
    "smoke": PairSize(200, 8, 100, 20),
    "laptop": PairSize(1000, 32, 600, 400),
    "paper": PairSize(4000, 256, 10_000, 4000),
}


def path_extent(scale: Scale, *, data: str | None = None) -> Phenomenon:
    """Pairs of ReLU networks on the same examples, a curve of low loss between them, and the Hessian of the first.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: "digits", "mnist1d" or "fashion_mnist"; unless given, Fashion-MNIST at paper scale and digits at others.
    """
    data = usual_data(data, scale, DATA)
    size = SIZES[scale]
    return Phenomenon(
        name="path_extent",
        title="The extent of a path",
        question="How far does low loss go from a solution, beside what the curvature there tells?",
        summary=(
            "The Hessian at a solution says how far one may go in a direction before the loss has risen by 0.1. A "
            "curve to another solution goes further without rising so: the connected region is much longer than the "
            "ellipsoid of the Hessian is thick. How much longer depends on the direction that it is held against: the "
            "top eigenvector, or a random direction, which is nearly flat; and on whether one asks the second order "
            "or the loss itself, which rises sooner."
        ),
        arms=pair_of_solutions(data, size),
        claims=claims(),
        comparisons=tuple(
            Comparison(way, (SOLUTION, OTHER), measured(way, size.connecting), SERIES) for way in WAYS
        ),
        panels=panels(),
        sources=(
            ("Garipov et al. 2018: Loss surfaces, mode connectivity, and fast ensembling of DNNs",
             "https://arxiv.org/abs/1802.10026"),
            ("Draxler et al. 2018: Essentially no barriers in neural network energy landscape",
             "https://arxiv.org/abs/1803.00885"),
        ),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )  # fmt: skip
