"""A page that shows one text under several tokenizers side by side: one HTML file that works offline, without a framework.

The page tokenizes typed text with the vocabularies it contains: fewest tokens for learned ones, merges for BPE. Gates need their
network, unigram models need their scores, an own expression its engine and external tokenizers their libraries, so these arms are
shown only for the initial passage.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gqvae.config import BYTE_VALUES
from gqvae.corpus.pretokenizers import WHOLE, pretokenizer
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
        passage: the initial text of the box; its line ends become line feeds.
    """
    # A text box normalizes line ends to line feeds.
    passage = PASSAGE if passage is None else passage.replace("\r\n", "\n").replace("\r", "\n")
    data = {
        "passage": passage,
        "alphabet": CHARACTERS,
        "arms": [arm for name, tokenizer in tokenizers.items() for arm in _arms(name, tokenizer, passage)],
    }
    # "<" is escaped so that no token can end the script element.
    return TEMPLATE.read_text(encoding="utf-8").replace("{{data}}", json.dumps(data, ensure_ascii=True).replace("<", "\\u003c"))


def _arms(name: str, tokenizer: Tokenizer, passage: str) -> Iterator[dict[str, Any]]:
    """One entry for each way to encode."""
    strings = [to_text(string) for string in tokenizer.strings]
    first = [to_text(token) for token in tokenizer.token_bytes[:BYTE_VALUES]] if tokenizer.pretokenizer == WHOLE else None
    for one in tokenizer.encoders():
        splitter = pretokenizer(one.pretokenizer)
        own = one.segmentation == "own" or not splitter.portable
        yield {
            "name": name,
            "expression": splitter.expression("\\u{{{:x}}}".format) if splitter.portable else "",
            "encoder": {"neural": "split at its gates", "distilled": "fewest tokens"}.get(one.encoder, ""),
            "how": "fixed" if own else one.segmentation,
            "first": first,  # instead of the bytes, the first ids of an external tokenizer
            "strings": strings,
            "ids": one.encode(passage) if own else None,
        }
