from __future__ import annotations

from collections import Counter
from random import Random

import numpy as np
import pytest
import sentencepiece

from gqvae.corpus.pretokens import PretokenCounts
from gqvae.errors import UserError
from gqvae.tokenizers.base import Tokenizer
from gqvae.tokenizers.byte_level import to_text
from gqvae.tokenizers.counted import trainer


def counted(**pretokens: int) -> PretokenCounts:
    return PretokenCounts([name.encode() for name in pretokens], np.array(list(pretokens.values()), dtype=np.int64))


def test_a_dictionary_holds_the_most_frequent_chunks() -> None:
    # Chunks of three bytes: abc 5 + 2, de 5, xyz 2, single bytes not counted. There are no ties.
    made = trainer("dictionary", {"chunk_bytes": 3})(counted(abcde=5, abcxyz=2, q=9), [259])[259]
    assert made.strings == [b"abc", b"de"]
    assert made.decode_bytes(made.encode("abcde")) == b"abcde" and len(made.encode("abcde")) == 2
    assert len(made.encode("abcxyz")) == 1 + 3  # xyz is not in it
    assert len(made.encode("zabc")) == 4  # cut after three bytes, wherever known strings are


def test_equal_counts_are_ordered_by_their_bytes() -> None:
    assert trainer("dictionary", {})(counted(cd=1, ab=1, ef=1), [259])[259].strings == [b"ab", b"cd"]


def test_no_chunk_is_longer_than_asked(tokenizers: dict[str, Tokenizer]) -> None:
    assert {len(string) for string in tokenizers["dictionary"].strings} == {2, 3}


def test_unigram_is_the_most_probable_segmentation(tokenizers: dict[str, Tokenizer], counts: PretokenCounts) -> None:
    """Against a search over all segmentations with the model's own scores."""
    unigram = tokenizers["unigram"]
    model = sentencepiece.SentencePieceProcessor(model_proto=unigram._model)  # type: ignore[attr-defined]
    scores = {model.id_to_piece(place): model.get_score(place) for place in range(model.get_piece_size())}

    def best(text: str) -> float:
        reached = [0.0] + [-np.inf] * len(text)
        for end in range(1, len(text) + 1):
            reached[end] = max(reached[start] + scores.get(text[start:end], -np.inf) for start in range(end))
        return reached[-1]

    lengths = Counter[int]()
    for pretoken in counts.pretokens:
        ids = next(iter(unigram.segment([pretoken])))
        pieces = [to_text(unigram.token_bytes[token]) for token in ids]
        assert sum(scores[piece] for piece in pieces) == pytest.approx(best(to_text(pretoken)), abs=1e-4)
        lengths.update(map(len, pieces))
    assert max(lengths) > 1  # something was learned


def test_unknown_modules_and_settings_are_one_sentence() -> None:
    with pytest.raises(UserError, match=r"no module gqvae\.tokenizers\.none"):
        trainer("none", {})
    with pytest.raises(UserError, match="makes no tokenizers from counts"):
        trainer("id_files", {})
    with pytest.raises(UserError, match="settings of dictionary: unknown key 'chunk'"):
        trainer("dictionary", {"chunk": 3})


@pytest.mark.parametrize("kind", ["unigram", "bpe", "pathpiece", "dictionary"])
def test_a_very_long_pretoken_is_trained_on_in_parts_and_comes_back(kind: str) -> None:
    """sentencepiece's unigram model fails on it as a whole."""
    picture = bytes(Random(0).choices(range(97, 123), k=100_000))
    counts = PretokenCounts([b" the", picture], np.array([9, 1]))
    tokenizer = trainer(kind, {})(counts, [300])[300]
    assert tokenizer.vocab_size == 300
    assert tokenizer.decode_bytes(tokenizer.encode(picture.decode())) == picture
