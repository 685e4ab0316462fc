"""Tests compute on the CPU, where equal runs have equal bits; only those in tests/gpu see a GPU."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def pytest_configure(config: pytest.Config) -> None:
    if not all("gpu" in Path(argument.partition("::")[0]).parts for argument in config.args):
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
