"""Phenomena that other distributions offer: found, run and listed like the library's own; broken ones hinder nobody."""

import sys
from importlib import metadata

import pytest

import phenoscope as ps
from distributions import distribution
from phenoscope import atlas
from phenoscope.atlas import entries, find, known, option_kinds, options_of, origin
from phenoscope.core.errors import BadInput, PhenoscopeError

GOOD = """
    from __future__ import annotations

    import dataclasses
    from typing import TYPE_CHECKING

    from phenoscope.claims import AtLeast, Claim, Measured, last_value
    from phenoscope.core.specs import spec
    from phenoscope.data import dataset
    from phenoscope.models import MLP
    from phenoscope.objective import SquaredError
    from phenoscope.phenomenon import Arm, Phenomenon
    from phenoscope.probes import Rows
    from phenoscope.training import GradientDescent, Recipe

    if TYPE_CHECKING:
        from nowhere import Text


    @spec
    class Twice:
        '''Twice the loss: a probe that only this module knows.'''

        units = {"twice": "loss"}

        def due(self, step): return True
        def needs_curvature(self, step): return False
        def update(self, moment, memory): return [Rows("twice", moment.step, 2 * moment.around.loss)], None


    def outer(scale: str, *, lr: float = 0.1, note: Text = "a") -> Phenomenon:
        data = dataset("gaussian_clusters", classes=2, dimensions=3, separation=2.0, examples=24, train=16, test=8)
        recipe = Recipe(data, MLP((4,), activation="tanh"), SquaredError(), GradientDescent(lr), steps=4)
        slow = dataclasses.replace(recipe, rule=GradientDescent(lr / 2))
        claim = Claim("it stays at least 0", "by hand", last_value(Measured("twice")), AtLeast(0.0), on="main")
        return Phenomenon(
            name="outer", title="Outer", question="Is it [bold] outside?", summary="A test.",
            arms=(Arm("main", recipe, (Twice(),)), Arm("slow", slow, (Twice(),))),
            claims=(claim,), scale=scale, options={"lr": lr},
        )
"""


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Put distributions on the path; their modules are forgotten afterwards."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield lambda *parts, **options: distribution(tmp_path, *parts, **options)
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.fixture
def outer(installed):
    installed("outer = others_good:outer", {"others_good": GOOD})


def test_it_is_found_with_its_options_and_origin(outer):
    made = find("outer", scale="smoke", lr=0.2)
    assert (made.name, made.scale, dict(made.options)) == ("outer", "smoke", {"lr": 0.2})
    assert options_of("outer") == {"lr": 0.1, "note": "a"}
    assert option_kinds("outer") == {"lr": float, "note": str}  # an annotation only type checkers see is no hindrance
    assert (known("outer"), known("inner")) == (True, False)
    assert origin("outer") == "others 1.2"
    assert origin("edge_of_stability") is None
    with pytest.raises(BadInput, match=r"outer has no option depth\. It has: lr, note"):
        find("outer", depth=3)
    with pytest.raises(BadInput, match=r"there is no phenomenon 'outerr'\. Did you mean outer\?"):
        find("outerr")


def test_it_is_run_recorded_and_can_be_run_again(outer, tmp_path):
    done = ps.run("outer", scale="smoke", seeds=1, out=tmp_path / "runs", lr=0.05)
    words = "phenoscope run outer --scale smoke --seeds 0, --lr 0.05"
    assert done.command == f"{words} --out {tmp_path / 'runs'}"
    assert done.environment["phenomenon from"] == "others 1.2"
    assert done.verdicts[0].outcome in ("supported", "undecided")
    assert set(done.series["name"]) == {"twice"}


def test_own_phenomena_are_run_without_looking_at_others(monkeypatch):
    def looked(*_, **__):
        raise AssertionError("entry points were looked up")

    monkeypatch.setattr(metadata, "distributions", looked)
    find("edge_of_stability", scale="smoke")
    assert known("edge_of_stability")
    assert options_of("edge_of_stability")


def test_only_the_phenomenon_asked_for_is_imported(installed):
    modules = {"others_good": GOOD, "others_loud": "raise RuntimeError('imported')"}
    installed("outer = others_good:outer\nloud = others_loud:make", modules)
    find("outer")
    assert "others_loud" not in sys.modules
    assert known("loud")


BROKEN = {
    "gone": ("others_nowhere:make", "importing others_nowhere:make failed. ModuleNotFoundError"),
    "raising": ("others_raising:make", "importing others_raising:make failed. RuntimeError: at import"),
    "leaving": ("others_leaving:make", "importing others_leaving:make failed. SystemExit: 3."),
    "nameless": ("others_bad:nothing", "importing others_bad:nothing failed. AttributeError"),
    "number": ("others_bad:NUMBER", "others_bad:NUMBER is a int. It must be a function"),
    "returning": ("others_bad:returning", "its function returned a str. It must return a phenoscope"),
    "failing": ("others_bad:failing", "it failed at the scale 'laptop'. KeyError: 'nothing'."),
    "refusing": ("others_bad:refusing", "refuses: a recipe needs steps and batch of at least 1"),
    "needing": ("others_bad:needing", "TypeError: needing() missing 1 required keyword-only argument: 'lr'."),
    "strange": ("others_bad:strange", "of others 1.2 refuses: a spec cannot hold <object"),
    "renamed": ("others_bad:returning_outer", "it calls itself 'outer'. Give the phenomenon and its entry point one"),
    "deaf": ("others_bad:deaf", "asked for the scale 'laptop', it says 'smoke'. Pass `scale=scale`"),
    "mute": ("others_bad:mute", "its title, question and summary must be text"),
    "edge_of_stability": ("others_good:outer", "the atlas has a phenomenon of this name already. Rename"),
    "twice": ("others_good:outer", "others 1.2 and rivals 2.0 both offer this name. Uninstall one"),
}
BAD = """
    import dataclasses
    from others_good import outer

    NUMBER = 3

    print("a module that prints when it is imported")

    def returning(scale): return "text"
    def failing(scale): raise KeyError("nothing")
    def refusing(scale): return outer(scale, lr=dataclasses.replace(outer(scale).arms[0].recipe, steps=-1))
    def needing(scale, *, lr): return outer(scale)
    def strange(scale, *, lr=object()): return dataclasses.replace(outer(scale), name="strange")
    def returning_outer(scale): return outer(scale)
    def deaf(scale): return dataclasses.replace(outer("smoke"), name="deaf")
    def mute(scale): return dataclasses.replace(outer(scale), name="mute", question=None)
"""
MODULES = {
    "others_good": GOOD,
    "others_bad": BAD,
    "others_raising": "raise RuntimeError('at import\\nin two lines')",
    "others_leaving": "raise SystemExit(3)",
}


def test_what_is_broken_is_listed_with_the_reason_and_hinders_no_other(installed, capsys):
    lines = "\n".join(f"{name} = {where}" for name, (where, _) in BROKEN.items())
    installed(f"{lines}\nouter = others_good:outer", MODULES)
    installed("twice = others_good:outer", name="rivals", version="2.0")
    installed("not an entry point", name="garbled", version="0")
    listed = entries()
    assert [entry.name for entry in listed if entry.phenomenon] == [*sorted(atlas.ATLAS), "outer"]
    assert [(e.distribution, e.version) for e in listed if e.name == "outer"] == [("others", "1.2")]
    problems = {entry.name: entry.problem for entry in listed if entry.phenomenon is None}
    assert set(problems) == {*BROKEN, "garbled"}
    assert "its entry points cannot be read" in problems["garbled"]
    for name, (_, reason) in BROKEN.items():
        assert reason in problems[name], name
        assert "\n" not in problems[name]
    for name in set(BROKEN) - {"edge_of_stability", "refusing", "strange"}:
        with pytest.raises(PhenoscopeError) as refused:
            find(name)
        assert str(refused.value) == problems[name] or name == "twice"  # listed twice, once for each who offers it
    assert find("edge_of_stability").title == "The edge of stability"
    assert find("outer").question == "Is it [bold] outside?"
    assert capsys.readouterr().out == ""  # what others print must not stand in an answer that is JSON


def test_of_two_distributions_of_one_name_the_first_on_the_path_counts(installed, tmp_path, monkeypatch):
    later = tmp_path / "later"
    installed("outer = others_good:outer", {"others_good": GOOD})
    distribution(later, "outer = others_good:outer\nmore = others_good:outer", name="Others", version="0.1")
    monkeypatch.setattr(sys, "path", [*sys.path, str(later)])
    assert [(e.name, e.version) for e in entries() if e.distribution != "phenoscope"] == [("outer", "1.2")]


def test_the_names_of_the_atlas_itself_are_no_others():
    assert set(atlas.ATLAS) <= {e.name for e in entries()}
    assert {e.distribution for e in entries() if e.name in atlas.ATLAS} == {"phenoscope"}
