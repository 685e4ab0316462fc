"""Speed, memory and loading time of our tokenizers and of other libraries' (`peers.py`) on one text, on one machine, in one run.

All have the same vocabulary size. The same BPE runs in every library that can load it; a run stops if their ids differ, or if
decoding does not give back the text. Each tokenizer is measured in a process of its own, on one thread unless the row names two.
The processes take turns over the repetitions, so that other load on the machine affects all of them.

load     imports, reading the tokenizer, and encoding and decoding three letters: what is read, built or looked up on first use,
         such as compiled kernels in numba's cache, counts here
cold     the first pass over all documents; only those three letters were seen before
warm     the median of further passes
decode   the median of several passes; ids are NumPy arrays or lists, whichever is faster in the library
first    load and cold of our tokenizers with an empty kernel cache: kernels are compiled, once per machine

Time is CPU time of the process, and time of the clock. Ratios of one thread are ratios of CPU time within a repetition, ratios of
two threads are ratios of the clock. The Markdown table has medians [lowest–highest].

    python benchmarks/encoding.py --text tinystories_train.txt --tokenizers results/x/tokenizers/gqvae-s0/v4096 --csv encoding.csv
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from encoding_report import COLUMNS, draw, tables
from measuring import MB, Seconds, memory_mb, quickly_trained, threads, timed, write_rows
from peers import KINDS, install, load, python_path, title
from reference_ids import Reference

SIZES = {"1 KB": 10**3, "10 KB": 10**4, "100 KB": 10**5, "1 MB": 10**6, "10 MB": 10**7}
CORPUS = "corpus"
PASSES = 21  # warm, or of decoding, at most
READY = "aé…"
PREPARED = ("bpe", "pathpiece", "learned")
REFUSED = ".refused"  # beside the folder of an export: why there is none


def measure(name: str, folder: Path, text: str, workers: int, seconds: float, empty: bool) -> dict[str, Any]:
    """One row, in this process."""
    documents = (folder / f"{text}.txt").read_text(encoding="utf-8").split("\0")
    size = sum(len(document.encode()) for document in documents)
    before = memory_mb()

    def ready() -> Any:
        ways = load(name, folder, workers)
        list(ways.decode(ways.encode([READY])))
        return ways

    loading, (encode, decode) = timed(ready)
    cold, ids = timed(lambda: encode(documents))
    row = {
        "bytes": size, "documents": len(documents), "load_cpu_s": loading.cpu, "load_s": loading.wall, "cold_cpu_s": cold.cpu,
        "cold_s": cold.wall, "tokens": sum(map(len, ids)), "ids": digest(ids), "text_mb": before,
    }  # fmt: skip
    if not empty:
        encoding, decoding = again(lambda: encode(documents), seconds), again(lambda: list(decode(ids)), seconds)
        row |= {"warm_cpu_s": encoding.cpu, "warm_s": encoding.wall, "decode_cpu_s": decoding.cpu, "decode_s": decoding.wall}
    if KINDS[name].lossless and "".join(decode(ids)) != "".join(documents):
        raise SystemExit(f"{name} does not decode to the text.")
    return row | {"peak_mb": memory_mb()}


def digest(ids: list[Any]) -> str:
    """SHA-256 of all ids; a stream's blocks are not told apart, documents are."""
    found = sha256()
    for row in ids:
        found.update(np.asarray(row, dtype="<u4").tobytes())
    return found.hexdigest()[:16]


def again(work: Any, seconds: float) -> Seconds:
    """Median time of several passes, which end after this CPU time, or thrice as much time of the clock."""
    found: list[Seconds] = []
    while not found or (len(found) < PASSES and sum(max(one.cpu, one.wall / 3) for one in found) < seconds):
        found.append(timed(work)[0])
    return Seconds(statistics.median(one.cpu for one in found), statistics.median(one.wall for one in found))


def run(name: str, folder: Path, text: str, workers: int, seconds: float, empty: bool = False) -> dict[str, Any]:
    """One row, in a process of its own.

    Raises:
        SystemExit: the process failed.
    """
    row = {"tokenizer": name, "threads": workers, "text": text, "cache": "empty" if empty else ""}
    refused = (folder / KINDS[name].files).parent.with_suffix(REFUSED)
    if refused.exists():
        return {**row, "error": refused.read_text(encoding="utf-8")}
    path = os.pathsep.join([*python_path(KINDS[name].library), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, **threads(workers), "PYTHONPATH": path}
    with tempfile.TemporaryDirectory() as cache:
        if empty:
            environment["NUMBA_CACHE_DIR"] = cache
        command = [sys.executable, __file__, "--one", name, str(folder), text, str(workers), str(seconds), str(int(empty))]
        found = subprocess.run(command, capture_output=True, text=True, env=environment)
    if found.returncode and KINDS[name].files.startswith("exported"):
        return {**row, "error": found.stderr.strip().splitlines()[-1]}  # it may hold what a library cannot load
    if found.returncode:
        raise SystemExit(f"{name} failed:\n{found.stderr}")
    return {**row, **json.loads(found.stdout)}


def prepare(arguments: argparse.Namespace, folder: Path) -> None:
    """Write texts and tokenizers, all of one vocabulary size."""
    import sentencepiece

    from gqvae import load_tokenizer
    from gqvae.corpus.pretokens import count_pretokens
    from gqvae.corpus.sources import open_source
    from gqvae.corpus.sources.synthetic import Settings as SyntheticCorpus
    from gqvae.corpus.sources.text import Settings as TextCorpus
    from gqvae.tokenizers.counted import trainer

    corpus = TextCorpus(path=str(arguments.text)) if arguments.text else SyntheticCorpus(bytes=arguments.megabytes * MB)
    documents = [document.decode() for document in open_source(corpus).documents]
    (folder / f"{CORPUS}.txt").write_text("\0".join(documents), encoding="utf-8", newline="")
    whole = " ".join(documents)
    for name, size in SIZES.items():
        if size <= len(whole):
            (folder / f"{name}.txt").write_text(whole[:size], encoding="utf-8", newline="")
    for path in arguments.tokenizers:
        shutil.copytree(path, folder / load_tokenizer(path).kind)
    if not (folder / "learned").exists():
        quickly_trained(folder / "learned", arguments.vocab_size)
    size = load_tokenizer(folder / "learned").vocab_size
    counts = count_pretokens(document.encode() for document in documents)
    for kind in PREPARED:
        if not (folder / kind).exists():
            trainer(kind, {})(counts, [size])[size].save(folder / kind)
        tokenizer = load_tokenizer(folder / kind)
        if tokenizer.vocab_size != size:
            print(
                f"{kind} has {tokenizer.vocab_size} ids, the learned tokenizer {size}: their speeds differ for that, too.",
                file=sys.stderr,
            )
        export_for_versions(tokenizer, folder, kind)
    same_bpe(load_tokenizer(folder / "bpe"), counts.pretokens, folder)
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=(line for document in documents for line in document.splitlines()),
        model_prefix=str(folder / "sp_bpe"), model_type="bpe", vocab_size=size, character_coverage=1.0,
        byte_fallback=True, normalization_rule_name="identity", remove_extra_whitespaces=False, minloglevel=2,
    )  # fmt: skip


def export_for_versions(tokenizer: Any, folder: Path, kind: str) -> None:
    """Write a tokenizer as `tokenizers` before 1 reads it, and as version 1 does or, if it cannot, why."""
    from gqvae.errors import UserError
    from gqvae.tokenizers.export import export

    export(tokenizer, folder / "exported" / kind)
    try:
        export(tokenizer, folder / "exported-1" / kind, form="tokenizers-1")
    except UserError as error:
        (folder / "exported-1").mkdir(exist_ok=True)
        (folder / "exported-1" / kind).with_suffix(REFUSED).write_text(str(error), encoding="utf-8")


def same_bpe(tokenizer: Any, pretokens: Iterable[bytes], folder: Path) -> None:
    """Write our BPE for the other libraries, which split text by their own code.

    An export lists every pair that makes a string. Here are only those that the text needs: about as many as a library's own
    training gives, so that it is not slower than with those.
    """
    from gqvae.tokenizers.byte_level import to_text

    (folder / "ranks.json").write_text(json.dumps([one.hex() for one in tokenizer.token_bytes]))
    same = json.loads((folder / "exported" / "bpe" / "tokenizer.json").read_text(encoding="utf-8"))
    same["pre_tokenizer"] = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    same["model"]["merges"] = [[to_text(left), to_text(right)] for left, right in Reference(tokenizer).merges(pretokens)]
    (folder / "hf_bpe.json").write_text(json.dumps(same), encoding="utf-8")


def turns(kinds: list[str], texts: list[str], repetitions: int) -> Iterator[tuple[int, str, str, int, bool]]:
    """Repetition, text, kind, threads, and whether the kernel cache is empty, in the order of measuring."""
    for repetition in range(repetitions):
        for text in texts:
            for name in kinds:
                for number in KINDS[name].threads if text == CORPUS else (1,):
                    yield repetition, text, name, number, False
            if text == CORPUS and repetition == 0:
                yield from ((repetition, text, name, 1, True) for name in kinds if KINDS[name].library == "ours")


def same_ids(rows: list[dict[str, Any]]) -> None:
    """Stop if kinds that should agree have other ids for a text.

    Raises:
        SystemExit: they do not.
    """
    seen: dict[tuple[str, str], tuple[str, str]] = {}
    for row in rows:
        group = KINDS[row["tokenizer"]].ids
        if not group or "ids" not in row:
            continue
        first, ids = seen.setdefault((group, row["text"]), (row["tokenizer"], row["ids"]))
        if ids != row["ids"]:
            raise SystemExit(f"{row['text']}: {row['tokenizer']} gives other ids than {first}.")


def main() -> None:
    """Measure everything, print the tables, and optionally write all rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text", type=Path, help="a file of documents (default: synthetic stories)")
    parser.add_argument("--megabytes", type=int, default=13, help="of the synthetic stories (%(default)s)")
    parser.add_argument(
        "--tokenizers", type=Path, nargs="*", default=[], metavar="DIR",
        help="folders of kinds learned, pathpiece and bpe to measure (what is missing is trained in a minute or two)",
    )  # fmt: skip
    parser.add_argument("--vocab-size", type=int, default=4096, help="if no learned tokenizer is given (%(default)s)")
    parser.add_argument("--kinds", nargs="*", default=list(KINDS), choices=KINDS, help="rows (default: all)")
    parser.add_argument("--sizes", action="store_true", help="also measure single documents of 1 KB to 10 MB, for the figure")
    parser.add_argument("--repetitions", type=int, default=3, help="processes for each row (%(default)s)")
    parser.add_argument("--seconds", type=float, default=3.0, help="CPU time for the passes of a warm measurement (%(default)s)")
    parser.add_argument("--csv", type=Path, help="write every measurement")
    parser.add_argument("--draw", type=Path, metavar="CSV", help="only draw this file, into its folder")
    parser.add_argument("--show", type=Path, metavar="CSV", help="only print the tables of this file")
    parser.add_argument("--one", nargs=6, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        name, directory, text, workers, seconds, empty = arguments.one
        print(json.dumps(measure(name, Path(directory), text, int(workers), float(seconds), empty == "1")))
    elif arguments.draw:
        draw(arguments.draw, list(SIZES))
    elif arguments.show:
        print(tables(arguments.show))
    else:
        install()
        with tempfile.TemporaryDirectory() as directory:
            csv = arguments.csv or Path(directory) / "encoding.csv"
            prepare(arguments, Path(directory))
            rows: list[dict[str, Any]] = []
            texts = [*(SIZES if arguments.sizes else ()), CORPUS]
            texts = [text for text in texts if (Path(directory) / f"{text}.txt").exists()]
            for repetition, text, name, number, empty in turns(arguments.kinds, texts, arguments.repetitions):
                print(f"{repetition + 1} {text} {title(name, number)}", file=sys.stderr, flush=True)
                row = run(name, Path(directory), text, number, arguments.seconds, empty)
                rows.append({"repetition": repetition, **row})
                write_rows(csv, COLUMNS, rows)  # an interrupted run keeps what it has measured
                same_ids(rows)
            print(tables(csv))


if __name__ == "__main__":
    main()
