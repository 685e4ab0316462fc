"""Pruning in plain Python, the reference for the compiled code: every string is sought in a dictionary, every round starts anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np

from gqvae.config import RESERVED_IDS
from gqvae.vocabularies.pruning import DROPPED_PER_ROUND, EXCHANGED
from gqvae.vocabularies.segmentation import fewest_tokens, string_ids


def token_counts(strings: Sequence[bytes], pretokens: Iterable[tuple[bytes, int]]) -> np.ndarray:
    """How often each id is used when every pre-token is segmented into the fewest tokens → (vocabulary size,) int64."""
    ids = string_ids(strings)
    longest = max((len(string) for string in strings), default=1)
    counts = np.zeros(RESERVED_IDS + len(strings), dtype=np.int64)
    for pretoken, count in pretokens:
        for token in fewest_tokens(pretoken, ids, longest):
            counts[token] += count
    return counts


def prune(strings: Iterable[bytes], pretokens: Sequence[tuple[bytes, int]], sizes: Sequence[int]) -> dict[int, list[bytes]]:
    """As `gqvae.vocabularies.pruning.prune`."""
    candidates = frozenset(strings)
    kept = sorted(candidates)
    found: dict[int, list[bytes]] = {}
    for size in sorted(set(sizes), reverse=True):
        kept, counts = drop(kept, pretokens, size - RESERVED_IDS)
        chosen, counts = exchange(kept, counts, candidates, pretokens)
        order = np.lexsort((np.arange(len(chosen)), -counts[RESERVED_IDS:]))
        found[size] = [chosen[place] for place in order]
    return found


def drop(kept: list[bytes], pretokens: Sequence[tuple[bytes, int]], room: int) -> tuple[list[bytes], np.ndarray]:
    """Drop strings until at most `room` are left, all in use; returns them and the counts of all ids."""
    while True:
        counts = token_counts(kept, pretokens)
        unused = int((counts[RESERVED_IDS:] == 0).sum())
        excess = max(len(kept) - room, unused)
        if excess <= 0:
            return kept, counts
        dropped = max(unused, min(excess, max(1, int(DROPPED_PER_ROUND * len(kept)))))
        order = np.argsort(losses(kept, counts[RESERVED_IDS:]), kind="stable")
        gone = set(order[:dropped].tolist())
        kept = [string for place, string in enumerate(kept) if place not in gone]


def exchange(
    kept: list[bytes], counts: np.ndarray, candidates: frozenset[bytes], pretokens: Sequence[tuple[bytes, int]]
) -> tuple[list[bytes], np.ndarray]:
    """Exchange strings for dropped candidates where that saves tokens; returns the strings and the counts of all ids."""
    for share in EXCHANGED if kept else ():
        savings = savings_of(kept, candidates.difference(kept), pretokens)
        best = sorted(savings, key=lambda string: (-savings[string], string))[: max(1, int(share * len(kept)))]
        tried, found = drop(sorted([*kept, *best]), pretokens, len(kept))
        if found.sum() < counts.sum():
            kept, counts = tried, found
    return kept, counts


def savings_of(strings: Sequence[bytes], candidates: Collection[bytes], pretokens: Sequence[tuple[bytes, int]]) -> Counter[bytes]:
    """Tokens that each candidate would save if it alone were added and used once per pre-token."""
    ids = string_ids(strings)
    longest = max(len(string) for string in strings)
    reach = max((len(candidate) for candidate in candidates), default=0)
    saved: Counter[bytes] = Counter()
    for pretoken, count in pretokens:
        if pretoken in ids:
            continue
        size = len(pretoken)
        head, tail = costs(pretoken, ids, longest)
        of_pretoken: dict[bytes, int] = {}
        for start in range(size):
            for end in range(start + 2, min(start + reach, size) + 1):
                gain = head[size] - (head[start] + 1 + tail[end])
                if gain > 0 and (text := pretoken[start:end]) in candidates:
                    of_pretoken[text] = max(gain, of_pretoken.get(text, 0))
        for text, gain in of_pretoken.items():
            saved[text] += gain * count
    return saved


def costs(text: bytes, ids: Mapping[bytes, int], longest: int) -> tuple[list[int], list[int]]:
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


def losses(strings: Sequence[bytes], counts: np.ndarray) -> np.ndarray:
    """Extra tokens if each string alone were dropped (an estimate: each occurrence is segmented in isolation)."""
    ids = string_ids(strings)
    longest = max(len(string) for string in strings)
    extra = []
    for string in strings:
        own = ids.pop(string)
        extra.append(len(fewest_tokens(string, ids, longest)) - 1)
        ids[string] = own
    return counts * np.array(extra, dtype=np.int64)
