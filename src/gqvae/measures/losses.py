"""A language model's bits by document, and by the frequency, position in the pre-token and length of tokens.

Costs come from `bits_per_byte`, one for each target of the stream EOD document EOD … document EOD. Parts add up to the whole,
ends of documents included. Shapes: N targets, V ids.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from gqvae.config import END_OF_DOCUMENT
from gqvae.corpus.pretokenizers import WHOLE, pretokenizer

Whole = npt.NDArray[np.integer]

END = "end of document"
OWN_PLACE = "own pre-tokens"  # of external tokenizers: where they are is not known
RANKS = (10, 100, 1000)  # of tokens by frequency in the training text: upper ends of the bins
MOST_PLACES = 4
MOST_BYTES = 8


class TokenCosts(NamedTuple):
    """Input of measures of language models. Its N targets: the stream EOD document EOD … document EOD without its first id."""

    targets: npt.NDArray[np.integer]  # (N,) ids; every document ends with the end-of-document id
    costs: npt.NDArray[np.float32]  # (N,) float32, bits of each
    bits: float  # their sum, before rounding to float32
    raw_bytes: int  # UTF-8 bytes of the text
    byte_lengths: npt.NDArray[np.int64]  # (V,) bytes that each id stands for, as in `token_files.Vocabulary`
    train_counts: npt.NDArray[np.int64]  # (V,) how often each id occurs in the training split
    documents: Iterable[bytes]  # the UTF-8 documents
    pretokenizer: str  # name of their pre-tokenizer


def by_document(losses: TokenCosts) -> pd.DataFrame:
    """Columns document, bytes, tokens, bits; each document includes its end-of-document token."""
    ends = np.flatnonzero(losses.targets == END_OF_DOCUMENT)
    starts = np.concatenate([[0], ends[:-1] + 1])
    return pd.DataFrame(
        {
            "document": np.arange(len(ends)),
            "bytes": np.add.reduceat(losses.byte_lengths[losses.targets], starts),
            "tokens": ends - starts + 1,
            "bits": np.add.reduceat(losses.costs, starts),
        }
    )


def breakdown(losses: TokenCosts) -> pd.DataFrame:
    """Columns kind (frequency, place, length), bin, tokens, bytes, bits; every kind adds up to the whole text."""
    targets = losses.targets
    sizes = losses.byte_lengths[targets]
    bins = {
        "frequency": _frequency_names(losses.train_counts)[targets],
        "place": _place_names(losses),
        "length": np.where(sizes < MOST_BYTES, sizes.astype(str), f"{MOST_BYTES} or more"),
    }
    parts = []
    for kind, names in bins.items():
        names = np.where(targets == END_OF_DOCUMENT, END, names)
        frame = pd.DataFrame({"kind": kind, "bin": names, "tokens": 1, "bytes": sizes, "bits": losses.costs})
        parts.append(frame.groupby(["kind", "bin"], as_index=False).sum())
    return pd.concat(parts, ignore_index=True)


def _place_names(losses: TokenCosts) -> npt.NDArray[np.str_]:
    """(N,) bin of each target, by its place in its pre-token."""
    if losses.pretokenizer == WHOLE:
        return np.full(len(losses.targets), OWN_PLACE)
    sizes = losses.byte_lengths[losses.targets]
    place = places_in_pretokens(losses.targets, sizes, losses.documents, losses.pretokenizer)
    return np.where(place < MOST_PLACES, place.astype(str), f"{MOST_PLACES} or later")


def places_in_pretokens(targets: Whole, sizes: Whole, documents: Iterable[bytes], pretokenizer_name: str) -> Whole:
    """Place of each target in its pre-token, counted from 1; 0 for the end of a document → (N,)."""
    starts = np.cumsum(sizes) - sizes  # where each token begins in the text without ends of documents
    borders, total, split = [], 0, pretokenizer(pretokenizer_name).split
    for document in documents:
        ends = np.cumsum([len(pretoken.encode("utf-8")) for pretoken in split(document.decode("utf-8"))])
        borders.append(total + np.concatenate([[0], ends[:-1]]))
        total += len(document)
    first = np.isin(starts, np.concatenate(borders)) & (sizes > 0)
    order = np.arange(len(targets))
    since = order - np.maximum.accumulate(np.where(first, order, 0))
    return np.where(targets == END_OF_DOCUMENT, 0, since + 1)


def _frequency_names(train_counts: Whole) -> npt.NDArray[np.str_]:
    """(V,) bin of each id, by its frequency rank in the training text (ties by id)."""
    ranks = np.empty(len(train_counts), dtype=np.int64)
    ranks[np.argsort(-np.asarray(train_counts), kind="stable")] = np.arange(1, len(train_counts) + 1)
    names = np.full(len(ranks), f"rank above {RANKS[-1]:,}", dtype="<U24")
    for low, high in reversed(list(zip((1, *(rank + 1 for rank in RANKS)), RANKS, strict=False))):
        names[ranks <= high] = f"rank {low:,} to {high:,}"
    names[np.asarray(train_counts) == 0] = "never in training"
    return names
