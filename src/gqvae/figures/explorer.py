"""A page that shows one text under several tokenizers, side by side: one HTML file, no network, no framework.

The page cuts and segments whatever is typed itself, with the vocabularies in it: fewest tokens for learned ones, merges for BPE.
Gates need their network, and a unigram model its scores: such arms are shown for the first passage only.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gqvae.corpus.pretokenizers import pretokenizer
from gqvae.tokenizers.base import Tokenizer
from gqvae.tokenizers.byte_level import CHARACTERS, to_text

TEMPLATE = Path(__file__).with_name("explorer.html")
PASSAGE = (
    "Once upon a time, there was a little girl named Lily. She wasn't afraid of the big bear; they played outside every day!\n"
    '"Look," said the bear, "12 butterflies are flying unbelievably high."'
)


def explorer_page(tokenizers: Mapping[str, Tokenizer], passage: str | None = None) -> str:
    """The page as HTML.

    Args:
        tokenizers: by the name that the page shows.
        passage: the text that stands in the box at first; its line ends become line feeds.
    """
    # A text box knows line feeds only.
    passage = PASSAGE if passage is None else passage.replace("\r\n", "\n").replace("\r", "\n")
    data = {
        "passage": passage,
        "alphabet": CHARACTERS,
        "arms": [arm for name, tokenizer in tokenizers.items() for arm in _arms(name, tokenizer, passage)],
    }
    # "<" is escaped: no token may end the script it stands in.
    return TEMPLATE.read_text(encoding="utf-8").replace("{{data}}", json.dumps(data, ensure_ascii=True).replace("<", "\\u003c"))


def _arms(name: str, tokenizer: Tokenizer, passage: str) -> Iterator[dict[str, Any]]:
    """One entry for each way to encode."""
    strings = [to_text(string) for string in tokenizer.strings]
    for one in tokenizer.encoders():
        own = one.segmentation == "own"
        yield {
            "name": name,
            "expression": pretokenizer(one.pretokenizer).expression("\\u{{{:x}}}".format),
            "encoder": {"neural": "by its gates", "distilled": "fewest tokens"}.get(one.encoder, ""),
            "how": "fixed" if own else one.segmentation,
            "strings": strings,
            "ids": one.encode(passage) if own else None,
        }
