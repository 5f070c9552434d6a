"""Modules of a person's own, as a command would find them in the current folder."""

import sys

import pytest


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """Write a module of one's own in the current folder; gives its name."""
    monkeypatch.chdir(tmp_path)
    made = []

    def write(text: str) -> str:
        name = f"own_{len(made)}_{tmp_path.name}".replace("-", "_")
        (tmp_path / f"{name}.py").write_text(f"import torch\nfrom torch import nn\n{text}\n")
        made.append(name)
        return name

    yield write
    for name in made:
        sys.modules.pop(name, None)
