"""The workflow from another folder than its own: by path, with `--directory`, and as a module of another workflow."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from workflow_runs import job_counts, run_snakemake

TEXT = "".join(f"story {number} is a story of its own\n<|endoftext|>\n" for number in range(60))


def said(run: object) -> str:
    return f"{getattr(run, 'stdout', '')}{getattr(run, 'stderr', '')}"


@pytest.fixture
def away(planned: Path, tmp_path: Path) -> Path:
    """A folder of a user, beside the repository."""
    (tmp_path / "away").mkdir()
    (tmp_path / "away" / "stories.txt").write_text(TEXT, encoding="utf-8")
    return tmp_path / "away"


def test_the_default_study_is_found_from_every_folder(planned: Path, away: Path) -> None:
    by_path = run_snakemake(planned, "--dry-run", "--snakefile", str(planned / "Snakefile"), folder=away)
    by_directory = run_snakemake(planned, "--dry-run", "--directory", str(away))
    for run in (by_path, by_directory):
        assert run.returncode == 0, run.stderr
        assert job_counts(said(run))["collect_results"] == 1
        assert f"complete: see {away}/results/default/summary.md and {away}/results/default/figures/" in said(run)


def test_texts_and_tokenizers_are_looked_for_in_the_working_folder(planned: Path, away: Path) -> None:
    (planned / "away.yaml").write_text("study: away\ncorpus: {source: text, path: stories.txt}\n", encoding="utf-8")
    config = ("--configfile", "away.yaml")
    found = run_snakemake(planned, "--dry-run", "--directory", str(away), *config)
    assert found.returncode == 0, found.stderr
    (away / "stories.txt").unlink()
    missing = run_snakemake(planned, "--dry-run", "--directory", str(away), *config)
    assert missing.returncode != 0
    assert f"away.yaml: corpus: stories.txt does not exist or is not a file in {away}: put the text there" in missing.stderr


MODULES = """
module one:
    snakefile: "{snakefile}"
    prefix: "one"
    config: {{"extends": "smoke.yaml", "study": "m", "corpus": {{"source": "text", "path": "stories.txt"}}}}

use rule * from one as one_*

module two:
    snakefile: "{snakefile}"
    prefix: "two"
    config: {{"extends": "smoke.yaml", "study": "m", "corpus": {{"source": "tinystories"}}}}

use rule * from two as two_*

module three:
    snakefile: "{snakefile}"

use rule * from three as three_*

rule every:
    default_target: True
    input:
        rules.one_all.input,
        rules.two_all.input,
        rules.three_all.input,
"""


def test_modules_of_one_study_share_nothing_but_the_users_files(planned: Path, away: Path) -> None:
    (away / "Snakefile").write_text(MODULES.format(snakefile=planned / "Snakefile"), encoding="utf-8")
    plan = run_snakemake(planned, "--dry-run", "--printshellcmds", folder=away)
    assert plan.returncode == 0, plan.stderr
    counts = job_counts(said(plan))
    assert counts["one_train_network"] == counts["two_train_network"] > 0 and counts["three_train_network"] > 0
    commands = re.findall(r"^ *(?:Shell command: )?(gqvae .*)$", said(plan), flags=re.MULTILINE)
    assert commands
    for command in commands:
        places = set(re.findall(r"(?<![\w/])((?:one/|two/)?(?:results|resources)/[\w-]+)/", command))
        assert places in (
            {"one/results/m"},
            {"two/results/m"},
            {"results/default"},
            {"two/results/m", "two/resources/tinystories"},
        )
    assert any("--downloads two/resources/tinystories" in command for command in commands)

    done = run_snakemake(planned, "--cores", "1", "--", "one/results/m/corpus/corpus.json", folder=away)
    assert done.returncode == 0, done.stderr
    assert '"path": "stories.txt"' in (away / "one/results/m/corpus/corpus.json").read_text(encoding="utf-8")
    assert not (away / "results").exists()
    shutil.rmtree(away)
