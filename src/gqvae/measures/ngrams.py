"""How predictable a tokenizer's tokens are without a network: unigram and bigram models, in bits per byte of the text.

A split is the stream EOD document EOD … EOD of `gqvae.measures.bits_per_byte`. As there, every token but the first
end-of-document costs −log2 p, and the sum is divided by the UTF-8 bytes of the text, so vocabularies of any size can be compared.

Entropies use the relative frequencies of the training split. Held-out costs use two distributions over all V ids, fitted to the N
tokens of the training split: p(w) = (c(w) + 1) / (N + V), and Witten and Bell's interpolation of bigrams with it (1991, method C,
in the form of Chen and Goodman 1999), p(w|h) = (1 − λ) c(h, w)/c(h) + λ p(w) with λ = T/(T + c(h)), where T different tokens
follow h in training.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gqvae.config import END_OF_DOCUMENT
from gqvae.errors import UserError
from gqvae.tokenizers.token_files import TokenFile

CHUNK_TOKENS = 1 << 22

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Pairs(NamedTuple):
    """The distinct pairs (history h, token w) of adjacent tokens in a split."""

    keys: Ints  # (P,) ascending h · V + w, each once
    counts: Ints  # (P,) how often each occurs
    vocab_size: int  # ids V
    bytes: float  # UTF-8 bytes of the split's text; NaN: not known from the tokens

    @property
    def histories(self) -> Ints:
        """(P,) the first ids of the pairs."""
        return self.keys // self.vocab_size

    @property
    def tokens(self) -> Ints:
        """(P,) the second ids of the pairs."""
        return self.keys % self.vocab_size

    def bits_per_byte(self, probabilities: Floats) -> float:
        """Bits per byte of the split, given the probabilities (P,) of its pairs' tokens."""
        return float(-(self.counts * np.log2(probabilities)).sum() / self.bytes)


def count_pairs(encoded: TokenFile, name: str, chunk: int = CHUNK_TOKENS) -> Pairs:
    """Count the pairs of a split; memory grows with the chunk and the distinct pairs, not with V².

    Counts about `chunk` tokens at a time, in whole documents. `name` is the split's name in error messages.

    Raises:
        UserError: the split has no text, or an id outside its vocabulary.
    """
    if not len(encoded.ids) or encoded.total_bytes <= 0:
        raise UserError(f"{name} holds no text: delete its folder and encode the corpus again.")
    size, offsets = encoded.vocab_size, np.asarray(encoded.offsets)
    inner = np.searchsorted(offsets, np.arange(chunk, len(encoded.ids), chunk))
    borders = np.unique(np.concatenate([[0], inner, [len(encoded)]])).tolist()
    keys = counts = np.zeros(0, dtype=np.int64)
    for first, last in itertools.pairwise(borders):
        start, end = offsets[first], offsets[last]
        # End-of-document ids go before, between and after these documents. The last is the first history of the next chunk.
        ids = np.insert(encoded.ids[start:end].astype(np.int64), offsets[first : last + 1] - start, END_OF_DOCUMENT)
        if ids.max() >= size:
            raise UserError(
                f"An encoded split holds the id {ids.max()}, outside its vocabulary of {size}: encode the corpus again."
            )
        found, times = np.unique(ids[:-1] * size + ids[1:], return_counts=True)
        keys, places = np.unique(np.concatenate([keys, found]), return_inverse=True)
        counts = np.bincount(places, weights=np.concatenate([counts, times])).astype(np.int64)
    return Pairs(keys, counts, size, encoded.total_bytes)


def unigram_entropy(pairs: Pairs) -> float:
    """Entropy H(X) of the split's tokens, in bits per byte."""
    occurrences = _sums(pairs.tokens, pairs)
    return pairs.bits_per_byte(occurrences[pairs.tokens] / occurrences.sum())


def bigram_entropy(pairs: Pairs) -> float:
    """Conditional entropy H(X_t | X_{t−1}) of the split's tokens, in bits per byte."""
    return pairs.bits_per_byte(pairs.counts / _sums(pairs.histories, pairs)[pairs.histories])


class WittenBell:
    """Distributions of the next token, fitted to the pairs of a training split.

    Attributes:
        unigram: (V,) p(w), with add-one smoothing.
    """

    def __init__(self, training: Pairs) -> None:
        self._pairs = training
        occurrences = _sums(training.tokens, training)
        self.unigram: Floats = (occurrences + 1) / (occurrences.sum() + training.vocab_size)
        self._totals = _sums(training.histories, training)
        self._successors = np.bincount(training.histories, minlength=training.vocab_size)

    def bigram(self, histories: Ints, tokens: Ints) -> Floats:
        """p(w|h) of pairs of ids, both (n,); p(w) after a history that training has not seen."""
        known = self._pairs.keys
        asked = histories * self._pairs.vocab_size + tokens
        places = np.minimum(np.searchsorted(known, asked), len(known) - 1)
        counts = np.where(known[places] == asked, self._pairs.counts[places], 0)
        successors, backoff = self._successors[histories], self.unigram[tokens]
        weight = successors + self._totals[histories]
        return np.where(weight > 0, (counts + successors * backoff) / np.maximum(weight, 1), backoff)


def _sums(ids: Ints, pairs: Pairs) -> Floats:
    """(V,) occurrences of the pairs by id; float64 represents integers up to 2⁵³ exactly."""
    return np.asarray(np.bincount(ids, weights=pairs.counts, minlength=pairs.vocab_size), dtype=np.float64)
