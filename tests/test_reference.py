"""The reference has a page for every public module, and every public name says what a caller needs."""

import dataclasses
import inspect
import re
from pathlib import Path

import pytest
import yaml

import phenoscope
from public import is_documented_by_text, public_modules, public_names

REFERENCE = Path(__file__).parent.parent / "docs" / "reference"
EVERY = [(module, name) for module in public_modules() for name in public_names(module)]
FEW = 2
"""Of so many parameters the sentence itself tells what they are."""


def pages() -> dict[str, str]:
    return {page.name: page.read_text(encoding="utf-8") for page in REFERENCE.glob("*.md")}


@pytest.mark.parametrize("module", public_modules())
def test_every_public_module_has_its_place(module):
    assert any(re.search(rf"^::: phenoscope\.{module}$", text, re.MULTILINE) for text in pages().values())


def test_every_page_stands_in_the_navigation():
    text = (REFERENCE.parent.parent / "mkdocs.yml").read_text(encoding="utf-8")
    listed = set(re.findall(r"[\w./-]+\.md", str(yaml.safe_load(text)["nav"])))
    there = {str(page.relative_to(REFERENCE.parent)) for page in REFERENCE.parent.rglob("*.md")}
    assert there | {"index.md", "contributing.md"} == listed


def test_the_first_page_names_all_of_the_front_door():
    text = pages()["index.md"]
    assert [name for name in phenoscope.__all__ if f"`ps.{name}`" not in text] == []


@pytest.mark.parametrize(("module", "name"), EVERY, ids=".".join)
def test_every_public_name_says_what_a_caller_needs(module, name):
    """A docstring; and of what takes or holds more than two things, each by its name."""
    value = public_names(module)[name]
    if not is_documented_by_text(value):
        return
    text = value.__doc__ or ""
    assert text
    assert not text.startswith(f"{name}(")  # what dataclasses write themselves
    lacking = [part for part in _parts(value) if not re.search(rf"\b{part}\b", text)]
    assert len(_parts(value)) <= FEW or not lacking


def _parts(value) -> list[str]:
    if dataclasses.is_dataclass(value):
        return [field.name for field in dataclasses.fields(value) if not field.name.startswith("_")]
    if inspect.isclass(value) and "made by `" in (value.__doc__ or ""):
        return []  # whose making is another's business
    taker = vars(value).get("__init__") if inspect.isclass(value) else value
    if not inspect.isfunction(taker) or getattr(value, "_is_protocol", False):
        return []
    return [name for name in inspect.signature(taker).parameters if name != "self"]
