"""Downloads files of a data set from the hub: retries, resumes, and verifies the SHA-256 before anyone can read a file.

A file must have the pinned SHA-256, else that of an earlier download into the same folder, else the one that the hub announces, if
any.

huggingface_hub supplies addresses, metadata and transfers; we manage the partial file. The library keeps none between calls, so
after a killed process or a reset connection all 1.9 GB would be fetched again. It would also store the text twice.
"""

from __future__ import annotations

import importlib
import logging
import os
import time
from pathlib import Path
from typing import IO, BinaryIO, NamedTuple, cast

from filelock import FileLock

from gqvae.corpus.pinned import PinnedDataset, PinnedFile
from gqvae.errors import UserError, first_line
from gqvae.files import FULL_DISK, atomic_path, file_digest, read_json, write_json
from gqvae.progress import Progress

RETRIED_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
# The library writes only whole chunks, so a dropped connection loses the last one. Its default of 10 MB is too much to lose.
PIECE_BYTES = 1 << 18
METADATA_SECONDS = 20.0  # timeout of a metadata request
RECORD = "sha256.json"  # of every file of the folder

logger = logging.getLogger("gqvae")


class Backoff(NamedTuple):
    """Exponential backoff; any progress resets it."""

    attempts: int = 7  # tries without progress before giving up
    base: float = 2.0  # seconds before the second try, doubled for each later one
    ceiling: float = 120.0  # longest wait in seconds, even if the server asks for more


def download(dataset: PinnedDataset, folder: Path, backoff: Backoff | None = None) -> list[Path]:
    """Download a data set into `folder`, except files that are there already with the right SHA-256.

    Returns the paths of the files. A partial file stays in the folder under a hidden name for the next call.

    Raises:
        UserError: there is no connection, the hub keeps failing, or it does not send the pinned content.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".download.lock"):
            known = _recorded(folder)
            for file in dataset.files:
                file = file._replace(sha256=file.sha256 or known.get(file.name))
                known[file.name] = _fetch(dataset, file, folder, backoff or Backoff())
                write_json(folder / RECORD, known)
            return [folder / file.name for file in dataset.files]
    except (PermissionError, NotADirectoryError, FileExistsError) as error:
        raise UserError(f"Cannot write to {folder} ({error.strerror}): choose another --out, or make it writable.") from None


def _recorded(folder: Path) -> dict[str, str]:
    """SHA-256 of the files that were downloaded into a folder, by name."""
    return dict(read_json(folder / RECORD)) if (folder / RECORD).exists() else {}


def _fetch(dataset: PinnedDataset, file: PinnedFile, folder: Path, backoff: Backoff) -> str:
    """Download one file and return its SHA-256; see `download`."""
    path = folder / file.name
    if path.is_file():
        digest = file_digest(path)
        if digest == file.sha256:
            logger.info("%s exists and has the right SHA-256", path)
            return digest
        logger.warning("%s does not have the %s SHA-256; fetching it again", path, "pinned" if file.sha256 else "recorded")
        path.unlink()
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{(file.sha256 or dataset.revision)[:16]}.partial")
    failures = 0
    while True:
        held = partial.stat().st_size if partial.exists() else 0
        try:
            size, announced = _transfer(dataset, file, partial)
            break
        except Exception as error:
            if not _is_transient(error):
                raise _explained(error, dataset, file) from error
            grown = partial.exists() and partial.stat().st_size > held
            failures = 1 if grown else failures + 1
            if failures >= backoff.attempts:
                raise _explained(error, dataset, file) from error
            logger.warning("fetching %s: %s; trying again", file.name, first_line(error))
            time.sleep(min(backoff.ceiling, max(_retry_after(error), backoff.base * 2 ** (failures - 1))))
    digest = file_digest(partial)
    expected = file.sha256 or announced or digest
    if digest != expected or (file.size is not None and size != file.size):
        partial.unlink()
        raise UserError(
            f"{file.name} from {dataset.repository} has SHA-256 {digest[:16]}… ({size:,} bytes), not the "
            f"{'pinned' if file.sha256 else 'announced'} {expected[:16]}…; it was deleted: run again, and check "
            "HF_ENDPOINT if it happens again."
        )
    with atomic_path(path) as temporary:
        os.replace(partial, temporary)
    return digest


def _transfer(dataset: PinnedDataset, file: PinnedFile, partial: Path) -> tuple[int, str | None]:
    """Fetch the metadata, complete the partial file, and return its size in bytes and the SHA-256 that the hub announces."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from huggingface_hub import constants, get_hf_file_metadata, hf_hub_url
    from huggingface_hub.file_download import http_get

    importlib.import_module("huggingface_hub.utils").disable_progress_bars()  # `Progress` shows the transfer, in logs too
    constants.DOWNLOAD_CHUNK_SIZE = PIECE_BYTES
    # The data set is public, so no credentials are sent.
    endpoint = os.environ.get("HF_ENDPOINT", "").rstrip("/") or None
    url = hf_hub_url(dataset.repository, file.name, repo_type="dataset", revision=dataset.revision, endpoint=endpoint)
    metadata = get_hf_file_metadata(url, token=False, timeout=METADATA_SECONDS)
    # The ETag of a large file is its SHA-256 (64 hexadecimal digits), so a wrong file is refused before it is fetched.
    announced = metadata.etag if len(metadata.etag or "") == 64 else None
    if announced and file.sha256 and announced != file.sha256:
        raise UserError(
            f"{dataset.repository} announces {file.name} with SHA-256 {announced[:16]}…, not the pinned {file.sha256[:16]}…: "
            "check HF_ENDPOINT."
        )
    size = metadata.size if metadata.size is not None else file.size
    held = partial.stat().st_size if partial.exists() else 0
    if size is not None and held > size:
        partial.unlink()
        held = 0
    with Progress(f"fetching {file.name}", size, "B", done=held) as progress, open(partial, "ab") as stream:
        body = cast(BinaryIO, _Reporting(stream, progress, size, file.name))
        if size is None or held < size:
            http_get(url, body, resume_size=held, headers={"Accept-Encoding": "identity"}, expected_size=size)
    return partial.stat().st_size, announced


class _Reporting:
    """The methods of a binary file that `http_get` uses; reports progress and refuses bytes beyond the file's size."""

    def __init__(self, stream: IO[bytes], progress: Progress, size: int | None, name: str) -> None:
        self._stream, self._progress, self._size, self._name = stream, progress, size, name
        self.seek, self.tell, self.truncate = stream.seek, stream.tell, stream.truncate

    def write(self, data: bytes) -> int:
        if self._size is not None and self._stream.tell() + len(data) > self._size:
            raise UserError(f"{self._name}: the server sends more than its {self._size:,} bytes: check HF_ENDPOINT.")
        self._progress.update(len(data))
        return self._stream.write(data)


def transport_errors() -> tuple[type[Exception], ...]:
    """Connection errors of the HTTP library under the installed huggingface_hub (requests, httpx, …)."""
    session = importlib.import_module("huggingface_hub.utils").get_session()
    library = importlib.import_module(type(session).__module__.partition(".")[0])
    names = ("TransportError", "RequestException", "StreamError")
    return tuple(getattr(library, name) for name in names if hasattr(library, name))


def _status(error: Exception) -> int | None:
    return getattr(getattr(error, "response", None), "status_code", None)


def _is_transient(error: Exception) -> bool:
    """Whether a retry may help."""
    if isinstance(error, UserError) or type(error).__name__ == "OfflineModeIsEnabled":
        return False
    status = _status(error)
    if status is not None:
        return status in RETRIED_STATUS
    if isinstance(error, transport_errors()):
        return True
    # huggingface_hub reports a short body as an OSError without an errno; one with an errno comes from the file system.
    return isinstance(error, ConnectionError | TimeoutError) or (isinstance(error, OSError) and error.errno is None)


def _retry_after(error: Exception) -> float:
    """Seconds that the server asks to wait."""
    value = str(getattr(getattr(error, "response", None), "headers", {}).get("Retry-After", ""))
    return float(value) if value.isdigit() else 0.0


def _explained(error: Exception, dataset: PinnedDataset, file: PinnedFile) -> Exception:
    """A known error as a UserError; any other is returned unchanged."""
    what, kept = f"Cannot fetch {file.name} of {dataset.repository}", "run again to resume"
    if isinstance(error, UserError):
        return error
    if type(error).__name__ == "OfflineModeIsEnabled":
        return UserError(f"{what}: HF_HUB_OFFLINE is set; unset it, or choose another corpus.source.")
    status = _status(error)
    if status in RETRIED_STATUS:
        return UserError(f"{what}: the hub keeps answering {status}; wait, and {kept}.")
    if status in (401, 403):
        return UserError(
            f"{what}: the hub answers {status}: it does not exist, or needs a login, which is not supported; check the name, or "
            "fetch the files yourself and read them with `source: text`."
        )
    if status == 404:
        return UserError(f"{what}: the hub answers 404: there is no such file at revision {dataset.revision}; check its name.")
    if status is not None:
        return UserError(f"{what}: the hub answers {status} ({first_line(error)}): check HF_ENDPOINT and the network's proxy.")
    if isinstance(error, OSError) and error.errno in FULL_DISK:
        return UserError(f"{what}: no space is left on the disk; free some, and {kept}.")
    if isinstance(error, (*transport_errors(), OSError)):
        return UserError(f"{what}: no connection to the hub ({first_line(error)}); check the network, and {kept}.")
    return error
