from __future__ import annotations

from pathlib import Path

import pytest
from workflow_runs import copy_of_repository


@pytest.fixture(scope="session")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy in which nothing is ever computed."""
    return copy_of_repository(tmp_path_factory.mktemp("planned"))
