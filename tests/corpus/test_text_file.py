"""Text files: compression, damage."""

from __future__ import annotations

import gzip
import lzma
from pathlib import Path

import pytest
import zstandard

from gqvae.corpus.text_file import read_documents
from gqvae.errors import UserError

COMPRESS = {
    ".txt": lambda data: data,
    ".xz": lzma.compress,
    ".gz": gzip.compress,
    ".zst": lambda data: zstandard.ZstdCompressor().compress(data),
}


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(COMPRESS[path.suffix](data))
    return path


@pytest.mark.parametrize("suffix", COMPRESS)
def test_compressed_files_read_the_same(suffix, tmp_path):
    documents = [b"Document %d\n" % i * 400 for i in range(300)]
    path = written(tmp_path / f"text{suffix}", b"".join(document + b"\n--\n" for document in documents))
    assert list(read_documents(path, "--")) == documents


def test_archives_of_several_parts_are_read_whole(tmp_path):
    for suffix in (".xz", ".gz", ".zst"):
        path = tmp_path / f"text{suffix}"
        path.write_bytes(COMPRESS[suffix](b"one\n--\n") + COMPRESS[suffix](b"two\n--\n"))
        assert list(read_documents(path, "--")) == [b"one", b"two"]


@pytest.mark.parametrize("suffix", [".xz", ".gz", ".zst"])
@pytest.mark.parametrize("damage", ["cut", "flipped", "other"])
def test_damaged_archives_are_one_sentence(suffix, damage, tmp_path):
    path = written(tmp_path / f"text{suffix}", b"".join(b"%d squared is %d\n--\n" % (i, i * i) for i in range(20_000)))
    data = bytearray(path.read_bytes())
    if damage == "cut":
        data = data[: len(data) // 2]
    elif damage == "flipped":
        data[len(data) // 2 : len(data) // 2 + 8] = bytes(byte ^ 0xFF for byte in data[len(data) // 2 : len(data) // 2 + 8])
    else:
        data = bytearray(b"plain text\n" * 99)
    path.write_bytes(data)
    with pytest.raises(UserError, match=rf"text\{suffix} is damaged or cut short .*: fetch it again"):
        list(read_documents(path, "--"))


@pytest.mark.parametrize("suffix", [".txt", ".gz"])
def test_invalid_utf8_is_named_with_its_byte(suffix, tmp_path):
    path = written(tmp_path / f"text{suffix}", b"good\n--\nalso good\n--\nbad \xe9t\xe9\n--\n")
    with pytest.raises(UserError, match=rf"text\{suffix} is not UTF-8 at byte 25 of its text"):
        list(read_documents(path, "--"))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match="cannot be read"):
        list(read_documents(tmp_path / "none.txt", "--"))
