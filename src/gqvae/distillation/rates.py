"""Finds the rate of a network's gates that gives the fewest tokens, or a requested number per pre-token, fallback included.

The gates come near a requested rate r in tokens per pre-token. The tokenizer emits more, because a span whose string is not in
the vocabulary falls back to several tokens. So r is searched on the training split.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import mul

import numpy as np

from gqvae.corpus.pieces import cut
from gqvae.corpus.pretokens import PretokenCounts
from gqvae.kernels.packing import pack
from gqvae.models.network import GQVAE
from gqvae.progress import Progress
from gqvae.tokenizers.spans import Span, gated_spans, served_rates, total_spans
from gqvae.vocabularies.segmentation import string_ids

GRID = 9  # rates tried over the range
HALVINGS = 7  # largest number of bisections of the interval that contains a rate
CLOSE = 0.001  # relative difference from the target that ends the search
MEASURED_PRETOKENS = 50_000  # the most frequent ones, which are measured, and whose ids are stored with a tokenizer


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

    The network runs once per rate. `codes` are the strings of its codes.
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
        missing = [rate for rate in rates if rate not in self._cut]
        if not missing:
            return
        with Progress("cutting text at the gates", len(missing) * len(self.counts), "piece") as progress:
            for rate in missing:
                self._cut[rate] = gated_spans(self.network, self.counts, rate, progress)

    def at(self, strings: list[bytes], rate: float | None) -> MeasuredRate:
        """The results of a rate with the vocabulary of `strings`."""
        from gqvae.kernels.segmentation import Trie

        spans = total_spans(self.cut(rate), self.counts)
        known = string_ids(strings)
        tokens = exact = 0
        fallen: Counter[bytes] = Counter()
        for (text, code), count in spans.items():
            right = self.codes[code] == text
            exact += count * right
            if right and text in known:
                tokens += count
            else:
                fallen[text] += count
        _, ends = Trie(strings).fewest(*pack(fallen))
        tokens += sum(map(mul, fallen.values(), np.diff(ends).tolist()))
        fallback = fallen.total()
        gates = spans.total()
        return MeasuredRate(rate, tokens / self.total, gates / self.total, fallback / gates, exact / gates)

    def best(self, strings: list[bytes]) -> MeasuredRate:
        """The rate with the fewest tokens."""
        return min(self._grid(strings), key=lambda found: found.tokens_per_pretoken)

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
