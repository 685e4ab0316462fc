"""Candidate strings for a vocabulary from pre-token counts, without a network.

Each function scores the strings of two or more bytes in pre-tokens and returns the best, highest score first (ties by bytes).
No string crosses a pre-token boundary.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np

from gqvae.config import BYTE_VALUES
from gqvae.corpus.pieces import cut
from gqvae.corpus.pretokens import PretokenCounts
from gqvae.kernels.packing import Packed, pack


def random_gates(counts: PretokenCounts, number: int, longest: int, cut_probabilities: Sequence[float]) -> list[bytes]:
    """Spans cut by gates that open at random.

    With cut probability p, a gate opens after each byte of a pre-token with probability p, and always after the last. The score
    of a string is the expected number of times that it is a span between open gates, summed over the probabilities, each in
    (0, 1). Low probabilities favour whole pre-tokens, high ones short spans. `longest` is in bytes.
    """
    # By length, whether the span starts the pre-token, and whether it ends it.
    weights = [
        sum((1.0 if first else p) * (1 - p) ** (length - 1) * (1.0 if last else p) for p in cut_probabilities)
        for length, first, last in product(range(2, longest + 1), (False, True), (False, True))
    ]
    return _best_spans(counts, number, longest, weights)


def substrings(counts: PretokenCounts, number: int, longest: int) -> list[bytes]:
    """One half is the most frequent pre-tokens, the other half the most frequent other substrings."""
    frequent = _best({pretoken: count for pretoken, count in counts.pairs() if 2 <= len(pretoken) <= longest}, number // 2)
    known = frozenset(frequent)
    spans = _best_spans(counts, number, longest, [1.0] * 4 * (longest - 1))
    return frequent + [string for string in spans if string not in known][: number - len(frequent)]


def chunks(counts: PretokenCounts, number: int, longest: int) -> list[bytes]:
    """Pre-tokens cut every `longest` bytes and at their end: what a fixed-length tokenizer sees."""
    occurrences: defaultdict[bytes, float] = defaultdict(float)
    for pretoken, count in counts.pairs():
        for chunk in cut(pretoken, longest):
            if len(chunk) > 1:
                occurrences[chunk] += count
    return _best(occurrences, number)


def _best_spans(counts: PretokenCounts, number: int, longest: int, weights: Sequence[float]) -> list[bytes]:
    """The spans of 2 to `longest` bytes with the highest sums of weight · count; weights as of `tries.score_spans`, from length 2."""
    from gqvae.kernels.tries import score_spans, spell

    keys, scores = score_spans(*pack(counts.pretokens), counts.counts, np.array([0.0] * 8 + [*weights]), longest)
    scores[:BYTE_VALUES] = -1
    if len(scores) > number:  # only the best are spelled
        least = np.partition(scores, -number)[-number]
        nodes = np.flatnonzero(scores >= max(least, 0))
    else:
        nodes = np.arange(BYTE_VALUES, len(scores))
    strings = Packed(*spell(keys, nodes)).strings()
    return _best(dict(zip(strings, scores[nodes].tolist(), strict=True)), number)


def _best(scores: Mapping[bytes, float], number: int) -> list[bytes]:
    return sorted(scores, key=lambda string: (-scores[string], string))[:number]
