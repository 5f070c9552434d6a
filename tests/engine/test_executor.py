"""Workers: threads, errors, deaths and interruptions; a caller learns of each in one sentence."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
import torch

import phenoscope as ps
from phenoscope.core.errors import BadInput, PhenoscopeError
from phenoscope.engine import Local, Serial, executor, worker
from phenoscope.engine.work import Cohort, work
from phenoscope.phenomenon import Plan
from phenoscope.probes import Loss
from phenoscope.store import finished
from phenoscope.training import Point
from small import DATA, arm, phenomenon, recipe

TESTS = Path(__file__).parents[1]


def plan(**options):
    return Plan(recipe(**options), (Loss(),))


class FakePopen:
    """A worker process that says what it is told to, without a process."""

    def __init__(self, answers: str, *, deaf: bool = False):
        read, write = os.pipe()
        os.write(write, answers.encode())
        os.close(write)
        heard, hears = os.pipe()
        if deaf:
            os.close(heard)
        self._heard = None if deaf else heard
        self.stdout, self.stdin, self.waited = os.fdopen(read, "rb"), os.fdopen(hears, "wb"), False

    def __call__(self, *_, **__):
        return self

    def wait(self):
        self.waited = True
        return -9

    def terminate(self):
        if self._heard is not None:
            os.close(self._heard)
            self._heard = None


def told(monkeypatch, tmp_path, answers, progress=lambda steps: None, **options):
    fake = FakePopen(answers, **options)
    monkeypatch.setattr(executor.subprocess, "Popen", fake)
    Local(1).run([Cohort((plan(),), tmp_path)], progress)
    return fake


def test_threads_are_as_before_afterwards(tmp_path):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        seen = []
        Serial().run([Cohort((plan(),), tmp_path)], lambda steps: seen.append(torch.get_num_threads()))
        assert set(seen) == {1}
        assert torch.get_num_threads() == 2
        with pytest.raises(PhenoscopeError):
            Serial().run([Cohort((plan(start=Point(recipe(), 1)),), tmp_path, ("nobody",))], seen.append)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_answers_of_a_worker_are_steps_and_the_end(monkeypatch, tmp_path):
    seen = []
    fake = told(monkeypatch, tmp_path, '{"steps": 4}\n{"steps": 2}\n{"done": true}\n', seen.append)
    assert seen == [4, 2]
    assert fake.waited


@pytest.mark.parametrize("answers", ["", '{"steps": 4}\n', '{"steps": 4}\n{"don', '{"done": true}'])
def test_a_worker_that_dies_gives_the_sentence(monkeypatch, tmp_path, answers):
    """Also with half a line said: without its end it is not known to be done."""
    with pytest.raises(PhenoscopeError, match=r"ended with code -9 before its members were finished\. Finished"):
        told(monkeypatch, tmp_path, answers)


def test_a_worker_that_died_before_it_was_asked_gives_the_same_sentence(monkeypatch, tmp_path):
    with pytest.raises(PhenoscopeError, match="ended with code -9"):
        told(monkeypatch, tmp_path, "", deaf=True)


def test_an_error_in_a_worker_is_the_callers(monkeypatch, tmp_path):
    with pytest.raises(PhenoscopeError, match=r"^the loss is not for this$"):
        told(monkeypatch, tmp_path, json.dumps({"error": "the loss is not for this"}) + "\n")


def test_an_error_of_the_callers_progress_is_not_lost_in_a_thread(monkeypatch, tmp_path):
    def broken(steps):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        told(monkeypatch, tmp_path, '{"steps": 4}\n{"done": true}\n', broken)


def test_a_worker_says_what_failed_in_one_sentence(monkeypatch, tmp_path, capsys):
    import pickle

    said = []

    class Answers:
        write = staticmethod(said.append)

    worker._serve(b"not a pickle", Answers())
    worker._serve(pickle.dumps(Cohort((plan(start=Point(recipe(), 1)),), tmp_path, ("x",))), Answers())
    first, second = (json.loads(line)["error"] for line in said)
    assert first.startswith("a worker failed with UnpicklingError")
    assert "Traceback" in capsys.readouterr().err
    assert second.startswith("the member x kept no point 'step 1'")


def test_what_only_the_running_script_knows_is_refused(monkeypatch, tmp_path):
    made = plan()
    monkeypatch.setattr(type(made), "__module__", "__main__")
    monkeypatch.setattr(sys.modules["__main__"], "Plan", type(made), raising=False)
    with pytest.raises(BadInput, match="cannot import what is defined in the running script itself"):
        told(monkeypatch, tmp_path, "")
    monkeypatch.undo()


def test_the_plans_of_a_cohort_agree_on_what_is_read(tmp_path):
    with pytest.raises(BadInput, match="same probes, marks and steps to keep"):
        work(Cohort((plan(), Plan(recipe(seed=1), ())), tmp_path), lambda steps: None)


def test_an_error_names_the_member(tmp_path):
    made = Plan(recipe(data=__import__("dataclasses").replace(DATA, train=1000)), (Loss(),))
    with pytest.raises(BadInput, match=rf"asks for more examples .* \(member {made.id}, seed 0\)"):
        work(Cohort((made,), tmp_path), lambda steps: None)


def test_a_killed_worker_leaves_what_is_finished_and_no_process(tmp_path, monkeypatch):
    """The process itself is killed while it works; the members that were finished stay, the others are made later."""
    started, plain = [], subprocess.Popen
    monkeypatch.setattr(executor.subprocess, "Popen", lambda *a, **k: started.append(plain(*a, **k)) or started[-1])
    plans = [plan(), plan(steps=200_000)]
    cohorts = [Cohort((one,), tmp_path) for one in plans]

    def kill(steps):
        if finished(tmp_path / plans[0].id) and started[0].poll() is None:
            os.kill(started[0].pid, signal.SIGKILL)

    with pytest.raises(PhenoscopeError, match="ended with code -9"):
        Local(1).run(cohorts, kill)
    assert [one.returncode for one in started] == [-signal.SIGKILL]
    assert [finished(tmp_path / one.id) for one in plans] == [True, False]


SCRIPT = """
    import sys
    sys.path.insert(0, {tests!r})
    from small import arm, claim, phenomenon, recipe
    import helper  # beside this script, where only this script finds it
    import phenoscope as ps

    made = phenomenon(arm("one", recipe(steps={steps}, batch=4), (helper.Twice(),)), arm("two", recipe(0.2)), claims=())
    print(ps.run(made, seeds=1, out={out!r}, jobs=2).series.filter(name="twice")["value"][0])
"""

HELPER = """
    from phenoscope.core.specs import spec
    from phenoscope.probes import Rows

    @spec
    class Twice:
        '''Twice the loss.'''
        units = {"twice": "loss"}
        def due(self, step): return step % 1000 == 0
        def needs_curvature(self, step): return False
        def update(self, state, memory): return [Rows("twice", state.step, 2 * state.around.loss)], None
"""


@pytest.fixture
def script(tmp_path):
    """Starts the script in a process of its own; it and its workers are ended with the test, however that ends."""
    with contextlib.ExitStack() as stack:

        def started(steps):
            running = stack.enter_context(_script(tmp_path, steps))
            stack.callback(running.kill)
            return running

        yield started


def _script(tmp_path, steps):
    folder = tmp_path / "scripts"
    folder.mkdir()
    (folder / "helper.py").write_text(textwrap.dedent(HELPER))
    text = SCRIPT.format(tests=str(TESTS), out=str(tmp_path / "runs"), steps=steps)
    (folder / "script.py").write_text(textwrap.dedent(text))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "random.py").write_text("raise RuntimeError('the folder one happens to be in shadows a module')")
    return subprocess.Popen(
        (sys.executable, folder / "script.py"),
        cwd=elsewhere,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_a_script_without_a_guard_runs_with_workers(tmp_path, script):
    running = script(6)
    out, err = running.communicate(timeout=120)
    assert running.returncode == 0, err
    assert float(out) > 0
    assert err == ""


def test_an_interruption_leaves_finished_members_and_no_processes(tmp_path, script):
    running = script(2_000_000)
    waited = 0.0
    while not any(map(finished, (tmp_path / "runs" / "members").glob("*"))) and waited < 90:
        time.sleep(0.1)
        waited += 0.1
    while len(left(tmp_path)) != 2 and waited < 90:  # a worker may be asking git for the commit
        time.sleep(0.01)
        waited += 0.01
    assert len(left(tmp_path)) == 2
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does: everyone in the caller's group hears it
    _, err = running.communicate(timeout=60)
    assert "KeyboardInterrupt" in err.splitlines()[-1]
    assert err.count("Traceback") == 1  # the caller's; workers stay silent
    assert sum(map(finished, (tmp_path / "runs" / "members").glob("*"))) == 1
    assert not left(tmp_path)


def left(tmp_path):
    """Processes that have the script's folder on their path, as its workers do."""
    wanted, found = str(tmp_path / "scripts").encode(), []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if wanted in (process / "environ").read_bytes():
                found.append(process.name)
    return found


def test_workers_end_when_their_caller_is_killed(tmp_path, script):
    running = script(2_000_000)
    while not left(tmp_path):
        time.sleep(0.1)
    running.kill()
    running.communicate(timeout=60)
    waited = 0.0
    while left(tmp_path) and waited < 60:
        time.sleep(0.1)
        waited += 0.1
    assert not left(tmp_path)


def test_an_interruption_of_serial_work_leaves_finished_members(tmp_path):
    made = phenomenon(arm("one"), arm("two", recipe(steps=7)), claims=())

    def interrupt(done, total):
        if any(map(finished, (tmp_path / "members").glob("*"))):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ps.run(made, seeds=1, out=tmp_path, jobs=1, progress=interrupt)
    assert sum(map(finished, (tmp_path / "members").glob("*"))) == 1
    assert len(ps.run(made, seeds=1, out=tmp_path).series) == 7 + 8
