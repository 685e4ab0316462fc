"""What the benchmarks share: timing, memory, texts, a tokenizer to time, and tables of measurements."""

from __future__ import annotations

import csv
import re
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

MB = 10**6
LETTERS = "abcdefghijklmnopqrstuvwxyz"
POOL = 20_000  # distinct stories of `write_stories`


class Seconds(NamedTuple):
    """Time of some work: of this process on all its threads, and of the clock."""

    cpu: float
    wall: float


def timed(work: Callable[[], Any]) -> tuple[Seconds, Any]:
    """Time and result of some work."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return Seconds(time.process_time() - cpu, time.perf_counter() - wall), result


def threads(number: int) -> dict[str, str]:
    """Environment variables that give every library this many threads."""
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS", "NUMBA_NUM_THREADS")
    return {**dict.fromkeys(names, str(number)), "TOKENIZERS_PARALLELISM": "true" if number > 1 else "false"}


def memory_mb(process: int | str = "self", peak: bool = True) -> float:
    """Resident memory of a process, NaN once it has ended (`ru_maxrss` would include that of its parent before the fork)."""
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    except OSError:
        return float("nan")
    found = re.search(rf"{'VmHWM' if peak else 'VmRSS'}:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else float("nan")


def children(process: int) -> list[int]:
    """The live children of a process."""
    try:
        return [int(one) for one in Path(f"/proc/{process}/task/{process}/children").read_text(encoding="utf-8").split()]
    except OSError:
        return []


def write_rows(path: Path | None, columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> None:
    """Write measurements as CSV; no path, no file."""
    if path is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; every column but the first is aligned to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def quickly_trained(folder: Path, vocab_size: int = 4096, size: int = 10 * MB) -> Path:
    """A learned tokenizer trained on stories for a minute: good enough to time."""
    from gqvae.config import Distillation
    from gqvae.corpus.sources.synthetic import Settings as SyntheticCorpus
    from gqvae.training.default_run import default_run
    from gqvae.training.tokenizer import train_tokenizer

    train_tokenizer(SyntheticCorpus(bytes=size), Distillation(sizes=(vocab_size,)), folder, default_run(vocab_size, steps=200))
    return folder


def write_stories(path: Path, size: int) -> None:
    """Stories separated by blank lines. Each starts with its number, so that new pre-tokens never cease."""
    from gqvae.corpus.stories.generator import Storyteller

    stories, random = Storyteller(0), Random(0)
    pool: list[str] = []
    with path.open("w", encoding="utf-8", newline="") as stream:
        for index in count():
            if index < POOL:
                pool.append(stories.tell(index))
            stream.write(f"{index}. {pool[index] if index < POOL else random.choice(pool)}\n\n")
            if index % 100 == 0 and stream.tell() >= size:
                return


def write_words(path: Path, size: int) -> None:
    """Words of 3 to 12 random letters: nearly every one is new."""
    random = Random(0)
    with path.open("w", encoding="utf-8", newline="") as stream:
        while stream.tell() < size:
            stream.writelines("".join(random.choices(LETTERS, k=random.randint(3, 12))) + " " for _ in range(10_000))
