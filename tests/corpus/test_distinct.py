from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gqvae.corpus.distinct import FIRST_SLOTS, DistinctStrings
from gqvae.kernels.packing import pack

strings = st.lists(st.one_of(st.binary(min_size=1, max_size=12), st.binary(min_size=1, max_size=2)))


@settings(deadline=None)
@given(st.lists(strings, max_size=4))
def test_numbers_follow_the_first_occurrence(parts: list[list[bytes]]) -> None:
    table, oracle = DistinctStrings(), dict[bytes, int]()
    for part in parts:
        packed = pack(part)
        expected = [oracle.setdefault(string, len(oracle)) for string in part]
        assert table.number(packed.values, packed.offsets[1:]).tolist() == expected
    assert table.since(0).strings() == list(oracle) and table.total_bytes == sum(map(len, oracle))


def test_the_table_grows() -> None:
    table = DistinctStrings()
    some = [str(number).encode() * (1 + number % 5) for number in range(2 * FIRST_SLOTS)] + [b"x" * 10**6]
    distinct = list(dict.fromkeys(some))
    for _ in range(2):
        numbers = table.number(*(lambda packed: (packed.values, packed.offsets[1:]))(pack(some)))
        assert [distinct[number] for number in numbers] == some
    assert table.since(len(distinct) - 1).strings() == [b"x" * 10**6]


def test_lengths_tell_strings_apart() -> None:
    zeros = [b"\0" * length for length in range(1, 40)]
    table, packed = DistinctStrings(), pack(zeros)
    assert np.array_equal(table.number(packed.values, packed.offsets[1:]), np.arange(39))
