"""Candidate strings for a vocabulary, from the counts of pre-tokens alone: what a network proposes elsewhere, counted here.

Each function scores the strings of two or more bytes that pre-tokens contain and returns the best, the highest score first (equal
scores: by their bytes). No string crosses the end of a pre-token.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from gqvae.corpus.pieces import cut
from gqvae.corpus.pretokens import PretokenCounts


def random_gates(counts: PretokenCounts, number: int, longest: int, cut_probabilities: Sequence[float]) -> list[bytes]:
    """Spans that gates would cut if they opened at random.

    With cut probability p, a gate opens after each byte of a pre-token with probability p, and always after the last. The score of a
    string is how often it is a span between two open gates, in expectation, summed over the probabilities.

    Args:
        counts: pre-tokens of the training split.
        number: strings to return.
        longest: bytes of the longest string.
        cut_probabilities: each in (0, 1); low ones favour whole pre-tokens, high ones short spans.
    """
    expected: defaultdict[bytes, float] = defaultdict(float)
    # By length: does the span begin with the pre-token, does it end with it.
    weights = {
        (length, first, last): sum(
            (1.0 if first else p) * (1 - p) ** (length - 1) * (1.0 if last else p) for p in cut_probabilities
        )
        for length in range(2, longest + 1)
        for first in (False, True)
        for last in (False, True)
    }
    for pretoken, count, start, end in _spans(counts, longest):
        weight = weights[end - start, start == 0, end == len(pretoken)]
        expected[pretoken[start:end]] += weight * count
    return _best(expected, number)


def substrings(counts: PretokenCounts, number: int, longest: int) -> list[bytes]:
    """Half of them the most frequent pre-tokens, the other half the most frequent other substrings."""
    whole: dict[bytes, float] = {}
    occurrences: defaultdict[bytes, float] = defaultdict(float)
    for pretoken, count in zip(counts.pretokens, counts.counts.tolist(), strict=True):
        if 2 <= len(pretoken) <= longest:
            whole[pretoken] = count
    frequent = _best(whole, number // 2)
    known = frozenset(frequent)
    for pretoken, count, start, end in _spans(counts, longest):
        if (string := pretoken[start:end]) not in known:
            occurrences[string] += count
    return frequent + _best(occurrences, number - len(frequent))


def chunks(counts: PretokenCounts, number: int, longest: int) -> list[bytes]:
    """Pre-tokens cut every `longest` bytes and at their end: what a fixed-length tokenizer sees."""
    occurrences: defaultdict[bytes, float] = defaultdict(float)
    for pretoken, count in zip(counts.pretokens, counts.counts.tolist(), strict=True):
        for chunk in cut(pretoken, longest):
            if len(chunk) > 1:
                occurrences[chunk] += count
    return _best(occurrences, number)


def _spans(counts: PretokenCounts, longest: int) -> Iterator[tuple[bytes, int, int, int]]:
    """Every span of 2 to `longest` bytes: the pre-token, how often it occurs, start, end."""
    for pretoken, count in zip(counts.pretokens, counts.counts.tolist(), strict=True):
        size = len(pretoken)
        for start in range(size - 1):
            for end in range(start + 2, min(start + longest, size) + 1):
                yield pretoken, count, start, end


def _best(scores: Mapping[bytes, float], number: int) -> list[bytes]:
    return sorted(scores, key=lambda string: (-scores[string], string))[:number]
