"""Pruning: from candidate strings to vocabularies of given sizes.

One training with more codes than the vocabulary may hold serves every smaller vocabulary: strings are dropped, a few at a time,
whose loss would cost least, and everything is segmented anew in between. Two strings may each be dispensable only as long as the
other is there; so afterwards dropped strings that would now save most are taken in again, as many leave, and what is better stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np

from gqvae.config import RESERVED_IDS
from gqvae.progress import Progress
from gqvae.vocabularies.segmentation import fewest_tokens, string_ids, token_counts

CANDIDATES_PER_ID = 2.5
SERVED = 4096  # smaller vocabularies are pruned from the candidates of this one: fewer make worse strings
DROPPED_PER_ROUND = 0.1  # share of the strings that may go before counts are taken anew
EXCHANGED = (0.1, 0.1, 0.05, 0.05, 0.02, 0.02, 0.01, 0.01)  # shares of the strings that are taken in again, try by try


def enough_candidates(largest: int) -> int:
    """Strings to prune from for vocabularies up to a size: codes of a network, or counted ones."""
    return int(CANDIDATES_PER_ID * max(largest, SERVED))


def prune(strings: Iterable[bytes], pretokens: Sequence[tuple[bytes, int]], sizes: Sequence[int]) -> dict[int, list[bytes]]:
    """Vocabularies of the given total sizes.

    Args:
        strings: candidates of two or more bytes, all different.
        pretokens: (pre-token, count) pairs of the training split.
        sizes: vocabulary sizes that count the 256 bytes and the end of a document.

    Returns:
        For each size its learned strings, the most used first (ties by bytes). A size larger than the candidates allow gets all
        candidates that are used at all.
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
    """Drop strings until at most `room` are left and all of them are used; those that stay, and the counts of all ids."""
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
    """As many strings that need fewer tokens, if taking in dropped ones and dropping others finds any, and the counts of all ids."""
    for share in EXCHANGED if kept else ():
        savings = _savings(kept, candidates.difference(kept), pretokens)
        best = sorted(savings, key=lambda string: (-savings[string], string))[: max(1, int(share * len(kept)))]
        tried, found = _drop(sorted([*kept, *best]), pretokens, len(kept))
        if found.sum() < counts.sum():
            kept, counts = tried, found
    return kept, counts


def _savings(strings: Sequence[bytes], candidates: Collection[bytes], pretokens: Sequence[tuple[bytes, int]]) -> Counter[bytes]:
    """Tokens that the corpus would lose if a candidate alone were taken in (used once a pre-token)."""
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
    """Fewest tokens of the text before, and of the text from, each position."""
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
    """Tokens that the corpus would gain if a string alone were dropped (an estimate: its places are segmented on their own)."""
    ids = string_ids(strings)
    longest = max(len(string) for string in strings)
    extra = []
    for string in strings:
        own = ids.pop(string)
        extra.append(len(fewest_tokens(string, ids, longest)) - 1)
        ids[string] = own
    return counts * np.array(extra, dtype=np.int64)
