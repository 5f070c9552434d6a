"""`phenoscope run FAMILY`: each phenomenon in turn, and the page of their story."""

import json
from pathlib import Path

import pytest

from phenoscope import atlas
from phenoscope.atlas import families
from phenoscope.atlas.family import Family, Part
from small import Growth, arm, claim, phenomenon


def maker(name):
    def made(scale: str):
        """A phenomenon that runs in a moment."""
        parts = {"claims": (claim(),), "scale": scale, "name": name, "title": f"The {name} one"}
        return phenomenon(arm(says="the only one"), sources=(("A paper", "https://example.org"),), **parts)

    return made


@pytest.fixture(autouse=True)
def a_small_family(monkeypatch, tmp_path):
    """Two phenomena in two parts of a family called `small`."""
    for name in ("first", "second"):
        monkeypatch.setitem(atlas.ATLAS, name, maker(name))
    parts = (Part("Early", "How it begins.", ("first",)), Part("Late", "How it ends.", ("second",)))
    monkeypatch.setitem(families.FAMILIES, "small", Family("small", "Small ones", "Does it run?", "Two.", parts))
    monkeypatch.chdir(tmp_path)


def test_each_is_run_and_the_story_written(command):
    code, out, err = command("run", "small", "--scale", "smoke", "--seeds", "2")
    assert (code, err) == (0, "")
    assert out.index("The first one: ") < out.index("The second one: ") < out.index("Small ones: ")
    story = Path("runs/report/families/small.html")
    assert str(story) in out
    text = story.read_text(encoding="utf-8")
    assert text.index("How it begins.") < text.index("The first one") < text.index("How it ends.")
    assert "Not run here yet" not in text


def test_as_json_it_is_one_object(command):
    code, out, err = command("run", "small", "--scale", "smoke", "--seeds", "2", "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["name"] == "small"
    assert [each["name"] for each in found["phenomena"]] == ["first", "second"]
    assert all(each["verdicts"] and Path(each["report"]).exists() for each in found["phenomena"])
    assert Path(found["report"]).exists()


def test_a_dry_run_counts_them_all_and_runs_nothing(command):
    code, out, err = command("run", "small", "--scale", "smoke", "--dry-run")
    assert (code, err) == (0, "")
    assert out.count("finished already") == 2
    assert "Small ones: about" in out
    found = json.loads(command("run", "small", "--scale", "smoke", "--dry-run", "--json")[1])
    assert found["seconds"] == pytest.approx(sum(each["seconds"] for each in found["phenomena"]))
    assert not list(Path().rglob("member.json"))


def test_a_family_has_no_options(command):
    code, _, err = command("run", "small", "--data", "digits")
    assert code == 2
    assert "small is a family of phenomena, which has no options of its own" in err


def test_the_list_says_what_belongs_where(command):
    found = json.loads(command("list", "--json")[1])
    assert {row["name"]: row["family"] for row in found["phenomena"]}["first"] == "small"
    assert next(row for row in found["families"] if row["name"] == "small")["phenomena"] == ["first", "second"]
    _, _, shown = command("list")[1].partition("Small ones: Does it run?\nAll of them: phenoscope run small")
    assert 0 < shown.index("\nfirst ") < shown.index("\nsecond ")


def test_the_list_can_be_of_a_family_or_of_a_word(command):
    def names(*words):
        return [row["name"] for row in json.loads(command("list", *words, "--json")[1])["phenomena"]]

    assert names("small") == ["first", "second"]
    assert "first" in names("FIRST")
    assert "second" not in names("FIRST")
    assert {"edge_of_stability", "sam_edge"} < set(names("edge")) < set(names())
    assert "optimisation_limited_peak" in names("double descent")  # it stands in its question alone
    shown = command("list", "small")[1]
    assert "All of them: phenoscope run small" in shown
    assert "phenoscope run stability" not in shown
    code, out, err = command("list", "nothing like it")
    assert (code, out) == (1, "")
    assert "no phenomenon has 'nothing like it' in its name or question, and the families are stability, " in err


def test_under_a_control_what_trains_nothing_is_left_out_with_the_reason(command, monkeypatch):
    def computing(scale: str):
        """A phenomenon that trains nothing."""
        return phenomenon(arm(made=Growth()), claims=(), scale=scale, name="second", title="The second one")

    monkeypatch.setitem(atlas.ATLAS, "second", computing)
    asked = ("run", "small", "--scale", "smoke", "--seeds", "2", "--control", "linearised")
    code, out, err = command(*asked)
    assert (code, err) == (0, "")
    assert out.startswith("Left out: second has no twin with frozen features")
    assert "The first one, features frozen: " in out
    assert Path("runs/report/controls.html").read_text(encoding="utf-8").count("first-smoke-linearised")
    found = json.loads(command(*asked, "--json")[1])
    assert (found["control"], len(found["left_out"]), len(found["phenomena"])) == ("linearised", 1, 1)
    assert "finished already" in command(*asked, "--dry-run")[1]
    code, _, err = command("run", "second", "--scale", "smoke", "--control", "linearised")
    assert code == 1
    assert "no arm trains a network by a recipe, and its members are computed (Growth)." in err
