"""Mode connectivity: what lies between two solutions, along the straight line and along curves that go round it."""

from phenoscope.atlas.mode_connectivity.claims import DRAXLER, ENTEZARI, GARIPOV, TATRO, claims
from phenoscope.atlas.mode_connectivity.measure import Ways
from phenoscope.atlas.mode_connectivity.panels import panels
from phenoscope.atlas.pairs import PairSize, pair_of_solutions
from phenoscope.atlas.usual_data import usual_data
from phenoscope.phenomenon import PILOTS, Phenomenon, Scale

SIZES: dict[Scale, dict[str, PairSize]] = {
    "smoke": {
        "digits": PairSize(200, 8, 100, 20),
        "mnist1d": PairSize(200, 8, 100, 20),
        "fashion_mnist": PairSize(200, 8, 100, 20),
    },
    "laptop": {
        "digits": PairSize(1000, 32, 600, 400),
        "mnist1d": PairSize(1000, 64, 1500, 1000),
        "fashion_mnist": PairSize(1000, 32, 600, 400),
    },
    "paper": {
        "digits": PairSize(1500, 256, 3000, 4000),
        "mnist1d": PairSize(4000, 256, 10_000, 10_000),
        "fashion_mnist": PairSize(4000, 256, 10_000, 10_000),
    },
}


def mode_connectivity(scale: Scale, *, data: str | None = None) -> Phenomenon:
    """Pairs of ReLU networks that differ in initialisation and order, on the same examples, and the ways between them.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: "digits", "mnist1d" or "fashion_mnist"; unless given, Fashion-MNIST at paper scale and digits at others.
    """
    data = usual_data(data, scale, tuple(SIZES[scale]))
    size = SIZES[scale][data]
    return Phenomenon(
        name="mode_connectivity",
        title="Mode connectivity",
        question="Are two solutions valleys of their own, or is it only the straight line between them that rises?",
        summary=(
            "Two networks that differ in their initialisation fit the same data, and halfway between their weights the "
            "loss is high. That was taken for a barrier around each. But a curve with a single trained bend leads from "
            "one to the other at low loss, and so does a chain whose pivots slid down sideways: the solutions lie in "
            "one connected region. The barrier is one of the line, and of the parametrisation: the same network with "
            "its units in another order lies behind one as well. Where the units are matched first, the curve is "
            "shorter and lower."
        ),
        arms=pair_of_solutions(data, size),
        claims=claims(),
        comparisons=Ways(size.connecting).comparisons(),
        panels=panels(),
        sources=(
            (f"{GARIPOV}: Loss surfaces, mode connectivity, and fast ensembling of DNNs",
             "https://arxiv.org/abs/1802.10026"),
            (f"{DRAXLER}: Essentially no barriers in neural network energy landscape",
             "https://arxiv.org/abs/1803.00885"),
            (f"{TATRO}: Optimizing mode connectivity via neuron alignment", "https://arxiv.org/abs/2009.02439"),
            (f"{ENTEZARI}: The role of permutation invariance in linear mode connectivity of neural networks",
             "https://arxiv.org/abs/2110.06296"),
        ),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )  # fmt: skip
