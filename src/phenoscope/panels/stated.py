"""What a panel shows: quantities stated by expressions, like claims."""

import dataclasses
from typing import Literal

from phenoscope.claims import Expression, Statistic
from phenoscope.claims.statistics import as_statistic
from phenoscope.core.errors import BadInput


@dataclasses.dataclass(frozen=True)
class Lines:
    """A quantity along training, one line a member, with the theory's level or curve beside it.

    Attributes:
        title, caption: what it shows, and what to look for.
        y: what is drawn against the step.
        y_label: its name and unit.
        arms: whose members are drawn.
        theory: an expression drawn beside each arm and swept value, such as `2 / LR`.
        theory_label: its name.
        log_y: whether the axis is logarithmic.
        x_label: what a comparison counts where it is not the steps of training, such as places along a path.
    """

    title: str
    caption: str
    y: Expression
    y_label: str
    arms: tuple[str, ...]
    theory: Expression | None = None
    theory_label: str = "theory"
    log_y: bool = False
    x_label: str = "step"

    def __post_init__(self) -> None:
        if self.y.constant:
            raise BadInput(f"a panel draws a quantity along training, got the constant {self.y}. Give it as `theory`.")

    @property
    def names(self) -> tuple[str, ...]:
        """The series drawn."""
        return self.y.names

    @property
    def settings(self) -> tuple[str, ...]:
        """The settings needed of every member."""
        return self.y.settings + (() if self.theory is None else self.theory.settings)


@dataclasses.dataclass(frozen=True)
class Scatter:
    """One number of each member against another, with the theory's line y = `slope` · x, or its number beside each.

    Attributes:
        title, caption: what it shows, and what to look for.
        x, y: one number a member; settings and arithmetic of them are such numbers, too.
        x_label, y_label: their names and units.
        arms: whose members are drawn.
        slope: of the theory's line through the origin.
        theory: what theory says of y, one number a member; drawn as a line for each arm, through the means over the
            members at one x, with a gap where it has no finite number.
        theory_label: its name.
        log: whether both axes are logarithmic, or "x" alone.
        by: the swept setting whose values have colours of their own; the arms have them unless given.
    """

    title: str
    caption: str
    x: Statistic | Expression
    y: Statistic | Expression
    x_label: str
    y_label: str
    arms: tuple[str, ...]
    slope: float | None = None
    theory: Statistic | Expression | None = None
    theory_label: str = "theory"
    log: bool | Literal["x"] = True
    by: str | None = None

    def __post_init__(self) -> None:
        for side in ("x", "y"):
            object.__setattr__(self, side, as_statistic(getattr(self, side), f"the {side} of a panel"))
        if self.theory is not None:
            object.__setattr__(self, "theory", as_statistic(self.theory, "the theory of a panel"))

    @property
    def names(self) -> tuple[str, ...]:
        """The series drawn."""
        return self.x.names + self.y.names

    @property
    def settings(self) -> tuple[str, ...]:
        """The settings needed of every member."""
        theory = () if self.theory is None else self.theory.settings
        return self.x.settings + self.y.settings + theory + (() if self.by is None else (self.by,))


Panel = Lines | Scatter
"""Whatever can be drawn."""
