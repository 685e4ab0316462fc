"""How far the text decides where a tokenizer cuts: the entropy of a pre-token's cut, given the pre-token's length (ours).

It is 0 bits if all pre-tokens of one length are cut alike: then the tokenizer counts bytes and does not look at the text, like one
of fixed length. The cut of a network is that of its gates, before fallback.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

Cut = Sequence[int]  # bytes of each part of a pre-token


def cut_entropy(cuts: Iterable[tuple[Cut, int]]) -> float:
    """Bits per pre-token, from the cut of each distinct pre-token and its count."""
    of_cut: Counter[tuple[int, ...]] = Counter()
    of_length: Counter[int] = Counter()
    for cut, count in cuts:
        of_cut[tuple(cut)] += count
        of_length[sum(cut)] += count
    total = sum(of_length.values())
    return sum(count / total * math.log2(of_length[sum(cut)] / count) for cut, count in of_cut.items()) if total else 0.0
