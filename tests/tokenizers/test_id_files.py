"""Ids come back from every form, through pipes too."""

from __future__ import annotations

import io
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gqvae.errors import UserError
from gqvae.tokenizers import id_files
from gqvae.tokenizers.id_files import Form, form_of, read_ids, write_ids

BLOCKS = st.lists(st.lists(st.integers(0, 2**16 - 1), max_size=150), max_size=4)


@pytest.mark.parametrize("form", get_args(Form))
@given(BLOCKS, st.integers(1, 64))
@settings(max_examples=60, deadline=None)
def test_ids_come_back(form: Form, blocks: list[list[int]], size: int) -> None:
    stream = io.BytesIO()
    expected = [token for block in blocks for token in block]
    assert write_ids(stream, [np.array(block, dtype=np.uint32) for block in blocks], form, 2**16) == len(expected)
    if form == "npy":
        stream.seek(0)
        assert np.load(stream).tolist() == expected
    stream.seek(0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(id_files, "BLOCK", size)
        assert [token for block in read_ids(stream, form) for token in block.tolist()] == expected


def test_names_say_the_form() -> None:
    names = ("a.npy", "b.u16", "c.x.u32", "ids.txt", "npy", "-", "A.NPY", "/dev/fd/63")
    assert [form_of(name) for name in names] == ["npy", "u16", "u32", "text", "text", "text", "npy", "text"]


@pytest.mark.parametrize("name", ["o.json", "o.npz", "o.npy.gz", "o.bin", "v1.0"])
def test_a_suffix_that_says_no_form_is_refused(name: str) -> None:
    said = r": \.\w+ says no form of ids: use \.npy, \.u16, \.u32, \.txt, or name the form with --format\.$"
    with pytest.raises(UserError, match=f"^{name}{said}"):
        form_of(name)


@pytest.mark.parametrize(
    ("form", "data", "message"),
    [
        ("text", b"12 a3 4", "'a3', which is not an id"),
        ("text", b"\x93NUMPY\x01", "which is not an id"),
        ("text", b"99999999999999999999", "which is not an id"),
        ("npy", b"1 2 3", "is not an .npy file"),
        ("text", b"1_0", "which is not an id"),
        ("npy", b"\x93NUMPY\x01\x00\x01\x00(", "is not an .npy file"),
        ("u32", b"\0\0\0\0\0", "ends too early or too late"),
    ],
)  # fmt: skip
def test_other_data_is_refused(form: Form, data: bytes, message: str) -> None:
    with pytest.raises(UserError, match=message):
        list(read_ids(io.BytesIO(data), form))


def test_an_array_of_another_kind_is_refused() -> None:
    stream = io.BytesIO()
    np.save(stream, np.zeros((2, 2)))
    stream.seek(0)
    with pytest.raises(UserError, match="not a row of ids"):
        list(read_ids(stream, "npy"))


def test_a_part_of_an_array_is_refused() -> None:
    stream = io.BytesIO()
    write_ids(stream, [np.arange(1000)], "npy", 1000)
    with pytest.raises(UserError, match="ends too early"):
        list(read_ids(io.BytesIO(stream.getvalue()[:-2]), "npy"))


def test_an_array_is_written_behind_what_is_there() -> None:
    stream = io.BytesIO(b"before")
    stream.seek(6)
    write_ids(stream, [np.arange(10)], "npy", 1000)
    assert stream.getvalue().startswith(b"before\x93NUMPY")


def test_large_vocabularies_do_not_fit_16_bits() -> None:
    with pytest.raises(UserError, match="do not fit into 16 bits"):
        write_ids(io.BytesIO(), [], "u16", 70_000)
