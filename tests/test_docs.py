"""Every page's Python runs as it stands, top to bottom, in an empty folder."""

import re
from pathlib import Path

import pytest

from phenoscope.atlas.families import FAMILIES
from phenoscope.atlas.family import Family

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])


def blocks(page: Path) -> str:
    """The page's Python, at the lines where it stands, so that a traceback points there."""
    kept, inside = [], False
    for line in page.read_text(encoding="utf-8").splitlines():
        fence = line.startswith("```")
        kept.append(line if inside and not fence else "")
        inside = (line == "```python") if fence and not inside else inside and not fence
    return "\n".join(kept)


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p).strip()], ids=lambda p: p.name)
def test_python_on_the_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile(blocks(page), str(page), "exec"), {"__name__": "__main__"})


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_local_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)|(?:src|srcset|href)=\"([^\"#]+)\"", page.read_text(encoding="utf-8"))
    for target in (a or b for a, b in targets):
        assert target.startswith(("https://", "http://")) or (page.parent / target).exists(), target


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_a_family_has_its_page_with_its_phenomena_in_the_order_of_its_story(family: Family) -> None:
    page = (ROOT / "docs" / "phenomena" / f"{family.name}.md").read_text(encoding="utf-8")
    assert page.startswith(f"# {family.title}\n\n*{family.question}*\n")
    assert re.findall(r"^## `(\w+)`$", page, flags=re.MULTILINE) == list(family.phenomena)
    for section in page.split("\n## ")[1:]:
        assert section.count("\n```") % 2 == 0, section.partition("\n")[0]
        assert "phenoscope run " in section
