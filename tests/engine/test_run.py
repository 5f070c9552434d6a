"""Running a phenomenon: members found instead of repeated, seeds, looks, forks, and verdicts end to end."""

import dataclasses
import json
import os
import shlex

import numpy as np
import pytest
import torch

import phenoscope as ps
from phenoscope.claims import AtLeast, Breaks, Measured, last_value
from phenoscope.comparisons import Comparison, departure
from phenoscope.core.errors import BadInput
from phenoscope.engine import Local, Serial
from phenoscope.engine.run import command, folder_name, seed_list
from phenoscope.panels import Lines
from phenoscope.phenomenon import Arm
from phenoscope.probes import GradientNorm, Loss, Mark, Sharpness
from phenoscope.store import finished, read_member, read_point, read_points
from phenoscope.training import Adam, GradientDescent, HeavyBall, Point
from small import LOSS, arm, claim, losses, path, phenomenon, recipe


class Counting:
    """An executor that notes what it was given, and does it."""

    def __init__(self):
        self.steps, self.cohorts = 0, []

    def run(self, cohorts, progress):
        self.cohorts += [[plan.id for plan in cohort.plans] for cohort in cohorts]
        self.steps += sum(cohort.steps for cohort in cohorts)
        Serial().run(cohorts, progress)


def times(out):
    return {file: file.stat().st_mtime_ns for file in out.glob("members/*/*") if file.is_file()}


def test_a_second_run_trains_nothing(tmp_path):
    made = phenomenon(arm(sweep={"lr": (0.1, 0.2)}), claims=())
    one = ps.run(made, seeds=2, out=tmp_path, executor=(first := Counting()))
    before = times(tmp_path)
    two = ps.run(made, seeds=2, out=tmp_path, executor=(second := Counting()))
    assert (first.steps, second.steps) == (4 * 6, 0)
    assert times(tmp_path) == before
    assert one.series.equals(two.series)
    ps.run(made, seeds=3, out=tmp_path, executor=(third := Counting()))
    assert third.steps == 2 * 6
    assert before.items() <= times(tmp_path).items()


def test_a_changed_probe_or_recipe_is_another_member(tmp_path):
    for made in (arm(), arm(probes=(Loss(every=2),)), arm(made=recipe(steps=7)), arm(made=recipe(0.2))):
        ps.run(phenomenon(made), seeds=1, out=tmp_path, executor=(counting := Counting()))
        assert counting.steps == made.recipe.steps
    assert len(list((tmp_path / "members").iterdir())) == 4


def test_two_arms_of_one_recipe_share_their_members(tmp_path):
    done = ps.run(phenomenon(arm("a"), arm("b")), seeds=2, out=tmp_path, executor=(counting := Counting()))
    assert counting.steps == 2 * 6
    assert done.arms[0].members == done.arms[1].members


@pytest.mark.parametrize("damage", ["running", "no series", "truncated"])
def test_an_unfinished_member_is_done_again(tmp_path, damage):
    made = phenomenon()
    one = ps.run(made, seeds=1, out=tmp_path)
    folder = tmp_path / "members" / one.arms[0].members[0]
    if damage == "running":
        about = json.loads((folder / "member.json").read_text())
        (folder / "member.json").write_text(json.dumps(about | {"outcome": "running"}))
        (folder / "series.parquet").unlink()
        (folder / "series.journal").write_text("0\tloss\t77.0\n3\tlo")
    elif damage == "no series":
        (folder / "series.parquet").unlink()
    else:
        (folder / "member.json").write_text('{"schema": 1, "outco')
    two = ps.run(made, seeds=1, out=tmp_path, executor=(counting := Counting()))
    assert counting.steps == 6
    assert two.series.equals(one.series)
    assert finished(folder)


def test_what_a_newer_version_wrote_is_not_overwritten(tmp_path):
    done = ps.run(phenomenon(), seeds=1, out=tmp_path)
    about = done.path / "experiment.json"
    about.write_text('{"schema": 99}')
    with pytest.raises(BadInput, match="Update phenoscope"):
        ps.run(phenomenon(arm(made=recipe(0.3))), seeds=1, out=tmp_path, executor=(counting := Counting()))
    assert counting.steps == 0
    assert about.read_text() == '{"schema": 99}'


def test_progress_counts_every_member_step_once(tmp_path):
    made = phenomenon(arm(), arm("other", recipe(0.2, steps=9)))
    seen = []
    ps.run(made, seeds=2, out=tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (2 * 6 + 2 * 9, 2 * 6 + 2 * 9)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    again = []
    ps.run(made, seeds=3, out=tmp_path, progress=lambda done, total: again.append((done, total)))
    assert again[-1] == (45, 45)


@pytest.mark.parametrize(
    ("asked", "seeds"),
    [(None, (0, 1)), (3, (0, 1, 2)), ([5, 2], (5, 2)), (np.array([1, 4]), (1, 4)), (range(2, 4), (2, 3))],
    ids=str,
)
def test_seeds(asked, seeds):
    assert seed_list(asked, phenomenon()) == seeds


@pytest.mark.parametrize("asked", [0, -1, [], [1, 1], [-1], [0, -2]], ids=str)
def test_seeds_that_make_no_sample_are_refused(asked):
    with pytest.raises(BadInput, match=r"seeds must be at least one, different and from 0 to 2\^53"):
        seed_list(asked, phenomenon())


@pytest.mark.parametrize("asked", [[1.5], 2.0, "12", [None]], ids=str)
def test_seeds_that_are_no_whole_numbers_are_refused(asked):
    with pytest.raises(BadInput, match="seeds are whole numbers"):
        seed_list(asked, phenomenon())


def test_seeds_of_the_pilot_are_refused():
    with pytest.raises(BadInput, match=r"the seeds \[7\] served for the pilot of tiny"):
        seed_list((1, 7), phenomenon(pilot_seeds=frozenset({7, 8})))


def test_looks_count_other_seeds(tmp_path):
    looks = [
        ps.run(phenomenon(), seeds=seeds, out=tmp_path).looks for seeds in ((0, 1), (1, 0), (0, 1, 2), (0, 1, 2), 1)
    ]
    assert looks == [1, 1, 2, 2, 3]
    (tmp_path / "tiny-smoke" / "verdicts.json").write_text("{")  # it cannot be read, so it is written anew
    assert ps.run(phenomenon(), seeds=1, out=tmp_path).looks == 1


@pytest.mark.parametrize("jobs", [0, -1])
def test_jobs_must_be_at_least_one(tmp_path, jobs):
    with pytest.raises(BadInput, match=f"`jobs` must be at least 1, got {jobs}"):
        ps.run(phenomenon(), out=tmp_path, jobs=jobs)


def test_options_are_for_names(tmp_path):
    with pytest.raises(BadInput, match=r"the options \['data'\] are for a phenomenon of the atlas"):
        ps.run(phenomenon(), out=tmp_path, data="digits")


# --- forks ---------------------------------------------------------------------------------------------------------

PARENT = recipe(0.4, steps=8)
POINTS = path(PARENT)


def forked(start, **options):
    return recipe(0.4, steps=3, start=start, **options)


def first_loss(done, name="fork"):
    return float(done.records[name][0].series["loss"].values[0])


@pytest.mark.parametrize(("at", "step"), [(5, 5), (0, 0), (8, 8), ("initial", 0), ("final", 8)], ids=str)
def test_a_point_that_no_arm_keeps_gets_a_parent_of_its_own(tmp_path, at, step):
    made = phenomenon(arm("fork", forked(Point(PARENT, at))))
    done = ps.run(made, seeds=1, out=tmp_path, executor=(counting := Counting()))
    assert counting.steps == 8 + 3
    assert first_loss(done) == pytest.approx(losses(PARENT, POINTS[step]).item(), rel=1e-12)
    assert len(done.arms) == 1
    assert done.arms[0].skipped == 0


def test_a_fork_leaves_at_the_mark_of_its_parents_arm(tmp_path):
    levels = [losses(PARENT, point).item() for point in POINTS]
    step = 3
    mark = Mark("low", "loss", at_least=levels[step] * (1 - 1e-12), after=step)
    made = phenomenon(arm("parent", PARENT, marks=(mark,)), arm("fork", forked(Point(PARENT, "low"))))
    done = ps.run(made, seeds=2, out=tmp_path, executor=(counting := Counting()))
    assert counting.steps == 2 * (8 + 3)
    assert first_loss(done) == pytest.approx(levels[step], rel=1e-12)
    # each seed leaves from its own parent
    other = dataclasses.replace(PARENT, seed=1)
    kept = read_point(tmp_path / "members" / done.arms[0].members[1], "low")
    value = done.records["fork"][1].series["loss"].values[0]
    assert value == pytest.approx(losses(other, kept.point).item(), rel=1e-12)
    assert kept.step >= step


def test_a_mark_is_kept_once_at_its_first_step(tmp_path):
    made = phenomenon(arm("parent", PARENT, marks=(Mark("any", "loss", at_least=0.0, after=2),)))
    done = ps.run(made, seeds=1, out=tmp_path)
    kept = read_point(tmp_path / "members" / done.arms[0].members[0], "any")
    assert kept.step == 2
    torch.testing.assert_close(kept.point, POINTS[2])


def test_a_mark_that_is_never_reached_skips_its_forks_and_counts_them(tmp_path):
    mark = Mark("high", "loss", at_least=1e9)
    fork = forked(Point(PARENT, "high"))
    chain = forked(Point(fork, 2))
    made = phenomenon(
        arm("parent", PARENT, marks=(mark,)), arm("fork", fork), arm("chain", chain), claims=(claim(on="fork"),)
    )
    done = ps.run(made, seeds=2, out=tmp_path)
    assert [(a.name, len(a.members), a.skipped) for a in done.arms] == [
        ("parent", 2, 0),
        ("fork", 0, 2),
        ("chain", 0, 2),
    ]
    assert done.verdicts[0].outcome == "not tested"
    assert done.series["arm"].unique().to_list() == ["parent"]


def test_a_chain_of_forks_is_run_in_order(tmp_path):
    middle = recipe(0.4, steps=4, start=Point(PARENT, 2))
    last = recipe(0.4, steps=3, start=Point(middle, 3))
    done = ps.run(phenomenon(arm("fork", last)), seeds=1, out=tmp_path, executor=(counting := Counting()))
    assert counting.steps == 8 + 4 + 3
    values = done.records["fork"][0].series["loss"].values
    np.testing.assert_allclose(values, [losses(PARENT, p).item() for p in POINTS[5:9]], rtol=1e-10)


def test_a_swept_fork_leaves_from_one_parent_and_pairs_can_ask_for_its_loss(tmp_path):
    def measure(first, second):
        apart = (first["initial"] - second["initial"]).norm().item()
        return {"loss": first.objective().loss(first["initial"]).item(), "apart": apart}

    def fork(name, order):
        asked = recipe(0.4, batch=3, start=Point(PARENT, 2), order=order)
        return arm(name, asked, sweep={"start.at": (2, 5)}, along={"steps": (6, 3)})

    made = phenomenon(
        arm("parent", PARENT, keep=(2, 5)), fork("one", 1), fork("two", 2),
        comparisons=(Comparison("children", ("one", "two"), measure, ("loss", "apart")),),
    )  # fmt: skip
    done = ps.run(made, seeds=1, out=tmp_path, executor=(counting := Counting()))
    assert counting.steps == 8 + 2 * (6 + 3)  # one parent, and no other
    pairs = done.pairs["children"].sort("name", "start.at")
    assert pairs["start.at"].to_list() == [2, 5, 2, 5]
    there = [losses(PARENT, POINTS[step]).item() for step in (2, 5)]
    assert pairs["value"].to_list() == pytest.approx([0.0, 0.0, *there], rel=1e-12)
    ends = [read_point(tmp_path / "members" / m, "final").point for m in (*done.arms[1].members, *done.arms[2].members)]
    assert not torch.equal(ends[0], ends[2])


def test_a_step_beyond_the_parents_end_is_refused_before_training(tmp_path):
    made = phenomenon(arm("fork", forked(Point(PARENT, 9))))
    with pytest.raises(BadInput, match="starts from step 9 of a recipe with 8 steps"):
        ps.run(made, seeds=1, out=tmp_path)
    assert not (tmp_path / "members").exists()


def test_a_mark_that_no_arm_sets_is_refused_before_training(tmp_path):
    made = phenomenon(arm("parent", PARENT), arm("fork", forked(Point(PARENT, "nowhere"))))
    with pytest.raises(BadInput, match="no arm with the parent's recipe sets the mark 'nowhere'"):
        ps.run(made, seeds=1, out=tmp_path)
    assert not (tmp_path / "members").exists()


@pytest.mark.parametrize("rule", [HeavyBall(0.2, 0.9), Adam(0.05)], ids=["heavy ball", "adam"])
def test_a_fork_goes_on_with_the_memory_of_its_own_rule(tmp_path, rule):
    whole = recipe(rule=rule, steps=8)
    made = phenomenon(arm("whole", whole), arm("fork", recipe(rule=rule, steps=4, start=Point(whole, 4))))
    done = ps.run(made, seeds=1, out=tmp_path)
    values = [done.records[name][0].series["loss"].values for name in ("whole", "fork")]
    np.testing.assert_allclose(values[1], values[0][4:], rtol=1e-12)


def test_forks_of_other_rules_do_not_take_the_memory_from_those_of_the_same(tmp_path):
    """One shape, so one cohort by shape; but alone each would begin otherwise."""
    ball = HeavyBall(0.2, 0.9)
    same, other = recipe(rule=ball, steps=8), recipe(0.1, steps=8)
    arms = [arm(n, recipe(rule=ball, steps=4, start=Point(p, 4))) for n, p in (("same", same), ("other", other))]
    together = ps.run(phenomenon(*arms), seeds=1, out=tmp_path / "together")
    for one in arms:
        alone = ps.run(phenomenon(one), seeds=1, out=tmp_path / "alone")
        values = [done.records[one.name][0].series["loss"].values for done in (together, alone)]
        np.testing.assert_allclose(values[0], values[1], rtol=1e-12)


# --- records -------------------------------------------------------------------------------------------------------


def test_a_member_of_a_cohort_has_the_record_it_has_alone(tmp_path):
    probes = (Loss(), GradientNorm(), Sharpness(2, tol=1e-8))
    swept = arm(made=recipe(steps=8), probes=probes, sweep={"lr": (0.1, 0.5)})
    together = ps.run(phenomenon(swept, claims=()), seeds=2, out=tmp_path / "a", executor=(counting := Counting()))
    assert [len(cohort) for cohort in counting.cohorts] == [4]
    for record in together.records["main"]:
        alone = arm(made=recipe(record.settings["lr"], steps=8), probes=probes)
        (single,) = ps.run(phenomenon(alone), seeds=[record.seed], out=tmp_path / "b").records["main"]
        assert single.id == record.id
        for name in ("loss", "gradient norm", "sharpness"):
            np.testing.assert_array_equal(single.series[name].steps, record.series[name].steps)
            np.testing.assert_allclose(single.series[name].values, record.series[name].values, rtol=1e-6, atol=1e-10)


@pytest.mark.parametrize(("rule", "outcome"), [("undecided", "undecided"), (0.0, "supported"), (-1.0, "contradicted")])
def test_a_diverging_member_is_an_outcome_that_the_claim_counts(tmp_path, rule, outcome):
    wild = dataclasses.replace(recipe(steps=60), rule=GradientDescent(1e3))
    calm = recipe(steps=60)
    says = claim(on="wild", if_diverged=rule, region=AtLeast(-1e-9))
    made = phenomenon(arm("wild", wild), arm("calm", calm), claims=(says,))
    done = ps.run(made, seeds=3, out=tmp_path, executor=(counting := Counting()))
    assert [len(cohort) for cohort in counting.cohorts] == [6]  # all advance together
    assert [a.diverged for a in done.arms] == [3, 0]
    for record in done.records["wild"]:
        assert record.outcome == "diverged"
        assert 0 < record.stopped_at < 60
        assert max(record.series["loss"].steps) <= record.stopped_at
    assert done.verdicts[0].outcome == outcome
    alone = ps.run(phenomenon(arm("calm", calm)), seeds=3, out=tmp_path / "alone").records["calm"]
    for one, two in zip(done.records["calm"], alone, strict=True):
        assert len(one.series["loss"]) == 61
        np.testing.assert_allclose(one.series["loss"].values, two.series["loss"].values, rtol=1e-9)


def test_pairs_with_a_diverged_member_are_counted_not_dropped(tmp_path):
    wild = dataclasses.replace(recipe(steps=60), rule=GradientDescent(1e3))
    apart = Comparison("apart", ("calm", "wild"), departure, ("relative distance", "cosine"))
    says = claim(on="apart", statistic=last_value(Measured("cosine")))
    made = phenomenon(arm("calm", recipe(steps=60)), arm("wild", wild), comparisons=(apart,), claims=(says,))
    (verdict,) = ps.run(made, seeds=3, out=tmp_path).verdicts
    assert (verdict.outcome, verdict.n) == ("undecided", 3)
    assert "diverged" in verdict.reason


def test_a_claim_may_be_about_pairs(tmp_path):
    twins = Comparison("twins", ("main",), departure, ("relative distance", "cosine"))
    says = claim(on="twins", statistic=last_value(Measured("cosine")), region=AtLeast(-1.0))
    done = ps.run(phenomenon(comparisons=(twins,), claims=(says,)), seeds=5, out=tmp_path)
    assert done.verdicts[0].n == 2  # of five seeds: two pairs
    assert done.comparisons == ("twins",)
    assert len(done.pairs["twins"].filter(name="cosine")) == 2
    points = [read_points(tmp_path / "members" / member) for member in done.arms[0].members[2:4]]
    assert done.pairs["twins"].filter(name="cosine", seed=2)["value"].to_list() == [departure(*points)["cosine"]]


def test_points_of_a_member_are_its_first_and_last(tmp_path):
    done = ps.run(phenomenon(arm(made=PARENT)), seeds=1, out=tmp_path)
    points = read_points(tmp_path / "members" / done.arms[0].members[0])
    assert set(points) == {"initial", "final"}
    torch.testing.assert_close(points["initial"], POINTS[0])
    torch.testing.assert_close(points["final"], POINTS[-1])


def test_linear_models_advance_apart_from_networks_and_different_probes_apart(tmp_path):
    arms = (
        arm("a"),
        arm("b", recipe(0.2)),
        arm("c", recipe(0.3), (GradientNorm(),)),
        arm("d", recipe(dynamics="linearised")),
        arm("e", recipe(0.4), marks=(Mark("m", "loss", 0.0),)),
    )
    ps.run(phenomenon(*arms), seeds=2, out=tmp_path, executor=(counting := Counting()))
    assert sorted(map(len, counting.cohorts)) == [2, 2, 2, 4]


# --- controls ------------------------------------------------------------------------------------------------------


def test_a_control_that_does_not_break_the_claim_is_told(tmp_path):
    says = claim(region=AtLeast(-1.0), control=Breaks("same", by="contradiction"))
    made = phenomenon(arm(), arm("same", recipe(0.1000001), role="control"), claims=(says,))
    (verdict,) = ps.run(made, seeds=5, out=tmp_path).verdicts
    assert verdict.outcome == "supported, control did not discriminate"
    assert verdict.control is not None
    assert verdict.control.discriminates is False


def test_a_control_that_breaks_the_claim_leaves_it_supported(tmp_path):
    still, trained = recipe(1e-9), recipe(0.3, steps=40)
    seeds = [dataclasses.replace(still, seed=seed) for seed in range(5)]
    level = min(losses(one, path(one)[0]).item() for one in seeds)
    says = claim(on="still", region=AtLeast(level / 2), control=Breaks("trained"))
    made = phenomenon(arm("still", still), arm("trained", trained), claims=(says,))
    (verdict,) = ps.run(made, seeds=5, out=tmp_path).verdicts
    assert verdict.control is not None
    assert (verdict.outcome, verdict.control.discriminates) == ("supported", True)


# --- how to run it again -------------------------------------------------------------------------------------------


def test_the_folder_is_named_for_what_is_asked():
    made = phenomenon(options={"data": "mnist1d", "rates": (0.1, 0.2), "depth": 3})
    assert folder_name(made) == "tiny-smoke-mnist1d-rates=0.1,0.2-depth=3"
    assert folder_name(phenomenon(options={"data": "../x y"})) == "tiny-smoke-.._x_y"


def test_the_command_of_the_atlas_names_everything(tmp_path):
    made = ps.atlas.find("edge_of_stability", scale="smoke", data="mnist1d", rates=(0.1, 0.2))
    words = shlex.split(command(made, (3,), tmp_path / "my runs"))
    assert " ".join(words[:7]) == "phenoscope run edge_of_stability --scale smoke --seeds 3,"
    assert words[7:] == ["--data", "mnist1d", "--rates", "0.1,0.2", "--out", str(tmp_path / "my runs")]
    assert "--out" not in command(made, (0, 1), type(tmp_path)("runs"))


def test_the_command_of_a_phenomenon_of_ones_own_is_python(tmp_path):
    assert command(phenomenon(), (3,), tmp_path) == f"phenoscope.run(tiny, seeds=(3,), out={str(tmp_path)!r})"


def test_the_environment_is_recorded_with_member_and_experiment(tmp_path):
    done = ps.run(phenomenon(), seeds=1, out=tmp_path)
    about = json.loads((tmp_path / "members" / done.arms[0].members[0] / "member.json").read_text())
    for found in (about["environment"], done.environment):
        assert found["versions"]["torch"] == torch.__version__.split("+")[0] or "+" in found["versions"]["torch"]
        assert {"python", "platform", "cores", "commit", "dirty"} <= found.keys()
    assert about["environment"]["torch threads"] == 1
    assert about["cohort"] == list(done.arms[0].members)


def test_panels_and_verdicts_are_those_of_the_records(tmp_path):
    panel = Lines("Loss", "Falls.", LOSS, "loss", ("main",))
    done = ps.run(phenomenon(panels=(panel,)), seeds=2, out=tmp_path)
    assert [t.y for t in done.panels[0].traces] == [tuple(r.series["loss"].values) for r in done.records["main"]]
    assert done.verdicts[0].values == tuple(r.series["loss"].values[-1] for r in done.records["main"])
    assert done.seconds == pytest.approx(sum(a.seconds for a in done.arms))
    assert read_member(tmp_path / "members" / done.arms[0].members[0]).outcome == "finished"


def test_local_workers_write_the_same_bytes(tmp_path):
    probes = (Loss(), Sharpness(2), GradientNorm())
    parent = arm("parent", recipe(steps=10), probes, marks=(Mark("m", "loss", 0.0, after=4),))
    fork = arm("fork", recipe(steps=4, start=Point(recipe(steps=10), "m")), (Loss(),))
    made = phenomenon(parent, fork, arm("line", recipe(steps=10, dynamics="linearised"), probes))
    serial = ps.run(made, seeds=2, out=tmp_path / "serial", executor=Serial())
    local = ps.run(made, seeds=2, out=tmp_path / "local", executor=Local(2))
    for file in sorted((tmp_path / "serial" / "members").glob("*/series.parquet")):
        other = tmp_path / "local" / "members" / file.parent.name / file.name
        assert file.read_bytes() == other.read_bytes()
    assert [a.members for a in serial.arms] == [a.members for a in local.arms]
    assert serial.series.equals(local.series)


def test_a_folder_that_cannot_be_used_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ps.PhenoscopeError, match=r"cannot be written: Not a directory"):
        ps.run(phenomenon(), seeds=1, out=tmp_path / "file")


def test_a_swept_arm_that_forks_follows_its_swept_parent(tmp_path):
    fork = Arm("fork", forked(Point(PARENT, 2)), (Loss(),), {"lr": (0.2, 0.4)})
    done = ps.run(phenomenon(fork, claims=()), seeds=1, out=tmp_path)
    for record in done.records["fork"]:
        parent = recipe(record.settings["lr"], steps=8)
        assert record.series["loss"].values[0] == pytest.approx(losses(parent, path(parent)[2]).item(), rel=1e-12)


def test_no_working_folder_is_changed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = ps.run(phenomenon(), seeds=1)
    assert os.listdir() == ["runs"]
    assert done.path == ps.load("runs").path
