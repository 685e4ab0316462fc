"""Tests compute on the CPU, where equal runs have equal bits; only those in tests/gpu see a GPU."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from workers import LEDGER


def pytest_configure(config: pytest.Config) -> None:
    if not all("gpu" in Path(argument.partition("::")[0]).parts for argument in config.args):
        os.environ["CUDA_VISIBLE_DEVICES"] = ""


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Each process of pytest-xdist sends the faults that its tests have injected."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["faults"] = LEDGER.counts()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Called by pytest-xdist when a process has ended."""
    if counts := getattr(node, "workeroutput", {}).get("faults"):
        LEDGER.add(counts)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if LEDGER.injected:
        terminalreporter.section("faults")
        for line in LEDGER.table():
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def stories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A text of 60 kB, with a line between two stories."""
    return _written(tmp_path_factory.mktemp("text") / "stories.txt", 60_000)


@pytest.fixture(scope="session")
def more_stories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Enough of them for a vocabulary of 4,096."""
    return _written(tmp_path_factory.mktemp("text") / "stories.txt", 450_000)


def _written(path: Path, size: int) -> Path:
    from gqvae.corpus.sources import open_source
    from gqvae.corpus.sources.synthetic import Settings

    path.write_bytes(b"\n<|endoftext|>\n".join(open_source(Settings(bytes=size)).documents))
    return path
