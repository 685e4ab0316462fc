"""State from which a killed run resumes exactly.

Each run has one state folder. No rule declares it, because a workflow manager deletes the declared outputs of a failed job. It
holds two generations of the state, `last.ckpt` and `previous.ckpt`, so a kill at any moment leaves at least one intact. Every
file ends in a SHA-256 of its contents, which include the run's `fingerprint`: damaged files are skipped, and states of other
settings, data or code are never resumed. torch is imported lazily, because the command line needs `Interrupted` at start-up.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, cast

from filelock import FileLock, Timeout

from gqvae.errors import UserError
from gqvae.files import CHUNK_BYTES, atomic_path

DIGEST_BYTES = hashlib.sha256().digest_size

logger = logging.getLogger("gqvae")


class Interrupted(Exception):
    """A run stopped by a signal after saving its state; `exit_code` is what the process should return (143 or 130)."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(f"stopped by signal {signal_number}; the state is saved, run the same command again to resume")
        self.exit_code = 128 + signal_number


def fingerprint(settings_json: str, data_digest: str, code_digest: str) -> str:
    """Identity of a run: equal exactly when settings, data and code are. `settings_json` includes arm and seed."""
    return hashlib.sha256(json.dumps([settings_json, data_digest, code_digest]).encode()).hexdigest()


class RunState:
    """The state of one run on disk, locked by one process at a time.

    Use as a context manager. The lock is next to the folder (`<folder>.lock`), so `clear` does not delete it while a second
    process holds it. The system releases it however the process ends.

    Args:
        folder: of the state; created if missing.
        fingerprint: identity of the run, see `fingerprint`.

    Raises:
        UserError: another process uses the folder.
    """

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self.folder, self.fingerprint = Path(folder), fingerprint
        self.last, self.previous = self.folder / "last.ckpt", self.folder / "previous.ckpt"
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(self.folder.with_name(self.folder.name + ".lock"), timeout=0)
        try:
            self._lock.acquire()
        except Timeout:
            raise UserError(
                f"{self.folder} is in use by another process: wait for that run to end, or stop it, before starting it again."
            ) from None
        except NotImplementedError:
            logger.warning("%s: this file system has no locks; make sure that no other process uses this folder", self.folder)
        for leftover in self.folder.glob(".*.tmp"):  # of a process killed while writing
            leftover.unlink()

    def save(self, state: dict[str, Any]) -> None:
        """Write `state` (tensors and plain values) as the newest generation; the one before becomes `previous.ckpt`."""
        import torch

        self.folder.mkdir(parents=True, exist_ok=True)
        with atomic_path(self.last) as temporary:
            with open(temporary, "wb") as stream:
                hashing = _HashingWriter(stream)
                try:
                    torch.save({"fingerprint": self.fingerprint, "state": state}, cast(IO[bytes], hashing))
                except RuntimeError:
                    if hashing.error is None:
                        raise
                    raise hashing.error from None  # torch reports a full disk as an error about file positions
                stream.write(hashing.digest.digest())
                stream.flush()
                os.fsync(stream.fileno())
            if self.last.exists():
                os.replace(self.last, self.previous)

    def load(self) -> dict[str, Any] | None:
        """The newest intact state of this run, on the CPU, or None. Logs which files are skipped, and why."""
        for path in (self.last, self.previous):
            if not path.exists():
                continue
            contents = _read(path)
            if contents is None:
                logger.warning("%s is damaged and is skipped", path)
            elif contents["fingerprint"] != self.fingerprint:
                logger.warning("%s was saved with other settings, data or code: starting from the beginning", path)
            else:
                state: dict[str, Any] = contents["state"]
                return state
        return None

    def clear(self) -> None:
        """Remove the folder once the run is complete and its outputs exist."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> RunState:
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()


class _HashingWriter:
    """A stream that hashes what it writes, so that gigabytes of state are never in memory twice."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream, self.digest = stream, hashlib.sha256()
        self.error: OSError | None = None
        self.flush: Callable[[], None] = stream.flush

    def write(self, data: Any) -> int:
        self.digest.update(data)
        try:
            return self.stream.write(data)
        except OSError as error:
            self.error = error
            raise


def _read(path: Path) -> dict[str, Any] | None:
    """Contents of a state file, or None if it is not exactly what was written."""
    import torch

    left, digest = path.stat().st_size - DIGEST_BYTES, hashlib.sha256()
    with open(path, "rb") as stream:
        while left > 0:
            digest.update(stream.read(min(left, CHUNK_BYTES)))
            left -= CHUNK_BYTES
        if stream.read() != digest.digest():
            return None
        stream.seek(0)
        # Only tensors and plain values are ever saved, so nothing in a state file can run code.
        contents: dict[str, Any] = torch.load(stream, map_location="cpu", weights_only=True)
    return contents
