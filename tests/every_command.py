"""Every command and its options, as cyclopts knows them."""

import re

from cyclopts import App

from phenoscope.cli.main import app


def commands(parent: App = app, before: str = "") -> list[str]:
    """Every command, those of groups too: "run", "data list", ..."""
    found = []
    for name in parent:
        if name.startswith("-"):
            continue
        inner = commands(parent[name], f"{before}{name} ")
        found += inner or [f"{before}{name}"]
    return found


def options(words: str) -> set[str]:
    """The long options of a command, from the signature that cyclopts reads."""
    inner = app
    for word in words.split():
        inner = inner[word]
    names = {name for one in inner.assemble_argument_collection() for name in one.names}
    return {name for name in names if re.fullmatch(r"--[a-z-]+", name)}
