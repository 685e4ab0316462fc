"""The study of one's own text in configs/README.md: its file and its commands, as they stand there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml
from workflow_runs import ROOT, job_counts, run_snakemake

from gqvae.cli import main
from gqvae.config import Study, load_settings
from gqvae.corpus.sources import open_source
from gqvae.corpus.sources.synthetic import Settings
from gqvae.study.runs import language_model_runs

PAGE = (ROOT / "configs" / "README.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return found


@pytest.fixture(scope="module")
def mine(planned: Path) -> Path:
    """The file beside a text of 1.5 MB."""
    path = planned / "mine.yaml"
    path.write_text(block("yaml"), encoding="utf-8")
    corpus = yaml.safe_load(block("yaml"))["corpus"]
    separator = f"\n{corpus['separator']}\n".encode()
    (planned / corpus["path"]).write_bytes(separator.join(open_source(Settings(bytes=1_500_000)).documents))
    return path


def test_it_is_short_and_valid(mine: Path) -> None:
    assert 12 <= len(block("yaml").splitlines()) <= 16
    study = load_settings(Study, str(mine))
    assert study.network == load_settings(Study, str(ROOT / "configs" / "default.yaml")).network
    assert {"bpe", "pathpiece", "gqvae"} <= set(study.arms) and {run.arm for run in language_model_runs(study)} == set(study.arms)


def test_its_commands_check_and_plan_it(mine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(mine.parent)
    check, plan = (shlex.split(line, comments=True) for line in block("sh").splitlines())
    assert check[0] == "gqvae" and main(check[1:]) == 0
    printed = capsys.readouterr()
    assert printed.out == "mine\n" and printed.err == ""
    assert plan[0] == "snakemake"
    done = run_snakemake(mine.parent, *plan[1:])
    assert done.returncode == 0, done.stderr
    study, counts = load_settings(Study, str(mine)), job_counts(done.stdout + done.stderr)
    assert counts["train_network"] == len(study.seeds)
    assert counts["train_lm"] == len({(run.arm, run.seed) for run in language_model_runs(study)})


def test_a_file_that_extends_it_adds_arms_and_removes_one(mine: Path) -> None:
    more = mine.parent / "more.yaml"
    more.write_text("extends: mine.yaml\nstudy: more\narms: {unigram: {kind: unigram}, pathpiece: null}\n", encoding="utf-8")
    assert set(load_settings(Study, str(more)).arms) == set(load_settings(Study, str(mine)).arms) - {"pathpiece"} | {"unigram"}
