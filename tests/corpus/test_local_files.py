"""Local files: found in order, read by their suffix, refused in one sentence."""

from __future__ import annotations

import gzip
import json
import lzma
import sys
import tracemalloc
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from gqvae.corpus.documents import SPLITS, DocumentStore
from gqvae.corpus.local_files import documents_of, found_files, text_bytes
from gqvae.corpus.separators import Cut
from gqvae.corpus.sources.text import Settings as TextCorpus
from gqvae.corpus.sources.text import open_source
from gqvae.corpus.splits import write_corpus
from gqvae.errors import UserError

COMPRESS = {
    "": lambda data: data,
    ".xz": lzma.compress,
    ".gz": gzip.compress,
    ".zst": lambda data: zstandard.ZstdCompressor().compress(data),
}


def read(path: Path, field: str = "text") -> list[bytes]:
    return list(documents_of([path], field, Cut("--")))


def jsonl(rows) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("b.txt", "a/2.jsonl", "a/10.jsonl.gz", "a/10/z.TXT", "a-b.txt.zst", "notes.md", ".hidden/c.txt", "a/.d.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = jsonl([{"text": name}]) if "jsonl" in name else name.encode()
        path.write_bytes(COMPRESS.get(path.suffix, bytes)(data))
    return tmp_path


def test_a_folder_is_read_in_order(tree):
    files = found_files(str(tree))
    assert [file.relative_to(tree).as_posix() for file in files] == [
        "a/10/z.TXT", "a/10.jsonl.gz", "a/2.jsonl", "a-b.txt.zst", "b.txt",
    ]  # fmt: skip
    cut = Cut("--")
    assert list(documents_of(files, "text", cut)) == [b"a/10/z.TXT", b"a/10.jsonl.gz", b"a/2.jsonl", b"a-b.txt.zst", b"b.txt"]
    assert cut.sentence() == "5 documents from 5 files, cut at 0 lines '--'"


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*.md", ["notes.md"]),
        ("a/*", ["a/10.jsonl.gz", "a/2.jsonl"]),
        ("**/*.jsonl*", ["a/10.jsonl.gz", "a/2.jsonl"]),
        ("[ab].txt", ["b.txt"]),
        ("b.txt", ["b.txt"]),
    ],
)
def test_a_pattern_finds_what_it_says(pattern, names, tree):
    assert [file.relative_to(tree).as_posix() for file in found_files(str(tree / pattern))] == names


def test_a_file_whose_name_looks_like_a_pattern_is_found(tmp_path):
    (tmp_path / "[1].txt").write_text("one")
    assert found_files(str(tmp_path / "[1].txt")) == [tmp_path / "[1].txt"]


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("none.txt", "none.txt does not exist or is not a file: put the text there"),
        ("*.csv", r"No file matches .*\*\.csv: correct the pattern"),
        ("empty", "empty holds no .txt, .jsonl, .parquet files.* give a pattern, as .*empty"),
    ],
)
def test_no_file_is_one_sentence(path, sentence, tree):
    (tree / "empty").mkdir()
    (tree / "empty" / "x.md").touch()
    for settings_ in (TextCorpus(path=str(tree / path)), TextCorpus(path=str(tree / "b.txt"), test_path=str(tree / path))):
        for act in (settings_.files, lambda settings_=settings_: open_source(settings_)):
            with pytest.raises(UserError, match=sentence) as raised:
                act()
            assert "\n" not in str(raised.value)


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"])) | st.none(), max_size=8),
    st.sampled_from(list(COMPRESS)),
    st.booleans(),
)
@settings(deadline=None, max_examples=50)
def test_rows_of_jsonl_are_documents(tmp_path_factory, texts, suffix, ascii_only):
    path = tmp_path_factory.getbasetemp() / f"rows.jsonl{suffix}"
    lines = [json.dumps({"id": place, "body": text}, ensure_ascii=ascii_only).encode() for place, text in enumerate(texts)]
    path.write_bytes(COMPRESS[suffix](b"\xef\xbb\xbf" + b"\r\n \n".join(lines)))
    assert read(path, "body") == [(text or "").encode() for text in texts]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b'{"id": 1, "body": "x"}\n', r"line 1 has no field 'text' but body, id: set `field` to the one that holds the text"),
        (b'{"text": "x"}\n{"text": 5}\n', "line 2: the field 'text' holds int, not text"),
        (b'{"text": "x"}\n\n{"text": "y"\n', "line 3 is not JSON"),
        (b'["x"]\n', "line 1 is not an object but list"),
        (b'{"text": "\\ud800"}\n', "line 1: the field 'text' holds a lone surrogate"),
        (b'{"text": "caf\xe9"}\n', "line 1 is not JSON"),
        (b"[" * 100_000, "line 1 is not JSON"),
        (b"{}\n", "line 1 has no field 'text' but none at all"),
    ],
)
def test_bad_rows_are_one_sentence(data, sentence, tmp_path):
    (tmp_path / "rows.jsonl").write_bytes(data)
    with pytest.raises(UserError, match=rf"rows\.jsonl.*{sentence}") as raised:
        read(tmp_path / "rows.jsonl")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("suffix", [".xz", ".gz", ".zst"])
@pytest.mark.parametrize("form", [".jsonl", ".txt"])
def test_an_archive_cut_short_is_one_sentence(form, suffix, tmp_path):
    path = tmp_path / f"rows{form}{suffix}"
    path.write_bytes(COMPRESS[suffix](jsonl({"text": f"{i} squared is {i * i}"} for i in range(20_000)))[:-2000])
    with pytest.raises(UserError, match=rf"rows\{form}\{suffix} is damaged or cut short .*: fetch it again") as raised:
        read(path)
    assert "\n" not in str(raised.value)


def test_memory_does_not_grow_with_rows(tmp_path):
    path = tmp_path / "rows.jsonl.gz"
    with gzip.open(path, "wb", 1) as stream:
        for i in range(10_000):
            stream.write(json.dumps({"text": f"{i} " + "a word " * 400}).encode() + b"\n")
    tracemalloc.start()
    try:
        total = sum(len(document) for document in documents_of([path], "text", Cut("")))
        used = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total > 28_000_000 and used < 2_000_000


def test_several_files_become_one_corpus_that_says_how_it_was_cut(tree):
    (tree / "b.txt").write_text("".join(f"Document {i}{'--' if i % 2 else ''}\n--\n" for i in range(300)))
    (tree / "test").mkdir()
    (tree / "test" / "rows.jsonl").write_bytes(jsonl({"text": f"Held out {i}"} for i in range(5)))
    chosen = TextCorpus(path=str(tree / "[ab]*"), test_path=str(tree / "test"), separator="--", valid_fraction=0.2)
    assert len(chosen.files()) == 3
    record = write_corpus(tree / "corpus", open_source(chosen), chosen)
    assert record["cut"] == "306 documents from 3 files, cut at 300 lines '--'; 150 within lines stay text"
    assert sorted(DocumentStore.open(tree / "corpus", "test")) == [b"Held out %d" % i for i in range(5)]
    assert sum(len(DocumentStore.open(tree / "corpus", split)) for split in SPLITS) == 306


def test_the_amount_of_text_is_known_if_it_is_plain(tree):
    files = [tree / "b.txt", tree / "a" / "2.jsonl"]
    assert text_bytes(files) == 5 + len(jsonl([{"text": "a/2.jsonl"}])) and text_bytes([*files, tree / "a-b.txt.zst"]) is None


def test_a_text_of_one_document_names_what_was_looked_for(tmp_path):
    (tmp_path / "mine.txt").write_text("one\n\ntwo\n\nthree\n")
    chosen = TextCorpus(path=str(tmp_path / "mine.txt"))
    with pytest.raises(
        UserError, match=r"mine\.txt: it holds only one document, .* no '<\|endoftext\|>' was found, so .* \"\" for blank"
    ):
        write_corpus(tmp_path / "corpus", open_source(chosen), chosen)


# Parquet, with and without its reader.


def test_without_pyarrow_the_command_is_named(tmp_path, monkeypatch):
    (tmp_path / "rows.parquet").touch()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UserError, match=r"rows\.parquet is a Parquet file: install its reader with `pip install pyarrow`"):
        read(tmp_path / "rows.parquet")


def parquet(path: Path, columns, **options) -> Path:
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(arrow.table(columns), path, **options)
    return path


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])) | st.none(), min_size=1, max_size=600))
@settings(deadline=None, max_examples=20)
def test_rows_of_parquet_are_documents(tmp_path_factory, texts):
    arrow = pytest.importorskip("pyarrow")
    folder = tmp_path_factory.getbasetemp()
    for kind in (arrow.string(), arrow.large_string(), arrow.dictionary(arrow.int32(), arrow.string())):
        rows = {"id": list(range(len(texts))), "text": arrow.array(texts, arrow.string()).cast(kind)}
        assert read(parquet(folder / "rows.parquet", rows, row_group_size=100)) == [(text or "").encode() for text in texts]


def test_bad_parquet_is_one_sentence(tmp_path):
    path = parquet(tmp_path / "rows.parquet", {"id": list(range(5000)), "body": [f"text {i}" for i in range(5000)]})
    for field, sentence in (("text", "has no field 'text' but id, body"), ("id", "the column 'id' is of type int64, not text")):
        with pytest.raises(UserError, match=rf"rows\.parquet.* {sentence}"):
            read(path, field)
    whole = path.read_bytes()
    footer = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    for damaged in (whole[: len(whole) // 2], b"", b"PAR1", whole[:4] + b"\xff" * (footer - 4) + whole[footer:]):
        path.write_bytes(damaged)
        with pytest.raises(UserError, match=r"rows\.parquet is damaged or cut short .*: fetch it again") as raised:
            read(path, "body")
        assert "\n" not in str(raised.value)
