"""What the profile of a cluster needs is said where users look: in the profile and in the document about clusters."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import yaml
from workflow_runs import ROOT, run_snakemake

PROFILE = "profiles/slurm/profile.yaml"


def test_the_plugin_and_the_error_without_it_are_named(planned: Path) -> None:
    executor = yaml.safe_load((ROOT / PROFILE).read_text(encoding="utf-8"))["executor"]
    package, error = f"snakemake-executor-plugin-{executor}", f"argument --executor/-e: invalid choice: '{executor}'"
    for place in (PROFILE, "docs/clusters.md"):
        text = (ROOT / place).read_text(encoding="utf-8")
        assert f"pip install '{package}>=2,<3'" in text and error in text
    if find_spec(package.replace("-", "_")) is None:
        done = run_snakemake(planned, "--dry-run", "--workflow-profile", str(Path(PROFILE).parent))
        assert done.returncode != 0 and error in done.stderr
