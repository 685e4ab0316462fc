from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gqvae.corpus.pretokens import count_pretokens
from gqvae.kernels.packing import pack
from gqvae.tokenizers.bpe import BPETokenizer, train_bpe
from gqvae.vocabularies.merges import Merges

TEXT = "the cat sat on the mat; the aaaa aaaaaaaa aaaab abab ababab é 漢字 漢字 aaaaaaaaaaaaaaaa bbbbbb " * 40


@pytest.fixture(scope="module")
def bpe() -> BPETokenizer:
    return train_bpe(count_pretokens([TEXT.encode()]), 300)


@settings(max_examples=300, deadline=None)
@given(texts=st.lists(st.one_of(st.text("ab the", min_size=1), st.text("aé漢 catm", min_size=1)), max_size=5))
def test_merges_are_those_of_sentencepiece(bpe: BPETokenizer, texts: list[str]) -> None:
    encoded = [text.encode() for text in texts]
    assert bpe.segment_packed(pack(encoded)).lists() == [list(ids) for ids in bpe.segment(encoded)]


def test_a_long_text_takes_linear_memory_and_the_same_merges(bpe: BPETokenizer) -> None:
    draw = random.Random(0)
    texts = [b"a" * 100_001, bytes(draw.choice(b"ab") for _ in range(50_000)), b""]
    assert bpe.segment_packed(pack(texts)).lists() == [list(ids) for ids in bpe.segment(texts)]


def test_no_strings_are_no_merges() -> None:
    assert Merges([]).segment(pack([b"\xff\0a"])).lists() == [[255, 0, 97]]


def test_ids_follow_the_offsets(bpe: BPETokenizer) -> None:
    packed = bpe.segment_packed(pack([b"the", b"zq", b" cat"]))
    assert packed.values.dtype == np.uint32 and packed.offsets[0] == 0 and packed.offsets[-1] == len(packed.values)
