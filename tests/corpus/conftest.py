"""A server in a thread that answers as the hub does, and can be told to misbehave."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from gqvae.corpus.pinned import PinnedDataset, PinnedFile

REVISION = "0123456789abcdef0123456789abcdef01234567"
REPOSITORY = "someone/stories"


class Hub:
    """What the server holds, the faults it commits on the way, and the requests it saw.

    Attributes:
        files: content by name.
        faults: for each request to come ("HEAD name" or "GET name"), the faults still to commit, in order:
            ("status", code, headers), ("cut", bytes sent), ("stall", bytes sent) or ("body", other content).
        always: a fault for every request of a kind once `faults` has none.
        requests: "HEAD name", "GET name" or "GET name bytes=5-", in order.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.faults: dict[str, list[tuple]] = {}
        self.always: dict[str, tuple] = {}
        self.requests: list[str] = []
        self.authorized: list[str] = []
        self.url = ""
        self.prefix = f"/datasets/{REPOSITORY}/resolve/{REVISION}/"
        self.announce_digest = True
        self.released = threading.Event()  # ends what stalls

    def dataset(self) -> PinnedDataset:
        """The data set, pinned to what the server holds now."""
        files = (PinnedFile(name, hashlib.sha256(content).hexdigest(), len(content)) for name, content in self.files.items())
        return PinnedDataset(REPOSITORY, REVISION, tuple(files))

    def fault(self, request: str) -> tuple | None:
        """The fault to commit now."""
        waiting = self.faults.get(request)
        return waiting.pop(0) if waiting else self.always.get(request)


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: ClassVar[Hub]

    def log_message(self, *arguments: object) -> None:
        """Tests read requests from the hub."""

    def do_HEAD(self) -> None:
        self.answer("HEAD")

    def do_GET(self) -> None:
        self.answer("GET")

    def answer(self, method: str) -> None:
        prefix = self.hub.prefix
        name = self.path.removeprefix(prefix)
        wanted = self.headers.get("Range", "")
        self.hub.requests.append(f"{method} {name} {wanted}".strip())
        if "Authorization" in self.headers:
            self.hub.authorized.append(self.path)
        fault = self.hub.fault(f"{method} {name}")
        if fault is not None and fault[0] == "status":
            self.send(fault[1], b"", fault[2])
            return
        if not self.path.startswith(prefix) or name not in self.hub.files:
            self.send(404, b"", {"X-Error-Code": "EntryNotFound"})
            return
        content = self.hub.files[name]
        headers = {"X-Repo-Commit": REVISION, "X-Linked-Size": str(len(content)), "Accept-Ranges": "bytes"}
        if self.hub.announce_digest:
            headers["X-Linked-Etag"] = f'"{hashlib.sha256(content).hexdigest()}"'
        headers["ETag"] = '"0123456789"'
        if fault is not None and fault[0] == "body":
            content = fault[1]
        status, start = 200, 0
        if wanted and not (fault is not None and fault[0] == "no range"):
            start = int(wanted.removeprefix("bytes=").partition("-")[0])
            status = 206
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        body = content[start:]
        self.send(status, body, headers, fault[1] if fault is not None and fault[0] in ("cut", "stall") else None)
        if fault is not None and fault[0] == "stall":
            self.hub.released.wait(30)

    def send(self, status: int, body: bytes, headers: dict[str, str], cut: int | None = None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body[:cut])
            self.wfile.flush()
        if cut is not None:
            self.close_connection = True


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    held = Hub()
    held.files = {
        "valid.txt": b"A short one.\n",
        "train.txt": b"".join(b"Story %d was told.\n<|endoftext|>\n" % i for i in range(20_000)),
    }
    answers = type("AnswersOfThisHub", (Answers,), {"hub": held})
    server = ThreadingHTTPServer(("127.0.0.1", 0), answers)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    held.url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("HF_ENDPOINT", held.url)
    yield held
    held.released.set()
    server.shutdown()
    server.server_close()
    thread.join()
