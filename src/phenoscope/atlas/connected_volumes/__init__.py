"""Connected volumes: between two solutions there is more than a curve of low loss, aligned or not."""

from phenoscope.atlas.connected_volumes.claims import BENTON, KINDS, claims
from phenoscope.atlas.connected_volumes.measure import SERIES, measured
from phenoscope.atlas.connected_volumes.panels import panels
from phenoscope.atlas.pairs import OTHER, SOLUTION, PairSize, pair_of_solutions
from phenoscope.atlas.usual_data import DATA, usual_data
from phenoscope.comparisons import Comparison
from phenoscope.phenomenon import PILOTS, Phenomenon, Scale

SIZES: dict[Scale, PairSize] = {
    "smoke": PairSize(200, 8, 100, 20),
    "laptop": PairSize(1000, 32, 600, 800),
    "paper": PairSize(4000, 256, 10_000, 8000),
}


def connected_volumes(scale: Scale, *, data: str | None = None) -> Phenomenon:
    """Pairs of ReLU networks on the same examples, and tetrahedra from each to three trained points that they share.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: "digits", "mnist1d" or "fashion_mnist"; unless given, Fashion-MNIST at paper scale and digits at others.
    """
    data = usual_data(data, scale, DATA)
    size = SIZES[scale]
    return Phenomenon(
        name="connected_volumes",
        title="Connected volumes",
        question="Is it only curves that connect solutions, or a volume, and must symmetries be corrected for it?",
        summary=(
            "Three points are trained so that the loss is low everywhere inside the tetrahedra that they form with two "
            "solutions, while a pull on the volume keeps the points apart. Then the solutions are connected not by a "
            "curve but by a body. Is that so only once the order of the units is corrected? Such bodies are sought "
            "here with and without that."
        ),
        arms=pair_of_solutions(data, size),
        claims=claims(),
        comparisons=tuple(
            Comparison(kind, (SOLUTION, OTHER), measured(kind, size.connecting), SERIES) for kind in KINDS
        ),
        panels=panels(),
        sources=(
            (f"{BENTON}: Loss surface simplexes for mode connecting volumes and fast ensembling",
             "https://arxiv.org/abs/2102.13042"),
        ),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )  # fmt: skip
