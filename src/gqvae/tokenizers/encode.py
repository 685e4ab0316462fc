"""Encodes a corpus into token files, as a stream that segments each distinct pre-token once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from gqvae.corpus.documents import SPLITS, DocumentStore, Shard
from gqvae.kernels.packing import Packed
from gqvae.progress import Progress
from gqvae.tokenizers.base import Tokenizer
from gqvae.tokenizers.token_files import write_record, write_split


def encode_corpus(tokenizer: Tokenizer, digest: str, corpus: Path, out: Path, shard: Shard | None = None) -> None:
    """Write `{split}.bin`, `{split}.offsets.npy`, then `tokens.json`; check that each document's tokens add up to its bytes.

    With `shard`, the files are those of a corpus that has only these documents.
    """
    lengths = np.array([len(string) for string in tokenizer.token_bytes])
    rows = {}
    for split in SPLITS:
        store = DocumentStore.open(corpus, split, shard)
        with Progress(f"encoding {split}", total=store.total_bytes, unit="B") as progress:
            encoded = _counted(tokenizer.encode_batches(store), lengths, progress)
            rows[split] = write_split(out, split, encoded, lengths, store.sizes, store.first)
    write_record(out, lengths, digest, tokenizer.pretokenizer, rows)


def _counted(encoded: Iterator[Packed], lengths: np.ndarray, progress: Progress) -> Iterator[Packed]:
    for batch in encoded:
        progress.update(int(lengths[batch.values].sum()))
        yield batch
