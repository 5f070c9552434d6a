"""Layer collapse: how far can a network be pruned before training until nothing passes through it?"""

from phenoscope.atlas.layer_collapse.claims import (
    GRASP,
    MAGNITUDE,
    RANDOM,
    SNIP,
    SNIP_ROUNDS,
    SYNFLOW,
    SYNFLOW_ONCE,
    TANAKA,
    claims,
)
from phenoscope.atlas.layer_collapse.panels import panels
from phenoscope.data import dataset
from phenoscope.instruments import Pruner
from phenoscope.methods import LayerCollapse
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale

EXAMPLES: dict[Scale, int] = {"smoke": 50, "laptop": 500, "paper": 1400}
WIDTHS: dict[Scale, int] = {"smoke": 20, "laptop": 100, "paper": 300}
ROUNDS: dict[Scale, int] = {"smoke": 30, "laptop": 100, "paper": 100}
DEPTH, OUTPUTS = 3, 10
LEVELS = {"smoke": 3, "laptop": 7, "paper": 8}
"""Compressions below the last one: each is √10 times the one before it."""


def layer_collapse(scale: Scale, *, data: str = "digits") -> Phenomenon:
    """A perceptron pruned at initialisation, up to one weight a layer.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: a data set by name.
    """
    drawn, width, rounds = dataset(data, train=EXAMPLES[scale], flat=True), WIDTHS[scale], ROUNDS[scale]
    (inputs,) = drawn.shape
    sizes = [inputs * width, *[width * width] * (DEPTH - 1), width * drawn.outputs]
    most = sum(sizes) / len(sizes)
    levels = [round(10 ** (number / 2), 1) for number in range(1, LEVELS[scale] + 1)]
    sweep = {"compression": (*(level for level in levels if level < most), most)}
    paths = float(inputs * width**DEPTH * drawn.outputs)

    def arm(name: str, says: str, role: str = "main", **choices: object) -> Arm:
        pruner = Pruner(**choices)  # type: ignore[arg-type]  # each of its own kind
        made = LayerCollapse(drawn, pruner, width=width, depth=DEPTH)
        return Arm(name, made, sweep=sweep, role=role, says=says)  # type: ignore[arg-type]

    return Phenomenon(
        name="layer_collapse",
        title="Layer collapse",
        question="How far can a network be pruned before training until nothing passes through it?",
        summary=(
            "A layer without weights cuts a network in two, and so does a set of weights that do not meet. Scores that "
            "rank all weights once take too much from the layers where weights are many, or small. The part of the "
            "flow through a weight is conserved from layer to layer, as currents are: a score of that kind, taken anew "
            "as weights go, finds a path up to the largest compression there is, one weight a layer, without any data."
        ),
        arms=(
            arm(SYNFLOW, f"the flow through each weight, anew in {rounds} rounds", score="synflow", rounds=rounds),
            arm(SYNFLOW_ONCE, "the same score, taken once", "control", score="synflow", rounds=1),
            arm(MAGNITUDE, "the size of the weight", score="magnitude"),
            arm(SNIP, "the change of the loss when the weight goes, taken once", score="snip"),
            arm(GRASP, "the change of the gradient's norm when the weight goes, taken once", score="grasp"),
            arm(SNIP_ROUNDS, f"as SNIP, taken anew in {rounds} rounds", score="snip", rounds=rounds),
            arm(RANDOM, "chance", "control", score="random"),
        ),
        claims=claims(most, paths, len(sizes)),
        panels=panels(),
        sources=(
            (f"{TANAKA}: Pruning neural networks without any data by iteratively conserving synaptic flow",
             "https://arxiv.org/abs/2006.05467"),
            ("Lee et al. 2018: SNIP: single-shot network pruning based on connection sensitivity",
             "https://arxiv.org/abs/1810.02340"),
            ("Wang et al. 2020: Picking winning tickets before training by preserving gradient flow",
             "https://arxiv.org/abs/2002.07376"),
            ("de Jorge et al. 2020: Progressive skeletonization: trimming more fat from a network at initialization",
             "https://arxiv.org/abs/2006.09081"),
        ),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )  # fmt: skip
