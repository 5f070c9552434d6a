"""Pages against the experiments they tell of."""

import dataclasses
import html
import itertools
import math
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from report_samples import EMPTY, NASTY, RECIPE, SCATTER, TWIN, VERDICTS, experiment, oscillation, verdict

from phenoscope.core.errors import PhenoscopeError
from phenoscope.report import data_csv, write_page
from phenoscope.report.numbers import read
from phenoscope.report.page import unique_slugs
from phenoscope.report.recipes import recipe_lines

VOID = {"col", "meta", "link", "br", "img", "input", "hr"}
LOADS = ("src", "srcset", "poster", "data", "action", "xlink:href")


class Page(HTMLParser):
    """What a reader of the page meets: elements in order, the text of cells, and whether every tag is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.cells: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag in ("td", "th"):
            self.cells.append((dict(attrs).get("class") or "", ""))

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data):
        if "style" in self.open:
            return
        self.text += data
        if self.cells and ("td" in self.open or "th" in self.open):
            name, text = self.cells[-1]
            self.cells[-1] = (name, text + data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def cell(self, name: str) -> list[str]:
        return [" ".join(text.split()) for found, text in self.cells if name in found.split()]


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> tuple[Path, str, Page]:
    path = write_page(experiment(), tmp_path_factory.mktemp("report"))
    text = path.read_text(encoding="utf-8")
    return path, text, Page(text)


def test_is_whole_and_well_formed(written):
    path, text, page = written
    assert path.name == "index.html"
    assert text.lstrip().startswith("<!doctype html>")
    assert page.open == []
    assert page.of("html")[0]["lang"] == "en"
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(set(ids)) == len(ids)


def test_headings_go_down_one_level_at_a_time(written):
    levels = [int(tag[1]) for tag, _ in written[2].elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(second <= first + 1 for first, second in itertools.pairwise(levels))


def test_loads_nothing(written):
    _, text, page = written
    assert not {tag for tag, _ in page.elements} & {"script", "link", "iframe", "img", "object", "embed", "base"}
    assert not any(name in attributes for _, attributes in page.elements for name in LOADS)
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)
    outside = [a["href"] for tag, a in page.elements if "href" in a and not a["href"].startswith("#") and tag != "a"]
    assert outside == []


def test_links_lead_somewhere(written):
    path, _, page = written
    ids = {attributes.get("id") for _, attributes in page.elements}
    links = [attributes["href"] or "" for attributes in page.of("a")]
    assert [link for link in links if link.startswith("http")] == ["https://arxiv.org/abs/2103.00065"]
    for link in links:
        if link.startswith("#"):
            assert link[1:] in ids
        elif not link.startswith("http"):
            assert (path.parent / link).is_file()
    assert not any("javascript" in link for link in links)


def test_each_panel_has_its_figure_and_its_data(written):
    path, _, page = written
    panels = experiment().panels
    assert len(page.of("figure")) == len(panels)
    files = [path.parent / (a["href"] or "") for a in page.of("a") if (a["href"] or "").startswith("data/")]
    assert len(set(files)) == len(panels)
    for file, panel in zip(files, panels, strict=True):
        assert file.read_text(encoding="utf-8") == data_csv(panel)
        assert panel.title in page.text
        assert panel.caption in page.text


def test_every_claim_and_outcome_appears(written):
    page = written[2]
    seen = " ".join(page.cell("outcome"))
    for found in VERDICTS:
        assert found.claim in page.text
        assert found.outcome in seen
    assert page.cell("outcome") == [found.outcome for found in VERDICTS]
    assert [text for name, text in page.cells if name == "" and text.strip() == ""]  # notes start below their verdict


def test_every_number_is_the_verdicts(written):
    cells = written[2].cell("estimate")
    assert len(cells) == len(VERDICTS)
    for found, cell in zip(VERDICTS, cells, strict=True):
        numbers = [read(text) for text in re.findall(r"[−\d.×⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+|–", cell)]
        if found.estimate != found.estimate:
            assert cell == "– no interval"
        elif found.low == -float("inf"):
            assert cell == "0.7 no interval"
        else:
            expected = [found.estimate, found.low, found.high, 100 * found.level, found.raw_low, found.raw_high]
            assert numbers == pytest.approx(expected, abs=0.02 * (found.high - found.low))


def test_region_seeds_and_control_of_each_verdict(written):
    page = written[2]
    for found, region, n, control in zip(
        VERDICTS, page.cell("region"), page.cell("n")[1:], page.cell("control"), strict=True
    ):
        assert region.startswith(str(found.region))
        assert found.region_from in region
        assert n == str(found.n)
        assert control == "none" if found.control is None else control.startswith(found.control.arm)
    words = page.cell("control")
    assert "breaks the claim" in words[0]
    assert "does not break it" in words[1]
    assert "twin" in words[3]


def test_reasons_are_shown(written):
    text = " ".join(written[2].text.split())
    for found in VERDICTS:
        if found.outcome in ("undecided", "not tested"):
            assert f"Why {found.outcome}: {found.reason}." in text


def test_names_are_escaped_everywhere(written):
    _, text, page = written
    assert "<b>bold</b>" not in text
    assert html.escape(NASTY, quote=True).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in text
    assert NASTY in page.text


def test_arms_cost_environment_and_command(written):
    text = " ".join(written[2].text.split())
    for part in (
        "GD (lr 0.2)",
        "all examples",
        "0.1, 0.2, 0.4",
        "1 diverged",
        "3 min 3 s",
        "4 min 4 s",
        "machine.cpu",
        "x <y>",
        experiment().command,
        "22 November 2025, 01:40 UTC",
        "another look",
        "changes not committed",
    ):
        assert part in text
    assert '"activation": "<tanh>"' in text


def test_a_recipe_leaves_out_what_says_nothing():
    plain = recipe_lines(RECIPE | {"dynamics": "network"})
    assert [name for name, _ in plain] == ["model", "rule", "steps", "batch"]
    forked = dict(recipe_lines(RECIPE | {"dynamics": "linearised", "start": {"kind": "Point", "at": "edge"}}))
    assert forked["dynamics"] == "linearised"
    assert "“edge” of another run" in forked["start"]


def test_a_recipe_inside_another_is_told_by_what_differs():
    dense = RECIPE | {"steps": 1000, "batch": 50}
    fork = {"kind": "Point", "at": 20, "recipe": dense}
    pruned = dense | {"steps": 1, "start": fork | {"at": "met"}, "mask": {"kind": "Magnitude", "density": 0.5}}
    mask = {"kind": "Inherited", "recipe": pruned, "dealt": "as found"}
    lines = dict(recipe_lines(RECIPE | {"start": fork, "mask": mask}))
    assert lines["start"] == "step 20 of another run: the same with (steps 1000; batch 50), without start and mask"
    assert lines["mask"] == (
        "Inherited (recipe the same with (steps 1; batch 50; "
        "start Point (at met; recipe the same with (steps 1000; batch 50), without start and mask); "
        "mask Magnitude (density 0.5)); dealt as found)"
    )
    whole = dict(recipe_lines(dense | {"start": fork | {"recipe": RECIPE}}))
    assert "(steps 4000; batch all examples)" in whole["start"]


def test_light_and_dark_and_print(written):
    text = written[1]
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text
    assert ":focus-visible" in text


def test_all_outcomes_are_counted_in_one_sentence(written):
    text = " ".join(written[2].text.split())
    assert (
        "Of 7 verdicts on 5 claims: 1 supported; 1 supported, but with a control that did not discriminate; "
        "1 contradicted; 3 undecided; 1 not tested." in text
    )


def test_an_experiment_with_nothing_in_it(tmp_path):
    bare = experiment(
        verdicts=(), panels=(), sources=(), arms=(), environment={}, options={}, summary="", created="lately"
    )
    page = Page(write_page(bare, tmp_path / "new" / "folder").read_text(encoding="utf-8"))
    assert page.open == []
    assert "No claim was judged." in page.text
    assert "lately" in page.text
    assert not page.of("table")


def test_writing_twice_gives_the_same_bytes(tmp_path):
    small = experiment(panels=(SCATTER,))
    first = write_page(small, tmp_path / "a").read_bytes()
    assert write_page(small, tmp_path / "b").read_bytes() == first


def test_a_page_that_cannot_be_written_is_said_so(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(PhenoscopeError):
        write_page(experiment(panels=()), tmp_path / "file")


def test_a_twin_is_named_as_one_beside_a_supported_claim(tmp_path):
    page = Page(
        write_page(experiment(panels=(), verdicts=(verdict(control=TWIN),)), tmp_path).read_text(encoding="utf-8")
    )
    assert "Twin: reported beside, with no expectation." in " ".join(page.text.split())
    assert "The one claim is supported." in page.text


def test_a_control_without_a_number_shows_none(tmp_path):
    control = dataclasses.replace(TWIN, estimate=math.nan, n=0)
    page = Page(
        write_page(experiment(panels=(), verdicts=(verdict(control=control),)), tmp_path).read_text(encoding="utf-8")
    )
    assert page.cell("control") == ["frozen as a twin"]


def test_slugs_are_file_names_and_differ():
    titles = ("Same title", "Same title", "Same-title-2", "???", "!!!", "a/b/../c", "x" * 300)
    slugs = unique_slugs([dataclasses.replace(EMPTY, title=title) for title in titles])
    assert len(set(slugs)) == len(titles)
    assert slugs[0] == "same-title"
    assert slugs[3] == "figure"
    assert all(re.fullmatch(r"[\w-]{1,90}", slug) for slug in slugs)


def test_a_page_of_large_panels_stays_light(tmp_path):
    page = write_page(experiment(panels=(oscillation(15, 4000),)), tmp_path)
    assert page.stat().st_size < 400_000
