"""Atomic writes, and digests of files.

Every file that exists in `results/` is complete: it is written under a temporary name and then renamed.
"""

from __future__ import annotations

import contextlib
import csv
import errno
import hashlib
import io
import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from gqvae.errors import UserError

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd  # takes half a second to import

CHUNK_BYTES = 1 << 20
DESCRIPTORS = ("/dev/fd", "/proc/self/fd", "/proc/thread-self/fd")  # folders of this process's open descriptors
FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # no space, no quota, a limit on the size of files
MOST_LINKS = 40  # in a row, as Linux


def given_path(path: Path | str) -> Path:
    """A path that a config names.

    Raises:
        UserError: this locale cannot express it, so that the system would say that it does not exist.
    """
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        encoding = sys.getfilesystemencoding()
        raise UserError(
            f"{path} has characters that file names cannot have in this locale ({encoding}): set PYTHONUTF8=1 and run again."
        ) from None
    return Path(path)


def seen_from(path: Path) -> str:
    """For messages: the working folder, which a relative path starts at."""
    return "" if path.is_absolute() else f" in {Path.cwd()}"


def open_descriptor(path: Path) -> int | None:
    """The open descriptor that a path names, itself or by links: 1 of /dev/stdout, 3 of /dev/fd/3; None: it names no descriptor."""
    path = Path(path)
    for _ in range(MOST_LINKS):
        if path.name.isdecimal() and os.path.realpath(path.parent) in map(os.path.realpath, DESCRIPTORS):
            return int(path.name)
        if not path.is_symlink():
            return None
        path = path.parent / path.readlink()
    return None


@contextlib.contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success flush it to disk and move it into place, on failure remove it.

    Links are followed, and a file that is replaced keeps its mode. A device or a pipe is written directly.

    Raises:
        UserError: the disk is full, the folder cannot be written, or `path` is a folder or an open descriptor.
    """
    path = Path(path)
    if path.is_dir():
        raise UserError(f"{path} is a folder: give the name of a file.")
    if open_descriptor(path) is not None:
        raise UserError(f"{path} is an open stream, which cannot be replaced: give the name of a file.")
    if path.exists() and not path.is_file():  # before `resolve`, which invents a path for a pipe without a name
        yield path
        return
    path = path.resolve()
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with _explained(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield temporary
            with open(temporary, "rb") as stream:  # opened for reading, since it may be a link to a read-only file
                os.fsync(stream.fileno())
            _keep_mode(path, temporary)
            os.replace(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn the errors of writing that a user can fix into a `UserError`."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL_DISK:
            raise UserError(f"No space left to write {path}: free some disk space (or quota) and run again.") from error
        if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
            raise UserError(f"Cannot write {path}: make its folder writable and run again.") from error
        raise


def _keep_mode(path: Path, temporary: Path) -> None:
    """Give a new file the permissions of the one that it replaces, unless it is a link to a file that others use."""
    with contextlib.suppress(OSError):  # there is none, or the file system has no permissions
        if temporary.stat().st_nlink == 1:
            temporary.chmod(path.stat().st_mode & 0o777)


@contextlib.contextmanager
def atomic_open(path: Path, mode: str = "w") -> Iterator[IO[Any]]:
    """Open `path` for writing (text is UTF-8 with "\\n" line ends); it appears only once it is complete.

    An open descriptor, such as /dev/stdout, is written from where it stands: opening it by its name would empty a file behind it.

    Raises:
        UserError: as `atomic_path`, or the descriptor cannot be written.
    """
    options: dict[str, Any] = {} if "b" in mode else {"encoding": "utf-8", "newline": "\n"}
    descriptor = open_descriptor(path)
    if descriptor is None:
        with atomic_path(path) as temporary, open(temporary, mode, **options) as stream:
            yield stream
            stream.flush()
        return
    try:
        with _explained(path), open(os.dup(descriptor), mode, **options) as stream:
            yield stream
    except OSError as error:
        if error.errno != errno.EBADF:
            raise
        raise UserError(f"{path} is not open for writing: give the name of a file.") from None


def share_file(source: Path, target: Path) -> None:
    """Hard-link a large file into a folder, or copy it where the file system cannot link."""
    with atomic_path(target) as temporary:
        try:
            temporary.hardlink_to(source)
        except OSError:
            shutil.copyfile(source, temporary)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON with sorted keys, atomically."""
    with atomic_open(path) as stream:
        stream.write(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Write rows as CSV, atomically."""
    with atomic_open(path) as stream:
        writer = csv.DictWriter(stream, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read_json(path: Path) -> Any:
    """Read JSON; a missing or damaged file is a `UserError` that names it."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise UserError(f"{path} does not exist or is not a file: check the path, or run the command that writes it.") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is damaged ({error}): delete it and run again.") from None


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, read in pieces."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def require_digest(path: Path, expected: object, remedy: str) -> None:
    """Check that a file still has the digest recorded when it was written.

    Raises:
        UserError: it is missing or changed; the message ends with `remedy`.
    """
    if not Path(path).is_file():
        raise UserError(f"{path} does not exist: {remedy}.")
    if expected is None:
        raise UserError(f"No SHA-256 of {path} is recorded beside it (another version wrote it): {remedy}.")
    if file_digest(path) != expected:
        raise UserError(f"{path} is damaged (its SHA-256 is not the recorded one): {remedy}.")


def json_digest(value: Any) -> str:
    """SHA-256 of a JSON value in canonical form (sorted keys, no spaces)."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def write_array(path: Path, array: npt.NDArray[Any]) -> None:
    """Write an array as .npy, in one piece: NumPy's own writing reports a full disk without saying so."""
    import numpy as np

    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    with atomic_open(path, "wb") as stream:
        stream.write(buffer.getbuffer())


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a table atomically; numbers in their shortest exact form, missing values empty."""
    with atomic_open(path) as stream:
        frame.to_csv(stream, index=False, lineterminator="\n")
