"""Runs killed by `kill -9`: no flushed row is lost, and the end has the bytes of a run that nobody disturbed."""

import json
import random
import struct
from pathlib import Path

import pytest

from killing import Killer
from phenoscope.store import read_member

KILLS = 50


@pytest.fixture(scope="module")
def killer():
    made = Killer()
    yield made
    made.close()


def contents(out: Path) -> dict[str, bytes]:
    """Every file of every member; of `member.json` all but the seconds, which nobody can repeat."""
    found = {}
    for file in sorted((out / "members").rglob("*")):
        if file.is_file():
            content = file.read_bytes()
            if file.name == "member.json":
                content = json.dumps({**json.loads(content), "seconds": 0}).encode()
            found[str(file.relative_to(out))] = content
    return found


def rows(out: Path) -> dict[tuple[str, str, int], bytes]:
    """Every reading that can be read now: member, name, step, and the bits of the value."""
    found = {}
    for file in (out / "members").glob("*/member.json"):
        for name, series in read_member(file.parent).series.items():
            for step, value in zip(series.steps.tolist(), series.values.tolist(), strict=True):
                found[file.parent.name, name, step] = struct.pack(">d", value)
    return found


class Victim:
    """A folder of runs in which a run is killed again and again; what is there after each kill is checked."""

    def __init__(self, out: Path, calm: Path) -> None:
        self.out, self._expected, self._seen = out, rows(calm), {}

    def check(self) -> None:
        now = rows(self.out)
        assert now.items() <= self._expected.items()  # no reading that the undisturbed run does not have
        assert self._seen.items() <= now.items()  # none lost that was there before
        self._seen = now

    @property
    def seen(self) -> int:
        return len(self._seen)


def test_fifty_kills_lose_nothing_and_change_nothing(killer, tmp_path):
    calm = killer.run("everything", tmp_path / "calm", every=0.0)
    expected = contents(tmp_path / "calm")
    assert not calm["killed"]
    assert len(expected) > 50
    moments = random.Random(20260729)
    kills, whole = 0, 0
    while kills < KILLS:
        victim = Victim(tmp_path / f"killed {whole}", tmp_path / "calm")
        killed = True
        while killed:
            how = {"seconds": moments.uniform(0, calm["seconds"])}
            if moments.random() < 0.6:  # at what the clock would hardly ever hit: renaming, removing, flushing to disk
                how = {"call": moments.randint(1, calm["calls"] // 3)}
            every = moments.choice([0.0, 0.0, 0.02, 10.0])
            killed = killer.run("everything", victim.out, every=every, **how)["killed"] and kills < KILLS
            kills += killed
            victim.check()
        assert not killer.run("everything", victim.out)["killed"]
        assert contents(victim.out) == expected
        whole += 1
    assert kills == KILLS


@pytest.mark.parametrize("every", [0.0, 10.0], ids=["checkpoints", "no checkpoints"])
def test_a_kill_before_any_change_of_a_folder(killer, tmp_path, every):
    """Every renaming, removal, flush to disk: in the midst of beginning, of a checkpoint, of compacting, of tidying."""
    calls = killer.run("little", tmp_path / "calm", every=every)["calls"]
    expected = contents(tmp_path / "calm")
    assert calls > 20
    most = 0
    for call in range(1, calls + 1):
        victim = Victim(tmp_path / str(call), tmp_path / "calm")
        assert killer.run("little", victim.out, every=every, call=call)["killed"]
        victim.check()
        most = max(most, victim.seen)
        assert not killer.run("little", victim.out, every=every)["killed"]
        victim.check()
        assert contents(victim.out) == expected, call
    assert most == victim.seen  # some were killed when every row was there already
