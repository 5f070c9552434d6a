"""What is drawn of linear models written in several ways, and of networks of many starts."""

from phenoscope.atlas.parametrisation_bias.claims import (
    CONVOLUTION,
    DEEP,
    DENSE,
    DIAGONAL,
    ERROR,
    FOURIER,
    L1,
    LARGE,
    NORM,
    NORMALISED,
    PLAIN,
    RANK,
    SHALLOW,
)
from phenoscope.claims import Measured
from phenoscope.panels import Lines, Panel, Scatter

LINEAR = (PLAIN, DENSE, NORMALISED, DIAGONAL, CONVOLUTION)
DOUBLINGS = "doublings of the updates"
START = "model.init_scale"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "Margins in two norms", "The same linear models, each at the end: three ways of writing go to one place, "
            "and two to places of their own.",
            L1, FOURIER, "l1 margin / largest", "l1 margin of the spectrum / largest", LINEAR, log=False,
        ),
        *(
            Lines(f"Margin in the {norm} norm", caption, Measured(series), "margin / largest margin", arms,
                  x_label=DOUBLINGS)
            for norm, series, caption, arms in (
                ("l2", "l2 share", "Plain weights, dense layers, and a length and a direction come to the largest "
                 "one.", LINEAR),
                ("l1", "l1 share", "The product entry by entry goes there, and from a large start later.",
                 (*LINEAR, LARGE)),
                ("spectrum's l1", "fourier l1 share", "The convolution comes to the largest one.", LINEAR),
            )
        ),
        Lines(
            "Another start", "The angle between the ends of two starts: of no account where the limit is near; of the "
            "product entry by entry it is not yet.",
            Measured("angle to another start"), "angle, radian", LINEAR, log_y=True, x_label=DOUBLINGS,
        ),
        Scatter(
            "Length and error of deep networks", "One point a network, all at one training loss; colours tell the size "
            "of the start.",
            NORM, ERROR, "length of the weights", "test error", (DEEP,), by=START,
        ),
        Scatter(
            "Rank and error of deep networks", "The same with the effective rank.",
            RANK, ERROR, "effective rank of the weights", "test error", (DEEP,), by=START,
        ),
        Scatter(
            "Length and error of homogeneous networks", "One hidden layer without biases, which theory describes.",
            NORM, ERROR, "length of the weights", "test error", (SHALLOW,), by=START,
        ),
    )  # fmt: skip
