"""Joins the encoded shards of a corpus into the token files that one job would have written, byte for byte."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gqvae.corpus.documents import SPLITS, DocumentStore, Shard
from gqvae.errors import UserError
from gqvae.files import CHUNK_BYTES, atomic_open, file_digest, read_json, write_array
from gqvae.tokenizers.token_files import AGAIN, CHANGED, LOST, RECORD, TokenFile, Vocabulary, write_record


def merge_tokens(parts: Sequence[Path], corpus: Path, out: Path) -> None:
    """Write the token files of the whole corpus from those of its shards, in order; memory holds the offsets of one split.

    Raises:
        UserError: the corpus or a part is missing or damaged, or the parts are not those of one tokenizer and this corpus.
    """
    vocabularies = [Vocabulary.of(part) for part in parts]
    vocabulary = vocabularies[0]
    for part, other in zip(parts, vocabularies, strict=True):
        if (other.tokenizer, other.pretokenizer) != (vocabulary.tokenizer, vocabulary.pretokenizer):
            raise UserError(f"{parts[0]} and {part} are not encoded by the same tokenizer: {AGAIN}.")
    rows = {split: _merge_split(parts, corpus, split, out) for split in SPLITS}
    write_record(out, vocabulary.byte_lengths, vocabulary.tokenizer, vocabulary.pretokenizer, rows)


def _merge_split(parts: Sequence[Path], corpus: Path, split: str, out: Path) -> dict[str, Any]:
    """Join one split and return its entry of `tokens.json`."""
    documents = DocumentStore.open(corpus, split)
    offsets, digest, tokens = [np.zeros(1, np.int64)], hashlib.sha256(), 0
    with atomic_open(out / f"{split}.bin", "wb") as stream:
        for number, part in enumerate(parts, start=1):
            encoded, shard = TokenFile.open(part, split), documents.shard(Shard(number, len(parts)))
            if (len(encoded), encoded.total_bytes) != (len(shard), shard.total_bytes):
                raise UserError(
                    f"{part / RECORD} does not describe shard {number} of {len(parts)} of {corpus}: "
                    f"give the folders of all shards in order, or {AGAIN}."
                )
            with open(part / f"{split}.bin", "rb") as source:
                while block := source.read(CHUNK_BYTES):
                    stream.write(block)
                    digest.update(block)
            offsets.append(encoded.offsets[1:] + tokens)
            tokens += len(encoded.ids)
    write_array(out / f"{split}.offsets.npy", np.concatenate(offsets))
    records = [read_json(part / RECORD)["splits"][split] for part in parts]
    losses = {key: sum(record[key] for record in records) for key in (CHANGED, LOST) if key in records[0]}
    return losses | {
        "documents": len(documents),
        "tokens": tokens,
        "bytes": documents.total_bytes,
        "sha256": digest.hexdigest(),
        "offsets_sha256": file_digest(out / f"{split}.offsets.npy"),
    }
