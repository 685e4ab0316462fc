"""The decorator of all kernels, and the types of their arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numba
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

Function: TypeAlias = Callable[..., Any]

BYTES = types.Array(types.uint8, 1, "C")
INT32 = types.Array(types.int32, 1, "C")
UINT32 = types.Array(types.uint32, 1, "C")
INT64 = types.Array(types.int64, 1, "C")
UINT64 = types.Array(types.uint64, 1, "C")
# Types of inputs, which also accept mutable arrays. If types were inferred from the first call, the other kind of array would be
# compiled for again.
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


_intrinsic: Callable[[Function], Function] = intrinsic  # numba passes an argument `typing` that callers do not give


@_intrinsic
def load64(typing: Any, array: Any, place: Any) -> Any:
    """Eight bytes of an array from `place` on, the first in the lowest bits; the caller makes sure that the array has them."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(array)(context, builder, arguments[0]).data
        pointer = builder.bitcast(builder.gep(data, [arguments[1]]), ir.IntType(64).as_pointer())
        word = builder.load(pointer)
        word.align = 1
        return word

    return types.uint64(array, types.int64), generate


@_intrinsic
def trailing_zeros(typing: Any, word: Any) -> Any:
    """The number of zero bits below the lowest bit that is set; 64 if none is."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), generate


@_intrinsic
def store64(typing: Any, array: Any, place: Any, word: Any) -> Any:
    """Write eight bytes, as `load64` reads them."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(array)(context, builder, arguments[0]).data
        pointer = builder.bitcast(builder.gep(data, [arguments[1]]), ir.IntType(64).as_pointer())
        builder.store(arguments[2], pointer).align = 1
        return context.get_dummy_value()

    return types.void(array, types.int64, types.uint64), generate
