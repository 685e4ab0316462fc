"""The decorator of all kernels, and the types of their arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numba
from numba import types

Function: TypeAlias = Callable[..., Any]

BYTES = types.Array(types.uint8, 1, "C")
INT32 = types.Array(types.int32, 1, "C")
UINT32 = types.Array(types.uint32, 1, "C")
INT64 = types.Array(types.int64, 1, "C")
UINT64 = types.Array(types.uint64, 1, "C")
# Inputs: a mutable array is accepted, too. With types inferred from the first call, the other kind would be compiled again.
READ_BYTES = BYTES.copy(readonly=True)
READ_INT32 = INT32.copy(readonly=True)
READ_UINT32 = UINT32.copy(readonly=True)
READ_INT64 = INT64.copy(readonly=True)
READ_UINT64 = UINT64.copy(readonly=True)


def kernel(returns: Any, *arguments: Any) -> Callable[[Function], Function]:
    """Compile a function for these types; the machine code is kept on disk if there is a folder to keep it in."""

    def compiled(function: Function) -> Function:
        signature = returns(*arguments)
        try:
            return numba.njit(signature, nogil=True, cache=True)(function)
        except RuntimeError as error:
            if "no locator available" not in str(error):
                raise
            return numba.njit(signature, nogil=True)(function)

    return compiled


def inlined(function: Function) -> Function:
    """Compile a helper of the kernels of the same file, with the types of each call."""
    return numba.njit(nogil=True)(function)
