"""Where the commands of `gqvae tokenizer` write: never over a log, a pipe or their own input."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from gqvae import load_tokenizer
from gqvae.tokenizers.bytes import BytesTokenizer
from test_product import TEXT, refused, run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    BytesTokenizer().save(tmp_path / "bytes")
    return tmp_path / "bytes"


@pytest.fixture
def story(tmp_path: Path) -> Path:
    path = tmp_path / "story.txt"
    path.write_bytes(TEXT.encode())
    return path


@contextmanager
def standard_stream(number: int, path: Path, flags: int) -> Iterator[None]:
    """Open a file as standard input or output, as the shell does."""
    before, opened = os.dup(number), os.open(path, flags)
    try:
        os.dup2(opened, number)
        yield
    finally:
        os.dup2(before, number)
        os.close(before)
        os.close(opened)


def test_a_log_is_continued(folder: Path, story: Path, tmp_path: Path) -> None:
    log, ids = tmp_path / "all.log", load_tokenizer(folder).encode(TEXT)
    log.write_text("before\n")
    commands = (
        ("encode", "--tokenizer", folder, story, "--out", "/dev/stdout"),
        ("inspect", "--tokenizer", folder, "--csv", "/dev/stdout"),
        ("compare", "--tokenizers", folder, "--text", story, "--csv", "/dev/stdout", "--parts-csv", "/dev/stdout"),
        ("explore", "--tokenizers", folder, "--out", "/dev/stdout"),
    )
    with standard_stream(1, log, os.O_WRONLY | os.O_APPEND):
        for command in commands:
            run(*command)
    found = log.read_text(encoding="utf-8")
    assert found.startswith("before\n") and found.rstrip().endswith("</html>")
    places = [found.index(text) for text in (" ".join(map(str, ids[:9])), "id,", "tokenizer,kind,", "<html")]
    assert places == sorted(places)


def test_open_pipes_are_written(folder: Path, story: Path, tmp_path: Path) -> None:
    """As by the shell's >(command)."""
    for command in (
        ("encode", "--tokenizer", folder, story, "--format", "u16", "--out"),
        ("inspect", "--tokenizer", folder, "--csv"),
    ):
        reading, writing = os.pipe()
        with open(reading, "rb") as reader:
            run(*command, f"/dev/fd/{writing}")
            os.close(writing)
            found = reader.read()
        if command[0] == "encode":
            assert np.frombuffer(found, "<u2").tolist() == load_tokenizer(folder).encode(TEXT)
        else:
            assert len(list(csv.DictReader(found.decode().splitlines()))) == 257


def test_an_array_needs_a_file_of_its_own(folder: Path, story: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its header is written last, which a log that is appended to would take for more data."""
    (tmp_path / "log").touch()
    with standard_stream(1, tmp_path / "log", os.O_WRONLY | os.O_APPEND):
        said = refused(capsys, "encode", "--tokenizer", folder, story, "--format", "npy", "--out", "/dev/stdout")
    assert "an .npy file cannot go to /dev/stdout: give --out FILE" in said and not (tmp_path / "log").read_bytes()


def test_the_input_is_never_the_output(folder: Path, story: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "soft").symlink_to(story)
    os.link(story, tmp_path / "hard")
    ids = tmp_path / "ids.txt"
    run("encode", "--tokenizer", folder, story, "--out", ids)
    before = ids.read_bytes()
    encode, decode = (("encode", "--tokenizer", folder), ("decode", "--tokenizer", folder))
    for command in (
        (*encode, story, "--out", story),
        (*encode, story, "--out", tmp_path / "soft", "--format", "text"),
        (*encode, story, "--out", tmp_path / "hard"),
        (*decode, ids, "--out", tmp_path / "bytes" / ".." / "ids.txt"),
    ):
        assert f"{command[3]} is the same file as the output, which would replace it: give another --out." in refused(
            capsys, *command
        )
    with standard_stream(1, story, os.O_WRONLY | os.O_APPEND):
        assert "is the same file as the output" in refused(capsys, *encode, story)  # it would never end
    with standard_stream(0, story, os.O_RDONLY):
        assert "standard input is the same file as the output" in refused(capsys, *encode, "--out", story)
    assert story.read_bytes() == TEXT.encode() and ids.read_bytes() == before


def test_an_output_that_is_written_again_keeps_its_mode(folder: Path, story: Path, tmp_path: Path) -> None:
    out = tmp_path / "ids.npy"
    out.touch()
    out.chmod(0o640)
    run("encode", "--tokenizer", folder, story, "--out", out)
    assert np.load(out).tolist() == load_tokenizer(folder).encode(TEXT) and out.stat().st_mode & 0o777 == 0o640
