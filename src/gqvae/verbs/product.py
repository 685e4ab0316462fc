"""`gqvae tokenizer <verb>`: train a tokenizer, use it, look into it, give it to other libraries."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from gqvae.errors import UserError
from gqvae.files import atomic_open, write_rows
from gqvae.progress import Progress
from gqvae.verbs import product_training
from gqvae.verbs.numbers import positive
from gqvae.verbs.streams import input_name, input_size, open_input, open_output, separator, show

if TYPE_CHECKING:
    import numpy as np

    from gqvae.corpus.pretokens import PretokenCounts
    from gqvae.tokenizers.base import Tokenizer

Verbs: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # what `add_subparsers` returns

FORMS = ("text", "npy", "u16", "u32")


def add_parsers(verbs: Verbs) -> None:
    """Register `tokenizer` and its own verbs."""
    text = "train a tokenizer on text of yours, use it, look into it, export it"
    inner = verbs.add_parser("tokenizer", help=text, description=f"{text[0].upper()}{text[1:]}.").add_subparsers(
        title="verbs", required=True, metavar="<verb>"
    )

    product_training.add_parser(inner)

    parser = _verb(
        inner, "encode", encode, "token ids of a text", "gqvae tokenizer encode --tokenizer mine story.txt --out story.npy"
    )
    _tokenizer(parser)
    _streams(parser, "text, UTF-8")
    parser.add_argument("--format", choices=FORMS, help="of the ids (default: as the name of --out says, else text)")
    parser.add_argument("--workers", type=positive, default=1, help="processes (%(default)s)")
    parser.add_argument(
        "--separator",
        type=separator,
        metavar="LINE",
        help="lines that hold this stand between documents: id 256 ends each of them",
    )

    parser = _verb(
        inner, "decode", decode, "the text of token ids", "gqvae tokenizer decode --tokenizer mine story.npy --out story.txt"
    )
    _tokenizer(parser)
    _streams(parser, "ids")
    parser.add_argument("--format", choices=FORMS, help="of the ids (default: as the input's name says, else text)")
    parser.add_argument("--separator", type=separator, metavar="LINE", help="write a line that holds this where a document ends")

    parser = _verb(
        inner, "inspect", inspect, "token lengths, use on a text, sample segmentations, the vocabulary as a table",
        "gqvae tokenizer inspect --tokenizer mine --text story.txt --csv vocabulary.csv",
    )  # fmt: skip
    _tokenizer(parser)
    parser.add_argument("--text", type=Path, metavar="FILE", help="count tokens on this text")
    parser.add_argument("--csv", type=Path, metavar="CSV", help="write the vocabulary, a row for each id")

    parser = _verb(
        inner, "compare", compare, "compression, fertility, fallback and speed of tokenizers on one text",
        "gqvae tokenizer compare --tokenizers mine results/default/tokenizers/bpe/v512 --text story.txt",
    )  # fmt: skip
    _tokenizers(parser)
    parser.add_argument("--text", type=Path, required=True, metavar="FILE", help="the text, UTF-8")
    parser.add_argument("--csv", type=Path, metavar="CSV", help="write the table to a file, too")

    parser = _verb(
        inner, "export", export, "write what tokenizers.Tokenizer.from_file and transformers.AutoTokenizer load",
        "gqvae tokenizer export --tokenizer results/default/tokenizers/bpe/v512 --out exported",
    )  # fmt: skip
    parser.add_argument("--tokenizer", type=Path, required=True, metavar="DIR", help="folder of the tokenizer")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder for tokenizer.json and tokenizer_config.json"
    )

    parser = _verb(
        inner, "explore", explore, "one HTML page: a text of yours under several tokenizers, side by side",
        "gqvae tokenizer explore --tokenizers mine results/default/tokenizers/bpe/v512 --out tokens.html",
    )  # fmt: skip
    _tokenizers(parser)
    parser.add_argument("--text", type=Path, metavar="FILE", help="the passage that is shown first (default: a story)")
    parser.add_argument("--out", type=Path, required=True, metavar="HTML", help="the page")


def _verb(verbs: Verbs, name: str, run: object, help_text: str, example: str) -> argparse.ArgumentParser:
    parser = verbs.add_parser(
        name, help=help_text, description=f"{help_text[0].upper()}{help_text[1:]}.", epilog=f"example: {example}"
    )
    parser.set_defaults(run=run)
    return parser


def _tokenizer(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tokenizer", type=Path, required=True, metavar="DIR", help="folder of the tokenizer")
    parser.add_argument(
        "--encoder", choices=("neural", "distilled"), help="of a learned tokenizer (default: the one it was saved with)"
    )


def _tokenizers(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tokenizers", type=Path, nargs="+", required=True, metavar="DIR", help="folders of tokenizers")


def _streams(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("input", nargs="?", default="-", metavar="FILE", help=f"{what} (default: standard input)")
    parser.add_argument("--out", default="-", metavar="FILE", help="default: standard output")


def _load(arguments: argparse.Namespace) -> Tokenizer:
    from gqvae.tokenizers.load import load_with_encoder

    return load_with_encoder(arguments.tokenizer, getattr(arguments, "encoder", None))


def encode(arguments: argparse.Namespace) -> None:
    """Stream text into ids."""
    from gqvae.tokenizers.id_files import form_of, write_ids

    tokenizer = _load(arguments)
    form = arguments.format or form_of(arguments.out)
    if form == "npy" and arguments.out == "-":
        raise UserError("an .npy file states its length at the beginning: give --out FILE, or another --format.")
    with open_output(arguments.out) as output:
        write_ids(output, _encoded(tokenizer, arguments), form, tokenizer.vocab_size)


def _encoded(tokenizer: Tokenizer, arguments: argparse.Namespace) -> Iterator[np.ndarray]:
    """Ids of the input in blocks: as one text, or document by document with an end each."""
    import numpy as np

    from gqvae.corpus.text_file import read_documents
    from gqvae.tokenizers.base import END_OF_DOCUMENT
    from gqvae.tokenizers.parallel import encode_in_parallel

    if arguments.separator is None:
        lengths = np.array([len(data) for data in tokenizer.token_bytes])
        with open_input(arguments.input) as stream, Progress("encoding", input_size(arguments.input), "B") as progress:
            for ids in encode_in_parallel(tokenizer, stream, arguments.workers, input_name(arguments.input)):
                yield ids
                progress.update(int(lengths[ids].sum()))
        return
    if arguments.workers > 1:
        raise UserError("--separator encodes on one process: leave --workers out.")
    path = Path("/dev/stdin" if arguments.input == "-" else arguments.input)
    for ids in tokenizer.encode_documents(read_documents(path, arguments.separator)):
        yield np.append(ids, np.uint32(END_OF_DOCUMENT))


def decode(arguments: argparse.Namespace) -> None:
    """Stream ids into text."""
    import numpy as np

    from gqvae.tokenizers.base import END_OF_DOCUMENT
    from gqvae.tokenizers.id_files import form_of, read_ids

    tokenizer = _load(arguments)
    form = arguments.format or form_of(arguments.input)
    with (
        open_output(arguments.out) as output,
        open_input(arguments.input) as stream,
        Progress("decoding", unit="id") as progress,
    ):
        for ids in read_ids(stream, form, input_name(arguments.input)):
            progress.update(len(ids))
            if arguments.separator is None:
                output.write(tokenizer.decode_bytes(ids))
                continue
            ends = np.flatnonzero(ids == END_OF_DOCUMENT)
            *documents, rest = (tokenizer.decode_bytes(part) for part in np.split(ids, ends))
            output.write(b"".join(document + f"\n{arguments.separator}\n".encode() for document in documents) + rest)


def inspect(arguments: argparse.Namespace) -> None:
    """Print a report, and write the vocabulary as a table if asked to."""
    from gqvae.report.inspection import COLUMNS, id_counts, report, vocabulary

    tokenizer = _load(arguments)
    counts = _count(arguments.text) if arguments.text else None
    show(report(tokenizer, counts))
    if arguments.csv:
        used = None if counts is None else id_counts(tokenizer, counts)
        write_rows(arguments.csv, COLUMNS, vocabulary(tokenizer, used))


def _count(path: Path) -> PretokenCounts:
    from gqvae.corpus.pretokens import count_pretokens
    from gqvae.corpus.text_blocks import text_blocks

    with open_input(str(path)) as stream:
        return count_pretokens(block.encode("utf-8") for block in text_blocks(stream, str(path)))


def compare(arguments: argparse.Namespace) -> None:
    """Print the table."""
    from gqvae.report.comparison import COLUMNS, table
    from gqvae.report.comparison import compare as compared
    from gqvae.tokenizers.load import load_tokenizer

    loaded = {name: load_tokenizer(folder) for name, folder in _named(arguments.tokenizers)}
    rows = list(compared(loaded, _read(arguments.text)))
    show(table(rows))
    if arguments.csv:
        write_rows(arguments.csv, COLUMNS, rows)


def _read(path: Path) -> str:
    from gqvae.corpus.text_blocks import text_blocks

    with open_input(str(path)) as stream:
        return "".join(text_blocks(stream, str(path)))


def _named(folders: list[Path]) -> Iterator[tuple[str, Path]]:
    """Folders with the shortest ends of their paths that tell them apart."""
    paths = list(dict.fromkeys(folder.resolve() for folder in folders))
    depth = next(depth for depth in range(1, 100) if len({path.parts[-depth:] for path in paths}) == len(paths))
    return (("/".join(path.parts[-depth:]), path) for path in paths)


def export(arguments: argparse.Namespace) -> None:
    """Write the files of other libraries."""
    from gqvae.tokenizers.export import export as write

    write(_load(arguments), arguments.out)


def explore(arguments: argparse.Namespace) -> None:
    """Write the page."""
    from gqvae.figures.explorer import explorer_page
    from gqvae.tokenizers.load import load_tokenizer

    loaded = {name: load_tokenizer(folder) for name, folder in _named(arguments.tokenizers)}
    page = explorer_page(loaded, _read(arguments.text) if arguments.text else None)
    with atomic_open(arguments.out) as stream:
        stream.write(page)
