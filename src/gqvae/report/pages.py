"""Generated results in the documentation: blocks between markers, made from results/published/ (`gqvae results-docs`).

A block is everything between `<!-- results: effects control-1024 control-4096 -->` and `<!-- end of results -->`. It is written
by `gqvae.report.tables` from the named folders. A check fails if a block is stale.
"""

from __future__ import annotations

import re
from pathlib import Path

from gqvae.errors import UserError
from gqvae.files import atomic_open
from gqvae.report.tables import block
from gqvae.study.across import PUBLISHED

DOCS = ("results", "experiments", "paper-objective", "beside-the-paper", "domains", "language-models", "external-tokenizers")
PAGES = (Path("README.md"), *(Path(f"docs/{name}.md") for name in DOCS))
END = "<!-- end of results -->"
_BLOCK = re.compile(rf"(<!-- results: (\S+) (.+?) -->\n).*?{re.escape(END)}", re.DOTALL)


def filled(text: str, published: Path) -> str:
    """A page's text with every block rewritten."""
    return _BLOCK.sub(lambda found: f"{found[1]}{block(found[2], found[3].split(), published)}\n{END}", text)


def without_blocks(text: str) -> str:
    """A page's text without its blocks."""
    return _BLOCK.sub("", text)


def write() -> list[Path]:
    """Rewrite the stale pages below the working folder; return their paths."""
    stale = _stale()
    for path, text in stale.items():
        with atomic_open(path) as stream:
            stream.write(text)
    return list(stale)


def check() -> None:
    """Compare the pages with the published results.

    Raises:
        UserError: a block is stale.
    """
    for path in _stale():
        raise UserError(f"{path} does not agree with {PUBLISHED}/: run `gqvae results-docs` and commit the result.")


def _stale() -> dict[Path, str]:
    if not PUBLISHED.is_dir():
        raise UserError(f"There is no folder {PUBLISHED}/ here: run `gqvae results-docs` at the root of the repository.")
    texts = {path: path.read_text(encoding="utf-8") for path in PAGES}
    return {path: new for path, text in texts.items() if (new := filled(text, PUBLISHED)) != text}
