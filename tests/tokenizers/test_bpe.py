from __future__ import annotations

import numpy as np
import pytest
import tokenizers as huggingface

from gqvae.corpus.pretokenizers.gpt2 import PRETOKENIZER
from gqvae.corpus.pretokens import PretokenCounts
from gqvae.errors import UserError, VocabularyTooLargeError
from gqvae.tokenizers import sentencepieces
from gqvae.tokenizers.bpe import train_bpe


def test_equals_hugging_face_byte_level_bpe(counts: PretokenCounts) -> None:
    """Oracle: another library, trained on the text itself, segments into as many tokens at every size."""
    for size in (270, 300, 340):
        other = huggingface.Tokenizer(huggingface.models.BPE())
        other.pre_tokenizer = huggingface.pre_tokenizers.Sequence(
            [
                huggingface.pre_tokenizers.Split(huggingface.Regex(PRETOKENIZER.expression("\\x{{{:x}}}".format)), "isolated"),
                huggingface.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
        trainer = huggingface.trainers.BpeTrainer(
            vocab_size=size - 1,  # ours counts the end of a document
            initial_alphabet=huggingface.pre_tokenizers.ByteLevel.alphabet(),
            max_token_length=16,
            show_progress=False,
        )
        texts = [pretoken.decode() for pretoken, count in zip(counts.pretokens, counts.counts, strict=True) for _ in range(count)]
        other.train_from_iterator(texts, trainer)
        ours = train_bpe(counts, size)
        total = sum(len(ours.encode(text)) for text in texts)
        expected = sum(len(other.encode(text).ids) for text in texts)
        # Equal pairs may be merged in another order, which moves the total a little on so small a text.
        assert total == pytest.approx(expected, rel=0.01)


def test_pieces_never_cross_pretokens_nor_exceed_the_limit(counts: PretokenCounts) -> None:
    tokenizer = train_bpe(counts, 330, max_token_bytes=4)
    assert max(len(string) for string in tokenizer.strings) == 4
    joined = set(counts.pretokens)
    assert all(any(string in pretoken for pretoken in joined) for string in tokenizer.strings)


def test_tabs_and_newlines_are_learnt() -> None:
    counts = PretokenCounts([b"\n\n", b"\t\t"], np.array([50, 40]))
    assert set(train_bpe(counts, 259).strings) == {b"\n\n", b"\t\t"}


def test_size_is_what_was_asked_for_or_refused(counts: PretokenCounts) -> None:
    assert train_bpe(counts, 300).vocab_size == 300
    with pytest.raises(VocabularyTooLargeError, match="vocabulary size 90000 is more than the corpus supports") as caught:
        train_bpe(counts, 90_000)
    assert train_bpe(counts, caught.value.largest).vocab_size == caught.value.largest
    with pytest.raises(UserError, match="vocabulary size 256 is too small"):
        train_bpe(counts, 256)


def test_training_is_deterministic(counts: PretokenCounts) -> None:
    assert train_bpe(counts, 300).token_bytes == train_bpe(counts, 300).token_bytes


@pytest.mark.parametrize("times", [1, 40, 10**9])
def test_no_byte_is_lost_however_large_the_text(times: int) -> None:
    """From 34 MB on, sentencepiece left out the rarest bytes, and then there were more strings than asked for."""
    words, often = [b" the", b" cat", b" cats", b" sat", b" on", b" mats"], np.arange(60_000, 0, -10_000)
    made = train_bpe(PretokenCounts(words, often * times), 262)
    assert made.vocab_size == 262 and made.strings == train_bpe(PretokenCounts(words, often), 262).strings
    ids = [token for row in made.segment([bytes([value]) for value in range(256)]) for token in row]
    assert ids == list(range(256))
    text = "".join(map(chr, (*range(256), 0x7FF, 0x6F22, 0x1F642, 0x10FFFF)))
    assert made.decode(made.encode(text)) == text


@pytest.mark.parametrize("total", [1, 2**25 - 513, 2**25 - 512, 2**25, 10**8, 2**40])
def test_texts_without_this_fault_are_trained_on_as_before(total: int) -> None:
    """A unigram model of such a text takes too much memory for a test."""
    lines = [line.split("\t") for line in sentencepieces._lines(PretokenCounts([b"a"], np.array([total])))]
    *of_bytes, _ = [int(times) for _, times in lines]
    assert len(of_bytes) == 256 and len(set(of_bytes)) == 1
    everything = total + sum(of_bytes)
    assert np.float32((everything - of_bytes[0]) / everything) < 1
    assert (of_bytes[0] == 1) == (total < 2**25 - 512)
