"""Jobs spread over the GPUs of a machine; a job that dies gives its place back."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from gqvae.devices import claim_gpu

JOB = (
    "import os, sys, time; from pathlib import Path; from gqvae.devices import claim_gpu\n"
    "index = claim_gpu(Path(sys.argv[1]), Path(sys.argv[2])); assert os.environ['CUDA_VISIBLE_DEVICES'] == str(index)\n"
    "print(index, flush=True); sys.stdin.read()"
)


@pytest.fixture
def driver(tmp_path: Path) -> Path:
    """A machine with three GPUs."""
    (tmp_path / "dev").mkdir()
    for name in ("nvidia0", "nvidia1", "nvidia2", "nvidiactl", "nvidia-uvm", "null"):
        (tmp_path / "dev" / name).touch()
    return tmp_path / "dev"


@pytest.fixture(autouse=True)
def nobody_has_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def test_jobs_are_spread_and_the_killed_ones_leave_their_place(driver: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", JOB, str(driver), str(tmp_path / "locks")]

    def started() -> tuple[subprocess.Popen[str], int]:
        job = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert job.stdout is not None
        return job, int(job.stdout.readline())

    jobs = [started() for _ in range(7)]
    try:
        assert sorted(Counter(index for _, index in jobs).values()) == [2, 2, 3]
        victim, left = jobs.pop(1)
        victim.kill()
        victim.wait()
        jobs.append(started())
        assert jobs[-1][1] == left
    finally:
        for job, _ in jobs:
            job.communicate()


def test_schedulers_and_single_gpus_are_left_alone(driver: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert claim_gpu(tmp_path / "nowhere", tmp_path) is None
    for name in ("nvidia1", "nvidia2"):
        (driver / name).unlink()
    assert claim_gpu(driver, tmp_path) is None
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5")
    (driver / "nvidia1").touch()
    assert claim_gpu(driver, tmp_path) is None


def test_a_folder_that_cannot_be_used_is_said_and_stops_nothing(
    driver: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "locks").write_text("in the way")
    with caplog.at_level("WARNING", "gqvae"):
        assert claim_gpu(driver, tmp_path / "locks") is None
    assert "taking the first GPU" in caplog.text and "CUDA_VISIBLE_DEVICES" not in os.environ
