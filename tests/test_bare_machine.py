"""`scripts/bare_machine.py`: what it carries, and that a study goes on from its archive in another folder."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

from workflow_runs import ROOT, copy_of_repository

SCRIPT = ROOT / "scripts" / "bare_machine.py"


def test_it_carries_what_a_study_needs_but_torch_and_tools() -> None:
    needed = runpy.run_path(str(SCRIPT))["needed"]()
    pinned = re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.lock").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert {"snakemake", "lightning", "sentencepiece", "pandas", "matplotlib", "numpy", "referencing"} <= needed <= set(pinned)
    assert not needed & {"torch", "pytest", "mypy", "ruff", "transformers"}


def test_it_goes_on_from_its_archive_in_another_folder(tmp_path: Path) -> None:
    (tmp_path / "wheels").mkdir()  # none: everything is installed here
    said = []
    for name in ("first", "second"):
        folder = copy_of_repository(tmp_path / name)
        (folder / "scripts").mkdir()
        shutil.copy2(SCRIPT, folder / "scripts")
        command = [sys.executable, "scripts/bare_machine.py", "run", "--wheels", tmp_path / "wheels", "--config", "configs/smoke.yaml",
                   "--out", tmp_path / "out", "--archive", tmp_path / "study.tar", "--", "--until", "count_pretokens"]  # fmt: skip
        done = subprocess.run([str(part) for part in command], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        said.append(done.stdout + done.stderr)
    assert ["Finished jobid" in text for text in said] == [True, False]  # the second has nothing to do
    assert (tmp_path / "out" / "smoke" / "corpus" / "corpus.json").exists()
