"""How a tokenizer spreads a corpus over its vocabulary: rank-frequency curve and Rényi efficiency.

Rényi efficiency (Zouhar et al. 2023, arXiv 2306.16842, α = 2.5) is H_α(p) / log2 V, where p are the unigram frequencies of the
tokens and H_α = log2(Σ p^α) / (1 − α). It is 1 for a uniform distribution over the whole vocabulary and lower for a skewed one.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from gqvae.errors import UserError
from gqvae.tokenizers.token_files import TokenFile

ALPHA = 2.5
MOST_RANKS = 200
CHUNK_TOKENS = 1 << 22

Counts = npt.NDArray[np.int64]


def count_tokens(folder: Path, chunk: int = CHUNK_TOKENS) -> Counts:
    """How often each id occurs in the training split of an encoded corpus, `chunk` tokens at a time → (V,).

    Raises:
        UserError: as `TokenFile.open`, or an id is outside the vocabulary.
    """
    encoded = TokenFile.open(folder, "train")
    size = encoded.vocab_size
    counts = np.zeros(size, dtype=np.int64)
    for start in range(0, len(encoded.ids), chunk):
        found = np.bincount(encoded.ids[start : start + chunk].astype(np.int64), minlength=size)
        if len(found) > size:
            raise UserError(
                f"{folder}/train.bin holds the id {len(found) - 1}, outside its vocabulary of {size}: delete its folder and run again."
            )
        counts += found
    return counts


def renyi_entropy(counts: Counts, alpha: float = ALPHA) -> float:
    """H_α of the relative frequencies, in bits, α ≠ 1."""
    shares = counts[counts > 0] / counts.sum()
    return float(np.log2(np.sum(shares**alpha)) / (1 - alpha))


def renyi_efficiency(counts: Counts, alpha: float = ALPHA) -> float:
    """H_α / log2 V, where V = len(counts) counts the whole vocabulary, used or not."""
    return renyi_entropy(counts, alpha) / math.log2(len(counts))


def log_spaced_ranks(ranks: int) -> npt.NDArray[np.int64]:
    """At most `MOST_RANKS` different ranks from 1 to `ranks`, evenly spaced on a logarithmic axis, both ends included."""
    return np.unique(np.rint(np.geomspace(1, ranks, min(MOST_RANKS, ranks))).astype(np.int64))


def rank_frequency(counts: Counts) -> pd.DataFrame:
    """The curve of token frequency against rank: columns rank, count, share (of all tokens); ids that never occur are left out."""
    ordered = np.sort(counts[counts > 0])[::-1]
    ranks = log_spaced_ranks(len(ordered))
    chosen = ordered[ranks - 1]
    return pd.DataFrame({"rank": ranks, "count": chosen, "share": chosen / counts.sum()})
