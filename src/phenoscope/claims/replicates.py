"""From an arm's records to one value per seed: the sample a claim is judged by."""

import dataclasses
import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from phenoscope.claims.claim import Claim
from phenoscope.claims.intervals import Sample
from phenoscope.claims.slopes import SweepStatistic
from phenoscope.claims.statistics import Criterion, Value
from phenoscope.record import Record


@dataclasses.dataclass(frozen=True, eq=False)
class Replicates:
    """One value per seed of one arm, in the order of the seeds.

    Attributes:
        arm: the arm they are from.
        seeds, values: what each seed gives for the claim's statistic.
        absent: why there is nothing to judge (the claim is then not tested), or None.
        note: what a reader of the verdict must know about who was left out.
        diverged: the seeds of which a member did, whatever it counts as.
    """

    arm: str
    seeds: tuple[int, ...]
    values: tuple[Value, ...]
    absent: str | None = None
    note: str | None = None
    diverged: tuple[int, ...] = ()

    @property
    def by_seed(self) -> Mapping[int, Value]:
        return dict(zip(self.seeds, self.values, strict=True))

    @property
    def fault(self) -> str | None:
        """The sentence for the seeds without a number, or None."""
        faults = [(seed, value.reason) for seed, value in self.by_seed.items() if value.reason is not None]
        if not faults:
            return None
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        return f"seed {faults[0][0]}{more}: {faults[0][1]}"


def replicates(claim: Claim, arm: str, records: Sequence[Record], pilot_seeds: Collection[int]) -> Replicates:
    """One value per seed from these members of an arm. Members with one seed make one replicate: their mean."""
    usable = [record for record in records if record.seed not in pilot_seeds]
    if not usable:
        pilots = "only pilot seeds, which never judge" if records else "no member"
        return Replicates(arm, (), (), f"the arm {arm!r} has {pilots}")
    members: dict[int, list[Record]] = defaultdict(list)
    for record in usable:
        members[record.seed].append(record)
    held = {seed: _precondition(claim, members[seed]) for seed in sorted(members)}
    seeds = tuple(seed for seed, reason in held.items() if reason is None)
    failed = {seed: reason for seed, reason in held.items() if reason is not None}
    if not seeds:
        why = f"the precondition {claim.given} holds for no seed of {arm!r}"
        return Replicates(arm, (), (), f"{why} (seed {next(iter(failed))}: {next(iter(failed.values()))})")
    values = _complete(claim, members, tuple(_value(claim, members[seed]) for seed in seeds), seeds)
    note = None
    if failed:
        named = ", ".join(map(str, failed))
        note = (
            f"the precondition {claim.given} holds for {len(seeds)} of {len(held)} seeds of {arm!r} (not for {named})"
        )
    absent = values[0].reason if all(value.missing for value in values) else None
    diverged = tuple(seed for seed in seeds if any(member.outcome == "diverged" for member in members[seed]))
    return Replicates(arm, seeds, values, absent, note, diverged)


def sample(claim: Claim, values: Sequence[Value]) -> Sample:
    """The sample that these values make for the claim."""
    numbers = np.array([value.value for value in values])
    errors = np.array([value.error for value in values])
    censored = any(value.censored for value in values)
    return Sample.made(numbers, errors, claim.summary, claim.statistic.scale, censored)


def _precondition(claim: Claim, members: Sequence[Record]) -> str | None:
    """Why the precondition does not hold for a seed, or None: it must hold for each of its members."""
    if not isinstance(claim.given, Criterion):
        return None
    for member in members:
        value = claim.given.of(member)
        if value.reason is not None and member.outcome == "diverged":
            # Divergence may be why it cannot be read; such a seed is counted by the claim's rule, never dropped.
            continue
        if value.reason is not None:
            return value.reason
        if value.value != 1:
            return "it does not hold"
    return None


def _value(claim: Claim, members: Sequence[Record]) -> Value:
    running = next((member for member in members if member.outcome == "running"), None)
    if running is not None:
        return _none(f"the member {running.id} has not finished")
    diverged = next((member for member in members if member.outcome == "diverged"), None)
    if isinstance(claim.statistic, SweepStatistic):
        return _by_rule(claim, diverged) or claim.statistic.of(members)
    statistic = claim.statistic
    values = [
        _by_rule(claim, member if member.outcome == "diverged" else None) or statistic.of(member) for member in members
    ]
    unknown = next((value for value in values if value.reason is not None), None)
    if unknown is not None or len(values) == 1:
        return unknown or values[0]
    if isinstance(statistic, Criterion):  # true of a seed only if true of all its members
        return Value(min(value.value for value in values), max(value.error for value in values))
    mean = math.fsum(value.value for value in values) / len(values)
    error = math.fsum(value.error for value in values) / len(values)
    return dataclasses.replace(values[0], value=mean, error=error)


def _by_rule(claim: Claim, diverged: Record | None) -> Value | None:
    """What a diverged member counts as, or None where its statistic counts."""
    if diverged is None or claim.if_diverged == "as measured":
        return None
    if claim.if_diverged == "undecided":
        when = "" if diverged.stopped_at is None else f" at step {diverged.stopped_at}"
        return _none(f"diverged{when}, which the claim leaves undecided")
    return Value(float(claim.if_diverged), scale=claim.statistic.scale)


def _complete(
    claim: Claim, members: Mapping[int, Sequence[Record]], values: tuple[Value, ...], seeds: tuple[int, ...]
) -> tuple[Value, ...]:
    """With `over`, a seed that lacks a swept value gives another quantity than the rest: it has no value."""
    names = claim.used_up
    if not names:
        return values
    swept = {seed: {tuple(map(member.settings.get, names)) for member in group} for seed, group in members.items()}
    wanted = set().union(*swept.values())
    what = f"values of {names[0]}" if len(names) == 1 else f"combinations of {', '.join(names)}"
    return tuple(
        value if swept[seed] == wanted else _none(f"has {len(swept[seed])} of the {len(wanted)} {what}")
        for seed, value in zip(seeds, values, strict=True)
    )


def _none(reason: str) -> Value:
    return Value(math.nan, math.nan, reason=reason)
