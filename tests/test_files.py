"""Writing under a name: a file is replaced as a whole, and what is open already is written from where it stands."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gqvae.errors import UserError
from gqvae.files import atomic_open, atomic_path, open_descriptor, share_file

NAMES = [f"{folder}/{{}}" for folder in ("/dev/fd", "/proc/self/fd", "/proc/thread-self/fd") if Path(folder).exists()]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A file as the shell's >> opens it, and its descriptor."""
    path = tmp_path / "all.log"
    path.write_text("before\n")
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
    yield path, descriptor
    os.close(descriptor)


@pytest.mark.parametrize("name", [*NAMES, "link"])
def test_a_file_behind_an_open_descriptor_is_neither_replaced_nor_emptied(
    log: tuple[Path, int], tmp_path: Path, name: str
) -> None:
    path, descriptor = log
    before, given = path.stat().st_ino, Path(name.format(descriptor))
    if name == "link":
        (tmp_path / "inner").symlink_to(f"/dev/fd/{descriptor}")
        given = tmp_path / "link"
        given.symlink_to("inner")
    with atomic_open(given) as text:
        text.write("é\n")
    with atomic_open(given, "wb") as data:
        data.write(b"\x00\n")
    os.write(descriptor, b"after\n")  # it stays open
    assert path.read_bytes() == "before\né\n\x00\nafter\n".encode() and path.stat().st_ino == before
    with pytest.raises(UserError, match="is an open stream, which cannot be replaced"), atomic_path(given):
        raise AssertionError
    assert sorted(one.name for one in tmp_path.iterdir()) == ["all.log", *(["inner", "link"] if name == "link" else [])]


def test_an_open_pipe_is_written() -> None:
    reading, writing = os.pipe()
    with open(reading, "rb") as reader:
        with atomic_open(Path(f"/dev/fd/{writing}")) as stream:
            stream.write("text")
        os.close(writing)
        assert reader.read() == b"text"


def test_what_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    closed = os.open(tmp_path / "file", os.O_RDONLY)
    for close in (False, True):
        if close:
            os.close(closed)
        with (
            pytest.raises(UserError, match=rf"^/dev/fd/{closed} is not open for writing: give"),
            atomic_open(Path(f"/dev/fd/{closed}")) as stream,
        ):
            stream.write("text")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_full_disk_behind_a_stream_is_one_sentence() -> None:
    with open("/dev/full", "wb", buffering=0) as full:
        path = Path(f"/dev/fd/{full.fileno()}")
        with pytest.raises(UserError, match=f"^No space left to write {path}: free"), atomic_open(path) as stream:
            stream.write("text")


def test_other_names_are_no_descriptors(tmp_path: Path) -> None:
    (tmp_path / "1").touch()
    (tmp_path / "round").symlink_to("round")
    for path in (tmp_path / "1", tmp_path / "none", tmp_path / "round", Path("/dev/null")):
        assert open_descriptor(path) is None
    assert [open_descriptor(Path(f"/dev/std{name}")) for name in ("in", "out", "err")] == [0, 1, 2]


@pytest.mark.parametrize("mode", [0o640, 0o600, 0o444])
def test_a_file_that_is_replaced_keeps_its_mode(tmp_path: Path, mode: int) -> None:
    path, link = tmp_path / "file", tmp_path / "link"
    path.write_text("old")
    path.chmod(mode)
    link.symlink_to(path)
    with atomic_open(link) as stream:
        stream.write("new")
    assert path.read_text() == "new" and path.stat().st_mode & 0o777 == mode


def test_a_shared_file_keeps_the_mode_that_others_rely_on(tmp_path: Path) -> None:
    for name, mode in (("source", 0o444), ("target", 0o600)):
        (tmp_path / name).write_text(name)
        (tmp_path / name).chmod(mode)
    share_file(tmp_path / "source", tmp_path / "target")
    assert (tmp_path / "target").samefile(tmp_path / "source") and (tmp_path / "source").stat().st_mode & 0o777 == 0o444
