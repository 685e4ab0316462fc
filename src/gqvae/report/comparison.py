"""Several tokenizers on one text: compression, fertility, fallback, speed, small edits, and how alike they treat its parts."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np

from gqvae.corpus.pretokens import PretokenCounts, count_pretokens
from gqvae.errors import UserError
from gqvae.measures.edits import Effect, effects
from gqvae.measures.parity import gini, parity, premiums
from gqvae.report import comparison_columns
from gqvae.tokenizers.base import Tokenizer
from gqvae.tokenizers.encode import lost_bytes

NAMES = tuple(comparison_columns.NAMES)
ON_THE_WHOLE = (*comparison_columns.ON_THE_WHOLE, *comparison_columns.MEASURED)
OF_EDITS, OF_PARTS = comparison_columns.OF_EDITS, tuple(comparison_columns.OF_PARTS)
COLUMNS = (*NAMES, *ON_THE_WHOLE, *OF_EDITS, *OF_PARTS)
PART_COLUMNS = (*NAMES, "part", "documents", "bytes", "characters", "tokens", "bytes_per_token", "cost", "premium")

Parts = Mapping[str, Sequence[bytes]]
Row = dict[str, Any]


def compare(tokenizers: Mapping[str, Tokenizer], parts: Parts, unit: str = "character") -> tuple[list[Row], list[Row]]:
    """A row of `COLUMNS` for every tokenizer and encoder, and one of `PART_COLUMNS` for each of these and every part of the text.

    `comparison_columns` says what the columns mean. The cost of a part is tokens per `unit`, one of `measures.parity.UNITS`. With a
    single part there are no rows of parts, and what compares them is empty.

    Args:
        tokenizers: by name.
        parts: the UTF-8 documents of each part, by its name.
        unit: what costs are counted for.

    Raises:
        UserError: a tokenizer that is made to be lossless does not reproduce the text, or one of several parts has no text or, by
            document, another number of documents than the first.
    """
    sizes = _sizes(parts, unit) if len(parts) > 1 else []
    documents = [document for part in parts.values() for document in part]
    words = sum(len(document.decode("utf-8").split()) for document in documents)
    rows, rows_of_parts = [], []
    for name, tokenizer in tokenizers.items():
        counts = count_pretokens(documents, tokenizer.pretokenizer)
        for one in tokenizer.encoders():
            names = {"tokenizer": name, "kind": one.kind, "encoder": one.encoder}
            encoded, row = _on_the_whole(name, one, documents, words)
            quality = one.gate_quality(counts.pairs())
            row["fallback_rate"] = "" if quality is None else quality[0]
            row |= dict(zip(("asked", "reached"), one.compression if quality and one.compression else ("", ""), strict=True))
            row["cut_otherwise"] = "" if quality is None else _cut_otherwise(one, tokenizer.encoders(), counts)
            found = _of_parts(name, sizes, encoded, unit)
            costs = [own["cost"] for own in found]
            row |= {"parity": parity(costs), "gini": gini(costs)} if costs else dict.fromkeys(OF_PARTS, "")
            rows.append(names | row | _of_edits(one, documents))
            rows_of_parts += [names | own for own in found]
    return rows, rows_of_parts


def _on_the_whole(name: str, one: Tokenizer, documents: Sequence[bytes], words: int) -> tuple[list[np.ndarray], Row]:
    """The ids of every document, and what is measured on all of them together."""
    size = sum(map(len, documents))
    one.load_kernels()
    one.encode("load")  # loads a network
    cold, encoded = _timed(lambda: list(one.encode_documents(documents)))
    warm, _ = _timed(lambda: list(one.encode_documents(documents)))
    ids = np.concatenate([*encoded, np.zeros(0, dtype=np.uint32)])
    back, _ = _timed(lambda: one.decode_bytes(ids))
    decoded = map(one.decode_bytes, encoded)
    losses = [lost_bytes(document, own, one.prefix) for document, own in zip(documents, decoded, strict=True)]
    changed = any(lost is not None for lost in losses)
    if one.lossless and changed:
        raise UserError(f"{name} does not reproduce the text: it is broken; train it again.")
    return encoded, {
        "vocab_size": one.vocab_size,
        "tokens": len(ids),
        "bytes_per_token": size / max(len(ids), 1),
        "tokens_per_word": len(ids) / max(words, 1),
        "cold_mb_per_s": size / cold / 1e6,
        "warm_mb_per_s": size / warm / 1e6,
        "decode_mb_per_s": size / back / 1e6,
        "comes_back": "no" if changed else "yes",
        "bytes_lost": sum(lost or 0 for lost in losses) / max(size, 1),
    }


def _cut_otherwise(one: Tokenizer, encoders: Iterable[Tokenizer], counts: PretokenCounts) -> float:
    (fewest,) = (other for other in encoders if other.encoder == "distilled")
    pairs = zip(one.segment(counts.pretokens), fewest.segment(counts.pretokens), strict=True)
    differs = [list(ours) != list(theirs) for ours, theirs in pairs]
    return float(counts.counts @ np.array(differs)) / max(counts.total, 1)


def _of_edits(one: Tokenizer, documents: Sequence[bytes]) -> Row:
    found = effects(one, documents)
    values = {f"{part}_by_{kind}": getattr(effect, part) for kind, effect in found.items() for part in Effect._fields}
    return {name: "" if math.isnan(value) else value for name, value in values.items()}


def _sizes(parts: Parts, unit: str) -> list[Row]:
    """Name and size of each part.

    Raises:
        UserError: as `compare`.
    """
    rows: list[Row] = []
    for name, documents in parts.items():
        characters = sum(len(document.decode("utf-8")) for document in documents)
        rows.append({"part": name, "documents": len(documents), "bytes": sum(map(len, documents)), "characters": characters})
        first, own = rows[0], rows[-1]
        if not characters:
            raise UserError(f"The part {name} has no text: leave it out.")
        if unit == "document" and own["documents"] != first["documents"]:
            raise UserError(
                f"{first['part']} has {first['documents']:,} documents and {name} has {own['documents']:,}, so they are not translations "
                "of each other, document by document: give parallel texts, or count by character."
            )
    return rows


def _of_parts(name: str, sizes: list[Row], encoded: list[np.ndarray], unit: str) -> list[Row]:
    """The rows of one tokenizer: sizes, tokens and what they cost."""
    lengths = map(len, encoded)
    rows = [size | {"tokens": sum(islice(lengths, size["documents"]))} for size in sizes]
    for row in rows:
        if not row["tokens"]:
            raise UserError(f"{name} has no tokens for the part {row['part']}: leave one of the two out.")
        row |= {"bytes_per_token": row["bytes"] / row["tokens"], "cost": row["tokens"] / row[f"{unit}s"]}
    costs = [row["cost"] for row in rows]
    return [row | {"premium": premium} for row, premium in zip(rows, premiums(costs), strict=True)]


def table(rows: list[Row], columns: Sequence[str]) -> str:
    """The rows as text in aligned columns, without those that are empty."""
    columns = [column for column in columns if any(row[column] != "" for row in rows)]
    cells = [columns] + [[_cell(row[column]) for column in columns] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in cells)


def _cell(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value) or "–"


def _timed(work: Any) -> tuple[float, Any]:
    start = time.perf_counter()
    result = work()
    return max(time.perf_counter() - start, 1e-9), result
