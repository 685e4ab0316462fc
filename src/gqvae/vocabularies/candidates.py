"""Candidate strings for a vocabulary from pre-token counts, without a network.

Each function scores the strings of two or more bytes in pre-tokens and returns the best, highest score first (ties by bytes).
No string crosses a pre-token boundary.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from gqvae.corpus.pieces import cut
from gqvae.corpus.pretokens import PretokenCounts


def random_gates(counts: PretokenCounts, number: int, longest: int, cut_probabilities: Sequence[float]) -> list[bytes]:
    """Spans cut by gates that open at random.

    With cut probability p, a gate opens after each byte of a pre-token with probability p, and always after the last. The score
    of a string is the expected number of times that it is a span between open gates, summed over the probabilities, each in
    (0, 1). Low probabilities favour whole pre-tokens, high ones short spans. `longest` is in bytes.
    """
    expected: defaultdict[bytes, float] = defaultdict(float)
    # By length, whether the span starts the pre-token, and whether it ends it.
    weights = {
        (length, first, last): sum(
            (1.0 if first else p) * (1 - p) ** (length - 1) * (1.0 if last else p) for p in cut_probabilities
        )
        for length, first, last in product(range(2, longest + 1), (False, True), (False, True))
    }
    for pretoken, count, start, end in _spans(counts, longest):
        weight = weights[end - start, start == 0, end == len(pretoken)]
        expected[pretoken[start:end]] += weight * count
    return _best(expected, number)


def substrings(counts: PretokenCounts, number: int, longest: int) -> list[bytes]:
    """One half is the most frequent pre-tokens, the other half the most frequent other substrings."""
    frequent = _best({pretoken: count for pretoken, count in counts.pairs() if 2 <= len(pretoken) <= longest}, number // 2)
    known = frozenset(frequent)
    occurrences: defaultdict[bytes, float] = defaultdict(float)
    for pretoken, count, start, end in _spans(counts, longest):
        if (string := pretoken[start:end]) not in known:
            occurrences[string] += count
    return frequent + _best(occurrences, number - len(frequent))


def chunks(counts: PretokenCounts, number: int, longest: int) -> list[bytes]:
    """Pre-tokens cut every `longest` bytes and at their end: what a fixed-length tokenizer sees."""
    occurrences: defaultdict[bytes, float] = defaultdict(float)
    for pretoken, count in counts.pairs():
        for chunk in cut(pretoken, longest):
            if len(chunk) > 1:
                occurrences[chunk] += count
    return _best(occurrences, number)


def _spans(counts: PretokenCounts, longest: int) -> Iterator[tuple[bytes, int, int, int]]:
    """Every span of 2 to `longest` bytes: the pre-token, how often it occurs, start, end."""
    for pretoken, count in counts.pairs():
        size = len(pretoken)
        for start in range(size - 1):
            for end in range(start + 2, min(start + longest, size) + 1):
                yield pretoken, count, start, end


def _best(scores: Mapping[bytes, float], number: int) -> list[bytes]:
    return sorted(scores, key=lambda string: (-scores[string], string))[:number]
