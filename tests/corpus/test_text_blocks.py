"""Blocks of a stream are cut where pre-tokens end, no matter what follows."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gqvae.corpus.pretokenizers import names, pretokenizer
from gqvae.corpus.text_blocks import text_blocks
from gqvae.errors import UserError

TEXT = st.text(st.sampled_from(list("   \n\n\r\tabA12/.'sre\u2028\u3000\x1cé漢🙂\u0301")), max_size=80)


@pytest.mark.parametrize("name", [*names(), "pattern:[ab]+"])
@given(text=TEXT, size=st.integers(1, 16))
@settings(max_examples=500, deadline=None)
def test_blocks_join_to_the_text_and_cut_no_pretoken(name: str, text: str, size: int) -> None:
    split, blocks = pretokenizer(name).split, list(text_blocks(io.BytesIO(text.encode()), "text", size, name))
    assert "".join(blocks) == text
    assert [pretoken for block in blocks for pretoken in split(block)] == split(text)


@pytest.mark.parametrize("name", ["gpt2", "cl100k", "o200k", "whitespace"])
def test_blocks_are_small_where_text_has_spaces(name: str) -> None:
    for words in (b"some words here ", b"word\r\n", b"tab\tand\r"):
        assert max(map(len, text_blocks(io.BytesIO(words * 1000), "text", 100, name))) < 120


def test_a_text_without_a_border_is_one_block() -> None:
    text = "x" * 5000 + " " * 5000
    assert list(text_blocks(io.BytesIO(text.encode()), block_bytes=64)) == ["x" * 5000, " " * 5000]


@pytest.mark.parametrize(("data", "place"), [(b"ab \xff", 3), (b"abcdefgh \xe6\xbc", 9), (b"\x80", 0), (b"ab \xed\xa0\x80x", 3)])
@pytest.mark.parametrize("size", [1, 3, 100])
def test_what_is_not_utf8_is_refused_with_its_place(data: bytes, place: int, size: int) -> None:
    with pytest.raises(UserError, match=f"notes.txt is not UTF-8 at byte {place}:"):
        list(text_blocks(io.BytesIO(data), "notes.txt", size))
