"""Workers that are killed, starved and disturbed: the client of `worker_parent.py`, and what is compared afterwards."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

UNREPEATABLE = {"seconds", "created", "encode_mb_per_s", "encode_ratio_to_bpe"}  # time is no result
OF_TIMES = "### Speed of encoding"  # the section of a summary that holds such columns


@dataclass
class Ended:
    """How a worker ended."""

    status: int
    stderr: str


@dataclass
class Worker:
    """A worker that may still be running."""

    pid: int
    log: Path
    parent: Workers

    def is_in(self, state: str) -> bool:
        """Whether the system has it in a state: T is stopped, Z ended."""
        return Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == state

    def ended(self) -> bool:
        """Whether nothing of it is left but its exit code."""
        return self.is_in("Z")

    def kill(self, number: int) -> None:
        """Send it a signal; until `wait` nobody else can have its number."""
        os.kill(self.pid, number)

    def wait(self) -> Ended:
        """Wait for its end."""
        status = self.parent.ask({"wait": self.pid})["status"]
        return Ended(status, self.log.read_text(encoding="utf-8", errors="replace"))


class Workers:
    """Starts workers; see `worker_parent.py` for what may be done to them."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder, self.started = folder, 0
        environment = {**os.environ, "OMP_NUM_THREADS": "1", **environment}
        program = Path(__file__).with_name("worker_parent.py")
        self.process = subprocess.Popen(
            [sys.executable, str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send a request and return the answer."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def start(self, *verb: object, **circumstances: Any) -> Worker:
        """Start `gqvae <verb>`."""
        self.started += 1
        log = self.folder / f"{self.started}.log"
        request = {"verb": [str(part) for part in verb], "stderr": str(log), **circumstances}
        return Worker(self.ask(request)["pid"], log, self)

    def run(self, *verb: object, **circumstances: Any) -> Ended:
        """Start it and wait."""
        return self.start(*verb, **circumstances).wait()

    def close(self) -> None:
        """End the parent."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def contents(folder: Path) -> dict[str, str]:
    """Digests of the visible files under a folder by relative path; times a file reports of its own making are left out."""
    return {
        path.relative_to(folder).as_posix(): _digest(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def _digest(path: Path) -> str:
    data = path.read_bytes()
    if path.suffix == ".json":
        data = json.dumps(_without(json.loads(data)), sort_keys=True).encode()
    if path.name == "summary.md" and OF_TIMES in (text := data.decode("utf-8")):
        before, _, after = text.partition(OF_TIMES)
        data = (before + after[after.index("\n#") :]).encode()
    if path.suffix == ".csv":
        rows = list(csv.reader(io.StringIO(data.decode("utf-8"))))
        kept = [place for place, name in enumerate(rows[0]) if name not in UNREPEATABLE]
        data = json.dumps([[row[place] for place in kept] for row in rows]).encode()
    return hashlib.sha256(data).hexdigest()


def _without(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without(part) for key, part in value.items() if key not in UNREPEATABLE}
    return [_without(part) for part in value] if isinstance(value, list) else value


@dataclass
class Ledger:
    """Faults that were injected, by kind, and what came of them."""

    injected: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)

    def judge(self, kind: str, found: dict[str, str], expected: dict[str, str], faults: int = 0, complete: bool = True) -> None:
        """Count faults of a kind, and compare what lies in a folder after them with what an undisturbed run leaves.

        Args:
            kind: of fault.
            found: `contents` of the disturbed run's outputs.
            expected: `contents` of the undisturbed run's.
            faults: how many were injected since the last judgement.
            complete: whether all outputs must be there (a killed run may have none yet, but no wrong one).
        """
        self.injected[kind] += faults
        wrong = [path for path in found if found[path] != expected.get(path)]
        lost = [path for path in expected if path not in found] if complete else []
        self.wrong[kind] += len(wrong)
        self.lost[kind] += len(lost)
        assert not wrong, f"{kind}: wrong {wrong}"
        assert not lost, f"{kind}: lost {lost}"

    def table(self) -> list[str]:
        """Lines of the report."""
        rows = [(kind, self.injected[kind], self.lost[kind], self.wrong[kind]) for kind in self.injected]
        rows.append(("in all", sum(self.injected.values()), sum(self.lost.values()), sum(self.wrong.values())))
        width = max(len(kind) for kind, *_ in rows)
        return [f"{'fault':{width}}  injected  results lost  wrong results accepted"] + [
            f"{kind:{width}}  {injected:8}  {lost:12}  {wrong:22}" for kind, injected, lost, wrong in rows
        ]

    def counts(self) -> list[dict[str, int]]:
        """All counts, to be sent to another process."""
        return [dict(self.injected), dict(self.lost), dict(self.wrong)]

    def add(self, counts: list[dict[str, int]]) -> None:
        """Add the `counts` of another process."""
        for mine, theirs in zip((self.injected, self.lost, self.wrong), counts, strict=True):
            mine.update(theirs)


LEDGER = Ledger()
