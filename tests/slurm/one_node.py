"""A SLURM cluster of one node on this machine, for as long as a test needs it (root; Debian: apt-get install slurm-wlm munge).

The job-step plugin of Snakemake's executor removes every SLURM_* variable, SLURM_CONF among them, so the configuration has to lie in
/etc/slurm; one that is already there and was not written here is never touched.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

ETC = Path("/etc/slurm")
MARK = "# Written by gqvae's test of the SLURM profile; may be deleted."

# Preemption by requeueing, no accounting, one GPU that is none (jobs only see CUDA_VISIBLE_DEVICES).
CONFIGURATION = """{mark}
ClusterName=onebox
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2,sched_min_interval=100000
MpiDefault=none
MailProg=/bin/true
ReturnToService=2
MinJobAge=600
KillWait=20
JobRequeue=1
JobFileAppend=1
StateSaveLocation={state}/state
SlurmdSpoolDir={state}/spool
SlurmctldPidFile={state}/run/slurmctld.pid
SlurmdPidFile={state}/run/slurmd.pid
SlurmctldLogFile={state}/log/slurmctld.log
SlurmdLogFile={state}/log/slurmd.log
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} Boards=1 SocketsPerBoard=1 CoresPerSocket={cpus} ThreadsPerCore=1 RealMemory=8000 Gres=gpu:1
PartitionName=main Nodes={host} Default=YES PriorityTier=1 PreemptMode=REQUEUE GraceTime=0 State=UP
PartitionName=urgent Nodes={host} PriorityTier=10 PreemptMode=OFF State=UP
"""


def missing() -> str:
    """Why no cluster can be started here; empty if one can."""
    if os.geteuid() != 0:
        return "starting a cluster needs root"
    absent = [name for name in ("slurmctld", "slurmd", "munged", "sbatch") if shutil.which(name) is None and not Path(f"/usr/sbin/{name}").exists()]  # fmt: skip
    if absent:
        return f"{', '.join(absent)} not found: apt-get install slurm-wlm munge"
    for present in (ETC / "slurm.conf", ETC / "gres.conf"):
        if present.exists() and MARK not in present.read_text(encoding="utf-8"):
            return f"{present} is of another cluster"
    if (
        Path("/run/munge/munge.socket.2").exists()
        and subprocess.run(["pgrep", "-x", "munged"], check=False, capture_output=True).returncode == 0
    ):
        return "munged runs already: it may belong to another cluster"
    return ""


class OneNode:
    """The cluster; use as a context manager."""

    def __init__(self, state: Path) -> None:
        self.state, self.host = state, socket.gethostname().partition(".")[0]

    def __enter__(self) -> OneNode:
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self) -> None:
        for part in ("state", "spool", "log", "run"):
            (self.state / part).mkdir(parents=True)
        ETC.mkdir(exist_ok=True)
        text = CONFIGURATION.format(mark=MARK, host=self.host, state=self.state, cpus=os.cpu_count())
        (ETC / "slurm.conf").write_text(text, encoding="utf-8")
        (ETC / "gres.conf").write_text(
            f"{MARK}\nAutoDetect=off\nNodeName={self.host} Name=gpu File=/dev/null\n", encoding="utf-8"
        )
        subprocess.run(["install", "-d", "-o", "munge", "-g", "munge", "-m", "0755", "/run/munge"], check=True)
        as_munge = ["setpriv", "--reuid=munge", "--regid=munge", "--clear-groups"]
        subprocess.run([*as_munge, "/usr/sbin/munged", "--force", "--pid-file=/run/munge/munged.pid"], check=True)
        subprocess.run(["/usr/sbin/slurmctld", "-c"], check=True)
        self._boot()

    def _boot(self) -> None:
        subprocess.run(["/usr/sbin/slurmd", "-N", self.host], check=True)
        for _ in range(100):
            if "idle" in slurm("sinfo", "--noheader", "--format=%T", check=False):
                return
            time.sleep(0.1)
        raise RuntimeError(f"the node did not become idle: {(self.state / 'log' / 'slurmctld.log').read_text()[-2000:]}")

    def loses_power(self) -> None:
        """Everything on the node is gone at once, the controller notices, and the node comes back."""
        for process in [int((self.state / "run" / "slurmd.pid").read_text()), *map(int, slurm("pgrep", "-x", "slurmstepd", check=False).split())]:  # fmt: skip
            for one in reversed(descendants(process)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(one, signal.SIGKILL)
        slurm("scontrol", "update", f"NodeName={self.host}", "State=DOWN", "Reason=power")
        time.sleep(2)
        slurm("scontrol", "update", f"NodeName={self.host}", "State=RESUME")
        self._boot()

    def __exit__(self, *_: object) -> None:
        slurm("scancel", "--user=root", check=False)
        for path in (self.state / "run" / "slurmd.pid", self.state / "run" / "slurmctld.pid", Path("/run/munge/munged.pid")):
            if path.exists():
                os.kill(int(path.read_text()), signal.SIGTERM)
        for name in ("slurm.conf", "gres.conf"):
            (ETC / name).unlink(missing_ok=True)


def slurm(*command: str, check: bool = True) -> str:
    """What one of SLURM's commands prints."""
    return subprocess.run(command, check=check, capture_output=True, text=True).stdout


def descendants(process: int) -> list[int]:
    """A process and all below it, parents first."""
    found = [process]
    for one in found:
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{one}/task").iterdir():
                found += map(int, (task / "children").read_text(encoding="ascii").split())
    return found


def running(name: str = "") -> list[str]:
    """Numbers of running jobs whose comment (the rule, as the executor writes it) holds a text."""
    lines = slurm("squeue", "--noheader", "--states=RUNNING", "--format=%i|%k").splitlines()
    return [line.partition("|")[0] for line in lines if name in line.partition("|")[2]]
