"""Which claims survive a control of the whole experiment, such as frozen features? Runs laid beside their twins."""

import csv
import dataclasses
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from phenoscope.atlas import Kind, find, kind_of, without_twin
from phenoscope.claims.verdict import Verdict
from phenoscope.core.errors import PhenoscopeError
from phenoscope.phenomenon import Phenomenon
from phenoscope.report import words
from phenoscope.report.addresses import phenomenon_page, run_folder
from phenoscope.report.csvs import number_cell
from phenoscope.report.fates import FATES, Case, Fate, fate_of, holds
from phenoscope.report.ranking import rank
from phenoscope.store import Experiment

CSV_HEADS = (
    *("phenomenon", "control", "scale", "claim", "kind", "arm", "where", "fate", "region_low", "region_high"),
    *("network", "network_estimate", "network_low", "network_high", "network_n"),
    *("under_control", "control_estimate", "control_low", "control_high", "control_n", "reason"),
)


@dataclasses.dataclass(frozen=True, eq=False)
class Falsification:
    """A phenomenon under a control.

    Attributes:
        control: its name.
        twin: the run under it.
        network: the run without it, of the same scale and options; `None` if there is none here.
        cases: every verdict of `network`, with its fate.
    """

    control: str
    twin: Experiment
    network: Experiment | None
    cases: tuple[Case, ...]

    @property
    def counts(self) -> dict[Fate, int]:
        """How many verdicts have each fate."""
        found = Counter(case.fate for case in self.cases)
        return {fate: found[fate] for fate in FATES}


def is_plain(experiment: Experiment) -> bool:
    """Whether a run is of a phenomenon itself, and not of one under a control."""
    return "control" not in experiment.options


def falsifications(experiments: Iterable[Experiment]) -> list[Falsification]:
    """The best pair of runs of each phenomenon under each control, by name; one without a partner if there is none.

    The same claims are judged against the same regions, each run as a family of its own. A claim survives if it is
    supported in both. Whether the controls inside the phenomenon still discriminate is another question, and not asked.
    """
    runs = sorted(experiments, key=rank, reverse=True)
    best: dict[tuple[str, str], Falsification] = {}
    for twin in runs:
        if is_plain(twin):
            continue
        control = str(twin.options["control"])
        partner = next((run for run in runs if is_plain(run) and _alike(run, twin)), None)
        earlier = best.get((twin.name, control))
        if earlier is None or (earlier.network is None and partner is not None):
            best[twin.name, control] = Falsification(control, twin, partner, _cases(partner, twin))
    return [best[key] for key in sorted(best)]


def nothing_to_freeze(experiments: Iterable[Experiment]) -> dict[str, str]:
    """Phenomena that were run and have no twin with frozen features, by name, and why not."""
    found: dict[str, str] = {}
    for run in sorted(experiments, key=lambda run: run.name):
        made = None if run.name in found else _found(run)
        why = "" if made is None else without_twin(made)
        if why:
            found[run.name] = why
    return found


def falsification_rows(found: Sequence[Falsification]) -> list[dict[str, Any]]:
    """Each pair as the page shows it."""
    return [
        {
            "title": each.twin.title if each.network is None else each.network.title,
            "anchor": each.twin.path.name,
            "page": phenomenon_page(each.twin.name),
            "control": each.control,
            "scale": each.twin.scale,
            "twin": run_folder(each.twin),
            "network": None if each.network is None else run_folder(each.network),
            "seeds": (0 if each.network is None else len(each.network.seeds), len(each.twin.seeds)),
            "counts": [(fate, FATES[fate][0], count) for fate, count in each.counts.items()],
            "cases": [_case_row(case) for case in each.cases],
        }
        for each in found
    ]


def falsification_json(found: Sequence[Falsification]) -> list[dict[str, Any]]:
    """The table as JSON."""
    return [
        {
            "phenomenon": each.twin.name,
            "control": each.control,
            "scale": each.twin.scale,
            "network": None if each.network is None else each.network.path.name,
            "twin": each.twin.path.name,
            "counts": each.counts,
            "claims": [
                {
                    "claim": case.network.claim,
                    "kind": case.kind,
                    "arm": case.network.arm,
                    "where": dict(case.network.where),
                    "network": case.network.outcome,
                    "under_control": None if case.under is None else case.under.outcome,
                    "fate": case.fate,
                }
                for case in each.cases
            ],
        }
        for each in found
    ]


def falsification_csv(found: Iterable[Falsification]) -> str:
    """Every case, a row each; numbers that are not finite are empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(CSV_HEADS)
    for each in found:
        for case in each.cases:
            network, where = case.network, " ".join(f"{name}={value!r}" for name, value in case.network.where.items())
            claim = (network.claim, case.kind or "", network.arm, where, case.fate)
            about = (each.twin.name, each.control, each.twin.scale, *claim)
            reason = "" if case.under is None else case.under.reason
            edges = map(number_cell, network.region.edges)
            writer.writerow((*about, *edges, *_numbers(network), *_numbers(case.under), reason))
    return text.getvalue()


def _alike(run: Experiment, twin: Experiment) -> bool:
    options = {name: value for name, value in twin.options.items() if name != "control"}
    return (run.name, run.scale, dict(run.options)) == (twin.name, twin.scale, options)


def _cases(network: Experiment | None, twin: Experiment) -> tuple[Case, ...]:
    if network is None:
        return ()
    under = {_key(verdict): verdict for verdict in twin.verdicts}
    recipes = {arm.name: dict(arm.recipe) for arm in twin.arms}
    same = {arm.name for arm in network.arms if recipes.get(arm.name) == dict(arm.recipe)}
    lost, kinds = [{arm.name for arm in run.arms if arm.diverged} for run in (network, twin)], _kinds(network)
    cases = []
    for verdict in network.verdicts:
        there, gone = under.get(_key(verdict)), (verdict.arm in lost[0], verdict.arm in lost[1])
        fate = fate_of(verdict, there, untouched=verdict.arm in same, diverged=gone)
        cases.append(Case(verdict, there, fate, kinds.get((verdict.claim, verdict.source))))
    return tuple(cases)


def _kinds(run: Experiment) -> dict[tuple[str, str], Kind]:
    """What the claims of a run are about, by sentence and source, as far as the atlas still has them."""
    made = _found(run)
    return {} if made is None else {(claim.says, claim.source): kind_of(run.name, claim) for claim in made.claims}


def _found(run: Experiment) -> Phenomenon | None:
    """The phenomenon of a run as the atlas has it now, if it does."""
    options = {name: value for name, value in run.options.items() if name != "control"}
    try:
        return find(run.name, scale=run.scale, **options)
    except PhenoscopeError:
        return None


def _key(verdict: Verdict) -> tuple[Any, ...]:
    return verdict.claim, verdict.source, verdict.statistic, tuple(sorted(verdict.where.items()))


def _case_row(case: Case) -> dict[str, Any]:
    network, under = case.network, case.under
    return {
        "says": network.claim,
        "where": words.place(network),
        "fate": case.fate,
        "kind": FATES[case.fate][0],
        "region": f"{network.region}",
        "network": _side(network),
        "under": None if under is None else _side(under),
        "why": under.reason.rstrip(".") if under is not None and not holds(under) else "",
    }


def _side(verdict: Verdict) -> dict[str, Any]:
    mark = words.MARKS["supported" if holds(verdict) else verdict.outcome]
    outcome = "supported" if holds(verdict) else verdict.outcome
    return {"outcome": outcome, "kind": mark.kind, "found": words.estimate(verdict)}


def _numbers(verdict: Verdict | None) -> tuple[object, ...]:
    if verdict is None:
        return ("", "", "", "", 0)
    return verdict.outcome, *map(number_cell, (verdict.estimate, verdict.low, verdict.high)), verdict.n
