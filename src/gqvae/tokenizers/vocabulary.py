"""Vocabularies of strings: segmentation into the fewest tokens, and pruning to a size.

One training with more codes than the vocabulary may hold serves every smaller vocabulary: strings are dropped, a few at a time,
whose loss would cost least, and everything is segmented anew in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from gqvae.config import BYTE_VALUES, RESERVED_IDS
from gqvae.progress import Progress

DROPPED_PER_ROUND = 0.1  # share of the strings that may go before counts are taken anew


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
    """Nested vocabularies of the given total sizes.

    Args:
        strings: candidates of two or more bytes, all different.
        pretokens: (pre-token, count) pairs of the training split.
        sizes: vocabulary sizes that count the 256 bytes and the end of a document.

    Returns:
        For each size its learned strings, the most used first (ties by bytes). A size larger than the candidates allow gets all
        candidates that are used at all.
    """
    kept = sorted(set(strings))
    found: dict[int, list[bytes]] = {}
    with Progress("pruning the vocabulary", total=None, unit="string") as progress:
        for size in sorted(set(sizes), reverse=True):
            room = size - RESERVED_IDS
            while True:
                counts = token_counts(kept, pretokens)[RESERVED_IDS:]
                unused = int((counts == 0).sum())
                excess = max(len(kept) - room, unused)
                if excess <= 0:
                    break
                dropped = max(unused, min(excess, max(1, int(DROPPED_PER_ROUND * len(kept)))))
                order = np.argsort(_losses(kept, counts), kind="stable")
                gone = set(order[:dropped].tolist())
                kept = [string for place, string in enumerate(kept) if place not in gone]
                progress.update(dropped)
            order = np.lexsort((np.arange(len(kept)), -counts))
            found[size] = [kept[place] for place in order]
    return found


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
