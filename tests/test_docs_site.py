"""The documentation site: it builds without a warning, has every public name, and needs nothing from the web."""

import html
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from public import is_documented_by_text, public_modules, public_names

ROOT = Path(__file__).parent.parent
ASSETS = (
    r"<(?:script|img|iframe|source|audio|video|embed)\b[^>]*\bsrc=[\"']?(?:https?:)?//[^\"'\s>]*",
    r"<link\b[^>]*\brel=[\"']?(?:stylesheet|preload|preconnect|icon|manifest)[\"']?[^>]*\bhref=[\"']?(?:https?:)?//",
    r"<link\b[^>]*\bhref=[\"']?(?:https?:)?//[^>]*\brel=[\"']?(?:stylesheet|preload|preconnect|icon|manifest)",
)
"""What a browser would load by itself; links that a person may follow are none of it."""

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("mkdocs") is None, reason="the site's generator is not installed; `make docs` does that"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built anew."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        (sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)),
        check=False, cwd=ROOT, capture_output=True, text=True, timeout=300,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip
    assert (done.returncode, done.stderr.strip()) == (0, "")
    return folder


@pytest.fixture(scope="module")
def pages(site):
    return {str(page.relative_to(site)): page.read_text(encoding="utf-8") for page in site.rglob("*.html")}


def test_nothing_is_loaded_from_the_web(site, pages):
    assert "index.html" in pages
    found = {page: re.search(pattern, text) for page, text in pages.items() for pattern in ASSETS}
    assert {page: match[0] for page, match in found.items() if match} == {}
    styles = {str(style): style.read_text(encoding="utf-8") for style in site.rglob("*.css")}
    assert styles
    assert [name for name, text in styles.items() if re.search(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//", text)] == []


def test_every_public_name_stands_in_the_reference(pages):
    places = set()
    for page, text in pages.items():
        if page.startswith("reference"):
            places |= set(re.findall(r"\bid=\"([\w.]+)\"", text))
    wanted = [(module, name) for module in public_modules() for name in public_names(module)]
    assert len(wanted) > 150
    assert [f"{module}.{name}" for module, name in wanted if not places & _heads(module, name)] == []


def _heads(module: str, name: str) -> set[str]:
    """Where a name may stand: a function hidden behind a module of its own name stands where it is defined."""
    value = public_names(module)[name]
    defined = {f"{value.__module__}.{value.__qualname__}"} if is_documented_by_text(value) else set()
    return {f"phenoscope.{module}.{name}"} | defined


def test_links_within_the_site_lead_somewhere(site, pages):
    for page, text in pages.items():
        if page == "404.html":
            continue  # which knows no place that it is shown at
        for link in re.findall(r"<a\b[^>]*\bhref=\"([^\"]+)\"", text):
            target, _, place = html.unescape(link).partition("#")
            if re.match(r"[a-z]+:", target):
                continue
            file = (site / page).parent / target if target else site / page
            assert file.is_file(), (page, link)
            if place and file.suffix == ".html":
                assert f'id="{place}"' in file.read_text(encoding="utf-8") or place.startswith("__"), (page, link)


def test_examples_are_shown_as_code(pages):
    text = re.sub(r"<[^>]+>", "", pages["reference/instruments.html"])
    assert "&gt;&gt;&gt; sharpness(Matrix(torch.diag(torch.tensor([1.0, 3.0, -5.0])))).value.item()" in text
    assert is_documented_by_text(public_names("instruments")["sharpness"])
