"""Tiny distributions as an installer leaves them: a module, and beside it a folder of metadata."""

import textwrap
from pathlib import Path

GROUP = "phenoscope.phenomena"


def distribution(
    folder: Path, entries: str, modules: dict[str, str] | None = None, *, name: str = "others", version: str = "1.2"
) -> Path:
    """Write one into a folder, which is then to be on the path.

    Args:
        folder: where to.
        entries: lines `name = module:function` of the group.
        modules: their texts by name.
        name: of the distribution.
        version: of the distribution.
    """
    about = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (about / "entry_points.txt").write_text(f"[{GROUP}]\n{textwrap.dedent(entries).strip()}\n")
    for module, text in (modules or {}).items():
        (folder / f"{module}.py").write_text(textwrap.dedent(text))
    return folder
