"""One network on the bench: what several instruments need is made once, when the first of them asks."""

import dataclasses
from functools import cached_property
from typing import Literal

import torch
from torch import Tensor

from phenoscope.core.seeds import seeded
from phenoscope.instruments.given import given_or_made
from phenoscope.instruments.gradients.moments import GradientMoments, gradient_moments
from phenoscope.instruments.spectra.spectrum import Eigenpair, eigenvalues
from phenoscope.instruments.traces.trace import Request, Trace, trace_of
from phenoscope.objective import Objective, Operator, Which


class Bench:
    """An objective, and what has been made of it so far.

    Args:
        objective: the loss, at the model's own point.
        hessian: its Hessian there, where somebody has made it already.
    """

    def __init__(self, objective: Objective, hessian: Operator | None = None) -> None:
        self.objective = objective
        self._given = hessian
        self._extremes: dict[str, Eigenpair] = {}
        self._matrices: dict[Which, Operator] = {}

    @property
    def hessian(self) -> Operator:
        return self.operator("hessian")

    @property
    def gauss_newton(self) -> Operator:
        return self.operator("gauss_newton")

    def operator(self, which: Which) -> Operator:
        """The matrix of that name."""
        if which not in self._matrices:
            given = self._given if which == "hessian" else None
            self._matrices[which] = given_or_made(given, self.objective, which)
        return self._matrices[which]

    @cached_property
    def gradient_moments(self) -> GradientMoments:
        """Of as many examples as are affordable, drawn the same way every time."""
        return gradient_moments(self.objective)

    @property
    def known(self) -> Tensor | None:
        """The Hessian's eigenvectors measured so far, which a trace need not leave to chance."""
        vectors = [found.vector for found in self._extremes.values() if bool(torch.isfinite(found.value))]
        return torch.stack(vectors, dim=1) if 0 < len(vectors) < len(self.objective.point) else None

    def trace(self, which: Which, tol: float, generator: torch.Generator | None) -> Trace:
        """A trace, for which the matrix is made only if its products are needed; known vectors are deflated then."""
        generator = seeded(generator)
        asked = Request(tol, which, "auto", None, None, 1000, generator)
        if which == "hessian":
            asked = dataclasses.replace(asked, deflate=self.known)
        return trace_of(self.objective, lambda: self.operator(which), asked)

    def extreme(self, which: Literal["largest", "smallest"], generator: torch.Generator | None) -> Eigenpair:
        """The largest or the smallest eigenvalue of the Hessian, measured once; its vector is then known."""
        if which not in self._extremes:
            self._extremes[which] = eigenvalues(self.hessian, 1, which, generator=generator).first
        return self._extremes[which]
