from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gqvae.kernels.packing import pack, unpack


@given(st.lists(st.binary(max_size=9), max_size=9))
def test_strings_come_back(strings: list[bytes]) -> None:
    blob, offsets = pack(strings)
    assert blob.tobytes() == b"".join(strings) and offsets[0] == 0 and offsets[-1] == len(blob)
    assert unpack(blob, offsets) == strings
