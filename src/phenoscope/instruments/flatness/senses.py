"""Sharpness in its other senses: along steps, in a neighbourhood, under noise, free of scale; and where it goes."""

import torch

from phenoscope.instruments.bench import Bench
from phenoscope.instruments.flatness.bits import code_length
from phenoscope.instruments.flatness.neighbourhood import RADIUS, sam_gap, worst_case_sharpness
from phenoscope.instruments.flatness.perturbed import SIGMA, gaussian_sharpness
from phenoscope.instruments.flatness.relative import relative_flatness
from phenoscope.instruments.flatness.sharpening import sharpening_cosine, sharpness_gradient
from phenoscope.instruments.flatness.volume import epsilon_volume
from phenoscope.instruments.gradients.mini_batches import batch_sharpness
from phenoscope.instruments.instrument import CURVATURE, Instrument
from phenoscope.instruments.landscapes.along import critical_sharpness, directional_sharpness
from phenoscope.instruments.landscapes.stretched import Scale
from phenoscope.instruments.reading import Reading

TOLERANCE = 0.1
"""Relative standard error of what a panel draws at random."""
DIRECTIONS = 40
"""Rays of a panel's volume: beyond some dozen parameters it rests on one or two, however many there are."""


def _worst_case(bench: Bench, generator: torch.Generator | None, scale: Scale = None) -> Reading:
    top = bench.extreme("largest", generator) if scale is None else None
    return worst_case_sharpness(bench.objective, scale=scale, hessian=bench.hessian, top=top, generator=generator)


def _gaussian(bench: Bench, generator: torch.Generator | None, scale: Scale = None) -> Reading:
    return gaussian_sharpness(bench.objective, tol=TOLERANCE, scale=scale, hessian=bench.hessian, generator=generator)


SENSES: dict[str, Instrument] = {
    "directional_sharpness": Instrument(
        "curvature along the gradient", CURVATURE, lambda bench, _: directional_sharpness(bench.hessian), hessian=True
    ),
    "critical_sharpness": Instrument(
        "2/η for the smallest step η along the gradient at which the loss rises",
        CURVATURE,
        lambda bench, _: critical_sharpness(bench.objective, hessian=bench.hessian),
        hessian=True,
    ),
    "batch_sharpness": Instrument(
        "curvature of mini-batches of 32 along their own gradients",
        CURVATURE,
        lambda bench, generator: batch_sharpness(bench.objective, tol=TOLERANCE, generator=generator),
    ),
    "sam_gap": Instrument(
        f"rise of the loss after a step of {RADIUS:g} up the gradient",
        "loss",
        lambda bench, _: sam_gap(bench.objective),
    ),
    "worst_case_sharpness": Instrument(
        f"largest rise of the loss found within {RADIUS:g}", "loss", _worst_case, hessian=True
    ),
    "adaptive_worst_case": Instrument(
        f"the same for steps in proportion to each weight, within {RADIUS:g}",
        "loss",
        lambda bench, generator: _worst_case(bench, generator, "magnitude"),
        hessian=True,
    ),
    "gaussian_sharpness": Instrument(
        f"expected rise of the loss under noise of {SIGMA:g} on each weight", "loss", _gaussian, hessian=True
    ),
    "adaptive_gaussian": Instrument(
        f"expected rise under noise of {SIGMA:g} times each weight",
        "loss",
        lambda bench, generator: _gaussian(bench, generator, "magnitude"),
        hessian=True,
    ),
    "relative_flatness": Instrument(
        "relative flatness of the last layer's weights (small is flat)",
        "loss",
        lambda bench, generator: relative_flatness(
            bench.objective, tol=TOLERANCE, hessian=bench.hessian, generator=generator
        ),
        hessian=True,
    ),
    "code_length": Instrument(
        "bits to say the weights as finely as the curvature asks, prior of width 1",
        "bits",
        lambda bench, generator: code_length(bench.objective, gauss_newton=bench.gauss_newton, generator=generator),
    ),
    "adaptive_code_length": Instrument(
        "the same with the size of each layer's weights for its prior",
        "bits",
        lambda bench, generator: code_length(
            bench.objective, "layers", gauss_newton=bench.gauss_newton, generator=generator
        ),
    ),
    "epsilon_volume": Instrument(
        "log radius of a ball as large as the set of loss at most 0.1 higher",
        "log of a length",
        lambda bench, generator: epsilon_volume(bench.objective, directions=DIRECTIONS, generator=generator),
    ),
    "sharpness_gradient": Instrument(
        "norm of the gradient of the sharpness",
        "loss per cubed parameter",
        lambda bench, generator: sharpness_gradient(bench.objective, hessian=bench.hessian, generator=generator),
        hessian=True,
    ),
    "sharpening_cosine": Instrument(
        "cosine of its gradient and the loss's: negative where descent sharpens",
        "1",
        lambda bench, generator: sharpening_cosine(bench.objective, hessian=bench.hessian, generator=generator),
        hessian=True,
    ),
}
