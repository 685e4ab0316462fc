"""Where a job computes: on the CUDA device if there is one, and on which where there are several.

On a machine without a scheduler a job takes the GPU that the fewest other jobs of this machine have taken. Every job sees all devices,
and all would take the first. A job therefore holds one of several slots of a GPU, a lock file that the system frees when the process
dies, and makes the others invisible to itself. Schedulers set CUDA_VISIBLE_DEVICES themselves and are obeyed.
"""

from __future__ import annotations

import logging
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from filelock import FileLock, Timeout

if TYPE_CHECKING:
    import torch  # imported when a device is asked for

# There nvidia0, nvidia1, … are the GPUs that this process may use; asking CUDA itself would fix what it sees for good.
DEVICES = Path("/dev")
SLOTS = 64  # jobs on one GPU that are counted

logger = logging.getLogger("gqvae")
_held: list[FileLock] = []  # until the process ends


def resolve_device() -> torch.device:
    """The device of a run: the CUDA device if there is one, else the CPU (others lack float64 and some operations)."""
    import torch

    return torch.device("cuda", torch.cuda.current_device()) if torch.cuda.is_available() else torch.device("cpu")


def device_name() -> str:
    """What the device of a run is called, for records."""
    import torch

    return str(torch.cuda.get_device_name()) if torch.cuda.is_available() else "cpu"


def resolve_precision(precision: str) -> Literal["32-true", "bf16-mixed"]:
    """Lightning's name of a precision: "auto" is bf16 autocast on devices that compute it natively, 32 bit elsewhere."""
    import torch

    if precision == "auto":
        native = torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False)
        return "bf16-mixed" if native else "32-true"
    return "bf16-mixed" if precision == "bf16" else "32-true"


def claim_gpu(devices: Path = DEVICES, locks: Path | None = None) -> int | None:
    """Make one GPU the only one that this process sees; call it before anything asks CUDA.

    Args:
        devices: folder with a file for each GPU.
        locks: folder for the lock files; by default one for this user in the system's folder for temporary files.

    Returns:
        Its index, or None where there is nothing to choose: fewer than two GPUs, or somebody has chosen.
    """
    count = len(list(devices.glob("nvidia[0-9]*")))
    if "CUDA_VISIBLE_DEVICES" in os.environ or count < 2:
        return None
    folder = locks or Path(tempfile.gettempdir()) / f"gqvae-gpus-{os.getuid()}"
    try:
        return _first_free(folder, count)
    except OSError as error:
        logger.warning("%s cannot be used (%s): taking the first GPU, whoever else has it", folder, error.strerror or error)
        return None


def _first_free(folder: Path, count: int) -> int | None:
    folder.mkdir(parents=True, exist_ok=True)
    for slot in range(SLOTS):
        for index in range(count):
            lock = FileLock(folder / f"gpu{index}-{slot}.lock", timeout=0)
            try:
                lock.acquire()
            except Timeout:
                continue
            _held.append(lock)
            os.environ["CUDA_VISIBLE_DEVICES"] = str(index)
            logger.info("taking GPU %d of %d, which %d other jobs of ours use", index, count, slot)
            return index
    return None
