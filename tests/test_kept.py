"""Results that are kept for a job's next attempt are used only if they are whole and of the same settings, data and code."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from gqvae.jobs import lm_measuring, lm_training
from gqvae.jobs.kept import RECEIPT, Kept
from gqvae.study import runs


@pytest.fixture
def finished(tmp_path: Path) -> Kept:
    """A run that has written its files and kept them."""
    kept = Kept(tmp_path / "state" / "run.kept", [tmp_path / "out" / name for name in ("weights", "record.json")], "identity")
    (tmp_path / "out").mkdir()
    for place, file in enumerate(kept.files):
        file.write_bytes(b"contents of %d" % place)
    kept.keep()
    return kept


def contents(kept: Kept) -> list[bytes]:
    return [file.read_bytes() for file in kept.files]


def test_files_that_were_deleted_come_back(finished: Kept) -> None:
    before = contents(finished)
    assert finished.files[0].samefile(finished.folder / "weights")  # it takes no second space
    for _ in range(2):  # deleted, and still there
        assert finished.restore("run") and contents(finished) == before
    shutil.rmtree(finished.files[0].parent)
    assert finished.restore("run") and contents(finished) == before
    assert not [path for path in finished.files[0].parent.iterdir() if path.suffix == ".tmp"]
    later = Kept(finished.folder, finished.files, "identity")
    moment = later.files[0].stat().st_mtime_ns
    assert later.restore("run") and later.files[0].stat().st_mtime_ns > moment


def test_without_hard_links_files_are_copied(finished: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    before = contents(finished)
    finished.keep()
    shutil.rmtree(finished.files[0].parent)
    assert finished.restore("run") and contents(finished) == before
    assert not finished.files[0].samefile(finished.folder / "weights")


@pytest.mark.parametrize(
    "harm", ["identity", "flipped", "cut", "missing", "receipt cut", "receipt of another kind", "no receipt"]
)
def test_what_is_not_the_same_or_not_whole_is_not_used(finished: Kept, harm: str) -> None:
    receipt = finished.folder / RECEIPT
    shutil.rmtree(finished.files[0].parent)
    if harm == "identity":
        finished = Kept(finished.folder, finished.files, "another")
    elif harm == "flipped":
        (finished.folder / "weights").write_bytes(b"contents of 1")
    elif harm == "cut":
        (finished.folder / "weights").write_bytes(b"")
    elif harm == "missing":
        (finished.folder / "record.json").unlink()
    elif harm == "receipt cut":
        receipt.write_bytes(receipt.read_bytes()[:20])
    elif harm == "receipt of another kind":
        receipt.write_text(json.dumps([1]), encoding="utf-8")
    else:
        receipt.unlink()
    assert not finished.restore("run")
    assert not finished.files[0].parent.exists()


def test_a_killed_replacement_is_not_used(finished: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two generations, files of both lie in the folder."""
    for file in finished.files:
        file.unlink()
        file.write_bytes(b"the next generation")
    moves, replace = iter(range(10)), os.replace

    def stopped(*arguments: Any) -> None:
        if next(moves) == 1:
            raise KeyboardInterrupt
        replace(*arguments)

    monkeypatch.setattr(os, "replace", stopped)
    newer = Kept(finished.folder, finished.files, "the next identity")
    with pytest.raises(KeyboardInterrupt):
        newer.keep()
    monkeypatch.undo()
    assert not newer.restore("run") and not finished.restore("run")
    newer.keep()
    assert newer.restore("run")


def test_all_files_that_the_rules_declare_are_kept() -> None:
    assert lm_training.FILES == runs.TRAINED_FILES and lm_measuring.FILES == runs.MEASURED_FILES
    assert (*runs.MEASURED_FILES, *runs.MAIN_FILES) == lm_measuring.FILES_OF_MAIN
