"""`gqvae summary-page`: a Markdown document as one HTML page that holds its pictures and tables, so that every link works anywhere."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from gqvae.errors import UserError
from gqvae.files import atomic_open

TYPES = {".png": "image/png", ".csv": "text/csv"}  # of files that a page may hold
TEMPLATE = Path(__file__).with_name("page.html")


def write_page(source: Path, out: Path) -> None:
    """Write the page of a Markdown file; each part below a heading of the second level is a `section` with the heading as `id`.

    Raises:
        UserError: the file does not exist, or one that it links to is missing or of a type that a page cannot hold.
    """
    if not source.is_file():
        raise UserError(f"{source} does not exist: run the study first.")
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    markdown.add_render_rule("table_open", _wide_table)
    markdown.add_render_rule("table_close", _wide_table)
    first, *sections = re.split(r"^(?=## )", source.read_text(encoding="utf-8"), flags=re.MULTILINE)
    body, contents = [], []
    for section in sections:
        tokens = markdown.parse(section)
        name = "".join(part.content for part in tokens[1].children or ())
        identifier = re.sub(r"\W+", "-", name.lower())
        contents.append(f'<a href="#{identifier}">{html.escape(name)}</a>')
        body.append(f'<section id="{identifier}">\n{_page_of(tokens, markdown, source.parent)}</section>')
    tokens = markdown.parse(first)
    body = [_page_of(tokens, markdown, source.parent), f"<nav>{' · '.join(contents)}</nav>", *body]
    title = html.escape("".join(part.content for part in tokens[1].children or ()))
    with atomic_open(out) as stream:
        stream.write(TEMPLATE.read_text(encoding="utf-8").replace("{{title}}", title).replace("{{body}}", "\n".join(body)))


def _page_of(tokens: Sequence[Token], markdown: MarkdownIt, folder: Path) -> str:
    """HTML in which pictures and linked files of a folder are part of the page."""
    for token in (part for block in tokens for part in block.children or ()):
        if token.type == "image":
            token.attrs["src"] = _held(folder / str(token.attrs["src"]))
        elif token.type == "link_open" and not (target := str(token.attrs["href"])).startswith("https://"):
            token.attrs = {"download": Path(target).name, "href": _held(folder / target)}
    rendered: str = markdown.renderer.render(tokens, markdown.options, {})
    return rendered


def _wide_table(renderer: Any, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
    """A table in an element of its own, which scrolls if the table is too wide."""
    return "<div><table>\n" if tokens[place].nesting == 1 else "</table></div>\n"


def _held(path: Path) -> str:
    """A file as a `data:` address."""
    if path.suffix not in TYPES or not path.is_file():
        raise UserError(
            f"{path}, a link of the document, is missing or is neither {' nor '.join(TYPES)}: draw it, or remove the link."
        )
    # In short lines, which addresses may have: the report's reader refuses long ones.
    return f"data:{TYPES[path.suffix]};base64,{base64.encodebytes(path.read_bytes()).decode()}"
