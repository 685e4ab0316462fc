"""Do two versions of the code, or the code and a plain reference, give the same ids?

`dump` writes digests of the ids of texts and of generated hostile strings (`hostile.py`): run it with either version of the code
and compare the files.

    PYTHONPATH=old/src python benchmarks/same_ids.py dump --tokenizers mine --texts a.txt --hostile 1000000 --out old.json
    PYTHONPATH=new/src python benchmarks/same_ids.py dump --tokenizers mine --texts a.txt --hostile 1000000 --out new.json
    python benchmarks/same_ids.py compare old.json new.json

`check` compares ids with those of `reference_ids.py`, and with an exported tokenizer in `tokenizers` and, for the first strings, in
`transformers`; and decodes them.

    python benchmarks/same_ids.py check --tokenizers mine --texts a.txt --hostile 1000000
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from hostile import hostile_strings
from measuring import quickly_trained
from reference_ids import Reference

from gqvae import load_tokenizer
from gqvae.corpus.text_file import read_documents
from gqvae.errors import UserError

BLOCK = 1000  # strings in one digest, so that a difference can be found
PIECES = 1 << 21  # bytes of the stream that is read in small pieces
IN_TRANSFORMERS = 2000  # strings, because it is slow
REFUSED: tuple[tuple[str, Callable[[Any], object]], ...] = (
    ("encode a lone surrogate", lambda tokenizer: tokenizer.encode("a\ud800b")),
    ("encode a lone surrogate after others", lambda tokenizer: tokenizer.encode("é \udfff")),
    ("encode documents, one not UTF-8", lambda tokenizer: list(tokenizer.encode_documents([b"good", b"not \xff good"]))),
    ("encode documents, one cut short", lambda tokenizer: list(tokenizer.encode_documents(["é".encode()[:1]]))),
    ("encode a surrogate's bytes", lambda tokenizer: list(tokenizer.encode_documents([b"\xed\xa0\x80"]))),
    ("encode a stream not UTF-8", lambda tokenizer: list(tokenizer.encode_stream(BytesIO(b"word " * 9 + b"\xc0\x80")))),
    ("encode a stream cut short", lambda tokenizer: list(tokenizer.encode_stream(BytesIO("a 😀".encode()[:-1])))),
    ("decode a negative id", lambda tokenizer: tokenizer.decode([65, -1])),
    ("decode an id too high", lambda tokenizer: tokenizer.decode([65, tokenizer.vocab_size])),
    ("decode an array with an id too high", lambda tokenizer: tokenizer.decode_bytes(np.array([65, 1 << 20], dtype=np.uint32))),
)


class Pieces(BytesIO):
    """A stream that gives few bytes at a time, as a pipe may, and cuts characters and pre-tokens."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.random = Random(0)

    def read(self, size: int | None = -1) -> bytes:
        """At most 300 bytes."""
        most = self.random.randint(1, 300)
        return super().read(most if size is None or size < 0 else min(size, most))


def in_pieces(tokenizer: Any, stream: bytes) -> tuple[list[int], str]:
    """Ids of the start of a stream that is read in small pieces, and its text."""
    text = stream[:PIECES].decode("utf-8", errors="ignore")  # without a character that is cut off
    return [one for ids in tokenizer.encode_stream(Pieces(text.encode())) for one in ids.tolist()], text


def ways(folder: Path, encoders: list[str]) -> Iterator[tuple[str, Any]]:
    """A tokenizer with each of its encoders, and what to call it."""
    for one in load_tokenizer(folder).encoders():
        if not one.encoder or one.encoder in encoders:
            yield f"{folder} {one.encoder}".strip(), one


def sources(arguments: argparse.Namespace) -> Iterator[tuple[str, Callable[[], Iterator[bytes]]]]:
    """Texts by name, each as documents that can be read again."""
    for path in arguments.texts:
        yield path.name, lambda path=path: read_documents(path, arguments.separator)
    if arguments.hostile:
        yield f"{arguments.hostile} hostile strings", lambda: (text.encode() for text in hostile_strings(arguments.hostile))


def digest(rows: Iterable[np.ndarray | list[int]], bounds: bool = True) -> str:
    """SHA-256 of ids and, unless they come from a stream, of the ends of documents."""
    found = sha256()
    for row in rows:
        found.update(np.asarray(row, dtype="<u4").tobytes() + (b"\xff\xff\xff\xff" if bounds else b""))
    return found.hexdigest()


def dump(arguments: argparse.Namespace) -> dict[str, Any]:
    """Digests of each tokenizer's ids, and what it says of input that it must refuse."""
    result: dict[str, Any] = {}
    for folder in arguments.tokenizers:
        for label, tokenizer in ways(folder, arguments.encoders):
            found: dict[str, Any] = {"refused": {what: refused(tokenizer, work) for what, work in REFUSED}}
            for name, documents in sources(arguments):
                blocks, block, tokens = [], [], 0
                for document, ids in zip(documents(), tokenizer.encode_documents(documents()), strict=True):
                    if tokenizer.decode_bytes(ids) != document:
                        raise SystemExit(f"{label}: {document!r} is not decoded to itself.")
                    block.append(ids)
                    tokens += len(ids)
                    if len(block) == BLOCK:
                        blocks.append(digest(block))
                        block = []
                blocks.append(digest(block))
                stream = b"\n\n".join(documents())
                pieces, text = in_pieces(tokenizer, stream)
                if tokenizer.decode(pieces) != text:
                    raise SystemExit(f"{label}, {name}: a stream read in pieces is not decoded to itself.")
                single = [tokenizer.encode(one.decode()) for one, _ in zip(documents(), range(BLOCK), strict=False)]
                found[name] = {
                    "tokens": tokens, "blocks": blocks, "stream": digest(tokenizer.encode_stream(BytesIO(stream)), bounds=False),
                    "stream in pieces": digest([pieces]),
                    "decoded": sha256(tokenizer.decode(np.arange(tokenizer.vocab_size)).encode()).hexdigest(),
                    "one by one": digest(single),
                }  # fmt: skip
                print(f"{label}  {name}: {tokens:,} tokens", flush=True)
            result[label] = found
    return result


def refused(tokenizer: Any, work: Callable[[Any], object]) -> str:
    """The message of the error that it must raise."""
    try:
        work(tokenizer)
    except UserError as error:
        return str(error)
    return "not refused"


def compare(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """What differs between two dumps."""
    found = [f"{label}: only in one of the files" for label in one.keys() ^ other.keys()]
    for label in one.keys() & other.keys():
        for name, left in one[label].items():
            right = other[label].get(name, {})
            for key in left.keys() | right.keys():
                if left.get(key) == right.get(key):
                    continue
                found.append(f"{label}, {name}: {key} differs")
                if key == "blocks" and right:
                    wrong = [place for place, (a, b) in enumerate(zip(left[key], right[key], strict=False)) if a != b]
                    found[-1] += f" in {len(wrong)} of {len(left[key])} blocks of {BLOCK} strings, first {wrong[:3]}"
                elif name == "refused":
                    found[-1] += f": {left.get(key)!r}, {right.get(key)!r}"
    return found


def check(arguments: argparse.Namespace) -> list[str]:
    """What differs from the references: at most one string for each tokenizer, text and reference."""
    found: list[str] = []
    for folder in arguments.tokenizers:
        for label, tokenizer in ways(folder, arguments.encoders):
            reference = Reference(tokenizer)
            for name, documents in sources(arguments):
                others = exported(tokenizer) | {"the reference": reference.differs}
                number = 0
                for document, ids in zip(documents(), tokenizer.encode_documents(documents()), strict=True):
                    text, row = document.decode(), ids.tolist()
                    if tokenizer.decode_bytes(ids) != document:
                        found.append(f"{label}, {name}: {text!r} is not decoded to itself")
                    for other, differs in list(others.items()):
                        if other == "transformers" and number >= IN_TRANSFORMERS:
                            del others[other]
                        elif differs(text, row):
                            found.append(f"{label}, {name}: not as in {other}: {text!r}")
                            del others[other]
                    number += 1
                pieces, text = in_pieces(tokenizer, b"\n\n".join(documents()))
                if reference.differs(text, pieces):
                    found.append(f"{label}, {name}: a stream read in pieces is not as in the reference")
                print(f"{label}  {name}: {number:,} documents compared with {', '.join(others) or 'nothing'}", flush=True)
    return found


def exported(tokenizer: Any) -> dict[str, Callable[[str, list[int]], bool]]:
    """The exported tokenizer in other libraries, if the kind can be exported and its ids are then the same by definition."""
    if tokenizer.segmentation == "own":
        return {}
    import tokenizers
    import transformers

    from gqvae.tokenizers.export import export

    with tempfile.TemporaryDirectory() as folder:
        export(tokenizer, Path(folder))
        fast = tokenizers.Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
        automatic = transformers.AutoTokenizer.from_pretrained(folder)
    return {
        f"tokenizers {tokenizers.__version__}": lambda text, ids: fast.encode(text).ids != ids,
        "transformers": lambda text, ids: automatic(text)["input_ids"] != ids or automatic.decode(ids) != text,
    }


def main() -> int:
    """Run a command → 1 if anything differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("dump", "compare", "check"))
    parser.add_argument("files", type=Path, nargs="*", help="the two dumps to compare")
    parser.add_argument("--tokenizers", type=Path, nargs="+", default=[], help="folders (default: trained for a minute)")
    parser.add_argument("--encoders", nargs="+", default=["distilled"], help="of learned tokenizers (%(default)s)")
    parser.add_argument("--texts", type=Path, nargs="+", default=[], help="files of documents")
    parser.add_argument("--separator", default="<|endoftext|>", help="line between documents, '' for blank lines (%(default)s)")
    parser.add_argument("--hostile", type=int, default=10_000, help="generated strings (%(default)s)")
    parser.add_argument("--out", type=Path, help="write the digests")
    arguments = parser.parse_args()
    if arguments.command == "compare":
        one, other = (json.loads(path.read_text(encoding="utf-8")) for path in arguments.files)
        found = compare(one, other)
    else:
        with tempfile.TemporaryDirectory() as directory:
            arguments.tokenizers = arguments.tokenizers or [quickly_trained(Path(directory) / "tokenizer")]
            if arguments.command == "dump":
                result, found = dump(arguments), []
                if arguments.out:
                    arguments.out.write_text(json.dumps(result, indent=1), encoding="utf-8")
            else:
                found = check(arguments)
    print("\n".join(found) or ("the same" if arguments.command == "compare" else "done: nothing differs"))
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
