"""Matrices of one's own, under a name: measured by `ps.measure`, at the prompt and along training like the Hessian."""

import dataclasses
import re
from collections.abc import Callable

from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.objective import Matrix, Objective, Operator
from phenoscope.objective.operators import KINDS

Make = Callable[[Objective], Operator | Tensor]


@dataclasses.dataclass(frozen=True)
class Own:
    """A matrix of one's own.

    Attributes:
        make: makes it of an objective, at the model's own point.
        says: what it is, for a person.
        unit: of its eigenvalues.
    """

    make: Make
    says: str
    unit: str

    def of(self, objective: Objective) -> Operator:
        """The matrix of an objective."""
        made = self.make(objective)
        made = Matrix(made) if isinstance(made, Tensor) else made
        if not isinstance(made, Operator):
            raise BadInput(
                f"{self.says} must be a `phenoscope.objective.Operator` or a dense symmetric matrix; its function "
                f"returned a {type(made).__name__}."
            )
        return made


OWN: dict[str, Own] = {}
"""All that have been named, in the order in which they were."""


def named_operator(name: str, *, says: str | None = None, unit: str = "1") -> Callable[[Make], Make]:
    """Give a matrix of your own a name, by which it is then measured like the Hessian. Decorates the function.

    Of a matrix `preconditioned` there are then the instruments `preconditioned_largest_eigenvalue`,
    `preconditioned_smallest_eigenvalue`, `preconditioned_eigenvalues:5`, `preconditioned_trace`, and so on, in
    `ps.measure`, at the prompt (`--operator module:function`), and in the probes `Instruments` and `Tracked`. A stored
    run knows the matrix by its name only: what is computed otherwise needs another name.

    Args:
        name: lower-case letters, digits and `_`, beginning with a letter; none of the matrices that there are.
        says: what it is, in a few words, for lists; the name unless given.
        unit: of its eigenvalues.

    Returns:
        A decorator of a function of the objective, which returns an operator or a dense symmetric matrix, at the
        model's own point. It is called anew for each point, and for each choice of parameters or part of the data.

    Raises:
        BadInput: a name that is taken or that could not be typed.

    Example:
        >>> import phenoscope as ps, torch
        >>> @named_operator("weight_decay", says="penalty on the weights")
        ... def weight_decay(objective):
        ...     return 2 * torch.eye(len(objective.point))
        >>> model = torch.nn.Linear(3, 1, bias=False)
        >>> objective = Objective(model, torch.nn.MSELoss(), (torch.eye(3), torch.zeros(3, 1)))
        >>> ps.measure(objective, ("weight_decay_trace",))["weight_decay_trace"].value
        6.0
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise BadInput(
            f"the name of an operator has lower-case letters, digits and _ and begins with a letter, got {name!r}."
        )
    if name in KINDS or name.startswith("effective_"):
        raise BadInput(f"{name!r} is a name of this library's own. Find another for your operator.")

    def keep(make: Make) -> Make:
        if not callable(make):
            raise BadInput(f"an operator is named by its function of an objective, got a {type(make).__name__}.")
        known = OWN.get(name)
        if known is not None and _place(known.make) != _place(make):
            raise BadInput(f"two operators are called {name!r}: {_place(known.make)} and {_place(make)}. Rename one.")
        OWN[name] = Own(make, says or name.replace("_", " "), unit)
        return make

    return keep


def _place(make: Make) -> str:
    """Where a function was written; one that is written anew there, as in a notebook, takes its place."""
    return f"{make.__module__}.{make.__qualname__}"
