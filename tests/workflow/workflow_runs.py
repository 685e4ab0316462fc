"""A copy of the repository in which Snakemake may run."""

from __future__ import annotations

import os
import re
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
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("*.egg-info"))  # with compiled code
        else:
            shutil.copy2(source, folder / part)
    return folder


def run_snakemake(
    repository: Path, *arguments: str, folder: Path | None = None, timeout: float = 580
) -> subprocess.CompletedProcess[str]:
    """Snakemake in the copy, or in another folder, with the copy's own package."""
    environment = {**os.environ, "PYTHONPATH": str(repository / "src"), "COLUMNS": "200", "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-m", "snakemake", "--nocolor", *arguments],
        cwd=folder or repository,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def job_counts(output: str) -> dict[str, int]:
    """Rule and number of jobs, from the first table of a dry run."""
    table = output.partition("Job stats:")[2].partition("total")[0]
    return {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", table, flags=re.MULTILINE)}
