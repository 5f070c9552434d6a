"""Every phenomenon runs at the smoke scale, and what it leaves is complete."""

import json

from phenoscope.store import load

FIRST = ["claim", "arm", "outcome", "estimate", "low", "high", "region", "n", "control"]
OUTCOMES = {"supported", "supported, control did not discriminate", "contradicted", "undecided", "not tested"}


def test_it_runs_and_can_be_read(smoked):
    read = load(smoked.path)
    assert read.seeds == (0, 1)
    assert read.series.equals(smoked.series)
    assert {arm.name for arm in read.arms if arm.members} >= {arm.name for arm in read.arms if not arm.skipped}
    assert all(frame.height for frame in read.pairs.values())


def test_verdicts_have_the_keys_that_readers_expect(smoked):
    written = json.loads((smoked.path / "verdicts.json").read_text())["verdicts"]
    assert len(written) == len(smoked.verdicts) > 0
    for verdict in written:
        assert list(verdict)[: len(FIRST)] == FIRST
        assert verdict["outcome"] in OUTCOMES
        assert verdict["reason"] or verdict["outcome"] in ("supported", "contradicted")


def test_every_panel_shows_something(smoked):
    assert all(any(trace.x for trace in panel.traces) for panel in smoked.panels)
