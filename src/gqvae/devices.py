"""Choose the device of a job: a CUDA device if there is one, else the CPU.

Without a scheduler, every job sees all GPUs and would use the first. A job therefore claims a slot of the GPU that the fewest
other jobs use, and hides the other GPUs from itself. A slot is a lock file, which the system releases when the process dies.
Schedulers set CUDA_VISIBLE_DEVICES, which is then left unchanged.
"""

from __future__ import annotations

import logging
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from filelock import FileLock, Timeout

if TYPE_CHECKING:
    import torch  # imported only when needed

# Holds a file nvidia0, nvidia1, … for each GPU that this process may use. Asking CUDA would fix the set of visible devices.
DEVICES = Path("/dev")
SLOTS = 64  # highest number of jobs counted per GPU

logger = logging.getLogger("gqvae")
_held: list[FileLock] = []  # released when the process ends


def resolve_device() -> torch.device:
    """The device of a run: the CUDA device if there is one, else the CPU (other devices lack float64 and some operations)."""
    import torch

    return torch.device("cuda", torch.cuda.current_device()) if torch.cuda.is_available() else torch.device("cpu")


def device_name() -> str:
    """The name of a run's device, for records."""
    import torch

    return str(torch.cuda.get_device_name()) if torch.cuda.is_available() else "cpu"


def resolve_precision(precision: str) -> Literal["32-true", "bf16-mixed"]:
    """Lightning's name of a precision: "auto" is bf16 autocast on devices that compute it natively, 32 bit elsewhere."""
    import torch

    if precision == "auto":
        native = torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False)
        return "bf16-mixed" if native else "32-true"
    return "bf16-mixed" if precision == "bf16" else "32-true"


def autocast(device: torch.device, precision: str) -> torch.autocast:
    """Context in the precision of a run for work outside the training step, e.g. a measurement."""
    import torch

    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=resolve_precision(precision) == "bf16-mixed")


def claim_gpu(devices: Path = DEVICES, locks: Path | None = None) -> int | None:
    """Make one GPU the only one visible to this process. Call it before CUDA is initialised.

    Args:
        devices: folder with a file for each GPU.
        locks: folder of the lock files (default: one per user in the system's temporary folder).

    Returns:
        The GPU's index. None if no GPU is claimed: fewer than two exist, CUDA_VISIBLE_DEVICES is set, or no lock can be taken.
    """
    count = len(list(devices.glob("nvidia[0-9]*")))
    if "CUDA_VISIBLE_DEVICES" in os.environ or count < 2:
        return None
    folder = locks or Path(tempfile.gettempdir()) / f"gqvae-gpus-{os.getuid()}"
    try:
        return _first_free(folder, count)
    except OSError as error:
        logger.warning("%s cannot be used (%s): taking the first GPU, even if others use it", folder, error.strerror or error)
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
            logger.info("taking GPU %d of %d, in use by %d other jobs of this user", index, count, slot)
            return index
    return None
