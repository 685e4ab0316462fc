"""Finds the rate of a network's gates that gives the fewest tokens, or a requested number per pre-token, fallback included.

The gates come near a requested rate r in tokens per pre-token. The tokenizer emits more, because a span whose string is not in
the vocabulary falls back to several tokens. So r is searched on the training split.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heapreplace
from itertools import pairwise
from operator import mul

import numpy as np

from gqvae.corpus.pieces import cut
from gqvae.corpus.pretokens import PretokenCounts
from gqvae.kernels.packing import pack
from gqvae.models.network import GQVAE
from gqvae.progress import Progress
from gqvae.tokenizers.spans import Span, gated_spans, served_rates, total_spans
from gqvae.vocabularies.segmentation import Fewest

GRID = 9  # rates tried over the range
HALVINGS = 7  # largest number of bisections of the interval that contains a rate
CLOSE = 0.001  # relative difference from the target that ends the search
MEASURED_PRETOKENS = 50_000  # the most frequent ones, which are measured, and whose ids are stored with a tokenizer
PARTS = 6  # of a text, which each rate is measured on in turn until one is known to win


@dataclass(frozen=True)
class MeasuredRate:
    """A rate of the gates and its results."""

    rate: float | None  # requested of the gates; None: the network serves no range of rates
    tokens_per_pretoken: float  # emitted, fallback included
    gates_per_pretoken: float
    fallback_rate: float  # share of gated spans that fall back
    exact_token_accuracy: float  # share of gated spans whose code decodes to them


class RateDial:
    """Measures rates of one network (in evaluation mode) on one text, for any vocabulary of its strings.

    The network runs once for each piece and rate. `codes` are the strings of its codes.
    """

    def __init__(self, network: GQVAE, codes: list[bytes], text: PretokenCounts) -> None:
        self.network, self.codes, self.total = network, codes, 0
        self.counts: dict[bytes, int] = {}
        for pretoken, count in text.pairs()[:MEASURED_PRETOKENS]:
            self.total += count
            for piece in cut(pretoken, network.settings.max_pretoken_bytes):
                self.counts[piece] = self.counts.get(piece, 0) + count
        self._cut: dict[float | None, dict[bytes, list[Span]]] = {}

    def cut(self, rate: float | None) -> dict[bytes, list[Span]]:
        """The spans of every piece at a rate."""
        self._cut_at([rate])
        return self._cut[rate]

    def _cut_at(self, rates: Sequence[float | None]) -> None:
        missing = {rate: [piece for piece in self.counts if piece not in self._cut.get(rate, ())] for rate in rates}
        if not any(missing.values()):
            return
        with Progress("cutting text at the gates", sum(map(len, missing.values())), "piece") as progress:
            for rate, pieces in missing.items():
                self._cut_pieces(rate, pieces, progress)

    def _cut_pieces(self, rate: float | None, pieces: list[bytes], progress: Progress) -> None:
        self._cut.setdefault(rate, {}).update(gated_spans(self.network, pieces, rate, progress))

    def at(self, strings: list[bytes], rate: float | None) -> MeasuredRate:
        """The results of a rate with the vocabulary of `strings`."""
        spans = total_spans(self.cut(rate), self.counts)
        tokens, exact, fallback = self._emitted(spans, Fewest(strings))
        gates = spans.total()
        return MeasuredRate(rate, tokens / self.total, gates / self.total, fallback / gates, exact / gates)

    def _emitted(self, spans: Counter[Span], vocabulary: Fewest) -> tuple[int, int, int]:
        """How many tokens spans give, how many decode exactly, and how many fall back."""
        tokens = exact = 0
        fallen: Counter[bytes] = Counter()
        for (text, code), count in spans.items():
            right = self.codes[code] == text
            exact += count * right
            if right and text in vocabulary.ids:
                tokens += count
            else:
                fallen[text] += count
        return tokens + _fewest(fallen, vocabulary), exact, fallen.total()

    def best(self, strings: list[bytes]) -> MeasuredRate:
        """The rate with the fewest tokens (ties: the lowest).

        Gates never give fewer tokens than the segmentation into the fewest. So each rate has a lower bound: its tokens on the pieces
        that it has cut, and the fewest on all others. The rate with the lowest bound is measured on more pieces until one leads with
        all of them, as if every rate had been measured on all.
        """
        rates, vocabulary = served_rates(self.network, GRID), Fewest(strings)
        parts = self._parts()
        fewest = [_fewest(part, vocabulary) for part in parts]
        waiting = [(sum(fewest), place, 0) for place in range(len(rates))]  # bound, rate, parts measured: a heap
        with Progress("cutting text at the gates", unit="piece") as progress:
            while waiting[0][2] < len(parts):
                bound, place, done = waiting[0]
                rate, part = rates[place], parts[done]
                known = self._cut.get(rate, {})
                self._cut_pieces(rate, [piece for piece in part if piece not in known], progress)
                spans = total_spans({piece: self._cut[rate][piece] for piece in part}, part)
                heapreplace(waiting, (bound - fewest[done] + self._emitted(spans, vocabulary)[0], place, done + 1))
        return self.at(strings, rates[waiting[0][1]])

    def _parts(self) -> list[dict[bytes, int]]:
        """The pieces and their counts in parts that double, those with most text first."""
        ordered = sorted(self.counts.items(), key=lambda item: -item[1] * len(item[0]))
        ends = [len(ordered) >> halvings for halvings in reversed(range(PARTS))]
        return [dict(ordered[start:end]) for start, end in pairwise([0, *ends]) if start < end]

    def nearest(self, strings: list[bytes], wanted: float) -> MeasuredRate:
        """The rate whose tokens per pre-token are nearest to `wanted`."""
        grid = self._grid(strings)
        tried = list(grid)
        for low, high in pairwise(grid):
            if low.tokens_per_pretoken <= wanted <= high.tokens_per_pretoken:
                tried += self._between(strings, wanted, low, high)
        return min(tried, key=lambda found: abs(found.tokens_per_pretoken - wanted))

    def _grid(self, strings: list[bytes]) -> list[MeasuredRate]:
        rates = served_rates(self.network, GRID)
        self._cut_at(rates)
        return [self.at(strings, rate) for rate in rates]

    def _between(self, strings: list[bytes], wanted: float, low: MeasuredRate, high: MeasuredRate) -> list[MeasuredRate]:
        tried = []
        for _ in range(HALVINGS):
            assert low.rate is not None and high.rate is not None
            middle = self.at(strings, (low.rate * high.rate) ** 0.5)
            tried.append(middle)
            if abs(middle.tokens_per_pretoken / wanted - 1) < CLOSE:
                break
            low, high = (middle, high) if middle.tokens_per_pretoken <= wanted else (low, middle)
        return tried


def _fewest(counts: Mapping[bytes, int], vocabulary: Fewest) -> int:
    """The fewest tokens for texts, from their counts."""
    packed = vocabulary.segment_packed(pack(counts))
    return sum(map(mul, counts.values(), np.diff(packed.offsets).tolist()))
