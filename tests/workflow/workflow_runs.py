"""A copy of the repository in which Snakemake may run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PARTS = ("Snakefile", "workflow", "profiles", "configs", "src", "pyproject.toml")


def copy_of_repository(folder: Path) -> Path:
    """What the workflow needs, in a folder where results may be made and sources edited."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy2(source, folder / part)
    return folder


def run_snakemake(folder: Path, *arguments: str, timeout: float = 580) -> subprocess.CompletedProcess[str]:
    """Snakemake in the copy, with the copy's own package."""
    environment = {**os.environ, "PYTHONPATH": str(folder / "src"), "COLUMNS": "200", "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-m", "snakemake", "--nocolor", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
