"""Judging: claims and evidence in, verdicts out."""

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from phenoscope.claims.claim import Breaks, Claim
from phenoscope.claims.controls import control_verdict
from phenoscope.claims.family import decisive_alpha, holm, seeds_to_decide, side
from phenoscope.claims.intervals import Sample
from phenoscope.claims.replicates import Replicates, replicates, sample
from phenoscope.claims.verdict import ControlVerdict, Outcome, Scope, Verdict
from phenoscope.core.errors import BadInput
from phenoscope.record import Record

Evidence = Mapping[str, Sequence[Record]]

NO_SWEEPS: Mapping[str, tuple[str, ...]] = MappingProxyType({})


@dataclasses.dataclass(frozen=True, eq=False)
class Case:
    """One claim at one place, with its replicates: what becomes one verdict.

    Of a single run the replicates are blocks of time, numbered in place of seeds; `whole` says why there are none.
    """

    claim: Claim
    where: Mapping[str, float]
    main: Replicates
    control: Replicates
    sample: Sample
    scope: Scope = "replicates"
    whole: str | None = None

    @property
    def fault(self) -> str | None:
        """Why there is no interval at all."""
        return self.whole or self.main.absent or self.main.fault or self.sample.fault


def judge(
    claims: Sequence[Claim],
    evidence: Evidence,
    *,
    sweeps: Mapping[str, tuple[str, ...]] = NO_SWEEPS,
    pilot_seeds: Collection[int] = frozenset(),
    level: float = 0.95,
) -> tuple[Verdict, ...]:
    """The verdict on each claim, in their order; one for each swept value where a claim says `each`.

    The unit is the seed. All verdicts of one call are one family: Holm's procedure gives each the level at which its
    interval decides, so that the chance of even one false "supported" or "contradicted" stays below 1 − level.
    Verdicts that have no interval (not tested, a value that is not finite, one seed, too few seeds for a median) are no
    tests and do not count in the size of the family. The control's intervals are at the level of the verdict they
    belong to.

    Args:
        claims: what is claimed, fixed before the run.
        evidence: the members' records by arm.
        sweeps: the swept settings of each arm that has some.
        pilot_seeds: seeds that served to fix a region or a recipe; their records are never used.
        level: the family's confidence level.
    """
    cases = [case for claim in claims for case in _cases(claim, evidence, sweeps, frozenset(pilot_seeds))]
    return verdicts(cases, level)


def verdicts(cases: Sequence[Case], level: float) -> tuple[Verdict, ...]:
    """The verdicts on cases that make one family."""
    if not 0 < level < 1:
        raise BadInput(f"level lies between 0 and 1, got {level!r}. Use for example 0.95.")
    tested = [case for case in cases if case.fault is None]
    alphas = holm([decisive_alpha(case.sample, case.claim.region) for case in tested], 1 - level)
    decided_at = {id(case): alpha for case, alpha in zip(tested, alphas, strict=True)}
    return tuple(_verdict(case, decided_at.get(id(case), 1 - level), 1 - level, len(tested)) for case in cases)


def _cases(
    claim: Claim, evidence: Evidence, sweeps: Mapping[str, tuple[str, ...]], pilot_seeds: Collection[int]
) -> list[Case]:
    _check_sweeps(claim, sweeps)
    if claim.each is None:
        return [_case(claim, {}, evidence, pilot_seeds)]
    found = [record.settings.get(claim.each) for record in evidence.get(claim.on, ())]
    places = sorted({place for place in found if place is not None})
    if None in found or not places:
        return [_case(claim, {}, evidence, pilot_seeds)]
    return [_case(claim, {claim.each: place}, evidence, pilot_seeds) for place in places]


def _case(claim: Claim, where: Mapping[str, float], evidence: Evidence, pilot_seeds: Collection[int]) -> Case:
    main = replicates(claim, claim.on, _at(where, evidence.get(claim.on, ())), pilot_seeds)
    if claim.each is not None and not where and main.absent is None:
        main = Replicates(claim.on, (), (), f"needs the setting '{claim.each}' of every member")
    control = Replicates("", (), ())
    if claim.control is not None:
        others = tuple(evidence.get(claim.control.arm, ()))
        # A control without this swept value (it is not swept, or elsewhere) serves every value with all its members.
        control = replicates(claim.at_control, claim.control.arm, _at(where, others) or others, pilot_seeds)
    return Case(claim, where, main, control, sample(claim, main.values))


def _at(where: Mapping[str, float], records: Sequence[Record]) -> tuple[Record, ...]:
    return tuple(
        record for record in records if all(record.settings.get(name) == value for name, value in where.items())
    )


def _check_sweeps(claim: Claim, sweeps: Mapping[str, tuple[str, ...]]) -> None:
    """Members of different swept values must never be averaged unless the claim says what it does with the sweep."""
    unused = [name for name in sweeps.get(claim.on, ()) if name not in (*claim.used_up, claim.each)]
    if unused:
        raise BadInput(
            f"the arm {claim.on!r} sweeps {', '.join(map(repr, unused))}, which the claim {claim.says!r} does not use. "
            f"Add each={unused[0]!r} to judge every value, or over={unused[0]!r} with a slope."
        )


def _verdict(case: Case, alpha: float, raw_alpha: float, family: int) -> Verdict:
    claim, main, found = case.claim, case.main, case.sample
    low, high = found.bounds(alpha)
    raw_low, raw_high = found.bounds(raw_alpha)
    control = control_verdict(claim, main, case.control, alpha)
    outcome, reason = _outcome(case, alpha, raw_alpha, family, control)
    return Verdict(
        claim=claim.says,
        name=claim.name,
        source=claim.source,
        arm=claim.on,
        where=case.where,
        statistic=_summary(claim),
        region=claim.region,
        region_from=claim.region_from,
        outcome=outcome,
        reason="; ".join(part for part in (reason, main.note, _scale_note(case)) if part),
        estimate=found.estimate,
        low=low,
        high=high,
        raw_low=raw_low,
        raw_high=raw_high,
        level=1 - alpha,
        n=len(main.values),
        seeds=main.seeds if case.scope == "replicates" else (),
        values=tuple(value.value for value in main.values),
        control=control,
        scale=found.used_scale,
        unit=claim.statistic.unit,
        scope=case.scope,
        diverged=main.diverged if case.scope == "replicates" else None,
    )


def _outcome(
    case: Case, alpha: float, raw_alpha: float, family: int, control: ControlVerdict | None
) -> tuple[Outcome, str]:
    if case.main.absent is not None:
        return "not tested", case.main.absent
    if case.fault is not None:
        return "undecided", case.fault
    found, region = case.sample, case.claim.region
    decision = side(region, *found.bounds(alpha))
    if decision == "outside":
        return "contradicted", ""
    if decision is None:
        return "undecided", _why_undecided(case, alpha, raw_alpha, family)
    if isinstance(case.claim.control, Breaks) and control is not None and not control.discriminates:
        return "supported, control did not discriminate", control.how
    return "supported", ""


def _why_undecided(case: Case, alpha: float, raw_alpha: float, family: int) -> str:
    found, region = case.sample, case.claim.region
    unit = "seeds" if case.scope == "replicates" else "blocks of time"
    if side(region, *found.bounds(raw_alpha)) is not None:
        why = f"decided alone, but not as one of {family} claims judged together"
    else:
        why = f"the interval crosses an edge of the region, {region}"
    needed = seeds_to_decide(found, region, alpha)
    if needed is not None:
        return f"{why}; about {needed} {unit} would decide at the spread observed"
    if found.censored:
        return f"{why}; the grid on which the onset is read is too coarse, or the estimate too near the edge"
    return f"{why}; the estimate lies too near the region's edge for any affordable number of {unit}"


def _summary(claim: Claim) -> str:
    words = {"mean": "", "median": "median over seeds of ", "proportion": "share of seeds with "}
    return f"{words[claim.summary]}{claim.statistic}"


def _scale_note(case: Case) -> str | None:
    if case.fault is None and case.sample.scale != case.sample.used_scale and case.claim.summary == "mean":
        return "judged on the linear scale, since not every value can be told from zero"
    return None
