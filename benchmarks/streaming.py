"""Memory of `gqvae tokenizer encode`, and its speed by size of the text and number of processes.

Encodes a file of synthetic stories and one of random letters (nearly every word new) in a separate process and discards the ids.
Reports bytes, seconds, MB/s, and the peak memory of that process and of its largest worker. Encoders and worker counts alternate
within a repetition, so that other load on the machine affects all of them.

    python benchmarks/streaming.py --tokenizer mine --csv streaming.csv
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import subprocess
import sys
import tempfile
import time
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

from gqvae.corpus.stories.generator import Storyteller

MB = 10**6
COLUMNS = ("text", "encoder", "workers", "repetition", "bytes", "seconds", "mb_per_s", "peak_mb", "worker_peak_mb")
LETTERS = "abcdefghijklmnopqrstuvwxyz"
POLL_SECONDS = 0.2
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def quickly_trained(folder: Path, vocab_size: int = 4096, size: int = 10 * MB) -> Path:
    """A tokenizer trained on stories for a minute: good enough to time."""
    from gqvae.config import Distillation
    from gqvae.corpus.sources.synthetic import Settings as SyntheticCorpus
    from gqvae.training.tokenizer import default_run, train_tokenizer

    run = default_run(vocab_size)
    run = run.model_copy(update={"training": run.training.model_copy(update={"steps": 200, "unquantized_steps": 130})})
    train_tokenizer(SyntheticCorpus(bytes=size), Distillation(sizes=(vocab_size,)), folder, run=run)
    return folder


def write_stories(path: Path, size: int) -> None:
    """Distinct stories, separated by blank lines."""
    stories = Storyteller(0)
    with path.open("w", encoding="utf-8", newline="") as stream:
        for index in count():
            stream.write(stories.tell(index) + "\n\n")
            if stream.tell() >= size:
                return


def write_words(path: Path, size: int) -> None:
    """Words of 3 to 12 random letters."""
    random = Random(0)
    with path.open("w", encoding="utf-8", newline="") as stream:
        while stream.tell() < size:
            stream.writelines("".join(random.choices(LETTERS, k=random.randint(3, 12))) + " " for _ in range(10_000))


def peaks(process: int) -> dict[int, float]:
    """Peak memory of a process and its children, MB, without those that have ended."""
    found = {}
    children = Path(f"/proc/{process}/task/{process}/children")
    try:
        for one in (process, *map(int, children.read_text().split())):
            peak = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{one}/status").read_text(encoding="utf-8"))
            if peak:
                found[one] = int(peak[1]) / 1024
    except OSError:
        pass
    return found


def measure(tokenizer: Path, text: Path, encoder: str, workers: int) -> dict[str, Any]:
    """Encode a file and sample memory."""
    command = [
        sys.executable, "-m", "gqvae", "tokenizer", "encode", "--tokenizer", str(tokenizer), "--encoder", encoder,
        "--workers", str(workers), str(text), "--format", "u16", "--out", os.devnull,
    ]  # fmt: skip
    start = time.perf_counter()
    found: dict[int, float] = {}
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, env={**os.environ, **ONE_THREAD}) as process:
        while process.poll() is None:
            found |= peaks(process.pid)
            time.sleep(POLL_SECONDS)
    seconds = time.perf_counter() - start
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed")
    size = text.stat().st_size
    own = found.pop(process.pid)
    return {
        "bytes": size, "seconds": seconds, "mb_per_s": size / seconds / MB, "peak_mb": own,
        "worker_peak_mb": max(found.values(), default=0.0),
    }  # fmt: skip


def main() -> None:
    """Measure, print, and optionally write the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--tokenizer", type=Path, help="folder of a learned tokenizer (default: one trained on stories for a minute)"
    )
    parser.add_argument("--megabytes", type=int, nargs="+", default=[10, 100, 1000], help="of stories (%(default)s)")
    parser.add_argument("--new-words", type=int, default=200, help="megabytes of random letters, distilled only (%(default)s)")
    parser.add_argument("--repetitions", type=int, default=1, help="of every measurement (%(default)s)")
    parser.add_argument("--csv", type=Path, help="write every measurement")
    arguments = parser.parse_args()
    ways = [("distilled", 1), ("distilled", 2), ("neural", 1), ("neural", 2)]
    rows = []
    with tempfile.TemporaryDirectory() as directory:
        tokenizer = arguments.tokenizer or quickly_trained(Path(directory) / "tokenizer")
        texts: list[tuple[str, Path, list[tuple[str, int]]]] = []
        for megabytes in arguments.megabytes:
            texts.append(("stories", Path(directory) / f"stories-{megabytes}", ways))
            write_stories(texts[-1][1], megabytes * MB)
        texts.append(("new words", Path(directory) / "words", ways[:2]))
        write_words(texts[-1][1], arguments.new_words * MB)
        print(f"{'text':12s}{'encoder':12s}{'workers':>8s}{'MB':>8s}{'s':>8s}{'MB/s':>8s}{'peak, MB':>10s}{'a worker, MB':>14s}")
        for repetition in range(arguments.repetitions):
            for name, path, among in texts:
                for encoder, workers in among:
                    row = measure(tokenizer, path, encoder, workers)
                    rows.append({"text": name, "encoder": encoder, "workers": workers, "repetition": repetition, **row})
                    print(
                        f"{name:12s}{encoder:12s}{workers:8d}{row['bytes'] / MB:8.0f}{row['seconds']:8.1f}{row['mb_per_s']:8.1f}"
                        f"{row['peak_mb']:10.0f}{row['worker_peak_mb']:14.0f}",
                        flush=True,
                    )
    if arguments.csv:
        with open(arguments.csv, "w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
