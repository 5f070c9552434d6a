"""A phenomenon: a question, the arms that answer it, what is measured, and what is claimed."""

import dataclasses
import functools
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from phenoscope.claims import Claim
from phenoscope.comparisons import Comparison
from phenoscope.core.errors import BadInput
from phenoscope.core.specs import identity, spec, to_json
from phenoscope.methods import Computation, numbers
from phenoscope.panels import Panel
from phenoscope.probes import Mark, announced, series_units
from phenoscope.training import Inherited, Point, Recipe, settings, with_setting

Scale = Literal["smoke", "laptop", "paper"]
SCALES: tuple[Scale, ...] = ("smoke", "laptop", "paper")
PILOTS = frozenset(range(900, 1000))
"""The seeds that the atlas keeps for pilots: they fix recipes and regions, and never judge."""


@spec
class Plan:
    """One member to be: what is trained or computed, and what is read on the way; its id names the member's folder.

    Attributes:
        recipe: what decides the training, or the computation that stands in its place.
        probes: what is measured along a training; a computation says itself what it finds.
        marks: points to keep when a series first reaches a level.
        keep: steps whose points are kept, besides the first and the last.
    """

    recipe: Recipe | Computation
    probes: tuple[Any, ...]
    marks: tuple[Mark, ...] = ()
    keep: tuple[int, ...] = ()

    version = 1

    @property
    def id(self) -> str:
        return identity(self)

    @property
    def training(self) -> Recipe | None:
        """The recipe of a member that is trained; `None` for one that is computed."""
        return self.recipe if isinstance(self.recipe, Recipe) else None

    @property
    def start(self) -> Point | None:
        """The point of another member that it starts from, if any."""
        return None if self.training is None else self.training.start

    @property
    def mask(self) -> Point | None:
        """The point of another member whose mask it has, if any."""
        mask = None if self.training is None else self.training.mask
        return Point(mask.recipe, mask.found_at) if isinstance(mask, Inherited) else None

    @property
    def settings(self) -> dict[str, float]:
        """The numbers of the recipe or computation, by name."""
        return settings(self.recipe) if isinstance(self.recipe, Recipe) else numbers(self.recipe)

    @property
    def units(self) -> dict[str, str]:
        """The unit of every series that the member writes, by name."""
        return series_units(self.probes) if isinstance(self.recipe, Recipe) else dict(self.recipe.units)


@dataclasses.dataclass(frozen=True)
class Arm:
    """One condition of an experiment: a recipe or a computation for every seed, possibly swept.

    Attributes:
        name: as claims call it.
        recipe: with any seed; the experiment's seeds replace it.
        probes: what is measured along its members; none where they are computed.
        sweep: values of settings by name; every combination is run.
        along: what else changes with the one swept setting, such as the steps of an epoch with the batch: by name, a
            value for each of its values.
        marks: points to keep for others to start from.
        role: the main arm of the question, or a control.
        says: one sentence on what is different here.
        keep: steps whose points are kept for others to start from, besides the first and the last.
    """

    name: str
    recipe: Recipe | Computation
    probes: tuple[Any, ...] = ()
    sweep: Mapping[str, tuple[float, ...]] = dataclasses.field(default_factory=dict)
    marks: tuple[Mark, ...] = ()
    role: Literal["main", "control"] = "main"
    says: str = ""
    along: Mapping[str, tuple[float, ...]] = dataclasses.field(default_factory=dict)
    keep: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        series_units(self.probes)  # refuses what is not a probe, and two that write one series
        if not isinstance(self.recipe, Recipe):
            self._check_computation(self.recipe)
        for mark in self.marks:
            if not self.writes(mark.series):
                raise BadInput(
                    f"the mark {mark.name!r} watches the series {mark.series!r}, which no probe here writes."
                )
        marks = [mark.name for mark in self.marks]
        if len(set(marks)) != len(marks):
            raise BadInput(f"the marks of an arm need different names, got {marks}.")
        for name, values in self.sweep.items():
            if name == "seed" or not values or len(set(values)) != len(values):
                raise BadInput(
                    f"the arm {self.name!r} sweeps {name!r} over {tuple(values)}: a sweep needs values, each "
                    "once; seeds are not swept, but passed to the run."
                )
        counts = [len(values) for values in self.sweep.values()]
        if self.along and (len(counts) != 1 or any(len(values) != counts[0] for values in self.along.values())):
            raise BadInput(
                f"in the arm {self.name!r}, {sorted(self.along)} go along with a sweep: that needs one swept setting, "
                f"and as many values as it has; the sweep is of {dict(self.sweep)}."
            )
        missing = sorted({*self.sweep, *self.along} - set(self.settings))
        if missing:
            known = ", ".join(sorted(self.settings))
            raise BadInput(f"the arm {self.name!r} sweeps {missing}, which is no setting. There are {known}.")

    @functools.cached_property
    def settings(self) -> dict[str, float]:
        """The settings of its first member; the others have the same ones."""
        return next(self.plans((0,))).settings

    def writes(self, series: str) -> bool:
        """Whether its members write the series, or a companion of one that they write."""
        return announced(self._units, series)

    @functools.cached_property
    def _units(self) -> dict[str, str]:
        return Plan(self.recipe, self.probes).units

    @property
    def varied(self) -> dict[str, tuple[float, ...]]:
        """The swept settings, and those that go along with them."""
        return {**self.sweep, **self.along}

    def plans(self, seeds: Sequence[int]) -> Iterator[Plan]:
        """The members-to-be, swept values outermost."""
        for values in self._combinations():
            recipe = self.recipe
            for name, value in values:
                # settings of data and model are known as "data.train"; the field is named by the last part
                recipe = with_setting(recipe, name.rpartition(".")[2], value)
            for seed in seeds:
                yield Plan(with_setting(recipe, "seed", seed), self.probes, self.marks, self.keep)

    def _combinations(self) -> Iterator[list[tuple[str, float]]]:
        """The settings of each combination, by name."""
        if not self.along:
            yield from ([*zip(self.sweep, values, strict=True)] for values in itertools.product(*self.sweep.values()))
            return
        yield from ([*zip(self.varied, values, strict=True)] for values in zip(*self.varied.values(), strict=True))

    def _check_computation(self, computation: Any) -> None:
        who = f"the arm {self.name!r}"
        if not isinstance(computation, Computation):
            raise BadInput(
                f"{who} has a {type(computation).__name__} for its recipe. Give a Recipe, or a spec with `seed`, "
                "`steps`, `units` and `readings`, which is a computation."
            )
        if self.probes or self.marks or self.keep:
            raise BadInput(
                f"{who} is a computation, which says itself what it finds: leave its probes, marks and `keep` out."
            )
        if computation.steps < 1 or not computation.units:
            raise BadInput(f"{who} is a computation: it needs at least 1 step and the unit of every series it writes.")
        if not {"seed", "steps"} <= numbers(computation).keys():  # what reads a member back looks for them there
            raise BadInput(f"{who} is a computation: `seed` and `steps` must be fields of it, not only properties.")


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
        _check_names(self)
        to_json(self.options)  # refuses what cannot be written down
        for comparison in self.comparisons:
            self._check_comparison(comparison)
        for claim in self.claims:
            self._check_claim(claim)
        for panel in self.panels:
            self._check_panel(panel)

    def arm(self, name: str) -> Arm:
        """The arm of that name."""
        return next(arm for arm in self.arms if arm.name == name)

    @property
    def sweeps(self) -> dict[str, tuple[str, ...]]:
        """The swept settings of each arm; a comparison has those of its first arm."""
        found = {arm.name: tuple(arm.sweep) for arm in self.arms}
        return found | {comparison.name: found[comparison.of[0]] for comparison in self.comparisons}

    def _measures(self, name: str, series: str) -> bool:
        """Whether the arm or comparison writes the series."""
        for comparison in self.comparisons:
            if comparison.name == name:
                return series in comparison.series
        return self.arm(name).writes(series)

    def _settings(self, name: str) -> dict[str, float]:
        """The settings of the members of an arm; pairs have those of their first member."""
        first = {comparison.name: comparison.of[0] for comparison in self.comparisons}
        return self.arm(first.get(name, name)).settings

    def _known(self, names: Sequence[str], who: str) -> None:
        known = [arm.name for arm in self.arms] + [comparison.name for comparison in self.comparisons]
        for name in names:
            if name not in known:
                raise BadInput(f"{who} is about the arm {name!r}, which is not there. There are {', '.join(known)}.")

    def _check_comparison(self, comparison: Comparison) -> None:
        who = f"the comparison {comparison.name!r}"
        if not set(comparison.of) <= {arm.name for arm in self.arms}:
            known = ", ".join(arm.name for arm in self.arms)
            raise BadInput(f"{who} is of {comparison.of}, but only arms can be compared. There are {known}.")
        first, last = (self.arm(comparison.of[place]).sweep for place in (0, -1))
        alone = sorted(set(last) - set(first))
        if alone:
            raise BadInput(
                f"in {who}, only the second arm sweeps {alone}. Name that arm first, so that each pair has one."
            )

    def _check_claim(self, claim: Claim) -> None:
        who = f"the claim {claim.says!r}"
        control = () if claim.control is None else ((claim.control.arm, claim.at_control),)
        self._known((claim.on, *(name for name, _ in control)), who)
        for name, read in ((claim.on, claim), *control):
            missing = sorted(series for series in read.names if not self._measures(name, series))
            if missing:
                raise BadInput(f"{who} needs the series {missing}, which no probe of {name!r} writes.")
            self._check_settings(read.settings, name, who)
        swept = self.sweeps[claim.on]
        if unused := sorted(set(swept) - {*claim.used_up, claim.each}):
            raise BadInput(f"{who} is about {claim.on!r}, which sweeps {unused}. Say `each={unused[0]!r}`, or `over=`.")
        for name, read in ((claim.on, claim), *(each for each in control if each[1].over != claim.over)):
            there = self.sweeps[name]
            if not set(read.used_up) <= set(there):
                raise BadInput(f"{who} takes a sweep over {read.over!r}, but {name!r} sweeps {[*there] or 'nothing'}.")

    def _check_panel(self, panel: Panel) -> None:
        who = f"the panel {panel.title!r}"
        self._known(panel.arms, who)
        missing = sorted(n for n in panel.names if not any(self._measures(arm, n) for arm in panel.arms))
        if missing:
            raise BadInput(f"{who} draws the series {missing}, which no probe of {', '.join(panel.arms)} writes.")
        for name in panel.arms:
            self._check_settings(panel.settings, name, who)

    def _check_settings(self, needed: Sequence[str], name: str, who: str) -> None:
        known = self._settings(name)
        unknown = sorted(set(needed) - set(known))
        if unknown:
            raise BadInput(f"{who} needs the settings {unknown}; {name!r} has {', '.join(sorted(known))}.")


def _check_names(phenomenon: Phenomenon) -> None:
    """Nothing may have the name of another of its kind: verdicts, files and figures are found by them."""
    arms = [arm.name for arm in phenomenon.arms] + [comparison.name for comparison in phenomenon.comparisons]
    if len(set(arms)) != len(arms) or not phenomenon.arms:
        raise BadInput(f"a phenomenon needs arms and comparisons of different names, got {arms}.")
    claims = [claim.name for claim in phenomenon.claims if claim.name is not None]
    titles = [panel.title for panel in phenomenon.panels]
    for what, names in (("claims", claims), ("panels", titles)):
        if len(set(names)) != len(names):
            raise BadInput(f"the {what} of a phenomenon need different names, got {names}.")
