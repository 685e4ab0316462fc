"""The exceptions that users see: each message is a complete sentence that says what to do."""

from __future__ import annotations

import errno
import os
import zlib
from collections.abc import Sequence
from difflib import get_close_matches


class UserError(Exception):
    """An error that the user can fix: a file, a key or a value. The command line prints only the message, no traceback."""


class VocabularyTooLargeError(UserError):
    """There are too few distinct strings for a vocabulary size; `largest` is the largest that works."""

    def __init__(self, size: int, largest: int, limit: str = "the corpus supports", remedy: str = "use more text") -> None:
        super().__init__(f"vocabulary size {size} is more than {limit}: set it to {largest} or less, or {remedy}.")
        self.largest = largest


class DivergedError(UserError):
    """A training whose loss or weights are no longer finite."""


# Messages of failed allocations and thread starts that are not raised as `MemoryError`.
_OUT_OF_MEMORY = (
    "can't allocate memory",  # torch on the CPU
    "cannot allocate ",  # the system, through a library; the loader of shared libraries
    "failed to map segment from shared object",  # that loader, which does not say why
    "cannot map zero-fill pages",  # the same
    "cannot change memory protections",
    "cannot create shared object descriptor",
    "out of memory",  # the loader, CUDA
    "std::bad_alloc",
    "can't start new thread",
    "_status_alloc_failed",  # cuBLAS, cuDNN
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an allocation failed: in the system, in a library on the CPU, or on a GPU."""
    named = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
    # If a thread cannot be started, sentencepiece raises only the system's message.
    thread = isinstance(error, RuntimeError) and str(error).strip() == os.strerror(errno.EAGAIN)
    refused = isinstance(error, OSError) and error.errno == errno.ENOMEM
    inflating = isinstance(error, zlib.error) and str(error).startswith("Error -4 ")  # Z_MEM_ERROR
    if error.__context__ is not None and is_out_of_memory(error.__context__):  # llvmlite says only that a file cannot be loaded
        return True
    return named or thread or refused or inflating or any(phrase in str(error).lower() for phrase in _OUT_OF_MEMORY)


def first_line(error: BaseException) -> str:
    """The first line of an error's message, for use inside a sentence."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


def near(wrong: str, right: Sequence[str]) -> str:
    """A question for the name that was perhaps meant, for use inside a sentence; empty if none is near."""
    found = get_close_matches(wrong, right, n=1)
    return f"did you mean {found[0]!r}? " if found else ""
