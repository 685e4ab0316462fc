"""A process that has everything imported and forks a worker for each request: a real process costs milliseconds, not seconds.

As a program: reads requests as lines of JSON from stdin, answers each with a line on stdout.

* `{"verb": [...], "stderr": file, "file_bytes": n, "spare_memory": n, "powerless": true, "fault": [name, number, ...]}` → `{"pid": n}`:
  a worker runs `gqvae <verb>` with no file larger than that, no more memory than that above what it has, bound by permissions even if
  it is root, and with that fault (see `FAULTS`) in it; all of these may be left out.
* `{"wait": pid}` → `{"status": code}`: its exit code, or minus the signal that killed it.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import struct
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import safetensors.torch  # noqa: F401
import torch

import gqvae.jobs.language_models
import gqvae.training.network  # noqa: F401  (imported once, for all workers)
from gqvae.cli import main
from gqvae.training import resume
from gqvae.training.runner import RunModule


def signal_amid_step(number: int, step: int) -> None:
    """The worker gets a signal after the loss of this step (from 1) has been computed and before the optimiser moves."""
    compute = RunModule.training_step

    def training_step(self: RunModule, batch: int, batch_idx: int) -> torch.Tensor:
        loss = compute(self, batch, batch_idx)
        if self.step + 1 == step:
            os.kill(os.getpid(), number)
        return loss

    RunModule.training_step = training_step  # type: ignore[method-assign]  # the fault


def kill_amid_save(save: int) -> None:
    """The worker is killed in the middle of writing this state (counted from 1)."""
    begun, write, start = [0], resume._HashingWriter.write, resume._HashingWriter.__init__

    def initialize(self: Any, stream: Any) -> None:
        begun[0] += 1
        start(self, stream)

    def torn(self: Any, data: Any) -> int:
        if begun[0] == save and len(data) > 64:
            write(self, data[: len(data) // 2])
            self.stream.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        return write(self, data)

    resume._HashingWriter.__init__ = initialize  # type: ignore[method-assign]  # the fault
    resume._HashingWriter.write = torn  # type: ignore[method-assign]  # the fault


def signal_at_move(number: int, move: int, after: int) -> None:
    """The worker gets a signal right before (or after) it moves a finished file into place for the given time (counted from 1)."""
    moved, replace = [0], os.replace

    def moving(*arguments: Any, **options: Any) -> None:
        moved[0] += 1
        if moved[0] == move and not after:
            os.kill(os.getpid(), number)
        replace(*arguments, **options)
        if moved[0] == move and after:
            os.kill(os.getpid(), number)

    os.replace = moving


def clock_jumps(seconds: float) -> None:
    """The wall clock moves back and forth by so many seconds each time it is read."""
    read, sign = time.time, [1]

    def jumping() -> float:
        sign[0] = -sign[0]
        return read() + sign[0] * seconds

    time.time = jumping


FAULTS: dict[str, Callable[..., None]] = {
    fault.__name__: fault for fault in (signal_amid_step, kill_amid_save, signal_at_move, clock_jumps)
}


def give_up_powers() -> None:
    """Drop all capabilities: afterwards permissions hold for root as for anyone."""
    header, none = struct.pack("Ii", 0x20080522, 0), bytes(24)  # version 3 of the structures, this process; three sets of 64 bits
    if ctypes.CDLL(None, use_errno=True).capset(header, none):
        raise OSError(ctypes.get_errno(), "capset")


def limit_memory(spare: int) -> None:
    """Let the process have so many bytes more than it has now."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    held = 1024 * int(next(line for line in status.splitlines() if line.startswith("VmData")).split()[1])
    resource.setrlimit(resource.RLIMIT_DATA, (held + spare, held + spare))


def work(request: dict[str, Any]) -> int:
    """What a worker does: take the limits and the fault, then run the verb."""
    log = os.open(request["stderr"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    os.dup2(log, 1)
    os.dup2(log, 2)
    if "file_bytes" in request:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # an error of the write, as on a full disk
        resource.setrlimit(resource.RLIMIT_FSIZE, (request["file_bytes"],) * 2)
    if request.get("powerless"):
        give_up_powers()
    if "fault" in request:
        name, *arguments = request["fault"]
        FAULTS[name](*arguments)
    if "spare_memory" in request:
        limit_memory(request["spare_memory"])
    return main(request["verb"])


def serve() -> None:
    """Answer requests until stdin ends."""
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            _, status = os.waitpid(request["wait"], 0)
            answer = {"status": os.waitstatus_to_exitcode(status)}
        else:
            pid = os.fork()
            if pid == 0:
                code = 1
                try:
                    code = work(request)
                except SystemExit as leaving:
                    code = leaving.code if isinstance(leaving.code, int) else 1
                except BaseException:
                    traceback.print_exc()
                finally:
                    sys.stderr.flush()
                    os._exit(code)
            answer = {"pid": pid}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    serve()
