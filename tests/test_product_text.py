"""How the commands of `gqvae tokenizer` read text: all as `train` does, and `encode` so that the text comes back."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from gqvae import load_tokenizer
from gqvae.config import END_OF_DOCUMENT
from gqvae.corpus import separators
from gqvae.tokenizers.bytes import BytesTokenizer
from test_product import refused, run

STORIES = ["The fox sees a bird.", "It sings: é.\n\nThe end.", "The fox goes home."]
SIZE = sum(len(story.encode()) for story in STORIES)


@pytest.fixture
def folder(tmp_path: Path) -> str:
    BytesTokenizer().save(tmp_path / "bytes")
    return str(tmp_path / "bytes")


def rows(path: Path, field: str = "text", stories: list[str] = STORIES) -> Path:
    path.write_text("".join(json.dumps({field: story, "id": 7}) + "\n" for story in stories), encoding="utf-8")
    return path


def cut(path: Path, separator: str = separators.DEFAULT) -> Path:
    path.write_bytes(f"\n{separator}\n".join(STORIES).encode())
    return path


def parquet(path: Path) -> list[Path]:
    """The same rows as a Parquet file, if its library is there."""
    if find_spec("pyarrow") is None:
        return []
    import pyarrow
    from pyarrow import parquet as files

    files.write_table(pyarrow.table({"text": STORIES}), path)
    return [path]


def texts(folder: Path) -> dict[str, list[str]]:
    """The same documents in every form that training reads."""
    packed = folder / "b.txt.gz"
    packed.write_bytes(gzip.compress(cut(folder / "b.txt").read_bytes()))
    (folder / "both" / "deep").mkdir(parents=True)
    rows(folder / "both" / "1.jsonl", stories=STORIES[:1])
    (folder / "both" / "deep" / "2.txt").write_bytes(f"\n{separators.DEFAULT}\n".join(STORIES[1:]).encode())
    return {
        "rows": [str(rows(folder / "a.jsonl"))],
        "other field": [str(rows(folder / "c.jsonl", "body")), "--field", "body"],
        **{path.suffix: [str(path)] for path in parquet(folder / "d.parquet")},
        "cut": [str(folder / "b.txt")],
        "cut elsewhere": [str(cut(folder / "e.txt", "---")), "--separator=---"],
        "compressed": [str(packed)],
        "folder": [str(folder / "both")],
        "pattern": [str(folder / "both" / "**" / "*.*")],
    }


def counted(folder: str, out: Path, *text: str) -> tuple[int, int, int]:
    """Tokens of a text as compare and inspect count them, and of how many documents."""
    run(
        "compare",
        "--tokenizers",
        folder,
        "--text",
        *text[:1],
        out.parent / "one.txt",
        *text[1:],
        "--csv",
        out,
        "--parts-csv",
        out,
    )
    with open(out, encoding="utf-8", newline="") as stream:
        part = next(csv.DictReader(stream))
    run("inspect", "--tokenizer", folder, "--text", *text, "--csv", out)
    with open(out, encoding="utf-8", newline="") as stream:
        used = sum(int(row["count"]) for row in csv.DictReader(stream))
    return int(part["tokens"]), used, int(part["documents"])


def test_compare_and_inspect_count_documents_as_training_reads_them(folder: str, tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("One part more.", encoding="utf-8")
    found = {name: counted(folder, tmp_path / "out.csv", *text) for name, text in texts(tmp_path).items()}
    assert found == dict.fromkeys(found, (SIZE, SIZE, len(STORIES)))
    assert counted(folder, tmp_path / "out.csv", str(tmp_path / "e.txt"))[2] == 1  # without its separator: one document


def test_a_card_counts_them_as_well(folder: str, tmp_path: Path) -> None:
    for name, text in texts(tmp_path).items():
        run("export", "--tokenizer", folder, "--out", tmp_path / name, "--card", "--text", *text)
        assert f"({SIZE} bytes of UTF-8)" in (tmp_path / name / "README.md").read_text(encoding="utf-8")


def test_labelled_rows_of_a_folder(folder: str, tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    for name in ("a", "b"):
        rows(tmp_path / "rows" / f"{name}.jsonl", name)
        lines = [json.dumps({"text": story, "lang": name}) for story in STORIES]
        (tmp_path / "rows" / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    run("compare", "--tokenizers", folder, "--text", tmp_path / "rows", "--label", "lang", "--parts-csv", tmp_path / "parts.csv")
    with open(tmp_path / "parts.csv", encoding="utf-8", newline="") as stream:
        assert [(row["part"], int(row["tokens"])) for row in csv.DictReader(stream)] == [("a", SIZE), ("b", SIZE)]


def test_inspect_reads_standard_input(folder: str, tmp_path: Path) -> None:
    cut(tmp_path / "text.txt")
    with open(tmp_path / "text.txt", "rb") as stream:
        before = os.dup(0)
        try:
            os.dup2(stream.fileno(), 0)
            run("inspect", "--tokenizer", folder, "--text", "-", "--csv", tmp_path / "v.csv")
        finally:
            os.dup2(before, 0)
            os.close(before)
    with open(tmp_path / "v.csv", encoding="utf-8", newline="") as stream:
        assert sum(int(row["count"]) for row in csv.DictReader(stream)) == SIZE


def test_a_long_text_without_separators_is_one_document(folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(separators, "DOCUMENT_BYTES", 10)
    (tmp_path / "one.txt").write_text("One part more.", encoding="utf-8")
    (tmp_path / "text.txt").write_text("word " * 99, encoding="utf-8")
    assert counted(folder, tmp_path / "out.csv", str(tmp_path / "text.txt")) == (495, 495, 1)


@pytest.mark.parametrize("name", ["empty.txt", "empty.jsonl", "cut.txt"])
def test_a_text_without_text_is_one_sentence(folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    (tmp_path / name).write_text("<|endoftext|>\n" if name == "cut.txt" else "")
    sentence = f"{tmp_path / name} has no text: give another"
    assert sentence in refused(capsys, "compare", "--tokenizers", folder, "--text", tmp_path / name)
    assert sentence in refused(capsys, "inspect", "--tokenizer", folder, "--text", tmp_path / name)
    (tmp_path / "rows.jsonl").write_text('{"text": "", "lang": "x"}\n')
    rows = ("--text", tmp_path / "rows.jsonl", "--label", "lang")
    assert "there is no text in the field 'text'" in refused(capsys, "compare", "--tokenizers", folder, *rows)


def test_encode_takes_rows_as_documents_only_if_asked(
    folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer, expected = load_tokenizer(folder), list[int]()
    for story in STORIES:
        expected += [*tokenizer.encode(story), END_OF_DOCUMENT]
    packed = tmp_path / "p.jsonl.gz"
    packed.write_bytes(gzip.compress(rows(tmp_path / "a.jsonl").read_bytes()))
    for path in (tmp_path / "a.jsonl", packed, *parquet(tmp_path / "d.parquet")):
        run("encode", "--tokenizer", folder, path, "--field", "text", "--out", tmp_path / "ids.npy")
        assert np.load(tmp_path / "ids.npy").tolist() == expected
        said = refused(capsys, "encode", "--tokenizer", folder, path, "--out", tmp_path / "none.npy")
        assert f"{path} has rows: give --field text" in said and (f"< {path}" in said) == (path.suffix == ".jsonl")
        both = ("--field", "text", "--separator", "x", "--out", tmp_path / "none.npy")
        assert "--separator cuts text, and each row of" in refused(capsys, "encode", "--tokenizer", folder, path, *both)
    run(
        "encode",
        "--tokenizer",
        folder,
        cut(tmp_path / "b.txt"),
        "--separator",
        separators.DEFAULT,
        "--out",
        tmp_path / "same.npy",
    )
    assert np.load(tmp_path / "same.npy").tolist() == expected
    said = refused(capsys, "encode", "--tokenizer", folder, tmp_path / "b.txt", "--field", "text", "--out", tmp_path / "none.npy")
    assert "--field names the text of .jsonl and .parquet files" in said and not (tmp_path / "none.npy").exists()
    data = (tmp_path / "a.jsonl").read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    run("encode", "--tokenizer", folder, "--out", tmp_path / "bytes.npy")
    assert tokenizer.decode_bytes(np.load(tmp_path / "bytes.npy")) == data
    assert "has rows" in refused(capsys, "explore", "--tokenizers", folder, "--text", packed, "--out", tmp_path / "x.html")


def test_a_separator_that_is_not_there_is_told(folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = tmp_path / "text.txt"
    text.write_text("A story == of one\n==\nand another", encoding="utf-8")
    commands = (
        ["encode", "--tokenizer", folder, text, "--out", tmp_path / "ids.npy"],
        ["compare", "--tokenizers", folder, "--text", text],
        ["inspect", "--tokenizer", folder, "--text", text],
    )
    for command in commands:
        capsys.readouterr()
        run(*command, "--separator", "nope")
        assert f"{text} was not cut into documents: no 'nope' was found" in capsys.readouterr().err
        run(*command, "--separator", "==")
        run(*command)  # text need not have the separator of training
        assert "was not cut" not in capsys.readouterr().err


@pytest.mark.parametrize("block", [7, 1 << 20])
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("one\n<|endoftext|>\ntwo", True),
        ("one\r\n<|endoftext|> \r\ntwo", True),
        ("<|endoftext|>\nx", True),
        ("one\n<|endoftext|>", True),
        ("one <|endoftext|>\ntwo", False),
        ("one\n<|endoftext|> two\n", False),
        ("one", False),
    ],
)
def test_separators_that_are_encoded_as_text_are_told(
    folder: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    told: bool,
    block: int,
) -> None:
    from gqvae.corpus import text_blocks

    monkeypatch.setattr(text_blocks.text_blocks, "__defaults__", ("x", block, "gpt2"))
    (tmp_path / "text.txt").write_bytes(text.encode())
    run("encode", "--tokenizer", folder, tmp_path / "text.txt", "--out", tmp_path / "ids.npy")
    assert load_tokenizer(folder).decode_bytes(np.load(tmp_path / "ids.npy")) == text.encode()
    note = "has lines '<|endoftext|>', which were encoded as text: give --separator '<|endoftext|>' to end documents there"
    assert (note in capsys.readouterr().err) == told
