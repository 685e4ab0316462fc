"""The rate of a trained network's gates: the setting that gives the fewest tokens, or a rate that is asked for, fallback included.

A network is asked for a rate r in tokens per pre-token and its gates come near it; what a tokenizer emits is more, because a span
without a string of its own in the vocabulary falls back to several tokens. So r is searched for, on the training split.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from gqvae.corpus.pretokens import PretokenCounts
from gqvae.models.network import GQVAE
from gqvae.tokenizers.pieces import cut
from gqvae.tokenizers.spans import Span, gated_spans, served_rates
from gqvae.tokenizers.vocabulary import fewest_tokens, string_ids

GRID = 9  # rates tried over the range
HALVINGS = 7  # of the interval in which a rate is searched
MEASURED_PIECES = 50_000  # most frequent pieces that stand for the split


@dataclass(frozen=True)
class Setting:
    """What the gates are asked for, and what comes of it."""

    rate: float | None  # asked of the gates; None: the network serves no range of rates
    tokens_per_pretoken: float  # emitted, fallback included


class RateDial:
    """Rates of one network, for any vocabulary of its strings; the network runs once for each rate tried.

    Args:
        network: in evaluation mode.
        codes: the string of each code.
        train: pre-tokens of the training split.
    """

    def __init__(self, network: GQVAE, codes: list[bytes], train: PretokenCounts) -> None:
        self.network, self.codes, self.total = network, codes, 0
        self.counts: dict[bytes, int] = {}
        for pretoken, count in zip(train.pretokens[:MEASURED_PIECES], train.counts[:MEASURED_PIECES].tolist(), strict=True):
            self.total += count
            for piece in cut(pretoken, network.settings.max_pretoken_bytes):
                self.counts[piece] = self.counts.get(piece, 0) + count
        self._spans: dict[float | None, dict[Span, int]] = {}

    def tokens_per_pretoken(self, strings: list[bytes], rate: float | None) -> float:
        """Tokens emitted for each pre-token at a rate, with the vocabulary of `strings`."""
        ids = string_ids(strings)
        longest = max((len(string) for string in strings), default=1)
        cost: dict[bytes, int] = {}
        tokens = 0
        for (text, code), count in self._counted(rate).items():
            if text in ids and self.codes[code] == text:
                tokens += count
                continue
            if text not in cost:
                cost[text] = len(fewest_tokens(text, ids, longest))
            tokens += count * cost[text]
        return tokens / self.total

    def best(self, strings: list[bytes]) -> Setting:
        """The rate with the fewest tokens."""
        return min(
            (self._at(strings, rate) for rate in served_rates(self.network, GRID)), key=lambda found: found.tokens_per_pretoken
        )

    def nearest(self, strings: list[bytes], wanted: float) -> Setting:
        """The rate whose tokens per pre-token are nearest to `wanted`."""
        tried = [self._at(strings, rate) for rate in served_rates(self.network, GRID)]
        for low, high in pairwise(list(tried)):
            if low.tokens_per_pretoken <= wanted <= high.tokens_per_pretoken:
                tried += self._between(strings, wanted, low, high)
        return min(tried, key=lambda found: abs(found.tokens_per_pretoken - wanted))

    def _between(self, strings: list[bytes], wanted: float, low: Setting, high: Setting) -> list[Setting]:
        tried = []
        for _ in range(HALVINGS):
            assert low.rate is not None and high.rate is not None
            middle = self._at(strings, (low.rate * high.rate) ** 0.5)
            tried.append(middle)
            low, high = (middle, high) if middle.tokens_per_pretoken <= wanted else (low, middle)
        return tried

    def _at(self, strings: list[bytes], rate: float | None) -> Setting:
        return Setting(rate, self.tokens_per_pretoken(strings, rate))

    def _counted(self, rate: float | None) -> dict[Span, int]:
        """How often each span occurs at a rate."""
        if rate not in self._spans:
            counted: dict[Span, int] = {}
            spans = gated_spans(self.network, self.counts, rate)
            for piece, count in self.counts.items():
                for span in spans[piece]:
                    counted[span] = counted.get(span, 0) + count
            self._spans[rate] = counted
        return self._spans[rate]
