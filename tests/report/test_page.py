"""The summary as a page: every link of it works wherever the page is, and nothing of the summary is lost."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser
from pathlib import Path

import matplotlib.image
import pytest

from fabricated_study import fabricate, fabricated_settings
from gqvae.cli import main
from gqvae.errors import UserError
from gqvae.figures.claims import LOOKS
from gqvae.figures.registry import plots_of
from gqvae.report.page import write_page
from gqvae.report.summary import VERDICTS, summarize
from gqvae.study.collect import collect


class Page(HTMLParser):
    """What a page links to, and its text by element."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.pictures: list[str] = []
        self.links: dict[str, str] = {}  # address → name of the file that is downloaded
        self.ids: list[str] = []
        self.open: list[str] = []
        self.cells: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag not in ("meta", "img"):  # elements without an end
            self.open.append(tag)
        if tag == "img":
            self.pictures.append(found["src"])
        if tag == "a":
            self.links[found["href"]] = found.get("download", "")
        if tag in ("td", "th"):
            self.cells.append("")
        self.ids += [found["id"]] if "id" in found else []

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag  # elements are closed in order

    def handle_data(self, data: str) -> None:
        if {"td", "th"} & set(self.open):
            self.cells[-1] += data


def held(address: str, kind: str) -> bytes:
    start = f"data:{kind};base64,"
    assert address.startswith(start) and max(map(len, address.split("\n"))) < 1000
    return base64.b64decode(address.removeprefix(start))


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, study = tmp_path_factory.mktemp("results"), fabricated_settings()
    collect(study, fabricate(study, folder), folder / "tables")
    summarize(study, folder, folder / "summary.md")
    (folder / "figures").mkdir()
    for place, name in enumerate(plots_of(study)):
        matplotlib.image.imsave(folder / "figures" / f"{name}.png", [[place, 1], [1, place]])
        (folder / "figures" / f"{name}.csv").write_text(f"x\n{place}\n")
    arguments = ["--summary", str(folder / "summary.md"), "--out", str(folder / "summary.html")]
    assert main(["summary-page", *arguments]) == 0
    return folder


def test_every_link_of_the_page_works_and_its_pictures_are_the_figures(results: Path) -> None:
    page = Page((results / "summary.html").read_text(encoding="utf-8"))
    assert page.open == [] and len(page.pictures) == len(plots_of(fabricated_settings()))
    names = re.findall(r"!\[(\w+)\]", (results / "summary.md").read_text(encoding="utf-8"))
    for name, picture in zip(names, page.pictures, strict=True):
        assert held(picture, "image/png") == (results / "figures" / f"{name}.png").read_bytes()
    downloads = {address: name for address, name in page.links.items() if name}
    assert sorted(downloads.values()) == sorted(f"{name}.csv" for name in names)
    for address, name in downloads.items():
        assert held(address, "text/csv") == (results / "figures" / name).read_bytes()
    anchors = [address.removeprefix("#") for address, name in page.links.items() if not name]
    assert anchors == page.ids and len(anchors) > 3


def test_claims_come_first_and_tables_are_those_of_the_summary(results: Path) -> None:
    text = (results / "summary.md").read_text(encoding="utf-8")
    page = Page((results / "summary.html").read_text(encoding="utf-8"))
    assert page.ids[:2] == ["claims", "how-to-read-this"]
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    cells = [re.sub(r"[`*]", "", cell.strip()) for row in rows for cell in row.strip("|").split(" | ")]
    assert page.cells == cells and len(cells) > 300
    assert set(VERDICTS) == set(LOOKS)
    assert re.search(r"\*\*Supported:\*\* \w", text) and "**Too few steps:**" in text


def test_marks_are_read_as_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(
        "# A `b`\n\n2 * 3 < 7, [low, 3] and *it* **is** `a*b*c`\n\n## C & D\n\n```text\n| *kept*\n\nas it is\n```\n"
        "\n[out](https://example.org/x)\n",
        encoding="utf-8",
    )
    write_page(tmp_path / "a.md", tmp_path / "a.html")
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "<p>2 * 3 &lt; 7, [low, 3] and <em>it</em> <strong>is</strong> <code>a*b*c</code></p>" in page
    assert (
        '<pre><code class="language-text">| *kept*\n\nas it is\n</code></pre>' in page
        and "<h2>C &amp; D</h2>" in page
        and "<title>A b</title>" in page
    )
    assert '<a href="https://example.org/x">out</a>' in page


@pytest.mark.parametrize("link", ["![x](figures/absent.png)", "[x](a.md)"])
def test_a_link_that_would_be_dead_is_an_error(tmp_path: Path, link: str) -> None:
    (tmp_path / "a.md").write_text(f"# A\n\n{link}\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"absent\.png|a\.md"):
        write_page(tmp_path / "a.md", tmp_path / "a.html")
    assert not (tmp_path / "a.html").exists()


def test_a_missing_summary_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"summary\.md does not exist"):
        write_page(tmp_path / "summary.md", tmp_path / "a.html")
