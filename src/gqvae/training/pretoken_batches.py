"""Batches of distinct pre-tokens, weighted by how often the stream would have brought them.

A pre-token is encoded alone, so equal ones cost their share once: `batch_pretokens` are drawn and equal ones merged. Drawing goes by
count^τ and each draw weighs count^(1−τ), so that the expectation of every loss is that of the plain stream for any τ: τ = 1 draws as
the stream would, smaller τ meets rare pre-tokens more often. A batch is a function of (seed, step).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gqvae.corpus.pretokens import PretokenCounts
from gqvae.tokenizers.pieces import cut, pack


@dataclass(frozen=True)
class Batch:
    """B distinct pre-tokens."""

    data: np.ndarray  # (B, T) uint8, 0 beyond the length
    lengths: np.ndarray  # (B,) int64
    weights: np.ndarray  # (B,) float32, occurrences


class PretokenStream:
    """The distinct pieces (pre-tokens cut to at most T bytes) of a split, with counts.

    Args:
        counts: pre-tokens of the split.
        longest: T.
        exponent: τ.
    """

    def __init__(self, counts: PretokenCounts, longest: int, exponent: float = 1.0) -> None:
        merged: dict[bytes, int] = {}
        for pretoken, count in zip(counts.pretokens, counts.counts.tolist(), strict=True):
            for piece in cut(pretoken, longest):
                merged[piece] = merged.get(piece, 0) + count
        ordered = sorted(merged.items(), key=lambda item: (-item[1], item[0]))
        self.pieces = [piece for piece, _ in ordered]
        self.counts = np.array([count for _, count in ordered], dtype=np.int64)
        self.data, self.lengths = pack(self.pieces, longest)
        self._cumulative = np.cumsum(self.counts**exponent)
        # A draw stands for so many pre-tokens of the stream; on average for one.
        self._worth = self.counts ** (1 - exponent) * (self._cumulative[-1] / self.counts.sum())

    @property
    def alphabet(self) -> list[int]:
        """Byte values that occur, ascending."""
        return sorted(set().union(*self.pieces))

    def __len__(self) -> int:
        return len(self.pieces)

    def batch(self, seed: int, step: int, size: int) -> Batch:
        """The batch of a step: `size` draws, merged; its weights are expected occurrences among as many pre-tokens of the stream."""
        draws = np.random.default_rng([seed, step]).random(size) * self._cumulative[-1]
        places, times = np.unique(np.searchsorted(self._cumulative, draws, side="right"), return_counts=True)
        return self._take(places, times * self._worth[places])

    def head(self, size: int) -> Batch:
        """The `size` most frequent pieces with their counts."""
        return self._take(np.arange(min(size, len(self))), self.counts[:size])

    def _take(self, places: np.ndarray, weights: np.ndarray) -> Batch:
        lengths = self.lengths[places]
        return Batch(self.data[places], lengths, weights.astype(np.float32))
