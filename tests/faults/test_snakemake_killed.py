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

# The second language model of a job takes seconds, so that the power can fail between the two.
AMOUNTS = ("--config", "language_model={train_bytes: [1000, 30000]}")
TINY = ("--configfile", str(Path(__file__).with_name("tiny.yaml")), *AMOUNTS)
# A rule of each stage, in an order in which none has run when its turn comes.
STAGES = (
    "prepare_corpus", "count_pretokens", "train_counted", "train_network", "make_tokenizers", "match_compression", "encode_corpus",
    "train_lm", "collect_results", "plot_convergence",
)  # fmt: skip
FIRST_OF_TWO = (
    ".state/language_models/gqvae-s0-b1000-*.kept/kept.json"  # of the runs that share a job; bpe needs no network and may be done
)
OF_THE_MOMENT = ("logs/", "benchmarks/", "provenance.json", "figures/explorer.html", "summary.html")  # times, and what holds them
RECEIPT = "/kept.json"  # holds digests of files with times; the files themselves are compared

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def outcome(folder: Path) -> dict[str, str]:
    """Digests of all results that do not speak of the moment."""
    found = contents(folder / "results" / "tiny")
    return {path: digest for path, digest in found.items() if not path.startswith(OF_THE_MOMENT) and not path.endswith(RECEIPT)}


def run_until(folder: Path, *patterns: str) -> bool:
    """Run the study in a session of its own until one of these files exists, and kill everything in it; whether it came to that."""
    environment = {**os.environ, "PYTHONPATH": str(folder / "src"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "snakemake", "--nocolor", "--cores", "2", *TINY]
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
        if rule == "collect_results":
            assert run_until(cut, FIRST_OF_TWO), "no run was finished before another of its job"
            assert run_snakemake(cut, "--unlock", *TINY).returncode == 0
            ledger.injected["power cut at a stage"] += 1
        assert run_until(cut, f"logs/{rule}.log", f"logs/{rule}/*.log"), f"no job of {rule} began"
        assert run_snakemake(cut, "--unlock", *TINY).returncode == 0
        ledger.injected["power cut at a stage"] += 1
    done = run_snakemake(cut, "--cores", "2", *TINY)
    assert done.returncode == 0, done.stderr[-4000:]
    ledger.judge("power cut at a stage", outcome(cut), expected)
    said = (cut / "results" / "tiny" / "logs" / "train_lm" / "gqvae-s0.log").read_text(encoding="utf-8")
    assert "b1000" in said and "its earlier result is used" in said, said
    assert "Nothing to be done" in (done := run_snakemake(cut, "--cores", "2", *TINY)).stdout + done.stderr
