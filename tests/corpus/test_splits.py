"""Corpora on disk: splits, atomicity, memory."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import tempfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gqvae.config import load_corpus
from gqvae.corpus import separators
from gqvae.corpus.documents import SPLITS, DocumentStore
from gqvae.corpus.sources import Source, open_source
from gqvae.corpus.sources.text import Settings as TextCorpus
from gqvae.corpus.splits import choose_split, write_corpus
from gqvae.errors import UserError
from gqvae.files import read_json, write_json

FILES = sorted(f"{split}{ending}" for split in SPLITS for ending in (".txt", ".offsets.npy"))


def source(documents, test=None) -> Source:
    return Source("some text", False, iter(documents), test_documents=None if test is None else iter(test))


def numbered(count: int) -> list[bytes]:
    return [f"Document number {i}, être ou ne pas être.\r\n".encode() for i in range(count)]


def corpus(**changes) -> TextCorpus:
    return TextCorpus(**{"path": "somewhere.txt", "valid_fraction": 0.2, "test_fraction": 0.2, **changes})


def stored(folder: Path) -> dict[str, list[bytes]]:
    return {split: list(DocumentStore.open(folder, split)) for split in SPLITS}


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"])).map(lambda text: "x" + text), min_size=40, max_size=80),
    st.integers(0, 5),
)
@settings(deadline=None, max_examples=10)
def test_split_is_a_partition_by_content(texts, seed):
    documents = [text.encode() for text in texts] + numbered(40)
    with tempfile.TemporaryDirectory() as folder:
        write_corpus(Path(folder) / "a", source(documents), corpus(seed=seed))
        write_corpus(Path(folder) / "b", source(reversed(documents + documents)), corpus(seed=seed))
        first, second = stored(Path(folder) / "a"), stored(Path(folder) / "b")
    assert sorted(document for split in first.values() for document in split) == sorted(documents)
    for split in SPLITS:  # neither order nor repetition moves a document to another split
        assert sorted(first[split] * 2) == sorted(second[split])
        assert first[split] == [document for document in documents if choose_split(document, seed, 0.2, 0.2) == split]


def test_shares_follow_the_fractions_and_depend_on_the_seed():
    documents = numbered(20_000)
    chosen = [choose_split(document, 0, 0.05, 0.1) for document in documents]
    assert abs(chosen.count("valid") / 20_000 - 0.05) < 0.006 and abs(chosen.count("test") / 20_000 - 0.1) < 0.008
    assert chosen != [choose_split(document, 1, 0.05, 0.1) for document in documents]


def test_files_are_as_described(tmp_path):
    documents = numbered(100)
    record = write_corpus(tmp_path, source([*documents, b"", b" \r\n\t ", "\u2003\xa0".encode()]), corpus())
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*FILES, "corpus.json"])
    assert json.loads((tmp_path / "corpus.json").read_text("utf-8")) == record
    assert record["source"] == "text" and record["label"] == "some text" and record["synthetic"] is False
    assert record["dropped"] == {"blank": 3}
    assert record["settings"] == corpus().model_dump(mode="json")
    for split in SPLITS:
        text = (tmp_path / f"{split}.txt").read_bytes()
        offsets = np.load(tmp_path / f"{split}.offsets.npy")
        found = record["splits"][split]
        assert text == b"".join(document for document in documents if choose_split(document, 0, 0.2, 0.2) == split)
        assert found["bytes"] == len(text) == offsets[-1] and found["documents"] == len(offsets) - 1
        assert offsets.dtype == np.int64 and found["sha256"] == hashlib.sha256(text).hexdigest()


def test_store_iterates_over_block_borders(tmp_path):
    documents = numbered(30_000)
    write_corpus(tmp_path, source(documents), corpus())
    store = DocumentStore.open(tmp_path, "train")
    expected = [document for document in documents if choose_split(document, 0, 0.2, 0.2) == "train"]
    assert len(store) == len(expected) > 4096 and list(store) == expected
    assert store.total_bytes == sum(map(len, expected))


def test_digest_tells_borders_apart(tmp_path):
    def digests(folder: str, test: list[bytes]) -> str:
        write_corpus(tmp_path / folder, source(numbered(50), test), corpus())
        return DocumentStore.open(tmp_path / folder, "test").digest

    assert digests("a", [b"ab", b"c"]) == digests("b", [b"ab", b"c"]) != digests("c", [b"a", b"bc"])


def test_own_test_documents_are_the_test_split_and_never_trained_on(tmp_path):
    documents = numbered(60)
    record = write_corpus(tmp_path, source(documents, test=[b"held out", documents[7], documents[8]]), corpus())
    found = stored(tmp_path)
    assert found["test"] == [b"held out", documents[7], documents[8]]
    assert sorted(found["train"] + found["valid"]) == sorted(documents[:7] + documents[9:])
    assert record["dropped"] == {"equal_to_test": 2}


def test_max_bytes_ends_with_the_document_that_reaches_it(tmp_path):
    documents = numbered(1000)
    record = write_corpus(tmp_path, source(documents), corpus(max_bytes=5000))
    taken = sum(found["bytes"] for found in record["splits"].values())
    assert 5000 <= taken < 5000 + max(map(len, documents))


@pytest.mark.parametrize(
    ("documents", "test", "sentence"),
    [
        ([], None, "holds no documents"),
        ([b" ", b"\n"], None, "holds no documents"),
        ([b"alone"], None, "only one document, and the splits need at least 3"),
        ([b"one", b"two"], None, "2 documents, and the splits need at least 3"),
        ([b"alone"], [b"test"], "only one document, and the splits need at least 2"),
        ([b"same"], [b"same"], "holds no documents"),
        (numbered(9), [], "the test file holds no documents"),
        ([b"same"] * 9, None, "its 9 documents leave the .* split empty: give more documents"),
        ([*numbered(9), b"\xff\xfe"], None, "document 9 is not UTF-8 at byte 0"),
    ],
)
def test_unusable_text_is_one_sentence_and_leaves_nothing(documents, test, sentence, tmp_path):
    with pytest.raises(UserError, match=sentence) as raised:
        write_corpus(tmp_path, source(documents, test), corpus())
    assert str(raised.value).startswith("some text") and "\n" not in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_failure_keeps_the_corpus_that_was_there(tmp_path):
    def broken() -> Iterator[bytes]:
        yield from numbered(500)
        raise UserError("the archive ends here")

    write_corpus(tmp_path, source(numbered(100)), corpus())
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(UserError, match="the archive ends here"):
        write_corpus(tmp_path, source(broken()), corpus())
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_record_never_vouches_for_half_replaced_files(tmp_path, monkeypatch):
    write_corpus(tmp_path, source(numbered(100)), corpus())
    replace, moved = os.replace, []

    def fails_at_the_third(old, new):
        moved.append(new)
        if len(moved) == 3:
            raise KeyboardInterrupt
        replace(old, new)

    monkeypatch.setattr(os, "replace", fails_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        write_corpus(tmp_path, source(numbered(300)), corpus())
    with pytest.raises(UserError, match=r"corpus\.json does not exist"):
        DocumentStore.open(tmp_path, "train")


def test_full_disk_is_a_sentence_and_publishes_nothing(tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, limits[1]))
    try:
        with pytest.raises(UserError, match="No space left to write"):
            write_corpus(tmp_path, source(numbered(10_000)), corpus())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.iterdir()) == []


def test_memory_does_not_grow_with_the_text(tmp_path):
    document_bytes, count = 3000, 10_000  # 30 MB

    def stream() -> Iterator[bytes]:
        for i in range(count):
            yield b"%d " % i + b"a word " * (document_bytes // 7)

    tracemalloc.start()
    try:
        write_corpus(tmp_path, source(stream()), corpus())
        writing = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        read = sum(len(document) for split in SPLITS for document in DocumentStore.open(tmp_path, split))
        reading = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert read > 29_000_000
    assert writing < 8 * count + 2_000_000 and reading < 2_000_000


def _claim_another_document(folder):
    record = read_json(folder / "corpus.json")
    record["splits"]["train"]["documents"] += 1
    write_json(folder / "corpus.json", record)


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda folder: (folder / "train.txt").unlink(), r"train\.txt does not exist"),
        (lambda folder: (folder / "train.txt").write_bytes(b"shorter"), r"train\.txt is damaged"),
        (lambda folder: (folder / "train.offsets.npy").write_bytes(b"nothing"), "offsets.npy is damaged"),
        (lambda folder: np.save(folder / "train.offsets.npy", np.zeros(3)), "offsets.npy is damaged"),
        (_claim_another_document, "do not match"),
        (lambda folder: (folder / "corpus.json").write_text("{"), r"corpus\.json is damaged"),
        (lambda folder: (folder / "corpus.json").write_text("{}"), "does not describe the split train"),
        (lambda folder: (folder / "corpus.json").unlink(), r"corpus\.json does not exist"),
    ],
)
def test_damaged_corpus_is_refused(damage, sentence, tmp_path):
    write_corpus(tmp_path, source(numbered(100)), corpus())
    damage(tmp_path)
    with pytest.raises(UserError, match=sentence):
        DocumentStore.open(tmp_path, "train")


def test_missing_corpus_and_unknown_split_are_named(tmp_path):
    with pytest.raises(UserError, match="does not exist: make a corpus"):
        DocumentStore.open(tmp_path / "nowhere", "train")
    with pytest.raises(UserError, match="no split 'dev'"):
        DocumentStore.open(tmp_path, "dev")


def test_a_text_that_is_not_divided_may_be_one_document_however_long(tmp_path, monkeypatch):
    monkeypatch.setattr(separators, "DOCUMENT_BYTES", 10)
    (tmp_path / "text.txt").write_text("a long text without separators")
    settings = TextCorpus(path=str(tmp_path / "text.txt")).undivided()
    splits = write_corpus(tmp_path / "corpus", open_source(settings), settings, ("train",))["splits"]
    assert [splits[split]["documents"] for split in SPLITS] == [1, 0, 0]
    with pytest.raises(UserError, match="holds no documents"):
        write_corpus(tmp_path / "empty", source([]), settings, ("train",))


def test_documents_that_are_held_out_by_the_source_stay_so(tmp_path):
    documents = numbered(50)
    splits = write_corpus(tmp_path, source(documents, test=documents[:5]), corpus().undivided(), ("train",))["splits"]
    assert [splits[split]["documents"] for split in SPLITS] == [45, 0, 5]


def test_no_config_leaves_a_split_of_a_study_empty():
    for key in ("valid_fraction", "test_fraction"):
        with pytest.raises(UserError, match=f"{key} must be more than 0"):
            load_corpus(json.dumps({"source": "text", "path": "a", key: 0}))
