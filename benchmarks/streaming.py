"""Memory of `gqvae tokenizer encode` as the text grows, and its speed by number of threads.

Encodes files of stories and one of random letters (nearly every word is new) in a separate process and discards the ids. Reports
bytes, seconds, MB/s, and the peak memory of that process. Encoders and numbers of threads take turns within a repetition, so that
other load on the machine affects all of them. The last lines say how much more memory the largest file takes than the smallest.

    python benchmarks/streaming.py --tokenizer mine --csv streaming.csv
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from measuring import MB, markdown, memory_mb, quickly_trained, write_rows, write_stories, write_words
from measuring import threads as one_thread

COLUMNS = ("text", "encoder", "threads", "repetition", "bytes", "seconds", "cpu_seconds", "mb_per_s", "peak_mb")
POLL_SECONDS = 0.05


def measure(tokenizer: Path, text: Path, encoder: str, threads: int) -> dict[str, Any]:
    """Encode a file and sample memory."""
    command = [
        sys.executable, "-m", "gqvae", "tokenizer", "encode", "--tokenizer", str(tokenizer), "--encoder", encoder,
        "--threads", str(threads), str(text), "--format", "u16", "--out", os.devnull,
    ]  # fmt: skip
    peak = 0.0
    start = time.perf_counter()
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env={**os.environ, **one_thread(1)})
    while True:
        if not math.isnan(found := memory_mb(process.pid)):
            peak = found
        ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        if ended:
            break
        time.sleep(POLL_SECONDS)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed")
    size = text.stat().st_size
    return {
        "bytes": size, "seconds": seconds, "cpu_seconds": usage.ru_utime + usage.ru_stime, "mb_per_s": size / seconds / MB,
        "peak_mb": peak,
    }  # fmt: skip


def main() -> None:
    """Measure, print, and optionally write the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--tokenizer", type=Path, help="folder of a learned tokenizer (default: one trained on stories for a minute)"
    )
    parser.add_argument("--megabytes", type=int, nargs="+", default=[100, 1000], help="of stories (%(default)s)")
    parser.add_argument(
        "--new-words", type=int, default=200, help="megabytes of random letters, encoded without the network (%(default)s)"
    )
    parser.add_argument("--encoders", nargs="+", default=["distilled", "neural"], help="for the stories (%(default)s)")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="(%(default)s)")
    parser.add_argument("--repetitions", type=int, default=1, help="of every measurement (%(default)s)")
    parser.add_argument("--csv", type=Path, help="write every measurement")
    arguments = parser.parse_args()
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as directory:
        tokenizer = arguments.tokenizer or quickly_trained(Path(directory) / "tokenizer")
        texts = [("stories", megabytes, arguments.encoders) for megabytes in arguments.megabytes]
        texts += [("new words", arguments.new_words, ["distilled"])] if arguments.new_words else []
        for text, megabytes, _ in texts:
            write = write_stories if text == "stories" else write_words
            write(Path(directory) / f"{text}-{megabytes}", megabytes * MB)
        for repetition in range(arguments.repetitions):
            for text, megabytes, encoders in texts:
                for encoder in encoders:
                    for threads in arguments.threads:
                        print(f"{repetition + 1} {text} {megabytes} MB {encoder} {threads}", file=sys.stderr, flush=True)
                        row = measure(tokenizer, Path(directory) / f"{text}-{megabytes}", encoder, threads)
                        rows.append({"text": text, "encoder": encoder, "threads": threads, "repetition": repetition, **row})
                        write_rows(arguments.csv, COLUMNS, rows)
    print(table(rows))


def table(rows: list[dict[str, Any]]) -> str:
    """All rows as Markdown, and how memory grows from the smallest to the largest file of stories."""
    lines = [
        [
            row["text"], row["encoder"], str(row["threads"]), f"{row['bytes'] / MB:.0f}", f"{row['seconds']:.1f}",
            f"{row['mb_per_s']:.1f}", f"{row['peak_mb']:.0f}",
        ]
        for row in rows
    ]  # fmt: skip
    parts = [markdown(["text", "encoder", "threads", "MB", "s", "MB/s", "peak memory, MB"], lines)]
    stories = [row for row in rows if row["text"] == "stories"]
    for encoder, threads in dict.fromkeys((row["encoder"], row["threads"]) for row in stories):
        own = sorted(
            (row for row in stories if (row["encoder"], row["threads"]) == (encoder, threads)), key=lambda row: row["bytes"]
        )
        parts.append(
            f"{encoder}, threads {threads}: {own[0]['bytes'] / MB:.0f} → {own[-1]['bytes'] / MB:.0f} MB of stories,"
            f" peak {own[0]['peak_mb']:.0f} → {own[-1]['peak_mb']:.0f} MB"
        )
    return "\n\n".join(parts)


if __name__ == "__main__":
    main()
