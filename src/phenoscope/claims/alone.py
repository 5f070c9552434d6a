"""Judging one run by itself: the same claims, with blocks of time in place of seeds."""

import dataclasses
from collections.abc import Sequence

from phenoscope.claims.blocks import blocks
from phenoscope.claims.claim import Claim
from phenoscope.claims.judge import Case, verdicts
from phenoscope.claims.replicates import Replicates, replicates, sample
from phenoscope.claims.statistics import Statistic
from phenoscope.claims.verdict import Verdict
from phenoscope.record import Record


def judge_run(claims: Sequence[Claim], record: Record, *, level: float = 0.95) -> tuple[Verdict, ...]:
    """The verdict on each claim for this one run; all of them are one family.

    The unit is a block of time of at least ten autocorrelation times. What happens once in a run has no replicates
    there, and is undecided, with its value. There is no control: the verdict is about this run, and says nothing about
    others.

    Args:
        claims: that are about runs like this one, which has their settings.
        record: what was measured.
        level: the family's confidence level.
    """
    return verdicts([_case(claim, record) for claim in claims], level)


def _case(claim: Claim, record: Record) -> Case:
    alone = dataclasses.replace(claim, control=None)
    main, why = replicates(alone, claim.on, (record,), frozenset()), None
    if claim.each is not None and claim.each not in record.settings:
        main = Replicates(claim.on, (), (), f"needs the setting '{claim.each}'")
    if main.absent is None and main.fault is None:
        main, why = _in_blocks(alone, record, main)
    where = {name: value for name, value in record.settings.items() if name == claim.each}
    return Case(alone, where, main, Replicates("", (), ()), sample(alone, main.values), "this run", why)


def _in_blocks(claim: Claim, record: Record, main: Replicates) -> tuple[Replicates, str | None]:
    """The values of the run's blocks of time; or its one value, and why it makes no replicates."""
    if not isinstance(claim.statistic, Statistic):
        return main, "it counts or compares runs, and this is one"
    pieces = blocks(claim.statistic, record)
    if isinstance(pieces, str):
        return main, pieces
    return dataclasses.replace(main, seeds=tuple(range(len(pieces))), values=pieces), None
