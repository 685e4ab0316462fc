"""Batches of distinct pre-tokens, weighted by their frequency in the stream.

Pre-tokens are encoded independently, so a batch draws `batch_pretokens` of them and merges duplicates. A pre-token is drawn in
proportion to count^τ and weighted by count^(ω−τ), so its expected weight in every loss is count^ω for any τ. ω = 1 gives the
plain stream; a smaller ω gives rare pre-tokens more weight. τ only sets how often they are drawn. Batches depend on (seed, step).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gqvae.corpus.pieces import cut, pack
from gqvae.corpus.pretokens import PretokenCounts


class Batch(NamedTuple):
    """B distinct pre-tokens."""

    data: np.ndarray  # (B, T) uint8, 0 beyond the length
    lengths: np.ndarray  # (B,) int64
    weights: np.ndarray  # (B,) float32


class PretokenStream:
    """The distinct pieces (pre-tokens cut to at most T = `longest` bytes) of a split; `sampling` is τ and `weighting` ω."""

    def __init__(self, counts: PretokenCounts, longest: int, sampling: float = 1.0, weighting: float = 1.0) -> None:
        merged: dict[bytes, int] = {}
        for pretoken, count in counts.pairs():
            for piece in cut(pretoken, longest):
                merged[piece] = merged.get(piece, 0) + count
        ordered = sorted(merged.items(), key=lambda item: (-item[1], item[0]))
        self.pieces = [piece for piece, _ in ordered]
        self.counts = np.array([count for _, count in ordered], dtype=np.int64)
        self.data, self.lengths = pack(self.pieces, longest)
        self._cumulative = np.cumsum(self.counts**sampling)
        # Weight of a draw; on average 1.
        self._worth = self.counts ** (weighting - sampling) * (self._cumulative[-1] / (self.counts**weighting).sum())

    @property
    def alphabet(self) -> list[int]:
        """Byte values that occur, ascending."""
        return sorted(set().union(*self.pieces))

    def batch(self, seed: int, step: int, size: int) -> Batch:
        """The batch of a step: `size` draws, merged. Its weights sum to `size` in expectation."""
        draws = np.random.default_rng([seed, step]).random(size) * self._cumulative[-1]
        places, times = np.unique(np.searchsorted(self._cumulative, draws, side="right"), return_counts=True)
        return Batch(self.data[places], self.lengths[places], (times * self._worth[places]).astype(np.float32))

    @property
    def mean_length(self) -> float:
        """Bytes per piece of the stream."""
        return float((self.lengths * self.counts).sum() / self.counts.sum())

    def head(self, size: int) -> Batch:
        """The `size` most frequent pieces with their counts."""
        return Batch(self.data[:size], self.lengths[:size], self.counts[:size].astype(np.float32))
