"""Flows as rules: what gradient descent follows where its steps are small, and on average at the edge of stability.

A step of these rules takes as much time as one of gradient descent, η, in several smaller steps of Euler's.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.specs import spec
from phenoscope.theory import edge_covariance, gradient_descent_threshold
from phenoscope.training.leading import leading
from phenoscope.training.sight import Memory, Points, Sight

EXACT = 1e-4
"""Residual of the eigenvectors, relative to the eigenvalue."""
GUARDS = 1


@spec
class GradientFlow:
    """dθ/dt = -∇L for a time η a step.

    Attributes:
        lr: η, one number.
        substeps: of Euler's method a step; it is stable up to a sharpness of 2 `substeps` / η.
    """

    shared = ("lr", "substeps")
    on_all_data = True

    lr: float
    substeps: int = 8

    def __post_init__(self) -> None:
        _checked(self.lr, self.substeps)

    def init(self, points: Points) -> Memory:
        return {}

    def see(self, sight: Sight, memory: Memory, step: int) -> tuple[Points, Memory]:
        here, total = sight, torch.zeros_like(sight.points)
        for part in range(self.substeps):
            total = total + here.gradient
            if part + 1 < self.substeps:
                here = sight.at(sight.points - self.lr / self.substeps * total)
        return total / self.substeps, memory

    def update(self, gradient: Points, points: Points, memory: Memory, step: int) -> tuple[Points, Memory]:
        return points - self.lr * gradient, memory

    def threshold(self, step: int) -> float:
        """That of gradient descent with this rate, which the flow does not feel."""
        return gradient_descent_threshold(self.lr)


@spec
class CentralFlow:
    """dθ/dt = -(∇L + ½ ∇⟨H, Σ⟩): the path of gradient descent with its oscillation averaged out, for a time η a step.

    Σ is the covariance of the oscillation: in the space of the `k` largest curvatures, positive semidefinite, and no
    larger than it takes to keep them at 2/η (`theory.edge_covariance`); 0 while they are below. Each small step of
    length h asks that the curvatures at its end, to first order, are not above 2/η, so one that has drifted across is
    brought back. The rule remembers of the last step the mean of tr Σ, "oscillation variance", and of ½⟨H, Σ⟩, by which
    the oscillation raises the average loss, "oscillation loss".

    Source: Cohen et al. 2024, Understanding optimization in deep learning with central flows, arXiv:2410.24206.

    Attributes:
        lr: η, one number.
        k: curvatures that may be at the edge; more than will be.
        substeps: of Euler's method a step, at least 2, as a step of length η is not stable at the edge.
    """

    shared = ("lr", "k", "substeps")
    on_all_data = True

    lr: float
    k: int = 3
    substeps: int = 4

    def __post_init__(self) -> None:
        _checked(self.lr, self.substeps)
        if self.k < 1 or self.substeps < 2:
            raise BadInput(f"a central flow needs k of at least 1 and 2 substeps, got {self.k} and {self.substeps}.")

    def init(self, points: Points) -> Memory:
        p = points.shape[1]
        if self.k >= p:
            raise BadInput(f"a central flow with {self.k} curvatures needs more than {self.k} parameters, got {p}.")
        nothing = points.new_zeros(len(points), 1, dtype=torch.float64)
        space = points.new_zeros(len(points), min(self.k + GUARDS, p), p)
        covariance = points.new_zeros(len(points), self.k, self.k, dtype=torch.float64)
        found = {"oscillation variance": nothing, "oscillation loss": nothing.clone()}
        return {"space": space, "covariance": covariance, **found}

    def see(self, sight: Sight, memory: Memory, step: int) -> tuple[Points, Memory]:
        h, here, space, covariance = self.lr / self.substeps, sight, memory["space"], memory["covariance"]
        total, variance, raised = torch.zeros_like(sight.points), 0.0, 0.0
        for part in range(self.substeps):
            before, k = space, self.k
            values, space = leading(here, k, before, tol=EXACT, look=part == 0 and step % 10 == 0, seed=step)
            turn = (space[:, :k] @ before[:, :k].mT).double()
            covariance, pull = _oscillation(
                here, values, space[:, :k], turn @ covariance @ turn.mT, h=h, edge=2 / self.lr
            )
            total = total + here.gradient + pull
            variance = variance + covariance.diagonal(dim1=1, dim2=2).sum(dim=1) / self.substeps
            raised = raised + (covariance.diagonal(dim1=1, dim2=2) * values).sum(dim=1) / (2 * self.substeps)
            if part + 1 < self.substeps:
                here = sight.at(sight.points - h * total)
        found = {"oscillation variance": variance[:, None], "oscillation loss": raised[:, None]}  # type: ignore[index]
        return total / self.substeps, {"space": space, "covariance": covariance, **found}

    def update(self, gradient: Points, points: Points, memory: Memory, step: int) -> tuple[Points, Memory]:
        return points - self.lr * gradient, memory

    def threshold(self, step: int) -> float:
        """The edge at which it holds the sharpness."""
        return gradient_descent_threshold(self.lr)


def _oscillation(
    sight: Sight,
    values: Float[Tensor, "n k"],
    vectors: Float[Tensor, "n k p"],
    guess: Float[Tensor, "n k k"],
    *,
    h: float,
    edge: float,
) -> tuple[Float[Tensor, "n k k"], Points]:
    """Σ in the basis of the eigenvectors, and ½ ∇⟨H, Σ⟩; both 0 where no curvature reaches the edge within h."""
    n, k = values.shape
    gradient = sight.gradient
    slack = (values - edge) / h  # how fast each may grow without being across at the end, with the sign turned
    nothing = values.new_zeros(n, k, k)
    near = values > 0.8 * edge
    if not bool(near.any()):
        return nothing, torch.zeros_like(gradient)
    count = int(near.any(dim=0).nonzero().max()) + 1  # those far below the edge need no third derivatives
    slopes = gradient.new_zeros(n, count, count, gradient.shape[1])
    for i in range(count):
        for j in range(i, count):
            slopes[:, i, j] = slopes[:, j, i] = sight.third(vectors[:, i], vectors[:, j])
    growth = -torch.einsum("nijp,np->nij", slopes, gradient).double() + torch.diag_embed(slack[:, :count])
    coupling = torch.einsum("nijp,nlmp->nijlm", slopes, slopes).double()
    covariance = edge_covariance(growth, coupling, start=guess[:, :count, :count])
    pull = torch.einsum("nij,nijp->np", covariance.to(slopes), slopes) / 2
    nothing[:, :count, :count] = covariance
    return nothing, pull


def _checked(lr: float, substeps: int) -> None:
    if not isinstance(lr, int | float) or not lr > 0 or substeps < 1:
        raise BadInput(
            f"a flow needs one positive number for its rate and at least 1 substep, got {lr} and {substeps}."
        )
