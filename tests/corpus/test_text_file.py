"""Text files: separators, compression, damage."""

from __future__ import annotations

import gzip
import lzma
import tempfile
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from gqvae.corpus import text_file
from gqvae.corpus.sources.text import Settings as TextCorpus
from gqvae.corpus.sources.text import open_source as open_text
from gqvae.corpus.sources.text import read_documents
from gqvae.errors import UserError

COMPRESS = {
    ".txt": lambda data: data,
    ".xz": lzma.compress,
    ".gz": gzip.compress,
    ".zst": lambda data: zstandard.ZstdCompressor().compress(data),
}
DOCUMENT = st.text(st.sampled_from(list("ab<|>\r\n é🙂\t=")) | st.characters(exclude_categories=["Cs"]), max_size=30)


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(COMPRESS[path.suffix](data))
    return path


@given(
    st.lists(DOCUMENT, min_size=1, max_size=6), st.sampled_from(["<|endoftext|>", "===", "a b"]), st.sampled_from(["\n", "\r\n"])
)
@settings(deadline=None)
def test_separators_round_trip(documents, separator, line_end):
    documents = [
        document for document in documents if separator not in (line.removesuffix("\r") for line in document.split("\n"))
    ]
    text = "".join(document + line_end + separator + line_end for document in documents)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "text.txt"
        path.write_bytes(text.encode())
        found = list(read_documents(path, separator))
        path.write_bytes((text + "the rest\n").encode())
        with_rest = list(read_documents(path, separator))
    assert [document.decode() for document in found] == documents
    assert with_rest == [*found, b"the rest\n"]


def test_bytes_inside_documents_stay_as_they_are(tmp_path):
    path = written(
        tmp_path / "text.txt", b"\xef\xbb\xbfone\r\n\r\n  two \x00\t\r\n---\r\nthree\n---  \n----\n---\n---\nlast\n---"
    )
    assert list(read_documents(path, "---")) == [b"\xef\xbb\xbfone\r\n\r\n  two \x00\t", b"three\n---  \n----", b"", b"last"]


def test_only_the_separators_line_end_is_taken(tmp_path):
    path = written(tmp_path / "text.txt", b"one\r\n---\ntwo\n\n---\n")
    assert list(read_documents(path, "---")) == [b"one\r", b"two\n"]


def test_lines_longer_than_the_buffer_are_not_taken_for_separators(tmp_path, monkeypatch):
    monkeypatch.setattr(text_file, "LINE_BYTES", 8)
    path = written(tmp_path / "text.txt", b"12345678sep\n12345678\nsep\nrest")
    assert list(read_documents(path, "sep")) == [b"12345678sep\n12345678", b"rest"]


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


def test_enormous_document_asks_for_the_separator(tmp_path, monkeypatch):
    monkeypatch.setattr(text_file, "DOCUMENT_BYTES", 1000)
    path = written(tmp_path / "text.txt", b"a line\n" * 1000)
    with pytest.raises(UserError, match=r"text\.txt: a document exceeds .* `separator` \(now '--'\)"):
        list(read_documents(path, "--"))


def test_missing_files_are_named(tmp_path):
    path = written(tmp_path / "text.txt", b"one\n")
    for settings_, name in (
        (TextCorpus(path=str(tmp_path / "none.txt")), "none.txt"),
        (TextCorpus(path=str(path), test_path=str(tmp_path / "no_test.txt")), "no_test.txt"),
        (TextCorpus(path=str(tmp_path)), tmp_path.name),
    ):
        with pytest.raises(UserError, match=f"{name} does not exist or is not a file"):
            open_text(settings_)
    with pytest.raises(UserError, match="cannot be read"):
        list(read_documents(tmp_path / "none.txt", "--"))


def test_blank_lines_may_separate_documents(tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes(b"one\ntwo\n\nthree\r\n\r\nfour")
    assert list(read_documents(path, "")) == [b"one\ntwo", b"three", b"four"]
