"""Full disks, folders that may not be written, too little memory: a sentence, nothing wrong left behind, and the same command works later."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest
from tiny_study import STAGES, TRAININGS, Study
from workers import Ended, Ledger, Workers, contents


def sentence(ended: Ended) -> str:
    """The last line of a worker that could not go on: one sentence, no traceback."""
    # At the start of a line: torch warns of what it lacks with a traceback within its own lines.
    assert ended.status == 2 and not re.search(r"^Traceback", ended.stderr, flags=re.MULTILINE), ended.stderr
    last = ended.stderr.strip().splitlines()[-1]
    assert "gqvae: error:" in last
    return last


@pytest.mark.parametrize("name", STAGES)
def test_full_disk(workers: Workers, study: Study, ledger: Ledger, name: str, tmp_path: Path) -> None:
    verb = study.stages[name].arguments(tmp_path / "out", tmp_path / "state")
    failed = 0
    for room in (2500, 10_000):  # the log of the worker is a file as well, of some hundred bytes
        ended = workers.run(*verb, file_bytes=room)
        if ended.status == 0:
            break  # all its files are smaller
        failed += 1
        assert "No space left" in sentence(ended)
        ledger.judge("full disk", contents(tmp_path / "out"), study.expected[name], 1, complete=False)
        assert not list(tmp_path.rglob(".*.tmp"))
    assert failed and workers.run(*verb).status == 0
    ledger.judge("full disk", contents(tmp_path / "out"), study.expected[name])


@pytest.mark.parametrize("name", STAGES)
def test_folder_that_may_not_be_written(workers: Workers, study: Study, ledger: Ledger, name: str, tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir()
    verb = study.stages[name].arguments(tmp_path / "closed" / "out", tmp_path / "state")
    (tmp_path / "closed").chmod(0o500)
    assert "closed" in sentence(workers.run(*verb, powerless=True))
    assert not contents(tmp_path / "closed")
    (tmp_path / "closed").chmod(0o700)
    ended = workers.run(*verb, powerless=True)
    assert ended.status == 0, ended.stderr
    if name in TRAININGS:
        assert "resuming after step" in ended.stderr  # what was computed before it could not be written is not computed again
    ledger.judge("read-only results", contents(tmp_path / "closed" / "out"), study.expected[name], 1)


@pytest.mark.parametrize("name", STAGES[2:])  # those before need next to nothing
def test_too_little_memory(workers: Workers, study: Study, ledger: Ledger, name: str, tmp_path: Path) -> None:
    verb = study.stages[name].arguments(tmp_path / "out", tmp_path / "state")
    failed = 0
    for spare in (0, 200_000, 2_000_000):
        ended = workers.run(*verb, spare_memory=spare)
        failed += ended.status != 0
        if ended.status == 2:  # a library below may also say something else, or crash
            assert "out of memory" in sentence(ended)
        ledger.judge("out of memory", contents(tmp_path / "out"), study.expected[name], complete=ended.status == 0)
    assert failed, "nothing was too little"
    assert workers.run(*verb).status == 0
    ledger.judge("out of memory", contents(tmp_path / "out"), study.expected[name], failed)


@pytest.mark.parametrize("name", TRAININGS)
def test_killed_for_memory_in_the_middle(workers: Workers, study: Study, ledger: Ledger, name: str, tmp_path: Path) -> None:
    """What the kernel does to a worker that has too much: SIGKILL, at a step of its own choice."""
    verb = study.stages[name].arguments(tmp_path / "out", tmp_path / "state")
    assert workers.run(*verb, fault=["signal_amid_step", signal.SIGKILL, 7]).status == -signal.SIGKILL
    ended = workers.run(*verb)
    assert ended.status == 0 and "resuming after step 6" in ended.stderr
    ledger.judge("out of memory", contents(tmp_path / "out"), study.expected[name], 1)
