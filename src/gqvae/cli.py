"""The command line `gqvae <verb>`, called by the workflow's rules and by people.

Exit codes: 0 only when the work is finished; 2 for an error that the user can fix (one sentence on stderr); 143 and 130 when a
signal stopped a run after it saved its state.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import signal
import sys
import tempfile
import threading
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from gqvae import __version__
from gqvae.errors import UserError, first_line, is_out_of_memory
from gqvae.files import FULL_DISK
from gqvae.training.resume import Interrupted
from gqvae.verbs import corpus, language_models, lm, product, project, results, tokenizers
from gqvae.verbs.parser import Parser
from gqvae.verbs.parsers import run_verb

MODULES = (product, lm, corpus, tokenizers, language_models, results, project)

logger = logging.getLogger("gqvae")
_reserve = bytearray(1 << 16)  # freed when a verb ends, so that running out of memory can still be reported


def build_parser() -> Parser:
    """The command line."""
    parser = Parser(
        prog="gqvae",
        description="Train, match and compare learned and classical tokenizers, and language models on their tokens.",
        epilog="`snakemake --cores all` runs the verbs in order; each has its own --help with an example.",
    )
    parser.add_argument("--version", action="version", version=f"gqvae {__version__}")
    parser.add_argument("--log", type=Path, metavar="FILE", help="write log lines to this file as well as to stderr")
    verbs = parser.add_subparsers(title="verbs", required=True, metavar="<verb>")
    for module in MODULES:
        module.add_parsers(verbs)
    return parser


@contextlib.contextmanager
def _logging() -> Iterator[None]:
    """Start without log handlers and restore the caller's at the end, for processes that call `main` and continue."""
    before, logger.handlers = logger.handlers, []
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield
    finally:
        for handler in logger.handlers:
            handler.close()
        logger.handlers = before


def _log_to(handler: logging.Handler) -> None:
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", datefmt="%H:%M:%S"))
    logger.addHandler(handler)


@contextlib.contextmanager
def _terminated() -> Iterator[None]:
    """Let SIGTERM unwind the stack, so that half-written files are removed; trainings install their own handler."""
    if threading.current_thread() is not threading.main_thread():  # only it can set handlers
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _file_error(error: OSError) -> tuple[str, str]:
    """What happened, and what to do."""
    file = error.filename or f"a file (perhaps a temporary one in {tempfile.gettempdir()})"
    if error.errno in FULL_DISK:
        return f"No space left to write {file}", "free some disk space (or quota) and run again"
    return f"{file}: {error.strerror or error}", "check the path and try again"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb.

    Returns:
        The exit code.
    """
    parsed = build_parser().parse_args(arguments)
    threads = str(getattr(parsed, "threads", 1))
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(variable, threads)  # before numpy or torch are imported: several runs share the machine
    with _logging():
        return _run(parsed)


def _run(parsed: argparse.Namespace) -> int:
    """Run the verb; turn errors into a log line and an exit code."""
    _log_to(logging.StreamHandler(sys.stderr))
    try:
        if parsed.log is not None:
            parsed.log.parent.mkdir(parents=True, exist_ok=True)
            _log_to(logging.FileHandler(parsed.log, encoding="utf-8"))
        try:
            with _terminated():
                run_verb(parsed)
        finally:
            _reserve.clear()
    except UserError as error:
        logger.error("gqvae: error: %s", error)
        return 2
    except Interrupted as interruption:
        logger.error("gqvae: %s", interruption)
        return interruption.exit_code
    except BrokenPipeError:  # the reader has closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except KeyboardInterrupt:
        logger.error("gqvae: interrupted")
        return 130
    except (MemoryError, RuntimeError, OSError, zlib.error) as error:
        if is_out_of_memory(error):
            what, remedy = f"out of memory ({first_line(error)})", "give the job more memory, or reduce the batch or model size"
        elif isinstance(error, OSError):
            what, remedy = _file_error(error)
        else:
            raise
        logger.error("gqvae: error: %s: %s.", what, remedy)
        return 2
    return 0
