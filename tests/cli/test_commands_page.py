"""`docs/commands.md` has a section for every command, and in it every option."""

import re
from pathlib import Path

import pytest

from every_command import commands, options

PAGE = Path(__file__).parents[2] / "docs" / "commands.md"
EVERYWHERE = {"--help", "--json"}
"""Told once, at the top."""


def sections() -> dict[str, str]:
    """The text below each head, by the words of its command, such as "data list"."""
    parts = re.split(
        r"^## `phenoscope ([a-z ]+?)(?: [A-Z [\]]+)?`$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("words", commands())
def test_every_option_stands_in_the_section_of_its_command(words):
    text = sections()[words]
    lacking = [option for option in options(words) - EVERYWHERE if not re.search(rf"`{option}\b", text)]
    assert [one for one in lacking if one.replace("--", "--no-", 1) not in text] == []


def test_no_section_is_of_a_command_that_is_gone():
    assert set(sections()) == set(commands())
