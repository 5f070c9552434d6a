"""Going on with what was begun: whole cohorts, stale and damaged checkpoints, other processes at work."""

import dataclasses
import json
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import polars as pl
import pytest
import torch

import phenoscope as ps
from killing import Killer, Often, everything, little
from phenoscope.atlas import ATLAS
from phenoscope.core.errors import BadInput, PhenoscopeError
from phenoscope.core.specs import spec
from phenoscope.engine import Serial, sharing
from phenoscope.engine.estimate import estimate
from phenoscope.engine.plans import waves
from phenoscope.engine.resuming import arranged
from phenoscope.engine.work import work
from phenoscope.probes import Loss, RelativeProgress, Rows, Sharpness
from phenoscope.store import finished, held, read_asked, read_member
from phenoscope.store.tables import COLUMNS
from small import arm, phenomenon, recipe

STEPS = 12
PROBES = (Loss(), RelativeProgress(), Sharpness(3, along=True))
LONG = phenomenon(arm(made=recipe(steps=STEPS, batch=5), probes=PROBES), claims=())


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(sharing, "POLL_SECONDS", 0.01)


class StopError(Exception):
    """Stands for a crash."""


def stopped(made, out, *, seeds, at, every=0.0):
    """A run that ends before the update at a step, with a checkpoint before that step's readings."""
    from phenoscope.engine import recording

    plain = recording.read

    def read(probes, state, memories):
        if state.step == at:
            raise StopError
        return plain(probes, state, memories)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recording, "read", read)
        with pytest.raises(StopError):
            ps.run(made, seeds=seeds, out=out, executor=Often(every))


class Watching:
    """Serial work that notes the cohorts it was given and the steps that were told of."""

    def __init__(self):
        self.cohorts, self.told = [], []

    def run(self, cohorts, progress):
        self.cohorts += cohorts
        Serial().run(cohorts, lambda steps: (self.told.append(steps), progress(steps)))


def contents(out):
    files = [file for file in sorted((out / "members").rglob("*")) if file.is_file()]
    found = {str(file.relative_to(out)): file.read_bytes() for file in files}
    return {
        name: content if not name.endswith("member.json") else {**json.loads(content), "seconds": 0}
        for name, content in found.items()
    }


def members(out):
    return sorted((out / "members").iterdir())


@pytest.fixture
def calm(tmp_path):
    ps.run(LONG, seeds=3, out=tmp_path / "calm")
    return contents(tmp_path / "calm")


def checkpoints(out):
    return sorted(out.glob("members/*/checkpoint.safetensors"))


def test_it_goes_on_from_the_checkpoint(tmp_path, calm, monkeypatch):
    out = tmp_path / "out"
    stopped(LONG, out, seeds=3, at=8)
    assert len(checkpoints(out)) == 1
    from phenoscope.engine import recording

    seen, plain = [], recording.read
    monkeypatch.setattr(recording, "read", lambda p, state, m: (seen.append(state.step), plain(p, state, m))[1])
    progress = []
    ps.run(LONG, seeds=3, out=out, progress=lambda done, total: progress.append((done, total)))
    assert seen == list(range(8, STEPS + 1))
    assert progress[-1] == (3 * STEPS, 3 * STEPS)
    assert (3 * 8, 3 * STEPS) in progress  # what was done before counts as done
    assert contents(out) == calm


def test_fewer_seeds_resume_the_whole_cohort(tmp_path, calm):
    out = tmp_path / "out"
    stopped(LONG, out, seeds=3, at=8)
    done = ps.run(LONG, seeds=[1], out=out, executor=(watching := Watching()))
    assert [len(cohort.plans) for cohort in watching.cohorts] == [3]
    assert done.seeds == (1,)
    assert contents(out) == calm


def test_more_seeds_keep_the_begun_cohort_and_add_another(tmp_path, calm):
    out = tmp_path / "out"
    stopped(LONG, out, seeds=3, at=8)
    ps.run(LONG, seeds=5, out=out, executor=(watching := Watching()))
    assert [len(cohort.plans) for cohort in watching.cohorts] == [3, 2]
    assert calm.items() <= contents(out).items()


def test_other_seeds_leave_a_begun_cohort_alone(tmp_path):
    out = tmp_path / "out"
    stopped(LONG, out, seeds=3, at=8)
    before = contents(out)
    ps.run(LONG, seeds=[7], out=out, executor=(watching := Watching()))
    assert [len(cohort.plans) for cohort in watching.cohorts] == [1]
    assert before.items() <= contents(out).items()


def test_a_cohort_of_which_a_part_is_finished_is_not_regrouped(tmp_path, calm, monkeypatch):
    """Also without a checkpoint: the rows of a smaller cohort differ in their last bits."""
    from phenoscope.store import MemberFolder

    out, plain, ended = tmp_path / "out", MemberFolder.finish, []

    def finish(self, *arguments):
        if ended:
            raise StopError
        ended.append(self.path)
        plain(self, *arguments)

    monkeypatch.setattr(MemberFolder, "finish", finish)
    with pytest.raises(StopError):
        ps.run(LONG, seeds=3, out=out)
    monkeypatch.undo()
    before = (ended[0] / "member.json").read_bytes()
    assert not checkpoints(out)
    ps.run(LONG, seeds=3, out=out, executor=(watching := Watching()))
    assert [len(cohort.plans) for cohort in watching.cohorts] == [3]
    assert contents(out) == calm
    assert (ended[0] / "member.json").read_bytes() == before  # a finished member is not written again


def test_the_checkpoint_of_the_others_stays_while_a_finished_member_is_asked_for(tmp_path):
    out = tmp_path / "out"
    stopped(LONG, out, seeds=3, at=8)
    (file,) = checkpoints(out)
    content = file.read_bytes()
    about = json.loads((file.parent / "member.json").read_text())
    (file.parent / "member.json").write_text(json.dumps(about | {"outcome": "finished"}))
    pl.DataFrame(schema=COLUMNS).write_parquet(file.parent / "series.parquet")
    ps.run(LONG, seeds=[about["plan"]["recipe"]["seed"]], out=out)
    assert file.read_bytes() == content


DAMAGE = {
    "truncated": lambda file: file.write_bytes(file.read_bytes()[:-1]),
    "empty": lambda file: file.write_bytes(b""),
    "foreign": lambda file: file.write_bytes(b"\x08\0\0\0\0\0\0\0{}      "),
    "gone": lambda file: file.unlink(),
    "one bit": lambda file: file.write_bytes(file.read_bytes()[:-9] + b"\x01" + file.read_bytes()[-8:]),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_checkpoint_means_to_begin_anew_and_loses_no_row(tmp_path, calm, name):
    out = tmp_path / "out"
    stopped(LONG, out, seeds=3, at=8)
    rows = {path.name: len(read_member(path).series["loss"]) for path in members(out)}
    assert set(rows.values()) == {8}
    (file,) = checkpoints(out)
    DAMAGE[name](file)
    stopped(LONG, out, seeds=3, at=2, every=99.0)
    assert {path.name: len(read_member(path).series["loss"]) for path in members(out)} == rows
    ps.run(LONG, seeds=3, out=out)
    assert contents(out) == calm


def test_a_journal_that_lost_rows_cannot_be_gone_on_with(tmp_path, calm):
    out = tmp_path / "out"
    stopped(LONG, out, seeds=3, at=8)
    journal = next(out.glob("members/*/series.journal"))
    journal.write_bytes(journal.read_bytes()[:20])
    ps.run(LONG, seeds=3, out=out)
    assert contents(out) == calm


def test_another_version_begins_anew(tmp_path, calm, monkeypatch):
    """What the old one wrote is not mixed with what the new one writes."""
    out = tmp_path / "out"
    monkeypatch.setattr(torch, "__version__", "0.0.1")
    stopped(LONG, out, seeds=3, at=8)
    monkeypatch.undo()
    for journal in out.glob("members/*/series.journal"):
        journal.write_text(journal.read_text() + "5\told reading\t1.0\n")
    ps.run(LONG, seeds=3, out=out)
    assert contents(out) == calm


def test_another_processor_goes_on_and_is_recorded(tmp_path, calm):
    out = tmp_path / "out"
    stopped(LONG, out, seeds=3, at=8)
    for path in members(out):
        about = json.loads((path / "member.json").read_text())
        about["environment"]["processor"] = "an older one"
        (path / "member.json").write_text(json.dumps(about))
    ps.run(LONG, seeds=3, out=out)
    for path in members(out):
        about = json.loads((path / "member.json").read_text())
        assert [one["processor"] for one in about["earlier environments"]] == ["an older one"]
        assert about["environment"]["processor"] != "an older one"
    got = contents(out)
    assert all(got[name] == content for name, content in calm.items() if not name.endswith("member.json"))


@pytest.mark.parametrize("ids", [["../../x", "0" * 16], ["0" * 16], 3, [[]], []], ids=str)
def test_a_recorded_cohort_that_cannot_be_is_forgotten(tmp_path, calm, ids):
    out = tmp_path / "out"
    stopped(LONG, out, seeds=3, at=8)
    for path in members(out):
        about = json.loads((path / "member.json").read_text())
        listed = [path.name, *ids] if isinstance(ids, list) else ids
        (path / "member.json").write_text(json.dumps(about | {"cohort": listed}))
    ps.run(LONG, seeds=3, out=out)
    assert contents(out) == calm


def test_leftovers_of_a_finished_member_are_removed_and_what_a_person_put_there_stays(tmp_path, calm):
    out = tmp_path / "out"
    ps.run(LONG, seeds=3, out=out)
    folder = members(out)[0]
    for name in ("series.journal", "lock", ".member.json.abc.aside", "checkpoint.safetensors", "notes.txt"):
        (folder / name).write_text("left")
    ps.run(LONG, seeds=3, out=out)
    assert (folder / "notes.txt").read_text() == "left"
    (folder / "notes.txt").unlink()
    assert contents(out) == calm


def test_a_dry_run_counts_only_the_steps_still_to_do(tmp_path):
    out = tmp_path / "out"
    whole = estimate(LONG, (0, 1, 2), out, 1)
    stopped(LONG, out, seeds=3, at=8)
    part = estimate(LONG, (0, 1, 2), out, 1)
    assert (whole.steps, part.steps) == (3 * STEPS, 3 * (STEPS - 8))
    assert (part.members, part.finished) == (3, 0)
    assert estimate(LONG, (1,), out, 1).steps == STEPS - 8  # of the one asked for


@spec
class Hoarder:
    """A probe that remembers what no checkpoint can hold."""

    units = {"hoard": "1"}  # noqa: RUF012

    def due(self, step):
        return True

    def needs_curvature(self, step):
        return False

    def update(self, moment, memory):
        return [Rows("hoard", moment.step, moment.around.loss)], {moment.step}


def test_a_memory_that_cannot_be_stored_is_refused_at_the_first_step(tmp_path):
    made = phenomenon(arm(made=recipe(steps=100_000), probes=(Loss(), Hoarder())), claims=())
    with pytest.raises(BadInput, match="the memory of the probe Hoarder cannot go into a checkpoint: a set cannot be"):
        ps.run(made, seeds=1, out=tmp_path)


# --- several processes ---------------------------------------------------------------------------------------------


def test_a_member_that_somebody_has_is_skipped_and_waited_for(tmp_path):
    """Another takes a cohort; this run does the rest, says that it waits, and goes on when it is given back."""
    made = phenomenon(arm("one"), arm("two", recipe(steps=7)), claims=())
    (jobs,) = waves(made, (0,))
    taken = tmp_path / "members" / jobs[0].id
    said, done = [], threading.Event()

    def other():
        with held([taken]) as mine:
            assert mine
            done.wait(30)

    thread = threading.Thread(target=other)
    thread.start()

    def say(sentence):
        said.append((sentence, finished(taken), finished(tmp_path / "members" / jobs[1].id)))
        done.set()

    found = ps.run(made, seeds=1, out=tmp_path, say=say, jobs=1)
    thread.join()
    assert said == [("waiting for 1 members that another process is working on", False, True)]
    assert finished(taken)
    assert len(found.series) == 7 + 8


def test_a_cohort_is_left_alone_if_one_of_its_members_is_taken(tmp_path):
    (jobs,) = waves(LONG, (0, 1, 2))
    (cohort,) = arranged(jobs, tmp_path)
    told = []
    with held([tmp_path / jobs[2].id]) as mine:
        assert mine
        work(cohort, told.append)
    assert told == []
    assert not list(tmp_path.rglob("member.json"))
    work(cohort, told.append)
    assert sum(told) == 3 * STEPS
    before = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*") if file.is_file()}
    work(cohort, told.append)  # finished by somebody since it was handed out
    assert {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*") if file.is_file()} == before
    assert sum(told) == 2 * 3 * STEPS


def test_an_executor_that_does_nothing_is_told_of_not_waited_for(tmp_path):
    class Idle:
        def run(self, cohorts, progress):
            pass

    with pytest.raises(PhenoscopeError, match="An executor must run the cohorts that it is given"):
        ps.run(LONG, seeds=2, out=tmp_path, executor=Idle())


TOGETHER = """
import sys, time
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from killing import everything
import phenoscope as ps
from phenoscope.engine import recording
plain, mine = recording.write_checkpoint, []
kept = recording.MemberFolder.keep
def keep(self, name, *rest):
    if name == "final":
        mine.append(self.path.name)
    return kept(self, name, *rest)
recording.MemberFolder.keep = keep
print("ready", flush=True)
sys.stdin.readline()
done = ps.run(everything(), seeds=3, out=sys.argv[2], jobs=1)
print(",".join(mine))
print(done.series.hash_rows().sum())
"""


def test_two_processes_share_the_work_and_agree(tmp_path):
    words = (
        sys.executable,
        "-c",
        TOGETHER,
        str(Path(__file__).parents[1]),
        str(tmp_path / "out"),
    )
    both = [subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for one in both:
        assert one.stdout.readline() == "ready\n"
    for one in both:
        one.stdin.write("go\n")
        one.stdin.flush()
    said = [one.communicate(timeout=120)[0].splitlines() for one in both]
    assert [one.returncode for one in both] == [0, 0]
    trained = [name for lines in said for name in lines[0].split(",") if name]
    assert sorted(trained) == [path.name for path in members(tmp_path / "out")]  # each once, by one of the two
    assert all(lines[0] for lines in said)  # and both had some
    assert said[0][1] == said[1][1]
    assert not list((tmp_path / "out").rglob("lock"))


def test_what_a_killed_process_held_is_taken_over(tmp_path):
    killer = Killer()
    try:
        assert killer.run("everything", tmp_path / "out", every=0.0, call=150)["killed"]
    finally:
        killer.close()
    assert list((tmp_path / "out").rglob("lock"))
    said = []
    ps.run(everything(), seeds=2, out=tmp_path / "out", say=said.append)
    assert said == []
    assert not list((tmp_path / "out").rglob("lock"))


# --- resume --------------------------------------------------------------------------------------------------------


def named(scale):
    return dataclasses.replace(little(), scale=scale, options={"data": "clusters", "rates": (0.1, 0.2)})


def found(scale, *, data="clusters", rates=(0.1, 0.2)):
    return named(scale)


@pytest.fixture
def in_the_atlas(monkeypatch):
    monkeypatch.setitem(ATLAS, "tiny", found)


def test_what_is_asked_is_on_disk_before_anything_is_trained(tmp_path, in_the_atlas):
    class Refusing:
        def run(self, cohorts, progress):
            raise StopError

    with pytest.raises(StopError):
        ps.run("tiny", scale="smoke", seeds=[4, 2], out=tmp_path, executor=Refusing())
    asked = read_asked(tmp_path / "tiny-smoke-clusters-rates=0.1,0.2")
    assert (asked.name, asked.named, asked.scale, asked.seeds) == ("tiny", True, "smoke", (4, 2))
    assert asked.options == {"data": "clusters", "rates": (0.1, 0.2)}
    done = ps.resume(tmp_path, jobs=1)
    assert done.seeds == (4, 2)
    assert ps.resume(done.path).path == done.path
    assert ps.load(tmp_path).arms[0].members == done.arms[0].members


def test_a_folder_that_was_moved_is_resumed_where_it_is(tmp_path, in_the_atlas):
    ps.run("tiny", scale="smoke", seeds=1, out=tmp_path / "here")
    shutil.move(tmp_path / "here", tmp_path / "there")
    before = time.time_ns()
    done = ps.resume(tmp_path / "there")
    assert done.path.parent == tmp_path / "there"
    assert all(file.stat().st_mtime_ns < before for file in (tmp_path / "there" / "members").glob("*/series.parquet"))
    assert not (tmp_path / "here").exists()


def test_what_was_made_in_python_can_only_be_run_again_there(tmp_path):
    ps.run(LONG, seeds=1, out=tmp_path)
    with pytest.raises(BadInput, match=r"made in Python, .* Run it again: phenoscope\.run\(tiny, seeds=\(0,\)"):
        ps.resume(tmp_path)


def test_where_nothing_was_begun_there_is_nothing_to_resume(tmp_path):
    with pytest.raises(BadInput, match=r"holds no experiment \(no request\.json\)"):
        ps.resume(tmp_path)


@pytest.mark.parametrize(
    "content", ["{", '{"schema": 1}', '{"schema": 1, "name": 3, "scale": "smoke"}', "[]", '{"schema": 99}'], ids=str
)
def test_a_request_that_cannot_be_read_is_a_sentence(tmp_path, content):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "request.json").write_text(content)
    with pytest.raises(BadInput, match=r"cannot be read|lacks a schema|Update phenoscope"):
        ps.resume(tmp_path)


def test_an_experiment_that_is_not_finished_says_so_wherever_it_is_read(tmp_path):
    stopped(LONG, tmp_path, seeds=1, at=3)
    for where in (tmp_path, tmp_path / "tiny-smoke"):
        with pytest.raises(BadInput, match=r"is not finished, so .* Go on with `phenoscope resume .*tiny-smoke`"):
            ps.load(where)
    ps.run(LONG, seeds=1, out=tmp_path)
    assert ps.load(tmp_path).seeds == (0,)


def test_a_checkpoint_that_is_sound_but_does_not_fit_is_a_sentence(tmp_path, calm, monkeypatch):
    """Written on purpose, with a digest that fits: memories of another kind than the probes'."""
    from phenoscope.engine import work as at_work

    out, plain = tmp_path / "out", at_work.read_checkpoint
    stopped(LONG, out, seeds=3, at=8)
    monkeypatch.setattr(
        at_work, "read_checkpoint",
        lambda *asked: dataclasses.replace(plain(*asked), memories=(None, (torch.ones(2),), torch.ones(7))),
    )  # fmt: skip
    with pytest.raises(PhenoscopeError, match=r"does not fit this cohort.*begin anew.*seed 0"):
        ps.run(LONG, seeds=3, out=out)
    assert not checkpoints(out)
    monkeypatch.undo()
    ps.run(LONG, seeds=3, out=out)
    assert contents(out) == calm
