"""Encodes a corpus into token files, as a stream that segments each distinct pre-token once (external tokenizers: every document)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from gqvae.config import BYTE_VALUES, END_OF_DOCUMENT
from gqvae.corpus.documents import SPLITS, DocumentStore, Shard
from gqvae.kernels.packing import Packed
from gqvae.progress import Progress
from gqvae.tokenizers.base import Tokenizer
from gqvae.tokenizers.token_files import CHANGED, LOST, write_record, write_split


def encode_corpus(tokenizer: Tokenizer, digest: str, corpus: Path, out: Path, shard: Shard | None = None) -> None:
    """Write `{split}.bin`, `{split}.offsets.npy`, then `tokens.json`; check that each document's tokens add up to its bytes.

    Of a tokenizer that is not lossless by construction, count what does not come back. With `shard`, the files are those of a corpus that has only these documents.
    """
    lengths = np.array([len(string) for string in tokenizer.token_bytes])
    lengths[END_OF_DOCUMENT] = -len(tokenizer.prefix)
    rows = {}
    for split in SPLITS:
        store = DocumentStore.open(corpus, split, shard)
        with Progress(f"encoding {split}", total=store.total_bytes, unit="B") as progress:
            encoded = _counted(tokenizer.encode_batches(store), lengths, progress)
            if tokenizer.lossless:
                rows[split] = write_split(out, split, encoded, lengths, store.sizes, store.first)
            else:
                losses = dict.fromkeys((CHANGED, LOST), 0)
                compared = _compared(tokenizer, encoded, store, losses)
                rows[split] = write_split(out, split, compared, lengths, store.sizes, store.first, lossless=False) | losses
    write_record(out, lengths, digest, tokenizer.pretokenizer, rows)


def _counted(encoded: Iterator[Packed], lengths: np.ndarray, progress: Progress) -> Iterator[Packed]:
    for batch in encoded:
        progress.update(int(lengths[batch.values].sum()))
        yield batch


def _compared(
    tokenizer: Tokenizer, encoded: Iterator[Packed], documents: Iterable[bytes], losses: dict[str, int]
) -> Iterator[Packed]:
    """The same batches; `losses` counts the documents that do not come back, and bytes that they lose."""
    texts = iter(documents)
    for batch in encoded:
        for ids, text in zip(batch.arrays(), texts, strict=False):  # in this order: no text is taken without ids
            lost = lost_bytes(text, tokenizer.decode_bytes(ids), tokenizer.prefix)
            if lost is not None:
                losses[CHANGED] += 1
                losses[LOST] += lost
        yield batch


def lost_bytes(text: bytes, decoded: bytes, prefix: bytes) -> int | None:
    """At least how many bytes of a text are not in those of its tokens, counted by value; None if the text comes back."""
    if decoded == prefix + text:
        return None
    values = (np.frombuffer(data, np.uint8) for data in (text, decoded.removeprefix(prefix)))
    there, found = (np.bincount(data, minlength=BYTE_VALUES) for data in values)
    return int(np.maximum(there - found, 0).sum())
