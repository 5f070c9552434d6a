"""Members that are computed rather than trained: the engine's whole way, without any training."""

import dataclasses
import json
import pickle
from collections.abc import Iterator, Mapping

import pytest

import phenoscope as ps
from killing import Killer
from phenoscope.claims import AtLeast, Claim, Measured, Setting, last_value
from phenoscope.comparisons import Comparison
from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.core.specs import from_json, spec
from phenoscope.engine import Serial
from phenoscope.engine.estimate import estimate
from phenoscope.engine.likeness import unlike
from phenoscope.methods import Computation, Found, numbers
from phenoscope.panels import Lines
from phenoscope.phenomenon import Arm
from phenoscope.probes import Loss, Mark
from phenoscope.record import Record
from phenoscope.report import write_page
from small import DATA, Growth, arm, phenomenon, recipe

X, FACTOR = Measured("x"), Setting("factor")
RISES = Claim("x rises", "by hand", last_value(X), AtLeast(2.0), on="growth", each="factor", name="rises")
DRAWN = Lines("Growth", "It grows.", X, "x", ("growth",), theory=FACTOR)


def growing(computation=None, **options):
    one = arm("growth", computation or Growth(), sweep={"factor": (0.5, 1.5)})
    return phenomenon(one, **({"claims": (RISES,), "panels": (DRAWN,)} | options))


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    return ps.run(growing(), seeds=5, out=tmp_path_factory.mktemp("growth"))


def test_it_is_swept_recorded_and_judged(done):
    records = done.records["growth"]
    assert [record.settings["factor"] for record in records] == [0.5] * 5 + [1.5] * 5
    for record in records:
        start = 1 + stream_uniform(record.seed)
        values = [start * record.settings["factor"] ** step for step in range(7)]
        assert record.series["x"].steps.tolist() == list(range(7))
        assert record.series["x"].values.tolist() == pytest.approx(values, rel=1e-14)
        assert record.error_of("x") is not None
    assert [verdict.outcome for verdict in done.verdicts] == ["contradicted", "supported"]
    assert len(done.panels[0].traces) == 10
    assert len(done.panels[0].theory) == 2


def stream_uniform(seed):
    import torch

    return torch.rand((), generator=stream(seed, "start"), dtype=torch.float64).item()


def test_a_finished_member_is_found_and_a_changed_one_is_another(tmp_path):
    class Counting:
        steps = 0

        def run(self, cohorts, progress):
            self.steps += sum(cohort.steps for cohort in cohorts)
            assert all(len(cohort.plans) == 1 for cohort in cohorts)
            Serial().run(cohorts, progress)

    counted = []
    for made in (growing(), growing(), growing(Growth(steps=7))):
        ps.run(made, seeds=2, out=tmp_path, executor=(counting := Counting()))
        counted.append(counting.steps)
    assert counted == [4 * 6, 0, 4 * 7]


def test_it_can_be_handed_to_a_worker_and_read_from_its_folder(done):
    plan = next(growing().arms[0].plans((3,)))
    assert pickle.loads(pickle.dumps(plan)) == plan
    about = json.loads((done.path.parent / "members" / plan.id / "member.json").read_text())
    assert from_json(about["plan"]) == plan


def test_progress_counts_every_step_once(tmp_path):
    made = phenomenon(arm("growth", Growth()), arm("wild", Growth(100.0, steps=9)), arm("trained"), claims=())
    seen = []
    ps.run(made, seeds=2, out=tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (2 * (6 + 9 + 6), 2 * (6 + 9 + 6))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_one_that_diverges_is_a_result(tmp_path):
    done = ps.run(phenomenon(arm("growth", Growth(100.0, steps=9)), claims=()), seeds=1, out=tmp_path)
    (record,) = done.records["growth"]
    assert (record.outcome, record.stopped_at) == ("diverged", 2)
    assert record.series["x"].steps.tolist() == [0, 1, 2]
    assert done.arms[0].diverged == 1


def test_one_that_was_killed_is_computed_again_with_the_same_result(tmp_path):
    killer = Killer()
    try:
        killer.run("growth", tmp_path / "calm")
        kills = sum(killer.run("growth", tmp_path / "killed", call=call)["killed"] for call in (3, 9, 10, 11))
        assert kills == 4
        assert not killer.run("growth", tmp_path / "killed")["killed"]
    finally:
        killer.close()
    one, two = (ps.load(tmp_path / name) for name in ("calm", "killed"))
    assert one.series.equals(two.series)
    assert len(one.series) == 2 * 2 * 2 * 2001
    kinds = {file.name for file in (tmp_path / "killed").glob("members/*/*")}
    assert kinds == {"member.json", "series.parquet"}


@pytest.mark.parametrize("wrong", ["y", "xx", "x.residuals"])
def test_a_series_that_was_not_announced_is_refused(tmp_path, wrong):
    made = phenomenon(arm("growth", Growth(wrong=wrong)), claims=())
    with pytest.raises(BadInput, match=rf"Growth found a value of '{wrong}', which it did not announce.*are of x\."):
        ps.run(made, seeds=1, out=tmp_path)


@pytest.mark.parametrize(("steps", "at"), [((3, 2), 2), ((3, 7), 7), ((-1,), -1)])
def test_steps_rise_up_to_the_last(tmp_path, steps, at, monkeypatch):
    monkeypatch.setattr(Growth, "readings", lambda self: (Found(step, {"x": 1.0}) for step in steps))
    made = phenomenon(arm("growth", Growth(steps=6)), claims=())
    with pytest.raises(BadInput, match=f"found something at step {at} after step"):
        ps.run(made, seeds=1, out=tmp_path)


def test_claims_panels_and_sweeps_are_checked():
    with pytest.raises(BadInput, match="series \\['loss'\\], which"):
        growing(claims=(dataclasses.replace(RISES, statistic=last_value(Measured("loss"))),))
    with pytest.raises(BadInput, match="draws the series \\['loss'\\]"):
        growing(panels=(dataclasses.replace(DRAWN, y=Measured("loss"), theory=None),))
    with pytest.raises(BadInput, match="'lr' names no field"):
        arm("growth", Growth(), sweep={"lr": (0.1, 0.2)})
    growing(claims=(dataclasses.replace(RISES, statistic=last_value(Measured("x.residual"))),))


def test_what_is_no_computation_is_refused():
    assert isinstance(Growth(), Computation)
    with pytest.raises(BadInput, match=r"'a' has a \w+ for its recipe"):
        Arm("a", DATA)  # type: ignore[arg-type]
    for part in ({"probes": (Loss(),)}, {"marks": (Mark("m", "x", 0.0),)}, {"keep": (3,)}):
        with pytest.raises(BadInput, match="leave its probes, marks and `keep` out"):
            Arm("a", Growth(), **part)
    with pytest.raises(BadInput, match="at least 1 step"):
        Arm("a", Growth(steps=0))


def test_numbers_of_specs_inside_have_their_field_before_them():
    assert numbers(Growth()) == {"factor": 1.5, "steps": 6.0, "seed": 0.0}
    assert {"steps": 6.0, "rule.lr": 0.1}.items() <= numbers(recipe()).items()  # type: ignore[arg-type]


def test_a_pair_of_them_is_compared_by_their_records(tmp_path):
    def ratio(one, two):
        assert not one
        return {"ratio": one.record.series["x"].values[-1] / two.record.series["x"].values[-1]}

    arms = (arm("growth", Growth()), arm("decay", Growth(0.5)))
    apart = Claim("they end 3^6-fold apart", "by hand", last_value(Measured("ratio")), AtLeast(700.0), on="both")
    both = Comparison("both", ("growth", "decay"), ratio, ("ratio",))
    done = ps.run(phenomenon(*arms, claims=(apart,), comparisons=(both,)), seeds=2, out=tmp_path)
    assert done.verdicts[0].estimate == pytest.approx(3.0**6)


def test_its_cost_is_estimated_by_beginning_it(tmp_path):
    found = estimate(growing(Growth(steps=40)), (0, 1), tmp_path, 1)
    assert (found.members, found.steps) == (4, 160)
    assert 0 < found.seconds < 10


def test_a_watched_run_is_none_of_it():
    record = Record("run", {"seed": 0, "steps": 3, "lr": 0.1}, {})
    assert unlike(arm("growth", Growth()), record, {}) == [
        "it is about the arm 'growth', which is computed and not trained"
    ]


def test_its_page_says_what_is_computed(done, tmp_path):
    page = write_page(done, tmp_path).read_text()
    assert "<dt>computation</dt>" in page
    assert "Growth" in page


@spec
class Derived:
    """A computation whose length is no field of it."""

    seed: int = 0

    @property
    def steps(self) -> int:
        return 3

    @property
    def units(self) -> Mapping[str, str]:
        return {"x": "1"}

    def readings(self) -> Iterator[Found]:
        yield Found(0, {"x": 1.0})


def test_a_length_that_is_no_field_is_refused_when_the_arm_is_made():
    with pytest.raises(BadInput, match="`seed` and `steps` must be fields of it"):
        Arm("main", Derived(), ())
