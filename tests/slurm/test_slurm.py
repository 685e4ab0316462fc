"""The study on a real SLURM: through the profile alone, and interrupted in every way a cluster interrupts; run by `make test-slurm`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from one_node import OneNode, missing, running, slurm
from workers import contents
from workflow_runs import copy_of_repository, run_snakemake

pytestmark = [pytest.mark.skipif(bool(missing()), reason=missing()), pytest.mark.timeout(1800)]

FAULTS = Path(__file__).parents[1] / "faults"
# What every site changes in the profile, and smaller requests than a real training has.
SITE = {
    "jobs": 2,
    "latency-wait": 5,
    "slurm-no-account": True,
    "slurm-status-command": "squeue",
    "slurm-init-seconds-before-status-checks": 9,
    "default-resources": {"slurm_partition": "main"},
}
MEMORY = "attempt * 1500"
OF_THE_MOMENT = ("logs/", "benchmarks/", "provenance.json", "figures/explorer.html")


@pytest.fixture(scope="module", autouse=True)
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OneNode]:
    with OneNode(tmp_path_factory.mktemp("cluster")) as node:
        yield node


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny study with a network that trains long enough to be interrupted."""
    settings = yaml.safe_load((FAULTS / "tiny.yaml").read_text(encoding="utf-8"))
    settings["training"] |= {"steps": 1500, "unquantized_steps": 750, "checkpoint_seconds": 1.0}
    path = tmp_path_factory.mktemp("config") / "long.yaml"
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def network(long: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Digests of the network as it is without SLURM."""
    folder = copy_of_repository(tmp_path_factory.mktemp("local"))
    done = run_snakemake(folder, "--cores", "2", "--until", "train_network", "--configfile", str(long))
    assert done.returncode == 0, done.stderr[-4000:]
    return contents(folder / "results" / "tiny" / "networks")


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts Snakemake on the cluster in a session of its own, with the repository's profile as a site adapts it; ends what is left."""
    started: list[subprocess.Popen[str]] = []
    # A shell that runs pytest in the background has it ignore SIGINT, and what it starts would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)

    def begin(folder: Path, config: Path, *arguments: str, training: dict[str, object] | None = None) -> subprocess.Popen[str]:
        profile = yaml.safe_load((folder / "profiles" / "slurm" / "profile.yaml").read_text(encoding="utf-8")) | SITE
        profile["set-threads"] = dict.fromkeys(profile["set-threads"], 1)  # the results it is compared with have one
        for wanted in profile["set-resources"].values():
            wanted |= {"mem_mb": MEMORY, **(training or {})}
        place = folder / "profiles" / "here"
        place.mkdir(exist_ok=True)
        (place / "profile.yaml").write_text(yaml.safe_dump(profile), encoding="utf-8")
        environment = {**os.environ, "PYTHONPATH": str(folder / "src"), "OMP_NUM_THREADS": "1"}
        command = [
            sys.executable,
            "-m",
            "snakemake",
            "--nocolor",
            "--workflow-profile",
            str(place),
            "--configfile",
            str(config),
            *arguments,
        ]
        log = (folder / "snakemake.log").open("a", encoding="utf-8")
        started.append(
            subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log, text=True, start_new_session=True)
        )
        return started[-1]

    yield begin
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    slurm("scancel", "--user=root", check=False)


def said(folder: Path) -> str:
    """What Snakemake has said in a folder."""
    return (folder / "snakemake.log").read_text(encoding="utf-8")


def job_that_has_saved(folder: Path) -> str:
    """Wait until the network trains and has a state; the number of its job."""
    state = folder / "results" / "tiny" / ".state" / "networks" / "gqvae-s0" / "last.ckpt"
    for _ in range(1200):
        if state.exists() and (jobs := running("train_network")):
            return jobs[0]
        time.sleep(0.1)
    raise AssertionError(said(folder)[-4000:])


def start_now(job: str) -> None:
    """Two minutes before SLURM would start a requeued job again."""
    slurm("scontrol", "update", f"JobId={job}", "StartTime=now", check=False)


def requeue(_: OneNode, job: str) -> None:
    slurm("scontrol", "requeue", job)
    time.sleep(3)
    start_now(job)


def preempt(_: OneNode, job: str) -> None:
    slurm("sbatch", "--partition=urgent", "--exclusive", "--output=/dev/null", "--wrap", "sleep 5")
    time.sleep(8)
    start_now(job)


def lose_power(node: OneNode, job: str) -> None:
    node.loses_power()
    start_now(job)


def cancel(*how: str) -> Callable[[OneNode, str], object]:
    return lambda _, job: slurm("scancel", *how, job)


Start = Callable[..., subprocess.Popen[str]]
EVENTS: dict[str, Callable[[OneNode, str], object]] = {
    "scancel --signal=TERM": cancel("--signal=TERM"),
    "scancel": cancel(),
    "scancel --signal=KILL": cancel("--signal=KILL"),
    "scontrol requeue": requeue,
    "preempted": preempt,
    "its node dies": lose_power,
}


@pytest.mark.parametrize("event", EVENTS)
def test_an_interrupted_job_goes_on_where_it_was(
    event: str, cluster: OneNode, long: Path, network: dict[str, str], start: Start, tmp_path: Path
) -> None:
    folder = copy_of_repository(tmp_path / "study")
    process = start(folder, long, "--until", "train_network")
    EVENTS[event](cluster, job_that_has_saved(folder))
    assert process.wait(timeout=600) == 0, said(folder)[-4000:]
    assert contents(folder / "results" / "tiny" / "networks") == network
    logs = "".join(path.read_text(encoding="utf-8") for path in (folder / ".snakemake" / "slurm_logs").rglob("*.log"))
    log = (folder / "results" / "tiny" / "logs" / "train_network" / "gqvae-s0.log").read_text(encoding="utf-8")
    assert "resuming after step" in log + logs


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_snakemake_itself_is_stopped(
    number: signal.Signals, long: Path, network: dict[str, str], start: Start, tmp_path: Path
) -> None:
    folder = copy_of_repository(tmp_path / "study")
    process = start(folder, long, "--until", "train_network")
    job = job_that_has_saved(folder)
    os.kill(process.pid, number)
    assert process.wait(timeout=300) != 0
    # Ctrl-C cancels the job; SIGTERM waits for it; after a kill it runs on alone.
    outputs = (folder / "results" / "tiny" / "networks" / "gqvae-s0" / "network.json").exists()
    assert outputs == (number == signal.SIGTERM) and (job in running()) == (number == signal.SIGKILL)
    if number == signal.SIGKILL:
        slurm("scancel", job)  # nobody waits for it any more: docs/clusters.md says to look for such jobs first
        assert run_snakemake(folder, "--unlock", "--configfile", str(long)).returncode == 0
    for _ in range(300):
        if job not in running():
            break
        time.sleep(0.1)
    assert start(folder, long, "--until", "train_network").wait(timeout=600) == 0, said(folder)[-4000:]
    assert contents(folder / "results" / "tiny" / "networks") == network


@pytest.mark.parametrize("form", [{"gpu": 1}, {"gpu": 0, "gres": "'gpu:1'"}])
def test_both_ways_to_ask_for_a_gpu(form: dict[str, object], long: Path, start: Start, tmp_path: Path) -> None:
    folder = copy_of_repository(tmp_path / "study")
    process = start(folder, long, "--until", "train_network", training=form)
    job = job_that_has_saved(folder)
    asked = slurm("scontrol", "show", "job", job)
    assert "gres/gpu=1" in asked or "gres:gpu:1" in asked, asked
    assert process.wait(timeout=600) == 0, said(folder)[-4000:]


def test_a_job_that_runs_out_of_time_gets_more_and_goes_on(
    long: Path, network: dict[str, str], start: Start, tmp_path: Path
) -> None:
    """One minute, then two: its processes are held until the first is over."""
    folder = copy_of_repository(tmp_path / "study")
    process = start(folder, long, "--until", "train_network", training={"runtime": "attempt"})
    job = job_that_has_saved(folder)
    assert "TimeLimit=00:01:00" in slurm("scontrol", "show", "job", job)
    step = next(line for line in slurm("squeue", "--steps", "--noheader", "--format=%i", f"--jobs={job}").split() if line)
    while job in running():  # what its time is spent on
        slurm("scancel", "--signal=STOP", step, check=False)
        time.sleep(1)
    second = next(other for _ in range(600) if (other := next(iter(running("train_network")), "")) or time.sleep(0.1))
    assert "TimeLimit=00:02:00" in slurm("scontrol", "show", "job", second)
    assert process.wait(timeout=600) == 0, said(folder)[-4000:]
    assert contents(folder / "results" / "tiny" / "networks") == network


def test_a_job_that_needs_more_memory_gets_it(long: Path, network: dict[str, str], start: Start, tmp_path: Path) -> None:
    folder = copy_of_repository(tmp_path / "study")
    process = start(folder, long, "--until", "train_network", training={"mem_mb": "400 if attempt == 1 else 1500"})
    assert process.wait(timeout=600) == 0, said(folder)[-4000:]
    assert "Trying to restart job" in said(folder), said(folder)[-4000:]
    assert contents(folder / "results" / "tiny" / "networks") == network


def test_the_smoke_study_equals_the_local_one(cluster: OneNode, start: Start, tmp_path: Path) -> None:
    """One job is requeued and one cancelled on the way."""
    here, there = (copy_of_repository(tmp_path / name) for name in ("local", "slurm"))
    smoke = Path("configs/smoke.yaml")
    done = run_snakemake(here, "--cores", "all", "--configfile", str(smoke), timeout=1200)
    assert done.returncode == 0, done.stderr[-4000:]
    process = start(there, smoke)
    left = [requeue, cancel()]
    while process.poll() is None:
        jobs = running("train_network")
        if left and jobs:
            left.pop()(cluster, jobs[0])
        time.sleep(1)
    assert process.returncode == 0 and not left, said(there)[-4000:]
    expected, found = ({path: digest for path, digest in contents(folder / "results" / "smoke").items() if not path.startswith(OF_THE_MOMENT)} for folder in (here, there))  # fmt: skip
    assert found == expected
