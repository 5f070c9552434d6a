"""What is drawn of linear convolution networks."""

from phenoscope.atlas.convolution_spectra.claims import DENSE, DEPTHS, FREQUENCIES, THREE, TWO
from phenoscope.claims import Measured, Setting
from phenoscope.panels import Lines, Panel, Scatter

DOUBLINGS = "doublings of the updates"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Lines(
            "Frequencies", "How many the linear model is made of: with more filters ever fewer.",
            Measured("frequencies"), "(Σ|β̂|)² / Σ|β̂|²", (TWO, THREE, DENSE), x_label=DOUBLINGS,
        ),
        Lines(
            "Margin in the l1 norm of the spectrum", "Two filters come to the largest one.",
            Measured("fourier l1 share"), "margin / largest margin", (TWO, THREE, DENSE), x_label=DOUBLINGS,
        ),
        Lines(
            "Margin in the l2 norm", "Two dense layers come to the largest one.",
            Measured("l2 share"), "margin / largest margin", (TWO, THREE, DENSE), x_label=DOUBLINGS,
        ),
        Scatter(
            "Frequencies against filters", "One filter is a plain linear model.",
            Setting("depth"), FREQUENCIES, "filters", "(Σ|β̂|)² / Σ|β̂|²", (DEPTHS,),
        ),
        Lines(
            "Distance from stationarity", "Of the penalty Σ |β̂|^(2/L): the angle closes.",
            Measured("misalignment"), "sine of the angle", (TWO, THREE), log_y=True, x_label=DOUBLINGS,
        ),
    )  # fmt: skip
