"""The largest eigenvalue and the trace of the matrices beside the Hessian."""

import torch

from phenoscope.instruments.bench import Bench
from phenoscope.instruments.instrument import CURVATURE, Instrument
from phenoscope.instruments.reading import Reading
from phenoscope.instruments.spectra.spectrum import sharpness
from phenoscope.objective import Which

TRACE_TOLERANCE = 0.1
"""Of the traces of a panel: where eigenvalues cancel, it takes 200 probes; half of it would take 800."""
SQUARED = "(loss per parameter)²"
"""Of what is made of squares of gradients."""


def _largest(which: Which, says: str, unit: str) -> Instrument:
    def read(bench: Bench, generator: torch.Generator | None) -> Reading:
        return sharpness(bench.operator(which), generator=generator)

    return Instrument(f"largest eigenvalue of the {says}", unit, read)


def _trace(which: Which, says: str, unit: str) -> Instrument:
    def read(bench: Bench, generator: torch.Generator | None) -> Reading:
        return bench.trace(which, TRACE_TOLERANCE, generator)

    return Instrument(f"trace of the {says}", unit, read)


GAUSS_NEWTON = ("gauss_newton", "Gauss-Newton matrix", CURVATURE)
FISHER = ("fisher", "Fisher matrix of the model's own predictions", CURVATURE)
EMPIRICAL_FISHER = ("empirical_fisher", "empirical Fisher matrix, mean square of examples' gradients", SQUARED)
COVARIANCE = ("gradient_covariance", "covariance of single examples' gradients", SQUARED)

MATRICES: dict[str, Instrument] = {
    "gauss_newton_sharpness": _largest(*GAUSS_NEWTON),
    "gauss_newton_trace": _trace(*GAUSS_NEWTON),
    "fisher_sharpness": _largest(*FISHER),
    "fisher_trace": _trace(*FISHER),
    "empirical_fisher_sharpness": _largest(*EMPIRICAL_FISHER),
    "empirical_fisher_trace": _trace(*EMPIRICAL_FISHER),
    "gradient_covariance_eigenvalue": _largest(*COVARIANCE),
    "gradient_covariance_trace": _trace(*COVARIANCE),
}
