from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gqvae.corpus.pretoken_table import FIRST_SLOTS, PretokenTable
from gqvae.corpus.pretokenizers.gpt2 import PRETOKENIZER
from gqvae.errors import UserError
from gqvae.kernels.packing import Packed, pack, pack_ids

TEXTS = st.lists(st.text(st.sampled_from("ab é\n漢1'st"), max_size=30), max_size=5)


def pretokens(text: str) -> list[bytes]:
    return [pretoken.encode() for pretoken in PRETOKENIZER.split(text)]


def some_ids(strings: Packed) -> Packed:
    """From no ids to four, some too large to stand beside a key."""
    return pack_ids([byte * 10_000 for byte in string[: sum(string) % 5]] for string in strings.strings())


@settings(deadline=None)
@given(st.lists(TEXTS, max_size=4))
def test_rows_follow_the_first_occurrence(parts: list[list[str]]) -> None:
    table, oracle = PretokenTable("gpt2"), dict[bytes, int]()
    for part in parts:
        expected = [[oracle.setdefault(pretoken, len(oracle)) for pretoken in pretokens(text)] for text in part]
        assert table.encode(pack([text.encode() for text in part])).lists() == expected
    assert table.since(0).strings() == list(oracle) and table.total_bytes == sum(map(len, oracle))


@settings(deadline=None)
@given(st.lists(TEXTS, max_size=4))
def test_every_pretoken_gets_its_ids(parts: list[list[str]]) -> None:
    table = PretokenTable("gpt2", some_ids)
    for part in parts:
        expected = [[id for row in some_ids(pack(pretokens(text))).lists() for id in row] for text in part]
        found = table.encode(pack([text.encode() for text in part]))
        assert found.lists() == expected and found.values.dtype == np.uint32


def test_the_table_grows() -> None:
    table = PretokenTable("gpt2", some_ids)
    words = [f" {number}" * (1 + number % 3) for number in range(2 * FIRST_SLOTS)] + ["x" * 10**6]
    document = pack(["".join(words).encode()])
    for _ in range(2):
        expected = [id for row in some_ids(pack(pretokens("".join(words)))).lists() for id in row]
        assert table.encode(document).values.tolist() == expected
    assert table.since(len(table) - 1).strings() == [b"x" * 10**6]


def test_lengths_tell_zeros_apart() -> None:
    table = PretokenTable("gpt2")
    zeros = pack([b"\0" * length for length in range(1, 40)])
    assert table.encode(zeros).values.tolist() == list(range(39))


def test_known_ids_are_entered_first() -> None:
    table = PretokenTable("gpt2", lambda new: pack_ids([[1]] * new.rows()))
    known = pack([b" the", b" elephantine"])
    table.add(known, pack_ids([[7, 8, 9], [3, 3, 3, 3]]))
    assert table.encode(pack([b" the elephantine cat the"])).values.tolist() == [7, 8, 9, 3, 3, 3, 3, 1, 7, 8, 9]


def test_more_tokens_than_bytes_are_refused() -> None:
    table = PretokenTable("gpt2", lambda new: pack_ids([[1] * 9] * new.rows()))
    with pytest.raises(UserError, match="more tokens than it has bytes"):
        table.encode(pack([b"abc"]))
