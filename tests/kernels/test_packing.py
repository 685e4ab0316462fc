from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gqvae.kernels.packing import pack, pack_ids


@given(st.lists(st.binary(max_size=9), max_size=9))
def test_rows_come_back(strings: list[bytes]) -> None:
    packed = pack(strings)
    assert packed.rows() == len(strings) and packed.strings() == strings
    assert packed.values.tobytes() == b"".join(strings)
    rows = [list(string) for string in strings]
    assert pack_ids(rows).lists() == rows
