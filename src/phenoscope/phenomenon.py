"""A phenomenon: a question, the arms that answer it, what is measured, and what is claimed."""

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from phenoscope.claims import Claim
from phenoscope.comparisons import Comparison
from phenoscope.core.errors import BadInput
from phenoscope.core.specs import identity, spec
from phenoscope.panels import Panel
from phenoscope.probes import Mark, series_units
from phenoscope.training import Recipe, settings, with_setting

Scale = Literal["smoke", "laptop", "paper"]
SCALES: tuple[Scale, ...] = ("smoke", "laptop", "paper")


@spec
class Plan:
    """One member to be: what is trained and what is read on the way; its id names the member's folder.

    Attributes:
        recipe: what decides the training.
        probes: what is measured.
        marks: points to keep when a series first reaches a level.
        keep: steps whose points are kept, besides the first and the last.
    """

    recipe: Recipe
    probes: tuple[Any, ...]
    marks: tuple[Mark, ...] = ()
    keep: tuple[int, ...] = ()

    version = 1

    @property
    def id(self) -> str:
        return identity(self)


@dataclasses.dataclass(frozen=True)
class Arm:
    """One condition of an experiment: a recipe for every seed, possibly swept.

    Attributes:
        name: as claims call it.
        recipe: with any seed; the experiment's seeds replace it.
        probes: what is measured along its members.
        sweep: values of settings; every combination is run.
        marks: points to keep for others to start from.
        role: the main arm of the question, or a control.
        says: one sentence on what is different here.
    """

    name: str
    recipe: Recipe
    probes: tuple[Any, ...]
    sweep: Mapping[str, tuple[float, ...]] = dataclasses.field(default_factory=dict)
    marks: tuple[Mark, ...] = ()
    role: Literal["main", "control"] = "main"
    says: str = ""

    def plans(self, seeds: Sequence[int]) -> Iterator[Plan]:
        """The members-to-be, swept values outermost."""
        for values in itertools.product(*self.sweep.values()):
            recipe = self.recipe
            for name, value in zip(self.sweep, values, strict=True):
                recipe = with_setting(recipe, name, value)
            for seed in seeds:
                yield Plan(with_setting(recipe, "seed", seed), self.probes, self.marks)


@dataclasses.dataclass(frozen=True)
class Phenomenon:
    """A question with everything that answers it; names are checked against each other when it is made.

    Attributes:
        name: as the command calls it.
        title: as a page calls it.
        question: one sentence that ends in a question mark.
        summary: a paragraph on what the phenomenon is.
        arms: main ones and controls.
        claims: fixed before any run.
        comparisons: of pairs of members, after training.
        panels: what is drawn.
        sources: the papers, as (text, address).
        scale: the size of this instance.
        options: what it was made with, to make it again.
        pilot_seeds: seeds that served to fix regions or recipes, and so never judge.
    """

    name: str
    title: str
    question: str
    summary: str
    arms: tuple[Arm, ...]
    claims: tuple[Claim, ...]
    comparisons: tuple[Comparison, ...] = ()
    panels: tuple[Panel, ...] = ()
    sources: tuple[tuple[str, str], ...] = ()
    scale: Scale = "laptop"
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    pilot_seeds: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        names = [arm.name for arm in self.arms] + [comparison.name for comparison in self.comparisons]
        if len(set(names)) != len(names) or not self.arms:
            raise BadInput(f"a phenomenon needs arms and comparisons of different names, got {names}.")
        for claim in self.claims:
            self._check_claim(claim)
        for comparison in self.comparisons:
            self._known(comparison.of, f"the comparison {comparison.name!r}")
        for panel in self.panels:
            self._known(panel.arms, f"the panel {panel.title!r}")

    def arm(self, name: str) -> Arm:
        return next(arm for arm in self.arms if arm.name == name)

    @property
    def sweeps(self) -> dict[str, tuple[str, ...]]:
        """The swept settings of each arm; a comparison has those of its first arm."""
        found = {arm.name: tuple(arm.sweep) for arm in self.arms}
        return found | {comparison.name: found[comparison.of[0]] for comparison in self.comparisons}

    def _series(self, name: str) -> set[str]:
        for comparison in self.comparisons:
            if comparison.name == name:
                return set(comparison.series)
        return set(series_units(self.arm(name).probes))

    def _known(self, names: Sequence[str], who: str) -> None:
        known = [arm.name for arm in self.arms] + [comparison.name for comparison in self.comparisons]
        for name in names:
            if name not in known:
                raise BadInput(f"{who} is about the arm {name!r}, which is not there. There are {', '.join(known)}.")

    def _check_claim(self, claim: Claim) -> None:
        who = f"the claim {claim.says!r}"
        control = () if claim.control is None else (claim.control.arm,)
        self._known((claim.on, *control), who)
        for name in (claim.on, *control):
            missing = sorted(set(claim.names) - self._series(name))
            if missing:
                raise BadInput(f"{who} needs the series {missing}, which no probe of {name!r} writes.")
        if any(comparison.name == claim.on for comparison in self.comparisons):
            return
        known = settings(self.arm(claim.on).recipe)
        unknown = sorted(set(claim.settings) - set(known))
        if unknown:
            raise BadInput(f"{who} needs the settings {unknown}; {claim.on!r} has {', '.join(sorted(known))}.")


