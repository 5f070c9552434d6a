"""What an executor hands to a worker."""

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path

from phenoscope.phenomenon import Plan
from phenoscope.training import Recipe

Progress = Callable[[int], None]
"""Called with the number of member-steps done since the last call."""

CHECKPOINT_SECONDS = 10.0
"""Between two checkpoints of a cohort, unless writing one takes so long that they would take more than a hundredth of
the time."""


@dataclasses.dataclass(frozen=True)
class Cohort:
    """Plans that advance together; this is what an executor hands to a worker.

    Attributes:
        plans: of one shape, with the same probes.
        members: the folder of all members, where parents are found and results go.
        parents: ids of the members they start from; `None` where they start afresh.
        maskers: ids of the members they have their masks from; `None` where they inherit none.
        checkpoint_seconds: between two checkpoints; 0 writes one before every step.
    """

    plans: tuple[Plan, ...]
    members: Path
    parents: tuple[str, ...] | None = None
    checkpoint_seconds: float = CHECKPOINT_SECONDS
    maskers: tuple[str, ...] | None = None

    @functools.cached_property
    def ids(self) -> tuple[str, ...]:
        """Of its members, in the order of the rows."""
        return tuple(plan.id for plan in self.plans)

    @property
    def recipes(self) -> tuple[Recipe, ...]:
        """Those of its members that are trained; a computation is a cohort of its own, without any."""
        return tuple(plan.training for plan in self.plans if plan.training is not None)

    @property
    def steps(self) -> int:
        """Member-steps in all."""
        return sum(plan.recipe.steps for plan in self.plans)
