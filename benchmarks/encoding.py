"""Speed, memory and loading time of tokenizers: one thread, one machine, one run.

Each tokenizer is measured in a separate process. The processes alternate, so that other load on the machine affects all of them:

neural, distilled   ours, a learned tokenizer with its gates, or with the fewest tokens of its vocabulary
network             `neural` without its cache of pre-tokens from the training text: the network runs on every distinct one
exported            the distilled one as a fast tokenizer of Hugging Face's `tokenizers`
bpe                 our byte-level BPE (sentencepiece's merges, our cache of pre-tokens)
hf_bpe              Hugging Face's byte-level BPE of the same vocabulary, trained on the same text
sp_bpe              sentencepiece's BPE of the same vocabulary, trained on the same text, no pre-tokens

Cold: a freshly loaded tokenizer encodes its first document (with `network`, the network runs on its distinct pre-tokens). Warm:
the same document again. `corpus` is the whole text, document by document; the others are one document of that many bytes. Ids are
Python lists or NumPy arrays, whichever is fastest in the library. The decoded text is compared with the original once.

    python benchmarks/encoding.py --text tinystories_train.txt --tokenizer results/x/tokenizers/gqvae-s0/v4096 --csv encoding.csv
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from streaming import quickly_trained

KINDS = ("neural", "network", "distilled", "exported", "bpe", "hf_bpe", "sp_bpe")
SIZES = {"1 KB": 10**3, "10 KB": 10**4, "100 KB": 10**5, "1 MB": 10**6, "10 MB": 10**7}
COLUMNS = ("tokenizer", "text", "bytes", "repetition", "load_s", "cold_mb_per_s", "warm_mb_per_s", "decode_mb_per_s", "peak_mb")
ONE_THREAD = {"OMP_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false", "MKL_NUM_THREADS": "1"}
REFERENCE = "hf_bpe"

Encode = Callable[[Sequence[str]], list[Any]]
Decode = Callable[[list[Any]], Iterable[str]]


def loaded(kind: str, folder: Path) -> tuple[Encode, Decode]:
    """Functions that encode documents and decode their ids; imports count towards loading."""
    if kind in ("neural", "network", "distilled", "bpe"):
        from gqvae import load_tokenizer

        tokenizer = load_tokenizer(folder / ("bpe" if kind == "bpe" else "learned"))
        if kind != "bpe":
            tokenizer = tokenizer.with_encoder("distilled" if kind == "distilled" else "neural")
        if kind == "network":
            tokenizer.memory = None
        if kind in ("neural", "network"):
            _ = tokenizer.network
        return (
            lambda documents: list(tokenizer.encode_documents(document.encode() for document in documents)),
            lambda ids: (tokenizer.decode(row) for row in ids),
        )
    if kind == "sp_bpe":
        import sentencepiece

        processor = sentencepiece.SentencePieceProcessor(model_file=str(folder / "sp_bpe.model"))
        return (lambda documents: processor.encode(list(documents), num_threads=1)), (
            lambda ids: processor.decode(ids, num_threads=1)
        )
    import tokenizers

    fast = tokenizers.Tokenizer.from_file(str(folder / kind / "tokenizer.json"))
    return (lambda documents: [row.ids for row in fast.encode_batch_fast(list(documents))]), (lambda ids: fast.decode_batch(ids))


def measure(kind: str, folder: Path, text: str) -> dict[str, Any]:
    """One row, in this process."""
    documents = (folder / f"{text}.txt").read_text(encoding="utf-8").split("\0")
    size = sum(len(document.encode()) for document in documents)
    start = time.perf_counter()
    encode, decode = loaded(kind, folder)
    load = time.perf_counter() - start
    cold, ids = timed(lambda: encode(documents))
    warm = best(lambda: encode(documents), size)
    decoded = best(lambda: list(decode(ids)), size)
    if kind != "sp_bpe":  # sentencepiece drops what its own marker stands for
        assert list(decode(ids)) == documents
    return {
        "load_s": load,
        "cold_mb_per_s": size / cold / 1e6,
        "warm_mb_per_s": size / warm / 1e6,
        "decode_mb_per_s": size / decoded / 1e6,
        "peak_mb": peak_mb(),
        "bytes": size,
    }


def peak_mb() -> float:
    """Peak memory of this process (`ru_maxrss` would include that of its parent before the fork)."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="utf-8"))
    return int(found[1]) / 1024 if found else float("nan")


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds and result."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def best(work: Callable[[], Any], size: int) -> float:
    """Median seconds of several calls, fewer for large texts."""
    return statistics.median(timed(work)[0] for _ in range(21 if size < 10**5 else 5 if size < 10**7 else 3))


def prepare(arguments: argparse.Namespace, folder: Path) -> None:
    """Write texts and tokenizers, all of one vocabulary size."""
    import sentencepiece
    import tokenizers
    from tokenizers import decoders, models, pre_tokenizers, trainers

    from gqvae import load_tokenizer
    from gqvae.corpus.pretokens import count_pretokens
    from gqvae.corpus.sources import open_source
    from gqvae.corpus.sources.synthetic import Settings as SyntheticCorpus
    from gqvae.corpus.sources.text import Settings as TextCorpus
    from gqvae.tokenizers.bpe import train_bpe
    from gqvae.tokenizers.export import export

    corpus = TextCorpus(path=str(arguments.text)) if arguments.text else SyntheticCorpus(bytes=arguments.bytes)
    documents = [document.decode() for document in open_source(corpus).documents]
    whole = " ".join(documents)
    (folder / "corpus.txt").write_text("\0".join(documents), encoding="utf-8", newline="")
    for name, size in SIZES.items():
        if size <= len(whole):
            (folder / f"{name}.txt").write_text(whole[:size], encoding="utf-8", newline="")
    if arguments.tokenizer:
        load_tokenizer(arguments.tokenizer).save(folder / "learned")
    else:
        quickly_trained(folder / "learned", arguments.vocab_size, arguments.bytes)
    learned = load_tokenizer(folder / "learned")
    export(learned, folder / "exported")
    train_bpe(count_pretokens(document.encode() for document in documents), learned.vocab_size).save(folder / "bpe")
    fast = tokenizers.Tokenizer(models.BPE())
    fast.pre_tokenizer, fast.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=learned.vocab_size,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        max_token_length=16,
        show_progress=False,
    )
    fast.train_from_iterator(documents, trainer)
    (folder / "hf_bpe").mkdir()
    fast.save(str(folder / "hf_bpe" / "tokenizer.json"))
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=(line for document in documents for line in document.splitlines()),
        model_prefix=str(folder / "sp_bpe"), model_type="bpe", vocab_size=learned.vocab_size, character_coverage=1.0,
        byte_fallback=True, normalization_rule_name="identity", remove_extra_whitespaces=False, minloglevel=2,
    )  # fmt: skip


def main() -> None:
    """Measure everything, print a table of medians, and optionally write all rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text", type=Path, help="a file of documents (default: synthetic stories)")
    parser.add_argument("--bytes", type=int, default=11_000_000, help="size of the synthetic stories (%(default)s)")
    parser.add_argument(
        "--tokenizer", type=Path, help="folder of a learned tokenizer (default: one trained on stories for a minute)"
    )
    parser.add_argument("--vocab-size", type=int, default=4096, help="of the default tokenizer (%(default)s)")
    parser.add_argument("--repetitions", type=int, default=3, help="processes for each tokenizer and text (%(default)s)")
    parser.add_argument("--csv", type=Path, help="write every measurement")
    parser.add_argument("--draw", type=Path, metavar="CSV", help="only draw this file, into its folder")
    parser.add_argument("--one", nargs=3, metavar=("KIND", "DIR", "TEXT"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        kind, directory, text = arguments.one
        print(json.dumps(measure(kind, Path(directory), text)))
        return
    if arguments.draw:
        draw(arguments.draw)
        return
    rows = []
    with tempfile.TemporaryDirectory() as directory:
        prepare(arguments, Path(directory))
        texts = [name for name in (*SIZES, "corpus") if (Path(directory) / f"{name}.txt").exists()]
        for repetition in range(arguments.repetitions):
            for text in texts:
                for kind in KINDS:
                    command = [sys.executable, __file__, "--one", kind, directory, text]
                    found = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, **ONE_THREAD})
                    rows.append({"tokenizer": kind, "text": text, "repetition": repetition, **json.loads(found.stdout)})
    if arguments.csv:
        with open(arguments.csv, "w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    show(rows, texts)


def show(rows: list[dict[str, Any]], texts: list[str]) -> None:
    """Medians over repetitions, and their ratio to Hugging Face's BPE in the same repetition."""

    def values(kind: str, text: str, column: str) -> list[float]:
        return [row[column] for row in rows if row["tokenizer"] == kind and row["text"] == text]

    for column in ("cold_mb_per_s", "warm_mb_per_s", "decode_mb_per_s"):
        print(f"\n{column} (÷ {REFERENCE}, median of repetitions)")
        print(f"{'':10s}" + "".join(f"{text:>18s}" for text in texts))
        for kind in KINDS:
            cells = []
            for text in texts:
                found, reference = values(kind, text, column), values(REFERENCE, text, column)
                ratio = statistics.median(mine / other for mine, other in zip(found, reference, strict=True))
                cells.append(f"{statistics.median(found):9.2f} ({ratio:5.2f})".rjust(18))
            print(f"{kind:10s}" + "".join(cells))
    print(f"\n{'':10s}{'load, s':>10s}{'peak, MB':>10s}  (whole corpus)")
    for kind in KINDS:
        load, peak = (statistics.median(values(kind, "corpus", column)) for column in ("load_s", "peak_mb"))
        print(f"{kind:10s}{load:10.2f}{peak:10.0f}")


def draw(path: Path) -> None:
    """Throughput against the size of a document: median and range over repetitions."""
    import pandas as pd
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    from gqvae.figures.labels import LineEnd, label_line_ends
    from gqvae.figures.style import new_figure, save_pictures, styled

    table = pd.read_csv(path)
    sizes = [text for text in SIZES if text in set(table["text"])]
    places = [table.loc[table["text"] == text, "bytes"].iloc[0] for text in sizes]
    looks = {
        "neural": ("#D55E00", "o", "GQ-VAE, gates"), "network": ("#7A3B00", "X", "GQ-VAE, no memory"), "distilled": ("#E69F00", "s", "GQ-VAE, fewest tokens"),
        "exported": ("#CC79A7", "^", "GQ-VAE, exported"), "bpe": ("#0072B2", "D", "BPE, ours"),
        "hf_bpe": ("#000000", "v", "BPE, Hugging Face"), "sp_bpe": ("#009E73", "P", "BPE, sentencepiece"),
    }  # fmt: skip
    panels = {"cold_mb_per_s": "first document (cold)", "warm_mb_per_s": "the same again (warm)", "decode_mb_per_s": "decoding"}
    with styled():
        figure = new_figure(10.5, 3.4)
        figure.subplots_adjust(left=0.06, right=0.86, bottom=0.16, top=0.86, wspace=0.2)
        for number, (column, title) in enumerate(panels.items()):
            axes = figure.add_subplot(1, 3, number + 1)
            axes.set(xscale="log", yscale="log", xlabel="bytes of the document", title=title)
            axes.yaxis.set_major_locator(LogLocator(subs=(1,) if number == 0 else (1, 2, 5)))
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axes.yaxis.set_minor_formatter(NullFormatter())
            ends = []
            for kind, (color, marker, name) in looks.items():
                groups = [table.loc[(table["tokenizer"] == kind) & (table["text"] == text), column] for text in sizes]
                middle = [group.median() for group in groups]
                axes.fill_between(
                    places, [group.min() for group in groups], [group.max() for group in groups], color=color, alpha=0.2
                )
                axes.plot(places, middle, color=color, marker=marker, markersize=3.5)
                ends.append(LineEnd(places[-1], middle[-1], name, color))
            if number == 0:
                axes.set_ylabel("MB/s, one thread ↑ (log)")
            if number == 2:
                label_line_ends(axes, ends)
        save_pictures(figure, path.parent, path.stem)


if __name__ == "__main__":
    main()
