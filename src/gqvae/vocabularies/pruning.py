"""Prunes candidate strings to vocabularies of given sizes.

One training with surplus codes serves every smaller vocabulary. Each round drops the few strings whose loss costs the fewest
tokens, then segments the corpus again. Of two strings, each may be dispensable only as long as the other is kept. So at the end
the dropped strings that would save the most tokens replace as many others, if that makes the vocabulary better.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from gqvae.config import RESERVED_IDS
from gqvae.kernels.packing import pack
from gqvae.progress import Progress

Counts: TypeAlias = npt.NDArray[np.int64]
Alive: TypeAlias = npt.NDArray[np.bool_]

CANDIDATES_PER_ID = 2.5
SMALLEST_SERVED = 4096  # smaller vocabularies get as many candidates as this size, because fewer give worse strings
DROPPED_PER_ROUND = 0.1  # share of the strings to drop before the corpus is counted again
EXCHANGED = (0.1, 0.1, 0.05, 0.05, 0.02, 0.02, 0.01, 0.01)  # share of the strings to exchange, by attempt


def enough_candidates(largest: int) -> int:
    """Number of candidates (codes of a network, or counted strings) for vocabularies up to a size."""
    return int(CANDIDATES_PER_ID * max(largest, SMALLEST_SERVED))


def prune(strings: Iterable[bytes], pretokens: Sequence[tuple[bytes, int]], sizes: Sequence[int]) -> dict[int, list[bytes]]:
    """Vocabularies of the given total sizes.

    Args:
        strings: candidates of two or more bytes, all different.
        pretokens: (pre-token, count) pairs of the training split.
        sizes: vocabulary sizes V, including the 256 bytes and the end of a document.

    Returns:
        The learned strings of each size, most used first (ties by bytes). A size that the candidates cannot fill gets all
        candidates that are used.
    """
    candidates = sorted(set(strings))
    pruning = _Pruning(candidates, pretokens)
    alive = np.ones(len(candidates), dtype=np.bool_)
    found: dict[int, list[bytes]] = {}
    with Progress("pruning the vocabulary", unit="round") as progress:
        for size in sorted(set(sizes), reverse=True):
            alive, counts = pruning.drop(alive, size - RESERVED_IDS, progress)
            chosen, counts = pruning.exchange(alive, counts, progress)
            kept = np.flatnonzero(chosen)
            order = np.argsort(-counts[RESERVED_IDS + kept], kind="stable")
            found[size] = [candidates[place] for place in kept[order]]
    return found


class _Pruning:
    """Candidates in the order of their bytes, and the text that they are pruned on.

    A vocabulary is a mask of the candidates. Counts are of all ids; candidate i has the id RESERVED_IDS + i.
    """

    def __init__(self, candidates: list[bytes], pretokens: Sequence[tuple[bytes, int]]) -> None:
        from gqvae.kernels.segmentation import Trie

        self._trie = Trie(candidates)
        self._text = *pack(pretoken for pretoken, _ in pretokens), np.array([count for _, count in pretokens], dtype=np.int64)

    def drop(self, alive: Alive, room: int, progress: Progress) -> tuple[Alive, Counts]:
        """Drop strings until at most `room` are left, all in use; returns them and the counts."""
        while True:
            vocabulary = self._trie.vocabulary(alive)
            counts = self._trie.counts(*self._text, vocabulary)
            kept = np.flatnonzero(alive)
            progress.update(1, f"{len(kept):,} strings")
            used = counts[RESERVED_IDS + kept]
            unused = int((used == 0).sum())
            excess = max(len(kept) - room, unused)
            if excess <= 0:
                return alive, counts
            dropped = max(unused, min(excess, max(1, int(DROPPED_PER_ROUND * len(kept)))))
            # An estimate: each occurrence is segmented in isolation.
            losses = used * self._trie.extra_tokens(vocabulary)[kept]
            alive = alive.copy()
            alive[kept[np.argsort(losses, kind="stable")[:dropped]]] = False

    def exchange(self, alive: Alive, counts: Counts, progress: Progress) -> tuple[Alive, Counts]:
        """Exchange strings for dropped candidates where that saves tokens; returns the strings and the counts."""
        for share in EXCHANGED if alive.any() else ():
            room = int(alive.sum())
            savings = self._trie.savings(*self._text, self._trie.vocabulary(alive))
            useful = np.flatnonzero(savings >= 0)
            best = useful[np.argsort(-savings[useful], kind="stable")][: max(1, int(share * room))]
            more = alive.copy()
            more[best] = True
            tried, found = self.drop(more, room, progress)
            if found.sum() < counts.sum():
                alive, counts = tried, found
        return alive, counts
