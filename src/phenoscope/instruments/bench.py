"""One network on the bench: what several instruments need is made once, when the first of them asks."""

from functools import cached_property
from typing import Literal

import torch
from torch import Tensor

from phenoscope.instruments.moments import GradientMoments, gradient_moments
from phenoscope.instruments.spectrum import Eigenpair, eigenvalues
from phenoscope.objective import Objective, Operator


class Bench:
    """An objective, and what has been made of it so far.

    Args:
        objective: the loss, at the model's own point.
        hessian: its Hessian there, where somebody has made it already.
    """

    def __init__(self, objective: Objective, hessian: Operator | None = None) -> None:
        self.objective = objective
        self._given = hessian
        self._known: list[Tensor] = []

    @cached_property
    def hessian(self) -> Operator:
        return self.objective.hessian() if self._given is None else self._given

    @cached_property
    def gauss_newton(self) -> Operator:
        return self.objective.gauss_newton()

    @cached_property
    def gradient_moments(self) -> GradientMoments:
        """Of as many examples as are affordable, drawn the same way every time."""
        return gradient_moments(self.objective)

    @property
    def known(self) -> Tensor | None:
        """The Hessian's eigenvectors measured so far, which a trace need not leave to chance."""
        return torch.stack(self._known, dim=1) if self._known and self.hessian.size > len(self._known) else None

    def extreme(self, which: Literal["largest", "smallest"], generator: torch.Generator | None) -> Eigenpair:
        """The largest or the smallest eigenvalue of the Hessian, whose vector is then known."""
        found = eigenvalues(self.hessian, 1, which, generator=generator).first
        if bool(torch.isfinite(found.value)):
            self._known.append(found.vector)
        return found
