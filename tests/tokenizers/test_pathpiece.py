from __future__ import annotations

import numpy as np
import pytest

from gqvae.corpus.pretokens import PretokenCounts
from gqvae.errors import UserError, VocabularyTooLargeError
from gqvae.tokenizers.counted import trainer
from gqvae.tokenizers.matching import bytes_per_token
from gqvae.vocabularies.pruning import prune
from gqvae.vocabularies.segmentation import fewest_tokens, string_ids


@pytest.mark.parametrize("candidates", ["random_gates", "bpe", "substrings", "chunks"])
def test_every_source_of_candidates_fills_the_sizes_and_gives_the_text_back(counts: PretokenCounts, candidates: str) -> None:
    made = trainer("pathpiece", {"candidates": candidates, "count": 60})(counts, [270, 290])
    assert [made[size].vocab_size for size in (270, 290)] == [270, 290]
    assert bytes_per_token(made[290], counts) > bytes_per_token(made[270], counts) > 1
    text = "the fox wasn't ünheard 漢"
    assert made[270].decode(made[270].encode(text)) == text


def test_it_is_the_pruning_of_every_other_vocabulary_and_the_fewest_tokens(counts: PretokenCounts) -> None:
    from gqvae.vocabularies.candidates import random_gates

    made = trainer("pathpiece", {"count": 80, "cut_probabilities": [0.2], "max_token_bytes": 6})(counts, [280])[280]
    pairs = list(zip(counts.pretokens, counts.counts.tolist(), strict=True))
    assert made.strings == prune(random_gates(counts, 80, 6, (0.2,)), pairs, [280])[280]
    ids = string_ids(made.strings)
    for pretoken in counts.pretokens:
        assert list(next(iter(made.segment([pretoken])))) == fewest_tokens(pretoken, ids, 6)
    assert max(map(len, made.strings)) <= 6


def test_candidates_that_do_not_fill_a_vocabulary_are_all_taken(counts: PretokenCounts) -> None:
    with pytest.raises(VocabularyTooLargeError, match="300 is more than a `count` of 10 fills: set it to 267 or less"):
        trainer("pathpiece", {"count": 10})(counts, [300])
    made = trainer("pathpiece", {"count": 43})(counts, [300])[300]
    assert made.vocab_size < 300 and made.requested_size == 300


def test_settings_out_of_range_are_one_sentence() -> None:
    with pytest.raises(UserError, match="settings of pathpiece: cut_probabilities"):
        trainer("pathpiece", {"cut_probabilities": [1.0]})
    with pytest.raises(UserError, match="settings of pathpiece: candidates"):
        trainer("pathpiece", {"candidates": "none"})


def test_a_larger_bpe_that_the_text_does_not_fill_gives_all_its_strings() -> None:
    """By default thousands of candidates are asked for, however few ids are wanted."""
    few = PretokenCounts([b" the", b" they", b"x"], np.array([5, 3, 1]))
    made = trainer("pathpiece", {"candidates": "bpe"})(few, [259])[259]
    assert made.vocab_size == 259 and made.decode(made.encode(" they x")) == " they x"
    assert trainer("pathpiece", {"candidates": "bpe"})(PretokenCounts([b"x"], np.array([9])), [300])[300].vocab_size == 257
    assert trainer("pathpiece", {"candidates": "bpe"})(few, [2 * 10**9])[2 * 10**9].vocab_size < 300
    with pytest.raises(VocabularyTooLargeError, match="vocabulary size 317 is more than the corpus supports"):
        trainer("pathpiece", {"candidates": "bpe", "count": 60})(few, [259])
