"""What the documents of the repository link to is there, and their drawings can be shown anywhere."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "gqvae"
PACKAGES = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "configs/*.md", "results/*.md", "results/published/*/*.md")
    for path in ROOT.glob(pattern)
)


def relative(path: Path) -> str:
    """The path within the repository."""
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_what_is_linked_is_there(document: Path) -> None:
    text = re.sub(r"```.*?```|`[^`]*`", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = [target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text) if not re.match(r"[a-z]+:", target)]
    assert [target for target in targets if target and not (document.parent / target).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_what_is_linked_has_the_heading(document: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]*#[^)\s]+)\)", document.read_text(encoding="utf-8")):
        path, _, heading = target.partition("#")
        if not re.match(r"[a-z]+:", path):
            page = (document.parent / path if path else document).read_text(encoding="utf-8")
            assert heading in anchors(page), target


@pytest.mark.parametrize("document", [path for path in DOCUMENTS if path.name != "CHANGELOG.md"], ids=relative)
def test_files_of_the_repository_that_are_named_are_there(document: Path) -> None:
    named = re.findall(
        r"`((?:benchmarks|configs|docs|profiles|src|tests|workflow|results/published)/[\w./*-]+)`", document.read_text("utf-8")
    )
    modules = re.findall(rf"`((?:{'|'.join(PACKAGES)})/[\w/]+\.py)`", document.read_text("utf-8"))
    assert [path for path in named if not any(ROOT.glob(path.rstrip("/")))] == []
    assert [path for path in modules if not (PACKAGE / path).exists()] == []


def anchors(page: str) -> set[str]:
    """Anchors of the headings of a Markdown page, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("drawing", sorted(ROOT.glob("docs/*.svg")), ids=lambda path: path.name)
def test_a_drawing_has_a_white_background_and_loads_nothing(drawing: Path) -> None:
    """Pages show it as an image, in light and dark mode: what it would load is not loaded, and dark pages would show through."""
    text = drawing.read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    left, top, width, height = map(float, root.attrib["viewBox"].split())
    assert (left, top) == (0, 0) and min(width, height) > 100
    white = [one for one in root.iter() if one.get("fill") in ("#fff", "white")]
    assert any(size == (width, height) for size in map(size_of, white))
    assert not re.search(r"@import|@font-face|<image|<script|<foreignObject|href=|url\((?!#)", text)


def size_of(shape: ElementTree.Element) -> tuple[float, float]:
    """Width and height of a rectangle or polygon."""
    if "points" not in shape.attrib:
        return float(shape.get("width", 0)), float(shape.get("height", 0))
    x, y = zip(*(map(float, point.split(",")) for point in shape.attrib["points"].split()), strict=True)
    return max(x) - min(x), max(y) - min(y)
