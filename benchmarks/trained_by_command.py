"""Compression on held-out text and training time of `gqvae tokenizer train`, for every method with its default settings.

The command trains each method in a separate process, one after the other, once for all sizes; gqvae once per seed. The test text
is measured as in studies: UTF-8 bytes of its documents per token, without separators, with fallback. Called again, the script
resumes and reuses what is trained in --work. The time of an interrupted training is left out.

    python benchmarks/trained_by_command.py --text tinystories_train.txt.xz --test-text tinystories_valid.txt.xz --work /tmp/trained \
        --out results/published/trained-by-command/trained.csv

It also writes settings.json: the settings of every method, digests of both texts, versions, machine.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from gqvae.config import parse, read_settings
from gqvae.corpus.pretokens import PretokenCounts, count_pretokens
from gqvae.corpus.separators import DEFAULT
from gqvae.corpus.sources.text import Settings as TextCorpus
from gqvae.corpus.text_file import open_file, read_documents
from gqvae.files import read_json, write_json, write_rows
from gqvae.jobs.product_training import METHODS, NETWORK
from gqvae.measures.bytes_per_token import measure
from gqvae.study.provenance import PACKAGE, code_digest, git_state, machine, versions
from gqvae.tokenizers.from_text import folders_of
from gqvae.tokenizers.load import load_tokenizer

COLUMNS = (
    "method", "encoder", "seed", "vocab_size", "ids", "tokens", "bytes", "bytes_per_token", "ratio_to_bpe", "fallback_rate", "seconds",
    "processor_seconds",
)  # fmt: skip


def settings_of(method: str, sizes: list[int], given: str | None = None) -> dict[str, Any]:
    """The settings that the command trains with, including defaults."""
    value, origin = read_settings(given) if given else ({}, "")
    if method != NETWORK:
        return parse(import_module(f"gqvae.tokenizers.{method}").Settings, value, origin).model_dump(mode="json")
    from gqvae.training.default_run import run_with

    return run_with(value, origin, max(sizes)).model_dump(mode="json")


def trained(method: str, seed: int | None, arguments: argparse.Namespace, text_digest: str) -> dict[str, Any]:
    """Run the command unless it has been run, and return its times. Its tokenizers are in `arguments.work`/<name>."""
    name = method if seed is None else f"{method}-s{seed}"
    out, record = arguments.work / name, arguments.work / f"{name}.json"
    given = arguments.network if method == NETWORK else None
    what = {
        "settings": settings_of(method, arguments.sizes, given), "seed": seed, "sizes": arguments.sizes, "text": text_digest,
        "separator": arguments.separator,
    }  # fmt: skip
    if record.exists():
        found: dict[str, Any] = read_json(record)
        if found["what"] != what:
            raise SystemExit(f"{record} is of other settings or text: give another --work, or delete it with {out}.")
        return {"folder": out, **found}
    command = [sys.executable, "-m", "gqvae", "tokenizer", "train", "--method", method, "--text", str(arguments.text)]
    command += ["--separator", arguments.separator, "--vocab-size", *map(str, arguments.sizes), "--out", str(out)]
    command += [] if seed is None else ["--seed", str(seed)]
    command += ["--settings", given] if given else []
    whole = not out.exists()
    start = time.perf_counter()
    process = subprocess.Popen(command)
    try:
        _, status, usage = os.wait4(process.pid, 0)
    except BaseException:
        process.terminate()  # a network's training saves its state
        process.wait()
        raise
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed")
    times = {"seconds": seconds, "processor_seconds": usage.ru_utime + usage.ru_stime} if whole else {}
    write_json(record, {"what": what, "times": times})
    return {"folder": out, "what": what, "times": times}


def counted(path: Path, separator: str) -> tuple[PretokenCounts, dict[str, Any]]:
    """Pre-tokens of a text's documents, as in a study's test split, and a record of the text."""
    documents = [document for document in read_documents(path, separator) if document.decode("utf-8").strip()]
    counts = count_pretokens(documents)
    return counts, {**described(path), "documents": len(documents), "bytes": counts.total_bytes}


def described(path: Path) -> dict[str, Any]:
    """File name and digest of its text."""
    with open_file(path) as stream:
        return {"file": path.name, "sha256": hashlib.file_digest(stream, "sha256").hexdigest()}


def rows(
    method: str, seed: int | None, folders: dict[int, Path], times: dict[str, float], test: PretokenCounts
) -> Iterator[dict[str, Any]]:
    """A row for every size and encoder."""
    for size, folder in folders.items():
        for found in measure(load_tokenizer(folder), {"test": test}):
            yield {
                "method": method,
                "seed": "" if seed is None else seed,
                "vocab_size": size,
                "ids": found["vocab_size"],
                **{key: found[key] for key in ("encoder", "tokens", "bytes", "bytes_per_token", "fallback_rate")},
                **times,
            }


def main() -> None:
    """Train, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text", type=Path, required=True, help="a file of documents to train on, plain or .xz, .gz, .zst")
    parser.add_argument("--test-text", type=Path, required=True, help="another to measure on")
    parser.add_argument("--separator", default=DEFAULT, help="line between documents, '' for blank lines (%(default)s)")
    parser.add_argument("--sizes", type=int, nargs="+", default=[512, 1024, 2048, 4096], help="of vocabularies (%(default)s)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help=f"of {NETWORK} (%(default)s)")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS, help="(%(default)s)")
    parser.add_argument(
        "--network", metavar="FILE|JSON", help=f"settings of {NETWORK} in place of its defaults, to try this script"
    )
    parser.add_argument("--work", type=Path, required=True, metavar="DIR", help="folder for the tokenizers")
    parser.add_argument("--out", type=Path, required=True, metavar="CSV", help="table to write")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    test, test_text = counted(arguments.test_text, arguments.separator)
    text = described(arguments.text)
    table: list[dict[str, Any]] = []
    for method in arguments.methods:
        for seed in arguments.seeds if method == NETWORK else [None]:
            run = trained(method, seed, arguments, text["sha256"])
            table += rows(method, seed, folders_of(run["folder"], arguments.sizes), run["times"], test)
    bpe = {row["vocab_size"]: row["bytes_per_token"] for row in table if row["method"] == "bpe"}
    for row in table:
        row["ratio_to_bpe"] = row["bytes_per_token"] / bpe[row["vocab_size"]] if bpe else ""
        print(
            f"{row['method']:10s}{row['encoder']:10s}{row['seed']!s:>3s}{row['vocab_size']:7d}{row['bytes_per_token']:8.3f}"
            f"{row['ratio_to_bpe'] or float('nan'):7.3f}{row.get('processor_seconds', float('nan')):9.1f} s"
        )
    write_rows(arguments.out, COLUMNS, table)
    corpus = TextCorpus(path=arguments.text.name, separator=arguments.separator)
    write_json(
        arguments.out.with_name("settings.json"),
        {
            "methods": {
                method: settings_of(method, arguments.sizes, arguments.network if method == NETWORK else None)
                for method in arguments.methods
            },
            "sizes": arguments.sizes,
            "seeds": arguments.seeds,
            "corpus": corpus.model_dump(mode="json"),
            "text": text,
            "test_text": test_text,
            "versions": versions(),
            "code": {"git": git_state(PACKAGE), "sha256": code_digest(PACKAGE)},
            "machine": machine(),
        },
    )


if __name__ == "__main__":
    main()
