"""The one exception that is meant for a reader: its message is a whole sentence that says what to do."""

from __future__ import annotations

import errno
import os


class UserError(Exception):
    """Something the user can mend: a file, a key or a value. The command line prints it alone, without a traceback."""


class VocabularyTooLargeError(UserError):
    """The text has too few different strings for a vocabulary size; `largest` would do."""

    def __init__(self, size: int, largest: int) -> None:
        super().__init__(
            f"vocabulary size {size} is more than the corpus supports: set it to {largest} or less, or use more text."
        )
        self.largest = largest


class DivergedError(UserError):
    """A training whose loss or weights are no longer finite."""


# What allocators and threads that could not be had say; none of it comes as a `MemoryError`.
_OUT_OF_MEMORY = (
    "can't allocate memory",  # torch on the CPU
    "cannot allocate memory",  # the system, through a library
    "std::bad_alloc",
    "can't start new thread",
    "cuda error: out of memory",
    "_status_alloc_failed",  # cuBLAS, cuDNN
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory was refused: by the system, by a library's allocator on the CPU, or on a GPU."""
    named = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
    # sentencepiece gives the bare words of a thread that could not be started.
    thread = isinstance(error, RuntimeError) and str(error).strip() == os.strerror(errno.EAGAIN)
    refused = isinstance(error, OSError) and error.errno == errno.ENOMEM
    return named or thread or refused or any(phrase in str(error).lower() for phrase in _OUT_OF_MEMORY)


def first_line(error: BaseException) -> str:
    """What an error says, for the middle of a sentence."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
