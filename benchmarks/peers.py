"""The tokenizers that `encoding.py` compares: ours and those of other libraries, each as functions from text to ids and back.

Libraries that are not in the lock file are installed from PyPI at the versions below, each into a folder of its own under
`build/peers`, and only the process that measures one of them sees its folder.

    python benchmarks/peers.py        # install them
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

PEERS = {"tokenizers_1": "tokenizers==1.0.0rc3", "tiktoken": "tiktoken==0.14.0"}
INSTALLED = Path(__file__).resolve().parents[1] / "build" / "peers"
GPT2 = r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"""  # as tiktoken writes it for GPT-2
END = "<|endoftext|>"


class Kind(NamedTuple):
    """One row of the table."""

    label: str
    library: str  # "ours", a key of `PEERS`, or a package of the lock file
    files: str  # what it loads, in the folder of `encoding.prepare`
    ids: str = ""  # kinds with the same value must give the same ids
    threads: tuple[int, ...] = (1,)
    lossless: bool = True


KINDS = {
    "bpe": Kind("ours, `bpe`", "ours", "bpe", "bpe", (1, 2)),
    "pathpiece": Kind("ours, `pathpiece`", "ours", "pathpiece", "pathpiece"),
    "distilled": Kind("ours, `distilled`", "ours", "learned", "distilled"),
    "neural": Kind("ours, `neural`, ids stored", "ours", "learned", "neural"),
    "network": Kind("ours, `neural`, nothing stored", "ours", "learned", "neural"),
    "exported_bpe": Kind("ours, `bpe`, exported", "tokenizers", "exported/bpe/tokenizer.json", "bpe"),
    "exported_pathpiece": Kind("ours, `pathpiece`, exported", "tokenizers", "exported/pathpiece/tokenizer.json", "pathpiece"),
    "exported_distilled": Kind("ours, `distilled`, exported", "tokenizers", "exported/learned/tokenizer.json", "distilled"),
    "exported_bpe_1": Kind("ours, `bpe`, exported", "tokenizers_1", "exported-1/bpe/tokenizer.json", "bpe"),
    "exported_pathpiece_1": Kind(
        "ours, `pathpiece`, exported", "tokenizers_1", "exported-1/pathpiece/tokenizer.json", "pathpiece"
    ),
    "exported_distilled_1": Kind("ours, `distilled`, exported", "tokenizers_1", "exported-1/learned/tokenizer.json", "distilled"),
    "hf_bpe": Kind("the same BPE", "tokenizers", "hf_bpe.json", "bpe", (1, 2)),
    "hf_bpe_1": Kind("the same BPE", "tokenizers_1", "hf_bpe.json", "bpe", (1, 2)),
    "tiktoken": Kind("the same BPE", "tiktoken", "ranks.json", "bpe", (1, 2)),
    "sp_bpe": Kind("its BPE of the same size, no pre-tokens", "sentencepiece", "sp_bpe.model", "", (1, 2), lossless=False),
}
REFERENCES = ("hf_bpe", "hf_bpe_1", "tiktoken", "sp_bpe")  # the table has a column of ratios to each


class Ways(NamedTuple):
    """How a library encodes documents and decodes their ids, by the fastest of its functions."""

    encode: Callable[[Sequence[str]], list[Any]]
    decode: Callable[[list[Any]], Iterable[str]]


def install() -> None:
    """Install the peers that are missing."""
    for requirement in PEERS.values():
        target = INSTALLED / requirement.replace("==", "-")
        if not target.is_dir():
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
            unfinished = target.with_suffix(".new")
            subprocess.run([*command, "--upgrade", "--target", str(unfinished), requirement], check=True)
            unfinished.rename(target)


def python_path(library: str) -> list[str]:
    """Folders that a process needs in front of its path to import a peer."""
    return [str(INSTALLED / PEERS[library].replace("==", "-"))] if library in PEERS else []


def title(name: str, threads: int = 1) -> str:
    """Label of a kind with the library and its version."""
    kind = KINDS[name]
    library, _, number = PEERS.get(kind.library, kind.library).partition("==")
    where = "" if library == "ours" else f"{library} {number or version(library)}: "
    return where + kind.label + (f", {threads} threads" if threads > 1 else "")


def load(name: str, folder: Path, threads: int) -> Ways:
    """Import the library and load the tokenizer, ready to encode."""
    kind = KINDS[name]
    path = folder / kind.files
    loaders = {"ours": _ours, "tiktoken": _tiktoken, "sentencepiece": _sentencepiece}
    if kind.library.startswith("tokenizers"):
        return _tokenizers(path)
    return loaders[kind.library](name, path, threads)


def _ours(name: str, path: Path, threads: int) -> Ways:
    from gqvae import load_tokenizer

    tokenizer: Any = load_tokenizer(path)
    if path.name == "learned":
        tokenizer = tokenizer.with_encoder("distilled" if name == "distilled" else "neural")
    if name == "network":
        tokenizer = tokenizer.at_rate(tokenizer.rate)
    tokenizer.load_kernels()
    return Ways(
        lambda documents: list(tokenizer.encode_documents((document.encode() for document in documents), threads)),
        tokenizer.decode_documents,
    )


def _tokenizers(path: Path) -> Ways:
    import tokenizers

    fast: Any = tokenizers.Tokenizer.from_file(str(path))
    if hasattr(fast, "encode_batch_fast"):  # before 1.0
        return Ways(lambda documents: [row.ids for row in fast.encode_batch_fast(list(documents))], fast.decode_batch)
    return Ways(
        lambda documents: [row.ids_array for row in fast.encode_batch(list(documents))],
        lambda ids: map(fast.decode, ids),
    )


def _tiktoken(name: str, path: Path, threads: int) -> Ways:
    import json

    import tiktoken

    strings = [bytes.fromhex(string) for string in json.loads(path.read_text())]
    ranks = {string: rank for rank, string in enumerate(strings) if string}
    fast = tiktoken.Encoding(path.stem, pat_str=GPT2, mergeable_ranks=ranks, special_tokens={END: strings.index(b"")})
    if threads > 1:
        return Ways(
            lambda documents: fast.encode_ordinary_batch(list(documents), num_threads=threads),
            lambda ids: fast.decode_batch(ids, num_threads=threads),
        )
    return Ways(
        lambda documents: [fast.encode_to_numpy(document, disallowed_special=()) for document in documents],
        lambda ids: map(fast.decode, ids),
    )


def _sentencepiece(name: str, path: Path, threads: int) -> Ways:
    import sentencepiece

    fast: Any = sentencepiece.SentencePieceProcessor(model_file=str(path))
    return Ways(
        lambda documents: fast.encode_as_numpy(list(documents), num_threads=threads),
        lambda ids: fast.decode(ids, num_threads=threads),
    )


if __name__ == "__main__":
    install()
