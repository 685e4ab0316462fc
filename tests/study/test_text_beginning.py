"""`gqvae check-config` looks at the beginning of the text, so that what jobs would refuse is told before they start."""

from __future__ import annotations

import gzip
import lzma
import os
from pathlib import Path

import pytest

from gqvae.cli import main
from gqvae.study.text_beginning import BEGINNING

STORIES = "Once upon a time.\n<|endoftext|>\nTom had a dog.\n<|endoftext|>\nThe end.\n" * 20
LONG = "A sentence without an end. " * (BEGINNING // 20)


def checked(text: bytes, corpus: str = "", name: str = "a.txt", amount: int = 99) -> int:
    """The exit code of a check of a study of this text."""
    Path(name).write_bytes(text)
    written = f"study: mine\ncorpus: {{source: text, path: {name}{corpus}}}\nlanguage_model: {{train_bytes: [{amount}]}}\n"
    Path("mine.yaml").write_text(written, encoding="utf-8")
    return main(["check-config", "mine.yaml"])


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("text", "corpus", "name", "amount", "said"),
    [
        (b"PK\x03\x04\xff\xfe", "", "a.txt", 99, "corpus: a.txt is not UTF-8 at byte 4 of its text: convert it"),
        (gzip.compress(b"text \xff", mtime=0), "", "a.txt.gz", 99, "corpus: a.txt.gz is not UTF-8 at byte 5 of its text: convert it"),
        (lzma.compress(STORIES.encode())[:60], "", "a.txt.xz", 99, "corpus: a.txt.xz is damaged or cut short"),
        (STORIES.encode("utf-16"), "", "a.txt", 99, "corpus: a.txt is not UTF-8 at byte 0 of its text"),
        (STORIES.encode(), ", separator: ---", "a.txt", 99, "corpus: a.txt holds only one document, and the splits need at least 3: "
         "no '---' was found, so set `separator` to what stands between documents"),
        (gzip.compress(STORIES.encode(), mtime=0), ", separator: ---", "a.txt.gz", 99, "corpus: a.txt.gz holds only one document"),
        (b"one\n\ntwo\n", ", separator: ''", "a.txt", 5, "corpus: a.txt holds 2 documents, and the splits need at least 3: give more"),
        (b'[{"text": "x"}]', "", "a.json", 9, "corpus: a.json holds only one document, and the splits need at least 3: rows are read from "),
        (b'{"body": "x"}\n', "", "a.jsonl", 99, "corpus: a.jsonl, line 1"),
        (STORIES.encode(), "", "a.txt", 300_000_000, "language_model.train_bytes: 300,000,000 bytes are asked for, but a.txt has "),
    ],
)  # fmt: skip
def test_what_will_go_wrong_is_refused(
    text: bytes, corpus: str, name: str, amount: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert checked(text, corpus, name, amount) == 2
    printed = capsys.readouterr()
    assert f"gqvae: error: mine.yaml: {said}" in printed.err and printed.out == "" and printed.err.count("\n") == 1


@pytest.mark.parametrize(("name", "pack"), [("a.txt", bytes), ("a.txt.gz", gzip.compress)])
def test_a_separator_that_may_come_later_is_a_note(name: str, pack: type[bytes], capsys: pytest.CaptureFixture[str]) -> None:
    assert checked(pack((LONG + STORIES).encode()), name=name) == 0
    printed = capsys.readouterr()
    assert printed.out == "mine\n"
    assert f"note: {name}: in its first megabyte no '<|endoftext|>' was found, so set `separator`" in printed.err
    assert printed.err.endswith("unless one comes later.\n") and printed.err.count("\n") == 1


def test_more_than_is_left_for_training_is_a_note(capsys: pytest.CaptureFixture[str]) -> None:
    text = STORIES.encode()
    assert checked(text, amount=len(text) - 9) == 0
    said = capsys.readouterr().err
    assert f"note: language_model.train_bytes asks for {len(text) - 9:,} bytes, but about {0.9 * len(text):,.0f} of" in said
    assert checked(text, amount=int(0.8 * len(text))) == 0 and capsys.readouterr().err == ""
    assert checked(text, corpus=", max_bytes: 100", amount=95) == 0 and "about 90 of" in capsys.readouterr().err
    arms = "arms: {bpe: {kind: bpe, language_model: false}}\n"
    Path("over.yaml").write_text(arms + "language_model: {train_bytes: [300_000_000]}\n", encoding="utf-8")
    Path("mine.yaml").write_text("corpus: {source: text, path: a.txt}\n" + Path("over.yaml").read_text(), encoding="utf-8")
    assert main(["check-config", "mine.yaml"]) == 0 and capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("text", "corpus", "name"),
    [
        (STORIES, "", "a.txt"),
        (STORIES.replace("<|endoftext|>", "---"), ", separator: ---", "a.txt"),
        (STORIES, ", valid_fraction: 0.1, test_path: test.txt", "a.txt"),
        ("ä" * BEGINNING + STORIES, ", separator: ä", "a.txt"),
        ('{"text": "x"}\n' * 20, "", "a.jsonl"),
    ],
)
def test_what_can_be_read_is_silent(text: str, corpus: str, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("test.txt").write_text("One story.", encoding="utf-8")
    if "separator: ä" in corpus:
        text = "x" + text.replace("ää", "ä\n")  # characters of two bytes lie across the end of the megabyte
    assert checked(text.encode(), corpus, name) == 0
    printed = capsys.readouterr()
    assert printed.out == "mine\n" and printed.err == ""


def test_a_pipe_is_not_read(capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo("pipe")
    Path("mine.yaml").write_text("corpus: {source: text, path: pipe}\n", encoding="utf-8")
    assert main(["check-config", "mine.yaml"]) == 0 and capsys.readouterr().err == ""


def test_a_folder_of_files_needs_no_separator(capsys: pytest.CaptureFixture[str]) -> None:
    Path("books").mkdir()
    for number in range(3):
        Path(f"books/{number}.txt").write_text(f"Book {number}.", encoding="utf-8")
    written = "corpus: {source: text, path: books}\nlanguage_model: {train_bytes: [9]}\n"
    Path("mine.yaml").write_text(written, encoding="utf-8")
    assert main(["check-config", "mine.yaml"]) == 0 and capsys.readouterr().err == ""
    Path("books/2.txt").write_bytes(b"\xff")
    assert main(["check-config", "mine.yaml"]) == 2 and "books/2.txt is not UTF-8" in capsys.readouterr().err


def test_text_that_no_language_model_reads_may_be_short() -> None:
    arms = "arms: {bpe: {kind: bpe, language_model: false}}"
    Path("mine.yaml").write_text(f"study: mine\ncorpus: {{source: synthetic, bytes: 500_000}}\n{arms}\n", encoding="utf-8")
    assert main(["check-config", "mine.yaml"]) == 0
