"""From the SVG that matplotlib writes to one that lives inside a page: its colours, its fonts, its ids, its words."""

import hashlib
import re
from xml.etree import ElementTree as ET

from phenoscope.report.palette import INK, PAGE, SERIES

NAMESPACE = "{http://www.w3.org/2000/svg}"
LINK = "{http://www.w3.org/1999/xlink}href"

DROPPED = ("metadata", "style")
"""A <style> inside one figure would restyle the whole page, and the metadata say nothing."""

COLOURS = {INK: "currentColor", PAGE: f"var(--page, {PAGE})"} | {
    colour: f"var(--series-{place}, {colour})" for place, colour in enumerate(SERIES, start=1)
}
"""What stands for the page's colours while drawing, and what the page reads instead."""


def for_page(svg: str, title: str, description: str) -> str:
    """A figure that takes its colours and fonts from the page around it, and says in words what it shows.

    Args:
        svg: as matplotlib wrote it, with the sentinel colours of `palette`.
        title: the short text alternative.
        description: the long one.
    """
    root = ET.fromstring(svg)
    prefix = "f" + hashlib.sha256(f"{title}{description}{svg}".encode()).hexdigest()[:10]
    used = set(re.findall(r'(?:url\(#|href="#)([^")]+)', svg))
    _clean(root)
    for element in root.iter():
        _settle(element, used, prefix)
    for name in ("width", "height", "version"):  # the page decides how large
        root.attrib.pop(name)
    root.attrib |= words(prefix) | {
        "xmlns": NAMESPACE.strip("{}"),
        "stroke-linejoin": "round",
        "font-family": "var(--sans, system-ui, sans-serif)",
    }
    for place, (tag, text) in enumerate((("title", title), ("desc", description))):
        part = ET.Element(tag, {"id": f"{prefix}-{tag}"})
        part.text = text
        part.tail = "\n"
        root.insert(place, part)
    return ET.tostring(root, encoding="unicode")


def words(prefix: str) -> dict[str, str]:
    """The attributes of an image whose <title> and <desc> carry this prefix."""
    return {"role": "img", "aria-labelledby": f"{prefix}-title {prefix}-desc"}


def _clean(parent: ET.Element) -> None:
    """Remove what is not drawn, and the white space between."""
    parent.tail = None
    for child in list(parent):
        _clean(child)
        tag = child.tag.removeprefix(NAMESPACE)
        if tag in DROPPED or (tag in ("g", "defs") and not len(child)) or _invisible(child):
            parent.remove(child)
    if parent.text is not None and not parent.text.strip():
        parent.text = None


def _invisible(element: ET.Element) -> bool:
    style = element.get("style", "")
    return element.tag == f"{NAMESPACE}path" and "fill: none" in style and "stroke" not in style


def _settle(element: ET.Element, used: set[str], prefix: str) -> None:
    """Give one element the page's colours and fonts, an id no other figure has, and shorter numbers."""
    element.tag = element.tag.removeprefix(NAMESPACE)
    attributes = element.attrib
    if attributes.get("id") not in used:
        attributes.pop("id", None)
    else:
        attributes["id"] = f"{prefix}-{attributes['id']}"
    if LINK in attributes:
        attributes["href"] = f"#{prefix}-{attributes.pop(LINK).removeprefix('#')}"
    if "clip-path" in attributes:
        attributes["clip-path"] = attributes["clip-path"].replace("(#", f"(#{prefix}-")
    if "style" in attributes:
        attributes["style"] = _style(attributes["style"])
    if attributes.get("transform", "").startswith("rotate(-0"):
        del attributes["transform"]
    for name in ("x", "y", "width", "height", "transform"):
        if name in attributes:
            attributes[name] = _shorter(attributes[name])
    if "d" in attributes:
        # After "M x y" further pairs are lines by themselves.
        attributes["d"] = " ".join(_shorter(re.sub(r"\nL ", " ", attributes["d"])).split())


def _style(style: str) -> str:
    style = re.sub(r"font-family:[^;]*;?\s*", "", style)
    return re.sub(r"#[0-9a-f]{6}", lambda found: COLOURS.get(found[0], found[0]), style)


def _shorter(numbers: str) -> str:
    return re.sub(r"-?\d+\.\d+", lambda found: f"{float(found[0]):.2f}".rstrip("0").rstrip("."), numbers)
