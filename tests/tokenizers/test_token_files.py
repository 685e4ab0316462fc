from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gqvae.errors import UserError
from gqvae.kernels.packing import Packed, pack_ids
from gqvae.tokenizers.token_files import RECORD, TokenFile, token_dtype, write_record, write_split

LENGTHS = np.array([1] * 256 + [0, 2, 3])  # ids 257 and 258 stand for two and three bytes
VOCABULARY = len(LENGTHS)


def encoded(*documents: list[int], batch: int = 1000) -> Iterator[Packed]:
    return (pack_ids(documents[start : start + batch]) for start in range(0, len(documents), batch))


def write(folder: Path, *documents: list[int], vocab_size: int = VOCABULARY, extra: int = 0, batch: int = 1000) -> dict[str, int]:
    lengths = np.concatenate((LENGTHS, np.ones(max(0, vocab_size - VOCABULARY), dtype=int)))
    sizes = np.array([int(lengths[document].sum()) + extra for document in documents])
    row = write_split(folder, "train", encoded(*documents, batch=batch), lengths, sizes)
    write_record(folder, lengths[:vocab_size], "digest", "gpt2", {"train": row})
    return row


@given(st.lists(st.lists(st.sampled_from([0, 97, 255, 257, 258])), min_size=1))
def test_documents_come_back(tmp_path_factory: pytest.TempPathFactory, documents: list[list[int]]) -> None:
    folder = tmp_path_factory.mktemp("tokens")
    row = write(folder, *documents)
    tokens = TokenFile.open(folder, "train")
    assert [document.tolist() for document in tokens] == documents
    assert len(tokens) == row["documents"] == len(documents)
    assert tokens.total_bytes == row["bytes"] == sum(int(LENGTHS[document].sum()) for document in documents)
    assert len(tokens.ids) == row["tokens"] == sum(map(len, documents))
    assert tokens.vocab_size == VOCABULARY


def test_batches_join_without_a_seam(tmp_path: Path) -> None:
    documents = [[97] * (index % 3) + [257] for index in range(10)]
    write(tmp_path / "one", *documents)
    write(tmp_path / "many", *documents, batch=3)
    for name in ("train.bin", "train.offsets.npy", RECORD):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "many" / name).read_bytes()


@pytest.mark.parametrize(("vocab_size", "kind"), [(1 << 16, np.uint16), ((1 << 16) + 1, np.uint32)])
def test_smallest_type_that_holds_the_vocabulary(tmp_path: Path, vocab_size: int, kind: type) -> None:
    assert token_dtype(vocab_size) == kind
    write(tmp_path, [97, vocab_size - 1], vocab_size=vocab_size)
    tokens = TokenFile.open(tmp_path, "train")
    assert tokens.ids.dtype == kind
    assert tokens.document(0).tolist() == [97, vocab_size - 1]


def test_every_document_is_checked_against_its_bytes(tmp_path: Path) -> None:
    # The totals agree; the documents do not.
    with pytest.raises(UserError, match="document 1 of train stand for 2 bytes, but its text has 3"):
        write_split(tmp_path, "train", encoded([97], [257], [258]), LENGTHS, np.array([1, 3, 2]))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("documents", "sizes", "message"),
    [
        ([[97], [98]], [1], "More documents"),
        ([[97]], [1, 1], "only 1 documents of train"),
        ([[256]], [0], "an id without text in its vocabulary"),
        ([[259]], [1], "an id without text in its vocabulary"),
    ],
)
def test_wrong_documents_are_refused(tmp_path: Path, documents: list[list[int]], sizes: list[int], message: str) -> None:
    with pytest.raises(UserError, match=message):
        write_split(tmp_path, "train", encoded(*documents), LENGTHS, np.array(sizes))
    assert not (tmp_path / "train.offsets.npy").exists()


def _shorten(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-2])


def _edit_record(folder: Path, **changes: object) -> None:
    record = json.loads((folder / RECORD).read_text())
    record["splits"]["train"].update(changes)
    (folder / RECORD).write_text(json.dumps(record))


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (lambda folder: (folder / "train.bin").unlink(), "train.bin"),
        (lambda folder: (folder / "train.offsets.npy").unlink(), "train.offsets.npy"),
        (lambda folder: (folder / RECORD).unlink(), RECORD),
        (lambda folder: (folder / RECORD).write_text("{"), RECORD),
        (lambda folder: (folder / RECORD).write_text("{}"), RECORD),
        (lambda folder: _shorten(folder / "train.bin"), "train.bin"),
        (lambda folder: (folder / "train.bin").write_bytes(b""), "train.bin"),
        (lambda folder: (folder / "train.bin").write_bytes(b"abc"), "train.bin"),
        (lambda folder: _shorten(folder / "train.offsets.npy"), "train.offsets.npy"),
        (lambda folder: (folder / "train.offsets.npy").write_bytes(b""), "train.offsets.npy"),
        (lambda folder: _edit_record(folder, tokens=99), "train.bin"),
        (lambda folder: _edit_record(folder, documents=99), "train.offsets.npy"),
        (lambda folder: _edit_record(folder, bytes="many"), RECORD),
    ],
)
def test_damage_is_one_sentence_that_names_the_file(tmp_path: Path, damage: Callable[[Path], object], named: str) -> None:
    write(tmp_path, [97, 98], [257])
    damage(tmp_path)
    with pytest.raises(UserError, match=named):
        TokenFile.open(tmp_path, "train")


def test_unknown_split_and_document(tmp_path: Path) -> None:
    write(tmp_path, [97])
    with pytest.raises(UserError, match="does not describe the split test"):
        TokenFile.open(tmp_path, "test")
    with pytest.raises(IndexError):
        TokenFile.open(tmp_path, "train").document(1)
