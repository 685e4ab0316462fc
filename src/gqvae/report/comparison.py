"""Several tokenizers on one text: compression, fertility, fallback, speed."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from gqvae.corpus.pretokens import PretokenCounts, count_pretokens
from gqvae.errors import UserError
from gqvae.tokenizers.base import Tokenizer
from gqvae.tokenizers.encode import lost_bytes

COLUMNS = (
    "tokenizer", "kind", "encoder", "vocab_size", "tokens", "bytes_per_token", "asked", "reached", "tokens_per_word", "fallback_rate",
    "cut_otherwise", "cold_mb_per_s", "warm_mb_per_s", "decode_mb_per_s", "comes_back", "bytes_lost",
)  # fmt: skip


def compare(tokenizers: Mapping[str, Tokenizer], text: str) -> Iterator[dict[str, Any]]:
    """A row of `COLUMNS` for every tokenizer and encoder.

    `asked` are the bytes per token that gates were set to, `reached` those of the training text. Fertility is tokens per
    whitespace-separated word. `cut_otherwise` is the share of pre-tokens whose segmentation by the gates differs from the one with
    the fewest tokens of the same vocabulary. Speeds are of one run on one thread: cold with no pre-token cached (a network is loaded
    but has not run), warm with all cached. External tokenizers cache nothing. `comes_back` says whether the text does, `bytes_lost`
    which share of it the tokens lack, at least.

    Raises:
        UserError: a tokenizer that is made to be lossless does not reproduce the text.
    """
    size, words = len(text.encode("utf-8")), len(text.split())
    for name, tokenizer in tokenizers.items():
        counts = count_pretokens([text.encode("utf-8")], tokenizer.pretokenizer)
        for one in tokenizer.encoders():
            one.load_kernels()
            one.encode("load")  # loads a network
            cold, ids = _timed(lambda one=one: one.encode(text))
            warm, _ = _timed(lambda one=one: one.encode(text))
            back, decoded = _timed(lambda one=one, ids=ids: one.decode_bytes(ids))
            lost = lost_bytes(text.encode("utf-8"), decoded, one.prefix)
            if one.lossless and lost is not None:
                raise UserError(f"{name} does not reproduce the text: it is broken; train it again.")
            quality = one.gate_quality(counts.pairs())
            yield {
                "tokenizer": name,
                "kind": one.kind,
                "encoder": one.encoder,
                "vocab_size": one.vocab_size,
                "tokens": len(ids),
                "bytes_per_token": size / max(len(ids), 1),
                **dict(zip(("asked", "reached"), one.compression if quality and one.compression else ("", ""), strict=True)),
                "tokens_per_word": len(ids) / max(words, 1),
                "fallback_rate": "" if quality is None else quality[0],
                "cut_otherwise": "" if quality is None else _cut_otherwise(one, tokenizer.encoders(), counts),
                "cold_mb_per_s": size / cold / 1e6,
                "warm_mb_per_s": size / warm / 1e6,
                "decode_mb_per_s": size / back / 1e6,
                "comes_back": "yes" if lost is None else "no",
                "bytes_lost": (lost or 0) / max(size, 1),
            }


def _cut_otherwise(one: Tokenizer, encoders: Iterable[Tokenizer], counts: PretokenCounts) -> float:
    (fewest,) = (other for other in encoders if other.encoder == "distilled")
    pairs = zip(one.segment(counts.pretokens), fewest.segment(counts.pretokens), strict=True)
    differs = [list(ours) != list(theirs) for ours, theirs in pairs]
    return float(counts.counts @ np.array(differs)) / max(counts.total, 1)


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as text in aligned columns, without those that are empty."""
    columns = [column for column in COLUMNS if any(row[column] != "" for row in rows)]
    cells = [columns] + [[_cell(row[column]) for column in columns] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in cells)


def _cell(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value) or "–"


def _timed(work: Any) -> tuple[float, Any]:
    start = time.perf_counter()
    result = work()
    return max(time.perf_counter() - start, 1e-9), result
