from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import zlib

import pytest
import torch

from gqvae import cli
from gqvae.errors import first_line, is_out_of_memory


def while_handling(first: Exception, second: Exception) -> Exception:
    """The second error, raised while the first was handled."""
    try:
        try:
            raise first
        except Exception:
            raise second  # noqa: B904  # as libraries do
    except Exception as error:
        return error


REFUSED = [
    MemoryError(),
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    RuntimeError(
        "[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"
    ),
    RuntimeError("CUDA error: out of memory\nCompile with `TORCH_USE_CUDA_DSA`"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    RuntimeError("can't start new thread"),
    RuntimeError(os.strerror(errno.EAGAIN)),
    OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)),
    zlib.error("Error -4 while decompressing data"),
    while_handling(OSError("libx.so: failed to map segment from shared object"), OSError("could not load 'libx.so'")),
]
OTHERS = [
    RuntimeError("Error(s) in loading state_dict for GQVAE"),
    RuntimeError(f"lock of results/x: {os.strerror(errno.EAGAIN)}"),
    OSError(errno.ENOENT, os.strerror(errno.ENOENT), "missing.txt"),
    ValueError("shapes do not match"),
    zlib.error("Error -3 while decompressing data: invalid block type"),
    while_handling(KeyError("x"), OSError("could not load 'libx.so'")),
]


@pytest.mark.parametrize("error", REFUSED)
def test_refused_memory_is_one_sentence(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(arguments: object) -> None:
        raise error

    assert is_out_of_memory(error)
    monkeypatch.setattr("gqvae.jobs.project.doctor", run)
    assert cli.main(["doctor"]) == 2
    said = capsys.readouterr().err
    assert "gqvae: error: out of memory" in said and "Traceback" not in said and len(said.strip().splitlines()) == 1


LOADED_WITH_LITTLE_MEMORY = """
import ctypes, importlib.util, json, os, pathlib, resource
package = pathlib.Path(importlib.util.find_spec("llvmlite").origin).parent  # importing it would load the library
library = str(package / "binding" / "libllvmlite.so")
held = 1024 * int(next(line for line in open("/proc/self/status") if line.startswith("VmData")).split()[1])
for spare in range(0, 20_000_000, 200_000):
    if os.fork() == 0:  # a process that cannot load it once may not try again
        resource.setrlimit(resource.RLIMIT_DATA, (held + spare, held + spare))
        try:
            ctypes.CDLL(library)
        except OSError as error:
            print(json.dumps(str(error)), flush=True)
        os._exit(0)
    os.wait()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_the_loader_says_of_too_little_memory_is_understood() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED_WITH_LITTLE_MEMORY], capture_output=True, text=True, check=True)
    said = {json.loads(line) for line in done.stdout.splitlines()}
    assert len(said) > 1
    assert not [message for message in said if not is_out_of_memory(while_handling(OSError(message), OSError("not loaded")))]


@pytest.mark.parametrize("error", OTHERS)
def test_other_errors_are_not_taken_for_it(error: Exception) -> None:
    assert not is_out_of_memory(error)


def test_the_first_line_of_an_error_without_words_is_its_name() -> None:
    assert first_line(KeyError()) == "KeyError" and first_line(ValueError("a.\nb")) == "a"
