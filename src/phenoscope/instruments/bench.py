"""One network on the bench: what several instruments need is made once, when the first of them asks."""

from functools import cached_property
from typing import Literal, cast

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.instruments.curvatures import Curvatures
from phenoscope.instruments.given import given_or_made
from phenoscope.instruments.gradients.moments import GradientMoments, gradient_moments
from phenoscope.instruments.own import OWN
from phenoscope.instruments.spectra.spectrum import Eigenpair
from phenoscope.objective import Objective, Operator, OperatorName, Scaled


class Bench:
    """An objective, and what has been made of it so far.

    Args:
        objective: the loss, at the model's own point.
        hessian: its Hessian there, where somebody has made it already.
        preconditioner: (p,), what an adaptive optimizer divides its steps by now, for effective curvatures.
    """

    def __init__(
        self,
        objective: Objective,
        hessian: Operator | None = None,
        *,
        preconditioner: Float[Tensor, " p"] | None = None,
    ) -> None:
        self.objective = objective
        self._hessian, self._preconditioner = hessian, preconditioner

    def on(self, objective: Objective) -> "Bench":
        """A bench for the same network on other data: the optimizer stays what it is."""
        return Bench(objective, preconditioner=self._preconditioner)

    @property
    def preconditioned(self) -> bool:
        """Whether it is known what an optimizer divides its steps by."""
        return self._preconditioner is not None

    @cached_property
    def plain(self) -> Curvatures:
        """The matrices of the loss, and those of one's own."""

        def made(which: str) -> Operator:
            if which in OWN:
                return OWN[which].of(self.objective)
            return given_or_made(
                self._hessian if which == "hessian" else None, self.objective, cast(OperatorName, which)
            )

        return Curvatures(made, self.objective)

    @cached_property
    def effective(self) -> Curvatures:
        """The same as an adaptive optimizer meets them, P^(-1/2) A P^(-1/2), with what it divides its steps by as P.

        Raises:
            BadInput: no optimizer is known.
        """
        if self._preconditioner is None:
            raise BadInput(
                "effective curvatures are those that an adaptive optimizer meets, and none is known here. Pass it, "
                "`ps.measure(..., optimizer=optimizer)`, or at the prompt the file with its state, `--optimizer FILE`."
            )
        scale = self._preconditioner.rsqrt()
        return Curvatures(lambda which: Scaled(self.operator(which), scale), self.objective, divided=True)

    @property
    def hessian(self) -> Operator:
        return self.operator("hessian")

    @property
    def gauss_newton(self) -> Operator:
        return self.operator("gauss_newton")

    def operator(self, which: str) -> Operator:
        """The matrix of that name."""
        return self.plain.operator(which)

    @cached_property
    def gradient_moments(self) -> GradientMoments:
        """Of as many examples as are affordable, drawn the same way every time."""
        return gradient_moments(self.objective)

    def extreme(self, end: Literal["largest", "smallest"], generator: torch.Generator | None) -> Eigenpair:
        """The largest or the smallest eigenvalue of the Hessian, measured once; its vector is then known."""
        return self.plain.extreme("hessian", end, generator)
