"""A page that shows one text under several tokenizers side by side: one HTML file that works offline, without a framework.

The page tokenizes typed text with what it contains: strings, their scores, the length of chunks. Gates need their network, an own
expression its engine and external tokenizers their libraries, so these are shown only for the initial passage, and the page says why.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gqvae.config import BYTE_VALUES, EXTERNAL, MATCHED
from gqvae.corpus.pretokenizers import WHOLE, pretokenizer
from gqvae.figures.style import arm_style
from gqvae.study.layout import split_family
from gqvae.tokenizers.base import Tokenizer
from gqvae.tokenizers.byte_level import CHARACTERS, to_text
from gqvae.tokenizers.bytes import BytesTokenizer
from gqvae.tokenizers.dictionary import DictionaryTokenizer
from gqvae.tokenizers.learned import LearnedTokenizer

TEMPLATE = Path(__file__).with_name("explorer.html")
PASSAGE = (
    "Once upon a time, there was a little girl named Lily. She wasn't afraid of the big bear; they played outside every day!\n"
    '"Look," said the bear, "12 butterflies are flying unbelievably high."'
)
ENCODERS = {"neural": "split at its gates", "distilled": "fewest tokens"}
VARIANT = re.compile(rf"v\d+|{MATCHED}|{EXTERNAL}")  # of a study's tokenizers: its folder in that of its family


def explorer_page(tokenizers: Mapping[str, Tokenizer], passage: str | None = None) -> str:
    """The page as HTML: GQ-VAE first, single bytes last and not shown until they are ticked.

    Args:
        tokenizers: by the ends of the paths of their folders or files.
        passage: the initial text of the box; its line ends become line feeds.
    """
    # A text box normalizes line ends to line feeds.
    passage = PASSAGE if passage is None else passage.replace("\r\n", "\n").replace("\r", "\n")
    ordered = sorted(_without_copies(tokenizers).items(), key=lambda item: _place(item[1]))
    arms = [arm for name, tokenizer in ordered for arm in _arms(name, _title(name, tokenizer), tokenizer, passage)]
    data = {"passage": passage, "alphabet": CHARACTERS, "arms": arms}
    # "<" is escaped so that no token can end the script element.
    return TEMPLATE.read_text(encoding="utf-8").replace("{{data}}", json.dumps(data, ensure_ascii=True).replace("<", "\\u003c"))


def _without_copies(tokenizers: Mapping[str, Tokenizer]) -> dict[str, Tokenizer]:
    """Leave out networks that an earlier arm shows with both encoders, as arms do that borrow the other one."""
    seen, kept = [], {}
    for name, tokenizer in tokenizers.items():
        if isinstance(tokenizer, LearnedTokenizer):
            key = (tokenizer.strings, tokenizer.codes, tokenizer.rate)
            if key in seen:
                continue
            seen.append(key)
        kept[name] = tokenizer
    return kept


def _place(tokenizer: Tokenizer) -> int:
    if isinstance(tokenizer, LearnedTokenizer):
        return 0 if tokenizer.file.description["chunk_bytes"] is None else 1
    return 2 if tokenizer.kind == BytesTokenizer.kind else 1


def _title(name: str, tokenizer: Tokenizer) -> str:
    """The arm, its seed and its size, if the name ends as a study's folders do; otherwise the name itself, kind and size."""
    size = f"V = {tokenizer.vocab_size:,}"
    family, _, variant = name.rpartition("/")
    if not family or not VARIANT.fullmatch(variant):
        return f"{name} ({tokenizer.kind}, {size})"
    arm, seed = split_family(family.rpartition("/")[2])
    return ", ".join([arm_style(arm).name, *([f"seed {seed}"] if seed else []), size])


def _arms(name: str, title: str, tokenizer: Tokenizer, passage: str) -> Iterator[dict[str, Any]]:
    """One entry for each way to encode."""
    strings = [to_text(string) for string in tokenizer.strings]
    first = [to_text(token) for token in tokenizer.token_bytes[:BYTE_VALUES]] if tokenizer.pretokenizer == WHOLE else None
    for one in tokenizer.encoders():
        splitter = pretokenizer(one.pretokenizer)
        how, why = _how(one)
        fixed = how == "fixed"
        yield {
            "folder": name,
            "vocabulary": title,
            "title": f"{title}, {ENCODERS[one.encoder]}" if one.encoder else title,
            "hidden": one.kind == BytesTokenizer.kind,
            "expression": splitter.expression("\\u{{{:x}}}".format) if splitter.portable else "",
            "how": how,
            "why": why,
            "chunk_bytes": one.chunk_bytes if isinstance(one, DictionaryTokenizer) else None,
            "scores": None if fixed else one.scores(),
            "first": first,  # instead of the bytes, the first ids of an external tokenizer
            "strings": strings,
            "ids": one.encode(passage) if fixed else None,
        }


def _how(one: Tokenizer) -> tuple[str, str]:
    """How the page splits a pre-token, or "fixed" and why it cannot."""
    if one.pretokenizer == WHOLE or not pretokenizer(one.pretokenizer).portable:
        return "fixed", "split by a library, which is not in this page"
    if one.encoder == "neural":
        return "fixed", "its gates need their network, which is not in this page"
    if isinstance(one, DictionaryTokenizer):
        return "chunks", ""
    if one.scores() is not None:
        return "probable", ""
    return (
        (one.segmentation, "") if one.segmentation != "own" else ("fixed", "split by code of its own, which is not in this page")
    )
