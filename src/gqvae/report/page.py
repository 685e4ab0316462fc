"""`gqvae summary-page`: a Markdown document as one HTML page that holds its pictures and tables, so that every link works anywhere.

It reads the Markdown that this package writes: headings, paragraphs, tables, pictures, preformatted text, code, emphasis, links.
"""

from __future__ import annotations

import base64
import html
import re
from pathlib import Path

from gqvae.errors import UserError
from gqvae.files import atomic_open

TYPES = {".png": "image/png", ".csv": "text/csv"}  # of files that a page may hold
TEMPLATE = Path(__file__).with_name("page.html")
_INLINE = re.compile(
    r"`(?P<code>[^`]+)`|\*\*(?P<strong>.+?)\*\*|\*(?P<em>\S.*?)\*"
    r"|!\[(?P<alt>[^\]]*)\]\((?P<image>[^)]+)\)|\[(?P<text>[^\]]+)\]\((?P<link>[^)]+)\)"
)


def write_page(source: Path, out: Path) -> None:
    """Write the page of a Markdown file; each part below a heading of the second level is a `section` with the heading as `id`.

    Raises:
        UserError: the file does not exist, or one that it links to is missing or of a type that a page cannot hold.
    """
    if not source.is_file():
        raise UserError(f"{source} does not exist: run the study first.")
    first, *sections = re.split(r"^## ", source.read_text(encoding="utf-8"), flags=re.MULTILINE)
    names = [section.partition("\n")[0] for section in sections]
    body = [_blocks(first, source.parent), _contents(names)]
    for name, section in zip(names, sections, strict=True):
        body += [f'<section id="{_identifier(name)}">', _blocks("## " + section, source.parent), "</section>"]
    title = html.escape(first.partition("\n")[0].lstrip("# ").replace("`", ""))
    with atomic_open(out) as stream:
        stream.write(TEMPLATE.read_text(encoding="utf-8").replace("{{title}}", title).replace("{{body}}", "\n".join(body)))


def _identifier(name: str) -> str:
    return re.sub(r"\W+", "-", name.lower())


def _contents(names: list[str]) -> str:
    links = [f'<a href="#{_identifier(name)}">{_inline(name, Path())}</a>' for name in names]
    return f"<nav>{' · '.join(links)}</nav>"


def _blocks(text: str, folder: Path) -> str:
    """What is between blank lines, which preformatted text may hold."""
    parts = re.split(r"^(```.*?^```)$", text, flags=re.MULTILINE | re.DOTALL)
    found = []
    for place, part in enumerate(parts):
        if place % 2:
            lines = part.split("\n")[1:-1]  # without the fences
            found.append(f"<pre>{html.escape(chr(10).join(lines))}</pre>")
        else:
            found += [_block(block, folder) for block in re.split(r"\n\s*\n", part) if block.strip()]
    return "\n".join(found)


def _block(block: str, folder: Path) -> str:
    block = block.strip("\n")
    if heading := re.fullmatch(r"(#+) (.+?)(?:\n(.*))?", block, flags=re.DOTALL):
        level, text, rest = len(heading[1]), heading[2], heading[3]
        return f"<h{level}>{_inline(text, folder)}</h{level}>" + (f"\n{_block(rest, folder)}" if rest else "")
    if block.startswith("|"):
        header, _, *rows = ([cell.strip() for cell in line.strip("|").split(" | ")] for line in block.split("\n"))
        lines = [_row(header, "th", folder), *(_row(row, "td", folder) for row in rows)]
        return f"<div><table>\n<thead>{lines[0]}</thead>\n<tbody>{''.join(lines[1:])}</tbody>\n</table></div>"
    return f"<p>{_inline(block, folder)}</p>"


def _row(cells: list[str], kind: str, folder: Path) -> str:
    return f"<tr>{''.join(f'<{kind}>{_inline(cell, folder)}</{kind}>' for cell in cells)}</tr>\n"


def _inline(text: str, folder: Path) -> str:
    """Text with its pictures, links, code and emphasis."""
    done, end = [], 0
    for found in _INLINE.finditer(text):
        done += [html.escape(text[end : found.start()]), _marked(found, folder)]
        end = found.end()
    return "".join([*done, html.escape(text[end:])])


def _marked(found: re.Match[str], folder: Path) -> str:
    if found["code"]:
        return f"<code>{html.escape(found['code'])}</code>"
    for tag in ("strong", "em"):
        if found[tag]:
            return f"<{tag}>{_inline(found[tag], folder)}</{tag}>"
    if found["image"]:
        alt, source = html.escape(found["alt"]), _held(folder / found["image"])
        return f'<img alt="{alt}" src="{source}">'
    target, text = found["link"], _inline(found["text"], folder)
    if target.startswith("https://"):
        return f'<a href="{html.escape(target)}">{text}</a>'
    return f'<a download="{Path(target).name}" href="{_held(folder / target)}">{text}</a>'


def _held(path: Path) -> str:
    """A file as a `data:` address."""
    if path.suffix not in TYPES or not path.is_file():
        raise UserError(
            f"{path}, a link of the document, is missing or is neither {' nor '.join(TYPES)}: draw it, or remove the link."
        )
    # In short lines, which addresses may have: the report's reader refuses long ones.
    return f"data:{TYPES[path.suffix]};base64,{base64.encodebytes(path.read_bytes()).decode()}"
