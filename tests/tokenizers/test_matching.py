from __future__ import annotations

import pytest

from gqvae.corpus.pretokens import PretokenCounts
from gqvae.tokenizers.base import Tokenizer
from gqvae.tokenizers.bpe import train_bpe
from gqvae.tokenizers.counted import trainer
from gqvae.tokenizers.matching import bytes_per_token, match_compression


def test_a_bpe_tokenizer_is_matched_by_itself(counts: PretokenCounts) -> None:
    target = train_bpe(counts, 297)
    found = match_compression(target, trainer("bpe", {}), 0.005, counts, counts)
    assert found.bytes_per_token == pytest.approx(found.target_bytes_per_token)
    assert found.within_tolerance


@pytest.mark.parametrize("arm", ["bytes", "neural", "distilled"])
@pytest.mark.parametrize("kind", ["bpe", "pathpiece"])
def test_no_other_size_is_nearer(tokenizers: dict[str, Tokenizer], counts: PretokenCounts, kind: str, arm: str) -> None:
    train = trainer(kind, {})
    found = match_compression(tokenizers[arm], train, 0.005, counts, counts)
    assert found.tokenizer.kind == kind
    distance = abs(found.relative_difference)
    for size in (found.tokenizer.vocab_size - 1, found.tokenizer.vocab_size + 1):
        if size > 257:
            other = bytes_per_token(train(counts, [size])[size], counts) / found.target_bytes_per_token - 1
            assert distance <= abs(other) + 1e-12


def test_a_target_beyond_the_corpus_gets_the_largest_vocabulary(counts: PretokenCounts) -> None:
    class Whole(type(train_bpe(counts, 300))):  # type: ignore[misc]
        kind = "whole"

        def segment(self, pretokens: list[bytes]) -> list[list[int]]:
            return [[0] for _ in pretokens]

    target = Whole(train_bpe(counts, 300)._model)
    found = match_compression(target, trainer("bpe", {"max_token_bytes": 2}), 0.005, counts, counts)
    assert not found.within_tolerance and found.relative_difference < 0
