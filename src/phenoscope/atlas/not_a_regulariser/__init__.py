"""Not a regulariser: what products of matrices prefer is no penalty on a norm, nor on anything."""

import dataclasses

from phenoscope.atlas.not_a_regulariser.claims import (
    ACCELERATION,
    CONJECTURE,
    DEEP,
    FIELDS,
    LARGE,
    NEARLY_ALL,
    ONE,
    THREE,
    TWO,
    claims,
)
from phenoscope.atlas.not_a_regulariser.panels import panels
from phenoscope.methods import EndToEndField, MatrixCompletion
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is: rows, entries that are seen (half, nearly all), rank, doublings of the updates."""

    rows: int
    half: int
    nearly: int
    rank: int
    doublings: int


SIZES: dict[Scale, Size] = {
    "smoke": Size(5, 12, 24, 1, 11), "laptop": Size(10, 50, 95, 2, 15), "paper": Size(30, 350, 880, 3, 19),
}  # fmt: skip
POINTS: dict[Scale, int] = {"smoke": 5, "laptop": 19, "paper": 99}


def not_a_regulariser(scale: Scale) -> Phenomenon:
    """Matrices of low rank completed by products of matrices, beside the completion of the least nuclear norm.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    size = SIZES[scale]
    three = MatrixCompletion(observed=size.half, rank=size.rank, size=size.rows, steps=size.doublings)
    arms = (
        Arm(THREE, three, says="a product of three matrices from a small start, half of the entries"),
        Arm(TWO, dataclasses.replace(three, depth=2, scale=1e-3), says="a product of two matrices"),
        Arm(
            NEARLY_ALL, dataclasses.replace(three, observed=size.nearly, rank=1), role="control",
            says="three matrices for a matrix of rank 1 with few open entries, where both agree",
        ),
        Arm(ONE, dataclasses.replace(three, depth=1), role="control", says="a single matrix: open entries stay"),
        Arm(LARGE, dataclasses.replace(three, scale=1.0), role="control", says="three matrices from a start of 1"),
        *(
            Arm(
                name, EndToEndField(depth=depth, steps=POINTS[scale]), role="control" if depth == 1 else "main",
                says=f"the velocity of a product of {depth} at random matrices" if depth > 1
                else "the velocity of a single matrix: a gradient",
            )
            for depth, name in FIELDS.items()
        ),
    )  # fmt: skip
    return Phenomenon(
        name="not_a_regulariser",
        title="Not a regulariser",
        question="Is the preference of a product of matrices a penalty in disguise?",
        summary=(
            "A product of matrices that starts near zero completes a matrix of low rank. A penalty on the nuclear norm "
            "does so, too, and it was conjectured that this is what descent minimises. A convex program says what it "
            "would have to find. Where few entries are known, does the product settle elsewhere, at a larger norm, a "
            "smaller rank, and nearer to the truth? And is there any function on which it goes downhill? If the "
            "Jacobian of its velocity is not symmetric there is none."
        ),
        arms=arms,
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{DEEP}: Implicit regularization in deep matrix factorization", "https://arxiv.org/abs/1905.13655"),
            (f"{CONJECTURE}: Implicit regularization in matrix factorization", "https://arxiv.org/abs/1705.09280"),
            (f"{ACCELERATION}: On the optimization of deep networks: implicit acceleration by overparameterization",
             "https://arxiv.org/abs/1802.06509"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip
