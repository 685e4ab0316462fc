"""One undisturbed pass through every stage of a tiny study, and workers to disturb."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tiny_study import Study, stages_of
from workers import LEDGER, Ledger, Workers, contents


@pytest.fixture(scope="session")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    parent = Workers(tmp_path_factory.mktemp("logs"))
    yield parent
    parent.close()


@pytest.fixture(scope="session")
def ledger() -> Ledger:
    return LEDGER


@pytest.fixture(scope="session")
def study(workers: Workers, tmp_path_factory: pytest.TempPathFactory) -> Study:
    here = tmp_path_factory.mktemp("study")
    stages = stages_of(here)
    expected = {}
    for name, stage in stages.items():
        ended = workers.run(*stage.arguments(here / name, here / "state" / name))
        assert ended.status == 0, ended.stderr
        expected[name] = contents(here / name)
        assert expected[name]
    return Study(here, stages, expected)
