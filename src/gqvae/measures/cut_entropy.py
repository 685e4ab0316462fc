"""How far the text decides where a tokenizer cuts: the entropy of a pre-token's cut, given the pre-token's length (ours).

It is 0 bits if all pre-tokens of one length are cut alike: then the tokenizer counts bytes and does not look at the text, like one
of fixed length. The cut of a network is that of its gates, before fallback. Longer pre-tokens than the paper's T, such as whole
documents, are left out: hardly two of them have one length.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

LONGEST = 16  # bytes of a pre-token
Cut = Sequence[int]  # bytes of each part of a pre-token


def cut_entropy(cuts: Iterable[tuple[Cut, int]]) -> float:
    """Bits per pre-token, from the cut of each distinct pre-token and its count; NaN: there are only longer ones."""
    of_cut: Counter[tuple[int, ...]] = Counter()
    of_length: Counter[int] = Counter()
    for cut, count in cuts:
        if sum(cut) <= LONGEST:
            of_cut[tuple(cut)] += count
            of_length[sum(cut)] += count
    total = sum(of_length.values())
    bits = sum(count * math.log2(of_length[sum(cut)] / count) for cut, count in of_cut.items())
    return bits / total if total else math.nan
