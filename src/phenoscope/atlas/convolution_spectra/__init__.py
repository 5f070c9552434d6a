"""Linear convolution networks prefer sparse spectra; dense ones do not."""

import dataclasses

from phenoscope.atlas.convolution_spectra.claims import DENSE, DEPTHS, GUNASEKAR, THREE, TWO, claims
from phenoscope.atlas.convolution_spectra.panels import panels
from phenoscope.data import MNIST1D, Dataset, Sides
from phenoscope.methods import ProductDescent
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale

SIZES: dict[Scale, tuple[int, int]] = {"smoke": (8, 10), "laptop": (20, 14), "paper": (30, 20)}
"""Examples, and doublings of the updates."""


def convolution_spectra(scale: Scale) -> Phenomenon:
    """Two classes of MNIST-1D told apart by products of linear layers.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    examples, steps = SIZES[scale]
    data = Dataset(Sides(MNIST1D(), plus=(0,), minus=(1,)), train=examples, scaling="centre", flat=True)
    two = ProductDescent(data, scale=0.3, rate=4.0, steps=steps)
    arms = (
        Arm(TWO, two, says="a product of two circular convolutions as wide as the input"),
        Arm(THREE, dataclasses.replace(two, depth=3), says="a product of three"),
        Arm(DEPTHS, two, sweep={"depth": (1, 2, 3)}, says="one, which is a plain linear model, to three"),
        Arm(
            DENSE, dataclasses.replace(two, layers="dense", rate=1.0), role="control",
            says="a square matrix and a vector: the same linear models",
        ),
    )  # fmt: skip
    return Phenomenon(
        name="convolution_spectra",
        title="Spectra of convolution networks",
        question="Do layers that cannot express anything new change what a linear network learns?",
        summary=(
            "A product of linear layers is a linear model, whatever the layers. Descent on it finds another one all "
            "the same: with two full-width convolutions that of the largest margin in the l1 norm of the spectrum, and "
            "so one of few frequencies; with more of them fewer still. Two dense layers find the largest l2 margin, as "
            "no layers at all do. So there is no preference of gradient descent for simplicity as such."
        ),
        arms=arms,
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{GUNASEKAR}: Implicit bias of gradient descent on linear convolutional networks",
             "https://arxiv.org/abs/1806.00468"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip
