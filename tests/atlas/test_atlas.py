"""What holds for every phenomenon of the atlas, without running it."""

import inspect
import json

import pytest
from smoke_choice import chosen

from phenoscope.atlas import ATLAS, find, options_of
from phenoscope.claims import Breaks
from phenoscope.core.errors import BadInput
from phenoscope.phenomenon import SCALES, Phenomenon

EVERY = [(name, scale) for name in sorted(ATLAS) for scale in SCALES]


@pytest.fixture(params=EVERY, ids="-".join)
def made(request) -> Phenomenon:
    name, scale = request.param
    return find(name, scale=scale)


def plans(phenomenon):
    return [plan.id for arm in phenomenon.arms for plan in arm.plans((0,))]


def test_has_a_question_and_a_summary(made):
    assert made.name in ATLAS
    assert made.question.endswith("?")
    assert len(made.summary) > 80
    assert made.title
    assert made.scale in SCALES


def test_claims_have_sources_and_names(made):
    assert made.claims
    names = [claim.name for claim in made.claims]
    assert None not in names
    assert len(set(names)) == len(names)
    assert all(len(claim.source) > 8 for claim in made.claims)
    assert all(len(claim.says) > 20 for claim in made.claims)


def test_a_control_should_break_something(made):
    controls = [claim.control for claim in made.claims if isinstance(claim.control, Breaks)]
    assert controls
    compared = {comparison.name for comparison in made.comparisons}  # one way between two networks, against another
    elsewhere = all(control.statistic or control.arm in compared for control in controls)
    assert any(arm.role == "control" for arm in made.arms) or elsewhere
    assert any(arm.role == "main" for arm in made.arms)


def test_sources_have_links(made):
    assert made.sources
    assert all(text and address.startswith("https://") for text, address in made.sources)


def test_something_is_drawn_and_every_arm_is_said(made):
    assert made.panels
    assert all(panel.title and panel.caption and panel.y_label for panel in made.panels)
    slugs = {panel.title.lower() for panel in made.panels}
    assert len(slugs) == len(made.panels)
    assert all(arm.says for arm in made.arms)


def test_no_pilot_seed_is_run_by_default(made):
    assert not made.pilot_seeds & set(range(20))


def test_options_make_it_again(made):
    json.dumps(dict(made.options))
    again = find(made.name, scale=made.scale, **made.options)
    assert plans(again) == plans(made)
    assert [(c.name, c.says, str(c.statistic), c.region) for c in again.claims] == [
        (c.name, c.says, str(c.statistic), c.region) for c in made.claims
    ]
    assert again.options == made.options
    offered = {option for option, default in options_of(made.name).items() if default is not None}
    assert offered <= set(made.options)  # else a run with another choice would stand in the folder of this one


def test_scales_differ():
    for name in ATLAS:
        ids = [plans(find(name, scale=scale)) for scale in SCALES]
        assert not set(ids[0]) & set(ids[1])
        assert not set(ids[1]) & set(ids[2])


@pytest.mark.parametrize("name", sorted(ATLAS))
def test_options_are_documented_and_have_defaults(name):
    text = inspect.getdoc(ATLAS[name])
    for option, default in options_of(name).items():
        assert default is not inspect.Parameter.empty
        assert f"{option}:" in text
        kind = inspect.signature(ATLAS[name]).parameters[option].annotation
        assert not isinstance(kind, str)  # the command reads options by their annotations


def test_what_is_unknown_is_one_sentence_with_what_there_is():
    with pytest.raises(BadInput, match=r"phenomenon 'edge'\. Did you mean adaptive_edge or edge_of_stability or"):
        find("edge")
    with pytest.raises(BadInput, match=r"Did you mean edge_of_stability\? `phenoscope list` shows what there is"):
        find("edge_of_stabilty")
    with pytest.raises(BadInput, match=r"there is no phenomenon 'zzz'\. `phenoscope list` shows"):
        find("zzz")
    with pytest.raises(BadInput, match=r"`scale` must be one of smoke, laptop, paper, got 'huge'"):
        find("edge_of_stability", scale="huge")
    with pytest.raises(BadInput, match=r"edge_of_stability has no option depth\. It has: data, rates"):
        find("edge_of_stability", depth=3)
    with pytest.raises(BadInput, match=r"set up for the data digits, mnist1d, fashion_mnist, got 'mnist'"):
        find("edge_of_stability", data="mnist")
    with pytest.raises(BadInput, match="a sweep needs values, each once"):
        find("edge_of_stability", rates=(0.1, 0.1))


NAMES = [f"phenomenon {i}" for i in range(40)]


def test_all_are_chosen_while_they_fit():
    assert chosen(NAMES[:24], "abc") == sorted(NAMES[:24])


def test_a_commit_chooses_and_others_choose_otherwise():
    assert len(chosen(NAMES, "abc")) == 24
    assert chosen(NAMES, "abc") == chosen(NAMES[::-1], "abc")
    assert chosen(NAMES, "abc") != chosen(NAMES, "abd")
    turns = [name for commit in range(60) for name in chosen(NAMES, str(commit), most=4)]
    assert set(turns) == set(NAMES)


def test_a_new_phenomenon_takes_at_most_one_place():
    before, after = set(chosen(NAMES, "abc")), set(chosen([*NAMES, "new"], "abc"))
    assert len(before - after) <= 1
