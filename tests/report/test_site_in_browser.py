"""The site as a browser meets it: Chromium opens it from disk, follows its links, and asks nothing of the network."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from sites import ODD, write_runs

from phenoscope.comparing import compare
from phenoscope.report import write_comparison, write_site

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed here (Debian's package: chromium)")

SIZES = {"desktop": (1280, 900), "phone": (390, 844)}


@pytest.fixture(scope="module")
def index(tmp_path_factory) -> Path:
    return write_site(write_runs(tmp_path_factory.mktemp("runs"))).index


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # as root, as in most containers, Chromium runs only without its sandbox
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium):
    """Open pages of one size and colour scheme; whatever is wrong with them is noted in `.faults`."""
    contexts = []

    def make(size: str, scheme: str) -> Any:
        width, height = SIZES[size]
        context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.faults = []
        note = page.faults.append
        page.on("request", lambda request: request.url.startswith("file://") or note(f"asked for {request.url}"))
        page.on("console", lambda message: message.type == "error" and note(f"said {message.text}"))
        page.on("pageerror", lambda error: note(f"failed: {error}"))
        page.on("requestfailed", lambda request: note(f"did not find {request.url}"))
        return page

    yield make
    for context in contexts:
        context.close()


def visit_all(page: Any, index: Path) -> Iterator[str]:
    """Open the first page and, by its links and theirs, every other page of the site."""
    waiting, seen = [index.as_uri()], set()
    while waiting:
        address = waiting.pop()
        if address in seen:
            continue
        seen.add(address)
        page.goto(address)
        yield unquote(address).rpartition("/report/")[2]
        links = page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)")
        for link in (urlsplit(link) for link in links):
            if link.scheme != "file":
                assert link.scheme == "https", link
                continue
            assert Path(unquote(link.path)).is_file(), f"{address} links to {link.path}"
            if link.path.endswith(".html"):
                waiting.append(link._replace(fragment="").geturl())


@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_every_page_is_whole(opened, index, size, scheme):
    page = opened(size, scheme)
    seen = set()
    for name in visit_all(page, index):
        seen.add(name)
        found = page.evaluate(LOOK)
        assert found["headings"][0] == 1, name
        assert found["headings"].count(1) == 1, name
        assert all(b <= a + 1 for a, b in zip(found["headings"], found["headings"][1:], strict=False)), name
        assert found["nameless"] == [], name
        assert found["unseen"] == [], name
        assert found["unlabelled"] == [], name
        assert found["roleless"] == [], name
        assert found["wide"] <= SIZES[size][0], f"{name} is wider than the screen"
        assert found["landmarks"] == ["HEADER", "MAIN", "FOOTER"], name
        assert found["lang"] == "en", name
        assert found["title"].endswith("· Phenoscope"), name
    kinds = {re.sub(r"/.*", "", name) for name in seen}
    assert kinds == {
        "index.html",
        "runs.html",
        "controls.html",
        "verdicts.html",
        "families",
        "phenomena",
        "runs",
        "watched",
    }
    assert page.faults == []


LOOK = """() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const shown = (element) => element.checkVisibility();
  const text = (id) => document.getElementById(id)?.textContent.trim();
  return {
    headings: all("h1, h2, h3, h4, h5, h6").map((heading) => Number(heading.tagName[1])),
    nameless: all("svg:not([aria-hidden=true])")
      .filter((image) => !(image.getAttribute("aria-label") ||
        (image.getAttribute("aria-labelledby") || "").split(" ").every(text)))
      .map((image) => image.outerHTML.slice(0, 80)),
    unseen: all("figure svg, td svg").filter(shown).filter((image) => image.getBoundingClientRect().width < 14)
      .map((image) => image.outerHTML.slice(0, 80)),
    roleless: all("table, thead, tbody, tr, th, td").filter((part) => !part.role).map((part) => part.tagName),
    unlabelled: all("table").filter((table) => !table.caption ||
      [...table.querySelectorAll("th")].some((cell) => !cell.scope)).length ? ["table"] : [],
    wide: document.documentElement.scrollWidth,
    landmarks: [...document.body.children].map((element) => element.tagName)
      .filter((name) => ["HEADER", "MAIN", "FOOTER"].includes(name)),
    lang: document.documentElement.lang,
    title: document.title,
  };
}"""


def test_figures_verdicts_and_controls_are_there(opened, index):
    page = opened("desktop", "light")
    page.goto(index.as_uri())
    rows = page.locator("tr.row")
    assert rows.count() == 6
    first = rows.first
    assert "0.9 to 1.15 times" in first.inner_text()
    assert "small step" in first.locator(".control").inner_text()
    assert first.locator("svg.strip").bounding_box()["height"] > 30
    first.locator("th a").click()
    assert page.url.endswith("runs/edge-laptop/index.html#claim-1")
    assert page.locator("tr.verdict").count() == 7
    boxes = [page.locator("figure svg").nth(place).bounding_box() for place in range(2)]
    assert all(box["width"] > 500 and box["height"] > 250 for box in boxes)
    page.get_by_role("navigation", name="Breadcrumb").get_by_role("link", name="The edge of stability").click()
    assert page.get_by_role("heading", level=1).inner_text() == "The edge of stability"
    page.get_by_role("navigation", name="Site").get_by_role("link", name="How verdicts are reached").click()
    assert page.locator(".lesson svg.strip").count() == 7
    assert page.faults == []


def test_the_first_stops_of_the_keyboard_are_the_skip_link_and_the_navigation(opened, index):
    page = opened("desktop", "light")
    page.goto(index.as_uri())
    stops = []
    for _ in range(6):
        page.keyboard.press("Tab")
        stops.append(page.evaluate("document.activeElement.textContent.trim()"))
    assert stops == [
        "Skip to the content",
        "Phenoscope",
        "Atlas",
        "Runs",
        "Frozen features",
        "How verdicts are reached",
    ]
    page.keyboard.press("Enter")
    page.wait_for_url("**/verdicts.html")
    page.keyboard.press("Tab")
    box = page.locator("a.skip").bounding_box()
    assert box["x"] >= 0
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_dark_pages_have_other_colours_and_both_can_be_read(opened, index):
    from phenoscope.report.palette import contrast

    colours = {}
    for scheme in ("light", "dark"):
        page = opened("phone", scheme)
        page.goto(index.as_uri())
        colours[scheme] = page.evaluate(COLOURS)
        behind = colours[scheme].pop("page")
        assert {name: value for name, value in colours[scheme].items() if contrast(value, behind) < 4.5} == {}
        colours[scheme]["page"] = behind
    assert all(colours["light"][name] != colours["dark"][name] for name in colours["light"])


COLOURS = """() => {
  const style = getComputedStyle(document.documentElement);
  const names = ["page", "text", "muted", "link", "yes", "no", "open"];
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}"""


def test_rows_are_found_by_word_and_by_outcome(opened, index):
    page = opened("desktop", "light")
    page.goto(index.as_uri())
    shown = lambda: page.locator("tr.row:visible").count()  # noqa: E731
    page.get_by_label("Outcome").select_option("contradicted")
    assert shown() == 1
    assert page.get_by_role("status").inner_text() == "1 of 6 claims"
    page.get_by_label("Outcome").select_option("")
    page.get_by_label("Find").fill("diverged")
    assert shown() == 1
    page.get_by_label("Find").press("Escape")
    assert shown() == 6


@pytest.mark.parametrize(("size", "scheme"), [("desktop", "dark"), ("phone", "light")])
def test_two_runs_side_by_side(opened, index, tmp_path, size, scheme):
    runs = index.parent.parent
    page = opened(size, scheme)
    page.goto(write_comparison(compare(runs / "edge-laptop", runs / ODD), tmp_path).as_uri())
    found = page.evaluate(LOOK)
    assert found["wide"] <= SIZES[size][0]
    assert (found["nameless"], found["unseen"], found["unlabelled"], found["headings"][0]) == ([], [], [], 1)
    assert page.get_by_role("row").filter(has_text="not alike").count() == 2
    assert page.locator("figure svg").count() == 1
    assert page.faults == []


def test_without_scripts_nothing_is_missing(chromium, index):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(index.as_uri())
    assert page.locator("tr.row:visible").count() == 6
    assert not page.locator("form").is_visible()
    context.close()
