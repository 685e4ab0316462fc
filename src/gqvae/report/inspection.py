"""Inspection of one tokenizer: vocabulary, token lengths, use of tokens in a text, and sample segmentations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np

from gqvae.config import BYTE_VALUES, END_OF_DOCUMENT
from gqvae.corpus.pretokenizers import WHOLE
from gqvae.corpus.pretokens import PretokenCounts
from gqvae.tokenizers.base import Tokenizer
from gqvae.tokenizers.readable import visible

COLUMNS = ("id", "string", "bytes", "count")
PASSAGES = 6  # of a text
PASSAGE = 120  # characters
STRINGS = 12


def id_counts(tokenizer: Tokenizer, counts: PretokenCounts) -> np.ndarray:
    """How often each id occurs in a text → (V,) int64."""
    found = np.zeros(tokenizer.vocab_size, dtype=np.int64)
    segmented = tokenizer.segment(counts.pretokens)
    for ids, count in zip(segmented, counts.counts.tolist(), strict=True):
        for token in ids:
            found[token] += count
    return found


def vocabulary(tokenizer: Tokenizer, used: np.ndarray | None = None) -> Iterator[dict[str, Any]]:
    """A row of `COLUMNS` for every id; `used` comes from `id_counts`."""
    for token, data in enumerate(tokenizer.token_bytes):
        count = "" if used is None else int(used[token])
        yield {"id": token, "string": shown(tokenizer, token), "bytes": len(data), "count": count}


def shown(tokenizer: Tokenizer, token: int) -> str:
    """A token in readable form, with spaces as ␣."""
    if token == END_OF_DOCUMENT:
        return "(end of document)"
    return visible(tokenizer.token_bytes[token])


def passages(text: str) -> list[str]:
    """The beginnings of the first lines of a text that are not blank."""
    lines = (line.strip() for line in text.splitlines())
    return [line[:PASSAGE] for line in islice(filter(None, lines), PASSAGES)]


def report(tokenizer: Tokenizer, counts: PretokenCounts | None = None, passages: Sequence[str] = ()) -> str:
    """Sizes, token lengths, use and segmentations of passages, as text of some twenty lines."""
    used = None if counts is None else id_counts(tokenizer, counts)
    kind = f"{tokenizer.kind}, {tokenizer.encoder} encoder" if tokenizer.encoder else tokenizer.kind
    parts = f"{BYTE_VALUES} bytes, the end of a document, {len(tokenizer.strings):,} strings"
    if tokenizer.pretokenizer == WHOLE:
        parts = f"those of its library, which move up by one from {END_OF_DOCUMENT} on, the end of a document; own pre-tokens"
    lines = [
        f"{kind}: {tokenizer.vocab_size:,} ids: {parts}",
        *([_gates(*tokenizer.compression)] if tokenizer.compression else []),
        "",
        *_lengths(tokenizer, used),
    ]
    if counts is not None and used is not None:
        tokens = int(used.sum())
        unused = [token for token in range(BYTE_VALUES + 1, tokenizer.vocab_size) if not used[token]]
        lines += [
            "",
            f"The text: {counts.total_bytes:,} bytes, {tokens:,} tokens, {counts.total_bytes / max(tokens, 1):.3f} bytes per token",
            f"Strings it does not use: {len(unused):,}" + "".join(f" {shown(tokenizer, token)}" for token in unused[:20]),
        ]
    else:
        places = np.unique(np.linspace(BYTE_VALUES + 1, tokenizer.vocab_size - 1, STRINGS).astype(int))
        some = " ".join(shown(tokenizer, token) for token in places if tokenizer.strings)
        lines += ["", f"Some strings, from the first to the last id: {some}"]
    if passages:
        lines += ["", "Segmentations:"]
        lines += ["  " + "|".join(shown(tokenizer, token) for token in tokenizer.encode(passage)) for passage in passages]
    return "\n".join(lines)


def _gates(asked: float, reached: float) -> str:
    return f"Its gates were set to {asked:.3f} bytes per token, of which they reach {reached:.3f} on the training text."


def _lengths(tokenizer: Tokenizer, used: np.ndarray | None) -> Iterator[str]:
    """The histogram of token lengths: ids of each length, and the share of a text's tokens that have it."""
    ids = Counter(len(data) for data in tokenizer.token_bytes if data)
    share: Counter[int] = Counter()
    if used is not None:
        for token, data in enumerate(tokenizer.token_bytes):
            share[len(data)] += int(used[token])
    longest_bar = max(ids.values())
    yield "bytes    ids" + ("  of tokens" if used is not None else "")
    for length in range(1, max(ids) + 1):
        part = f"  {100 * share[length] / max(share.total(), 1):7.1f} %" if used is not None else ""
        yield f"{length:5d} {ids[length]:6,d}{part}  {'█' * round(40 * ids[length] / longest_bar)}"
