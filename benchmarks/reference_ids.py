"""Ids by the shortest code that is right: GPT-2's regular expression, and a plain search in each pre-token. Slow on purpose.

* Merges: the adjacent pair whose joined bytes have the lowest id is merged, the leftmost first, until no pair is in the vocabulary.
* Fewest tokens: shortest paths from the left; of equal ones, the longest last token.
* Scores: the highest sum of scores. Equal sums, up to rounding, may be segmented in any way.
* A network's gates have no reference; only the split and the fallback's bytes are checked by decoding.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from gqvae.corpus.unicode_classes import LETTERS, NUMBERS, WHITE_SPACE

ROUNDING = 1e-3  # of scores summed in 32 bits, relative to their sum


def _inside(ranges: list[tuple[int, int]]) -> str:
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)


SPACE, LETTER, NUMBER = map(_inside, (WHITE_SPACE, LETTERS, NUMBERS))
PRETOKENS = re.compile(
    rf"'s|'t|'re|'ve|'m|'ll|'d| ?[{LETTER}]+| ?[{NUMBER}]+| ?[^{SPACE}{LETTER}{NUMBER}]+|[{SPACE}]+(?![^{SPACE}])|[{SPACE}]+"
)


class Reference:
    """The reference of a tokenizer."""

    def __init__(self, tokenizer: Any) -> None:
        self.strings = list(tokenizer.token_bytes)
        self.ids = {string: place for place, string in enumerate(self.strings) if string}
        self.longest = max(map(len, self.ids))
        self.scores = tokenizer.scores()
        self.segmentation = tokenizer.segmentation
        self.pairs: set[tuple[bytes, bytes]] = set()  # that were merged
        self.cached = lru_cache(1 << 20)(self.segment)

    def differs(self, text: str, ids: list[int]) -> bool:
        """Whether these ids of a text are not the reference's."""
        place = 0
        for pretoken in PRETOKENS.findall(text):
            right = self.cached(pretoken.encode())
            if right is None:
                end, size = place, len(pretoken.encode())
                while size > 0 and end < len(ids):
                    size -= len(self.strings[ids[end]])
                    end += 1
                best = self.best_score(pretoken.encode()) if self.scores else None
                found = sum(self.scores[one] for one in ids[place:end]) if self.scores else None
                if size or (best is not None and found is not None and found < best - ROUNDING * max(1.0, abs(best))):
                    return True
                place = end
                continue
            if ids[place : place + len(right)] != right:
                return True
            place += len(right)
        return place != len(ids)

    def segment(self, pretoken: bytes) -> list[int] | None:
        """Ids of a pre-token; None if it has no single right answer here."""
        if self.segmentation == "merges":
            return self.merged(pretoken)
        return self.fewest(pretoken) if self.segmentation == "fewest" else None

    def merged(self, pretoken: bytes) -> list[int]:
        """Merge the pair with the lowest id until there is none."""
        parts = [pretoken[place : place + 1] for place in range(len(pretoken))]
        while True:
            pairs = [
                (found, place)
                for place in range(len(parts) - 1)
                if (found := self.ids.get(parts[place] + parts[place + 1])) is not None
            ]
            if not pairs:
                return [self.ids[part] for part in parts]
            _, place = min(pairs)
            self.pairs.add((parts[place], parts[place + 1]))
            parts[place : place + 2] = [parts[place] + parts[place + 1]]

    def merges(self, pretokens: Iterable[bytes]) -> list[tuple[bytes, bytes]]:
        """The pairs that these pre-tokens and the vocabulary's strings need, in the order of merging."""
        for pretoken in (*pretokens, *self.ids):
            self.merged(pretoken)
        return sorted(self.pairs, key=lambda pair: (self.ids[pair[0] + pair[1]], pair))

    def fewest(self, pretoken: bytes) -> list[int]:
        """The fewest tokens, from the right end of the best path."""
        best: list[tuple[int, int]] = [(0, 0)]  # for each end: tokens, start of the last
        for end in range(1, len(pretoken) + 1):
            starts = range(max(0, end - self.longest), end)
            best.append(min((best[start][0] + 1, start) for start in starts if pretoken[start:end] in self.ids))
        ids, end = [], len(pretoken)
        while end:
            start = best[end][1]
            ids.append(self.ids[pretoken[start:end]])
            end = start
        return ids[::-1]

    def best_score(self, pretoken: bytes) -> float:
        """The highest sum of scores of any segmentation."""
        best = [0.0]
        for end in range(1, len(pretoken) + 1):
            starts = range(max(0, end - self.longest), end)
            best.append(
                max(
                    best[start] + self.scores[self.ids[pretoken[start:end]]]
                    for start in starts
                    if pretoken[start:end] in self.ids
                )
            )
        return best[-1]
