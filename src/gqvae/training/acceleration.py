"""Faster steps with the same computation: compiled layers and CUDA graphs on a GPU, memory that is kept on CPUs.

Eager PyTorch launches a kernel for every operation. Small models wait for these launches, large ones for memory traffic between
kernels.
"""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor, nn

from gqvae.devices import resolve_precision

# Parameters of glibc's `mallopt` and their values. Larger values of the second are refused.
TRIM_THRESHOLD, MMAP_THRESHOLD = (-1, 1 << 30), (-3, 1 << 25)


def keep_freed_memory() -> None:
    """Let this process keep freed memory for its next allocations, where the C library is glibc.

    By default glibc returns large blocks to the system. Every step then requests them again, and the system clears them page by
    page, which takes about a fifth of the processor time of a small model's training.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):  # another C library
        for name, value in (TRIM_THRESHOLD, MMAP_THRESHOLD):
            ctypes.CDLL(None).mallopt(name, value)


@contextlib.contextmanager
def compiled(layers: Iterable[nn.Module], *, dynamic: bool) -> Iterator[None]:
    """Compile each layer (`torch.compile`) within the context. Equal layers share compiled code, which torch caches on disk.

    `dynamic`: shapes change from step to step.
    """
    changed = list(layers)
    try:
        for layer in changed:
            layer.forward = torch.compile(layer.forward, dynamic=dynamic)
        yield
    finally:
        for layer in changed:
            vars(layer).pop("forward", None)  # restores the method of the class


def graphed(loss: nn.Module, sample: tuple[Tensor, ...], precision: str) -> Callable[..., Tensor]:
    """Record forward and backward pass of a loss as CUDA graphs (the same kernels, launched together). Call the result instead.

    Args:
        loss: returns a scalar; on a CUDA device, in training mode, without randomness. Each call overwrites the last result.
        sample: its arguments; later calls must have the same shapes.
        precision: of the run.
    """
    half = resolve_precision(precision) == "bf16-mixed"
    # The cache of cast weights must not outlive the recording: each replay casts again.
    with torch.autocast("cuda", dtype=torch.bfloat16, enabled=half, cache_enabled=False):
        torch.cuda.make_graphed_callables(loss, sample)  # modifies the module in place
    return loss.__call__  # stored as an attribute, a module would add its weights to every checkpoint again
