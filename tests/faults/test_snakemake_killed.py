"""The power fails at every stage of a study, and the same command again ends as if it had not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from workers import Ledger, contents
from workflow_runs import copy_of_repository, run_snakemake

TINY = ("--configfile", str(Path(__file__).with_name("tiny.yaml")))
# A rule of each stage, in an order in which none has run when its turn comes.
STAGES = (
    "prepare_corpus", "count_pretokens", "train_counted", "train_network", "make_tokenizers", "match_compression", "encode_corpus",
    "train_lm", "collect_results", "plot_convergence",
)  # fmt: skip
# The second language model of a job takes seconds here, so that the power can fail between the two.
TWO_OF_A_JOB = (*TINY, "--config", "language_model={train_bytes: [1000, 30000]}")
OF_THE_MOMENT = ("logs/", "benchmarks/", "provenance.json", "figures/explorer.html", "summary.html")  # times, and what holds them
RECEIPT = "/kept.json"  # holds digests of files with times; the files themselves are compared

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def outcome(folder: Path) -> dict[str, str]:
    """Digests of all results that do not speak of the moment."""
    found = contents(folder / "results" / "tiny")
    return {path: digest for path, digest in found.items() if not path.startswith(OF_THE_MOMENT) and not path.endswith(RECEIPT)}


def run_until(folder: Path, *patterns: str, config: tuple[str, ...] = TINY) -> bool:
    """Run the study in a session of its own until one of these files exists, and kill everything in it; whether it came to that."""
    environment = {**os.environ, "PYTHONPATH": str(folder / "src"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "snakemake", "--nocolor", "--cores", "2", *config]
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    results = folder / "results" / "tiny"
    while process.poll() is None:
        if any(list(results.glob(pattern)) for pattern in patterns):
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return True
        time.sleep(0.02)
    return False


def test_power_cuts_at_every_stage(ledger: Ledger, tmp_path: Path) -> None:
    whole, cut = (copy_of_repository(tmp_path / name) for name in ("whole", "cut"))
    done = run_snakemake(whole, "--cores", "2", *TINY)
    assert done.returncode == 0, done.stderr[-4000:]
    expected = outcome(whole)
    for rule in STAGES:
        assert run_until(cut, f"logs/{rule}.log", f"logs/{rule}/*.log"), f"no job of {rule} began"
        assert run_snakemake(cut, "--unlock", *TINY).returncode == 0
        ledger.injected["power cut at a stage"] += 1
    done = run_snakemake(cut, "--cores", "2", *TINY)
    assert done.returncode == 0, done.stderr[-4000:]
    ledger.judge("power cut at a stage", outcome(cut), expected)
    assert "Nothing to be done" in (done := run_snakemake(cut, "--cores", "2", *TINY)).stdout + done.stderr


def test_of_two_language_models_of_a_job_the_finished_one_is_not_trained_again(ledger: Ledger, tmp_path: Path) -> None:
    folder = copy_of_repository(tmp_path / "here")
    assert run_until(folder, ".state/language_models/bpe-s0-b1000-*.kept/kept.json", config=TWO_OF_A_JOB)
    assert not list((folder / "results" / "tiny").glob(".state/language_models/bpe-s0-b30000-*.kept/kept.json")), "too late"
    ledger.injected["power cut at a stage"] += 1
    assert run_snakemake(folder, "--unlock", *TWO_OF_A_JOB).returncode == 0
    weights = "results/tiny/language_models/bpe-s0-b30000-l1w16/model.safetensors"
    done = run_snakemake(folder, "--cores", "2", weights, *TWO_OF_A_JOB)
    assert done.returncode == 0, done.stderr[-4000:]
    first, second = (
        (folder / "results" / "tiny" / "logs" / "train_lm" / "bpe-s0.log").read_text(encoding="utf-8").splitlines()[-2:]
    )
    assert "b1000" in first and "its earlier result is used" in first
    assert "b30000" in second and "done in" in second
