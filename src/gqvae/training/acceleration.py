"""What makes steps on a GPU fast without changing what they compute: compiled layers, and graphs of kernels that are launched as one.

Eager PyTorch launches a kernel for every operation; small models wait for the launches, large ones for memory between operations.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor, nn

from gqvae.devices import resolve_precision


@contextlib.contextmanager
def compiled(layers: Iterable[nn.Module], *, dynamic: bool) -> Iterator[None]:
    """Compile the layers (`torch.compile`) for as long as the context lasts; equal ones share their code.

    Compilation takes some seconds for each kind of layer; its results are kept on disk by torch and used by later processes.

    Args:
        layers: each is compiled alone, so that many equal ones are compiled once.
        dynamic: shapes change from step to step.
    """
    changed = list(layers)
    try:
        for layer in changed:
            layer.forward = torch.compile(layer.forward, dynamic=dynamic)
        yield
    finally:
        for layer in changed:
            vars(layer).pop("forward", None)  # what the instance has; the class has its own


def uncompiled() -> contextlib.AbstractContextManager[None]:
    """For what happens rarely, such as a measurement: not worth a compilation for its shapes."""
    return torch.compiler.set_stance("force_eager")


def graphed(loss: nn.Module, sample: tuple[Tensor, ...], precision: str) -> Callable[..., Tensor]:
    """Record forward and backward of a loss as CUDA graphs: the same kernels, launched together.

    Args:
        loss: gives a scalar; on a CUDA device, in training mode, without anything random in it.
        sample: its arguments; later calls must have the same shapes.
        precision: of the run.

    Returns:
        The function to call in its place; what it returns is overwritten by the next call.
    """
    half = resolve_precision(precision) == "bf16-mixed"
    # The cache of cast weights must not outlive the recording: a replay casts them anew.
    with torch.autocast("cuda", dtype=torch.bfloat16, enabled=half, cache_enabled=False):
        torch.cuda.make_graphed_callables(loss, sample)  # changes the module itself
    return loss.__call__  # a module would become part of whatever keeps it, its weights twice in every state
