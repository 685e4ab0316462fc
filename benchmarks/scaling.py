"""Cost of each pipeline stage as the corpus doubles: CPU seconds, memory, size of its output; and distinct pre-tokens.

Each stage is a real `gqvae` verb in a separate process with one thread, on corpora of 1, 2, 4, … MB (10⁶ bytes): synthetic
stories, or the sources of Python's standard library, whose vocabulary is open:

prepare, count          text → splits → distinct pre-tokens with counts
bpe                     byte-pair encoding of the same vocabulary size
train                   a small network for a fixed number of steps; no code is dropped
codes                   the same verb with two steps, and dropping codes without a span in the training split: five passes over
                        its distinct pre-tokens
distill, measure        vocabulary and rate of the gates from the network of `train`; bytes per token on the held-out splits
encode                  all of the text as ids

Reported are user and system time of the process and its peak anonymous memory (sampled every 20 ms; Linux), which leaves out
mapped files, whose pages the system can reclaim. Other load on the machine changes neither much. The networks are too small and
too briefly trained to be useful: the benchmark only measures how cost grows.

    python benchmarks/scaling.py --largest 64 --sources synthetic python_stdlib --text stories.txt.xz --out results/published/scaling
    python benchmarks/scaling_report.py --tables results/published/scaling --write
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from measuring import MB, threads, write_rows

POLL_SECONDS = 0.02
COLUMNS = ("source", "megabytes", "stage", "train_bytes", "pretokens", "distinct", "cpu_seconds", "peak_mb", "output_bytes")
HEAPS_COLUMNS = ("text", "bytes", "pretokens", "distinct", "once")
FIRST_POINT = MB / 16  # bytes at which distinct pre-tokens are first counted

NETWORK = {
    "width": 32, "head_width": 16, "encoder_layers": 1, "gater_layers": 1, "decoder_layers": 1, "codebook_size": 512,
}  # fmt: skip
TRAINING = {"steps": 60, "unquantized_steps": 45, "warmup_steps": 5, "batch_pretokens": 256, "measure_every": 60}
VOCABULARY = 384


def stages(source: str, size: int, folder: Path) -> Iterator[tuple[str, Path, list[str]]]:
    """Each stage's name, what it writes, and its command, in order."""
    corpus, pretokens, tokenizers = folder / "corpus", folder / "pretokens", folder / "tokenizers"
    text = {"source": source, ("bytes" if source == "synthetic" else "max_bytes"): size}
    train = {"network": NETWORK, "training": TRAINING}
    codes = {"network": NETWORK, "training": {**TRAINING, "steps": 2, "unquantized_steps": 1}}

    def settings(block: dict[str, Any]) -> list[str]:
        return ["--settings", json.dumps(block)]

    def network(name: str) -> list[str]:
        return ["--pretokens", str(pretokens), "--out", str(folder / name), "--state", str(folder / f".{name}")]

    yield "prepare", corpus, ["prepare-corpus", *settings(text), "--out", str(corpus)]
    yield "count", pretokens, ["count-pretokens", "--corpus", str(corpus), "--out", str(pretokens)]
    bpe = settings({"tokenizer": "bpe", "sizes": [VOCABULARY]})
    yield (
        "bpe",
        folder / "bpe",
        ["train-counted", *bpe, "--pretokens", str(pretokens / "train.npz"), "--out", str(folder / "bpe")],
    )
    yield "train", folder / "train", ["train-network", *settings(train), *network("train")]
    yield "codes", folder / "codes", ["train-network", *settings(codes), *network("codes")]
    distill = [*settings({"sizes": [VOCABULARY]}), "--trained", str(folder / "train"), "--pretokens", str(pretokens)]
    yield "distill", tokenizers, ["make-tokenizers", *distill, "--out", str(tokenizers)]
    tokenizer, table = str(tokenizers / f"v{VOCABULARY}"), folder / "compression.csv"
    measured = ["--arm", "gqvae", "--tokenizers", tokenizer, "--pretokens", str(pretokens), "--out", str(table)]
    yield "measure", table, ["measure-compression", *measured]
    ids = folder / "ids"
    yield "encode", ids, ["encode-corpus", "--tokenizer", tokenizer, "--corpus", str(corpus), "--out", str(ids)]


def run(arguments: list[str]) -> dict[str, float]:
    """Run one verb and watch it.

    Raises:
        SystemExit: the verb failed; with the end of its output.
    """
    with tempfile.TemporaryFile() as said:
        command = [sys.executable, "-m", "gqvae", *arguments]
        process = subprocess.Popen(command, stdout=said, stderr=said, env={**os.environ, **threads(1)})
        peak = 0.0
        while True:
            ended, status, usage = os.wait4(process.pid, os.WNOHANG)
            if ended:
                break
            peak = max(peak, anonymous_mb(process.pid))
            time.sleep(POLL_SECONDS)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise SystemExit(f"{' '.join(command)} failed:\n{said.read().decode(errors='replace')[-2000:]}")
    return {"cpu_seconds": round(usage.ru_utime + usage.ru_stime, 3), "peak_mb": round(peak, 1)}


def anonymous_mb(process: int) -> float:
    """Anonymous memory of a process, MB (10⁶ bytes); 0 if the system does not report it."""
    try:
        found = re.search(r"RssAnon:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text(encoding="utf-8"))
    except OSError:
        return 0.0
    return int(found[1]) * 1024 / MB if found else 0.0


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files of a folder."""
    files = [path] if path.is_file() else path.rglob("*")
    return sum(file.stat().st_size for file in files if file.is_file())


def measure(source: str, megabytes: int) -> Iterator[dict[str, Any]]:
    """One row per stage at one size."""
    from gqvae.corpus.pretokens import PretokenCounts

    with tempfile.TemporaryDirectory() as directory:
        facts: dict[str, int] = {}
        rows = []
        for stage, out, command in stages(source, megabytes * MB, Path(directory)):
            found = run(command)
            rows.append({"source": source, "megabytes": megabytes, "stage": stage, **found, "output_bytes": size_of(out)})
            if stage == "count":
                counts = PretokenCounts.load(out / "train.npz")
                facts = {"train_bytes": counts.total_bytes, "pretokens": counts.total, "distinct": len(counts)}
            print(f"{source:14s}{megabytes:6d} MB  {stage:8s}{found['cpu_seconds']:9.2f} s{found['peak_mb']:9.0f} MB", flush=True)
        yield from (row | facts for row in rows)


def growth(label: str, texts: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Distinct pre-tokens each time the text has doubled, and at its end; `once`: those that have occurred once."""
    from gqvae.corpus.pretokenizers.gpt2 import PRETOKENIZER

    counter: Counter[str] = Counter()
    size, due = 0, FIRST_POINT

    def row() -> dict[str, Any]:
        once = sum(count == 1 for count in counter.values())
        return {"text": label, "bytes": size, "pretokens": counter.total(), "distinct": len(counter), "once": once}

    for text in texts:
        counter.update(PRETOKENIZER.split(text))
        size += len(text.encode("utf-8"))
        if size >= due:
            yield row()
            while due <= size:
                due *= 2
    if size >= 1.3 * due / 2:  # an end closer to the last point adds nothing
        yield row()


def texts_of(source: str, megabytes: int) -> Iterator[str]:
    """The documents of a source that needs no files."""
    from gqvae.corpus.sources import open_source
    from gqvae.corpus.sources.python_stdlib import Settings as PythonCorpus
    from gqvae.corpus.sources.synthetic import Settings as SyntheticCorpus

    settings = SyntheticCorpus(bytes=megabytes * MB) if source == "synthetic" else PythonCorpus()
    return (document.decode("utf-8") for document in open_source(settings).documents)


def text_of(path: Path) -> Iterator[str]:
    """A file in small blocks that no pre-token crosses."""
    from gqvae.corpus.text_blocks import text_blocks
    from gqvae.corpus.text_file import open_file

    with open_file(path) as stream:
        yield from text_blocks(stream, path.name, block_bytes=1 << 14)  # type: ignore[arg-type]


def main() -> None:
    """Measure, print, and optionally write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--largest", type=int, default=4, metavar="MB", help="largest synthetic corpus (%(default)s)")
    parser.add_argument("--largest-python", type=int, default=8, metavar="MB", help="of the library, some 12 MB (%(default)s)")
    parser.add_argument(
        "--sources", nargs="*", default=["synthetic"], choices=["synthetic", "python_stdlib"], help="(%(default)s)"
    )
    parser.add_argument("--text", type=Path, nargs="*", default=[], help="more files to count distinct pre-tokens of")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write scaling.csv and heaps.csv")
    arguments = parser.parse_args()
    heaps: list[dict[str, Any]] = []
    for source in ("synthetic", "python_stdlib"):
        heaps += growth(source, texts_of(source, arguments.largest))
    for path in arguments.text:
        heaps += growth(path.name.split(".")[0], text_of(path))
    write_rows(arguments.out and arguments.out / "heaps.csv", HEAPS_COLUMNS, heaps)
    for row in heaps:
        print(f"{row['text']:26s}{row['bytes'] / MB:9.2f} MB{row['distinct']:10,d} distinct pre-tokens")
    rows: list[dict[str, Any]] = []
    for source in arguments.sources:
        size, largest = 1, arguments.largest if source == "synthetic" else arguments.largest_python
        while size <= largest:
            rows += measure(source, size)
            write_rows(arguments.out and arguments.out / "scaling.csv", COLUMNS, rows)
            size *= 2


if __name__ == "__main__":
    main()
