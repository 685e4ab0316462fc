"""Vocabularies of strings: segmentation into the fewest tokens, and pruning to a size.

One training with more codes than the vocabulary may hold serves every smaller vocabulary: strings are dropped, a few at a time,
whose loss would cost least, and everything is segmented anew in between. Two strings may each be dispensable only as long as the
other is there; so afterwards dropped strings that would now save most are taken in again, as many leave, and what is better stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np

from gqvae.config import BYTE_VALUES, RESERVED_IDS
from gqvae.progress import Progress

CANDIDATES_PER_ID = 2.5
SERVED = 4096  # smaller vocabularies are pruned from the candidates of this one: fewer make worse strings
DROPPED_PER_ROUND = 0.1  # share of the strings that may go before counts are taken anew
EXCHANGED = (0.1, 0.1, 0.05, 0.05, 0.02, 0.02, 0.01, 0.01)  # shares of the strings that are taken in again, try by try


def enough_candidates(largest: int) -> int:
    """Strings to prune from for vocabularies up to a size: codes of a network, or counted ones."""
    return int(CANDIDATES_PER_ID * max(largest, SERVED))


def fewest_tokens(text: bytes, ids: Mapping[bytes, int], longest: int) -> list[int]:
    """Segment `text` into the fewest tokens of a vocabulary that holds every single byte.

    Ties: at each end the longest last token wins, which is what a Viterbi search over equal scores finds when it visits starts
    from left to right.

    Args:
        text: any bytes.
        ids: string → id.
        longest: length of the longest string in `ids`.
    """
    whole = ids.get(text)
    if whole is not None:
        return [whole]
    size = len(text)
    cost = [0] + [size + 1] * size
    start_of = [0] * (size + 1)
    for start in range(size):
        reached = cost[start] + 1
        for end in range(start + 1, min(start + longest, size) + 1):
            if reached < cost[end] and text[start:end] in ids:
                cost[end] = reached
                start_of[end] = start
    tokens = []
    end = size
    while end:
        start = start_of[end]
        tokens.append(ids[text[start:end]])
        end = start
    return tokens[::-1]


def string_ids(strings: Sequence[bytes]) -> dict[bytes, int]:
    """Ids of a vocabulary: the 256 bytes, one id reserved for the end of a document, then `strings` in order."""
    ids = {bytes([value]): value for value in range(BYTE_VALUES)}
    ids.update((string, RESERVED_IDS + place) for place, string in enumerate(strings))
    return ids


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
