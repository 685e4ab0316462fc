"""Prunes candidate strings to vocabularies of given sizes.

One training with surplus codes serves every smaller vocabulary. Each round drops the few strings whose loss costs the fewest
tokens, then segments the corpus again. Two strings may each be dispensable only while the other is there. So at the end the
dropped strings that would save the most tokens replace as many others if the vocabulary becomes better.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np

from gqvae.config import RESERVED_IDS
from gqvae.progress import Progress
from gqvae.vocabularies.segmentation import fewest_tokens, string_ids, token_counts

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
    candidates = frozenset(strings)
    kept = sorted(candidates)
    found: dict[int, list[bytes]] = {}
    with Progress("pruning the vocabulary", total=None, unit="string") as progress:
        for size in sorted(set(sizes), reverse=True):
            before = len(kept)
            kept, counts = _drop(kept, pretokens, size - RESERVED_IDS)
            progress.update(before - len(kept))
            chosen, counts = _exchange(kept, counts, candidates, pretokens)
            order = np.lexsort((np.arange(len(chosen)), -counts[RESERVED_IDS:]))
            found[size] = [chosen[place] for place in order]
    return found


def _drop(kept: list[bytes], pretokens: Sequence[tuple[bytes, int]], room: int) -> tuple[list[bytes], np.ndarray]:
    """Drop strings until at most `room` are left, all in use; returns them and the counts of all ids."""
    while True:
        counts = token_counts(kept, pretokens)
        unused = int((counts[RESERVED_IDS:] == 0).sum())
        excess = max(len(kept) - room, unused)
        if excess <= 0:
            return kept, counts
        dropped = max(unused, min(excess, max(1, int(DROPPED_PER_ROUND * len(kept)))))
        order = np.argsort(_losses(kept, counts[RESERVED_IDS:]), kind="stable")
        gone = set(order[:dropped].tolist())
        kept = [string for place, string in enumerate(kept) if place not in gone]


def _exchange(
    kept: list[bytes], counts: np.ndarray, candidates: frozenset[bytes], pretokens: Sequence[tuple[bytes, int]]
) -> tuple[list[bytes], np.ndarray]:
    """Exchange strings for dropped candidates where that saves tokens; returns the strings and the counts of all ids."""
    for share in EXCHANGED if kept else ():
        savings = _savings(kept, candidates.difference(kept), pretokens)
        best = sorted(savings, key=lambda string: (-savings[string], string))[: max(1, int(share * len(kept)))]
        tried, found = _drop(sorted([*kept, *best]), pretokens, len(kept))
        if found.sum() < counts.sum():
            kept, counts = tried, found
    return kept, counts


def _savings(strings: Sequence[bytes], candidates: Collection[bytes], pretokens: Sequence[tuple[bytes, int]]) -> Counter[bytes]:
    """Tokens that each candidate would save if it alone were added and used once per pre-token."""
    ids = string_ids(strings)
    longest = max(len(string) for string in strings)
    reach = max((len(candidate) for candidate in candidates), default=0)
    saved: Counter[bytes] = Counter()
    for pretoken, count in pretokens:
        if pretoken in ids:
            continue
        size = len(pretoken)
        head, tail = _costs(pretoken, ids, longest)
        of_pretoken: dict[bytes, int] = {}
        for start in range(size):
            for end in range(start + 2, min(start + reach, size) + 1):
                gain = head[size] - (head[start] + 1 + tail[end])
                if gain > 0 and (text := pretoken[start:end]) in candidates:
                    of_pretoken[text] = max(gain, of_pretoken.get(text, 0))
        for text, gain in of_pretoken.items():
            saved[text] += gain * count
    return saved


def _costs(text: bytes, ids: Mapping[bytes, int], longest: int) -> tuple[list[int], list[int]]:
    """Fewest tokens for the text before each position, and for the text from that position on."""
    size = len(text)
    head, tail = [0] + [size] * size, [size] * size + [0]
    for start in range(size):
        for end in range(start + 1, min(start + longest, size) + 1):
            if head[start] + 1 < head[end] and text[start:end] in ids:
                head[end] = head[start] + 1
    for start in range(size - 1, -1, -1):
        for end in range(start + 1, min(start + longest, size) + 1):
            if tail[end] + 1 < tail[start] and text[start:end] in ids:
                tail[start] = tail[end] + 1
    return head, tail


def _losses(strings: Sequence[bytes], counts: np.ndarray) -> np.ndarray:
    """Extra tokens if each string alone were dropped (an estimate: each occurrence is segmented in isolation)."""
    ids = string_ids(strings)
    longest = max(len(string) for string in strings)
    extra = []
    for string in strings:
        own = ids.pop(string)
        extra.append(len(fewest_tokens(string, ids, longest)) - 1)
        ids[string] = own
    return counts * np.array(extra, dtype=np.int64)
