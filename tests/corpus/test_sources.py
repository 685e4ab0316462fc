"""Named sources, by their settings."""

from __future__ import annotations

import platform
import py_compile
import sysconfig
from pathlib import Path

import pytest

from gqvae.corpus.sources import open_source
from gqvae.corpus.sources.python_stdlib import Settings as PythonCorpus
from gqvae.corpus.sources.python_stdlib import open_source as open_python_stdlib
from gqvae.corpus.sources.synthetic import Settings as SyntheticCorpus
from gqvae.corpus.sources.text import Settings as TextCorpus
from gqvae.corpus.sources.tinystories import Settings as TinyStoriesCorpus
from gqvae.errors import UserError

SEPARATOR = "\n<|endoftext|>\n"


def test_every_kind_of_settings_has_its_source(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("one" + SEPARATOR + "two")
    assert list(open_source(TextCorpus(path=str(path))).documents) == [b"one", b"two"]
    assert open_source(TextCorpus(path=str(path), test_path=str(path))).test_documents is not None
    assert open_source(SyntheticCorpus(bytes=100)).synthetic
    assert not open_source(PythonCorpus()).synthetic


def tinystories_in(folder: Path, count: int = 2000) -> list[bytes]:
    stories = [f"Story {i}.\n\nIt was “good”.".encode() for i in range(count)]
    (folder / "TinyStories-train.txt").write_bytes(b"".join(story + SEPARATOR.encode() for story in stories))
    (folder / "TinyStories-valid.txt").write_bytes(b"Held out." + SEPARATOR.encode())
    return stories


def test_tinystories_keeps_a_share_by_content(tmp_path):
    stories = tinystories_in(tmp_path)
    quarter, half = (list(open_source(TinyStoriesCorpus(keep_fraction=share), tmp_path).documents) for share in (0.25, 0.5))
    assert abs(len(quarter) - 500) < 80 and abs(len(half) - 1000) < 100
    assert set(quarter) < set(half) < set(stories)
    whole = open_source(TinyStoriesCorpus(keep_fraction=1), tmp_path)
    assert list(whole.documents) == stories and list(whole.test_documents) == [b"Held out."]
    assert not whole.synthetic and whole.label == "TinyStories"


def test_tinystories_counts_what_it_leaves_and_says_its_share(tmp_path):
    stories = tinystories_in(tmp_path)
    source = open_source(TinyStoriesCorpus(keep_fraction=0.25), tmp_path)
    kept = len(list(source.documents))
    assert source.dropped["not_kept"] == len(stories) - kept and "25 %" in source.label


def test_tinystories_without_files_says_how_to_get_them(tmp_path):
    with pytest.raises(UserError, match="run `gqvae download-corpus`, then give its folder as --downloads"):
        open_source(TinyStoriesCorpus())
    with pytest.raises(UserError, match=r"TinyStories-train\.txt does not exist: run `gqvae download-corpus"):
        open_source(TinyStoriesCorpus(), tmp_path)


def test_library_is_read_in_order_without_packages_and_tests(tmp_path):
    for name in (
        "b.py",
        "a/z.py",
        "a/a.py",
        "site-packages/pip.py",
        "test/test_a.py",
        "a/tests/t.py",
        "a/__pycache__/a.py",
        "notes.txt",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"# {name}\r\n", newline="")
    (tmp_path / "latin.py").write_bytes(b"# -*- coding: latin-1 -*-\n# caf\xe9\n")
    source = open_python_stdlib(PythonCorpus(), folder=tmp_path)
    assert list(source.documents) == [b"# b.py\r\n", b"# a/a.py\r\n", b"# a/z.py\r\n"]
    assert source.dropped == {"not_utf8": 1}
    assert platform.python_version() in source.label


def test_this_interpreter_has_a_library():
    source = open_source(PythonCorpus())
    documents = list(source.documents)
    assert len(documents) > 300 and (Path(sysconfig.get_paths()["stdlib"]) / "argparse.py").read_bytes() in documents
    assert Path(py_compile.__file__).read_bytes() in documents


def test_library_without_sources_is_refused(tmp_path):
    with pytest.raises(UserError, match="holds no Python source files"):
        list(open_python_stdlib(PythonCorpus(), folder=tmp_path).documents)
