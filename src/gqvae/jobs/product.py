"""The jobs of `gqvae tokenizer`, except training. Heavy libraries are imported where used, so that commands start fast."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from gqvae.corpus.separators import DEFAULT, Cut
from gqvae.errors import UserError
from gqvae.files import atomic_open, open_descriptor, write_rows
from gqvae.jobs.streams import Watched, input_name, input_size, open_input, open_output, plain_name, refuse_same_file, show
from gqvae.progress import Progress

if TYPE_CHECKING:
    import numpy as np

    from gqvae.tokenizers.base import Tokenizer

SHOWN_BYTES = 1 << 16  # of a text, whose first lines are shown

logger = logging.getLogger("gqvae")


def encode(arguments: argparse.Namespace) -> None:
    """Encode a stream of text."""
    from gqvae.tokenizers.id_files import form_of, write_ids

    refuse_same_file(arguments.input, arguments.out)
    tokenizer = _load(arguments)
    form = arguments.format or form_of(arguments.out)
    if form == "npy" and (arguments.out == "-" or open_descriptor(Path(arguments.out)) is not None):
        stream = "standard output" if arguments.out == "-" else arguments.out
        raise UserError(f"an .npy file cannot go to {stream}: give --out FILE, or another --format.")
    with open_output(arguments.out) as output:
        write_ids(output, _encoded(tokenizer, arguments), form, tokenizer.vocab_size)


def _encoded(tokenizer: Tokenizer, arguments: argparse.Namespace) -> Iterator[np.ndarray]:
    """Ids of the input in blocks: as one text, or by document, each with an end-of-document id."""
    import numpy as np

    from gqvae.config import END_OF_DOCUMENT

    documents = _documents(arguments)
    if documents is not None:
        for ids in tokenizer.encode_documents(documents, arguments.threads):
            yield np.append(ids, np.uint32(END_OF_DOCUMENT))
        return
    lengths, name = np.array([len(data) for data in tokenizer.token_bytes]), input_name(arguments.input)
    with open_input(arguments.input) as stream, Progress("encoding", input_size(arguments.input), "B") as progress:
        watched = Watched(stream)
        for ids in tokenizer.encode_stream(cast(BinaryIO, watched), name, arguments.threads):
            yield ids
            progress.update(int(lengths[ids].sum()))
    if watched.separated:
        note = "%s has lines %r, which were encoded as text: give --separator '%s' to end documents there"
        logger.warning(note, name, DEFAULT, DEFAULT)


def _documents(arguments: argparse.Namespace) -> Iterator[bytes] | None:
    """The documents of the input: its rows, or what stands between separators; None: it is one text.

    Raises:
        UserError: rows are to be read as text, or text as rows.
    """
    from gqvae.corpus.local_files import has_rows, input_path, rows_of
    from gqvae.corpus.text_file import read_documents
    from gqvae.jobs.parts import warn_if_uncut

    name, path = input_name(arguments.input), input_path(arguments.input)
    rows = has_rows(path)
    if arguments.field is not None:
        if not rows:
            raise UserError(f"--field names the text of .jsonl and .parquet files, and {name} is none: leave it out.")
        if arguments.separator is not None:
            raise UserError(f"--separator cuts text, and each row of {name} is a document: leave it out.")
        return rows_of(path, arguments.field)
    if rows:
        as_it_is = f", or < {path} to encode the bytes as they are" if path.suffix.lower() == ".jsonl" else ""
        raise UserError(f"{path} has rows: give --field text if that is what holds the text of each document{as_it_is}.")
    if arguments.separator is None:
        return None

    def documents() -> Iterator[bytes]:
        cut = Cut(arguments.separator)
        yield from read_documents(path, arguments.separator, cut)
        warn_if_uncut(cut, name)

    return documents()


def decode(arguments: argparse.Namespace) -> None:
    """Decode a stream of ids."""
    import numpy as np

    from gqvae.config import END_OF_DOCUMENT
    from gqvae.tokenizers.id_files import form_of, read_ids

    refuse_same_file(arguments.input, arguments.out)
    tokenizer = _load(arguments)
    form = arguments.format or form_of(plain_name(arguments.input))
    with open_output(arguments.out) as output, open_input(arguments.input) as stream, Progress("decoding", unit="id") as progress:
        for ids in read_ids(stream, form, input_name(arguments.input)):
            progress.update(len(ids))
            if arguments.separator is None:
                output.write(tokenizer.decode_bytes(ids))
                continue
            ends = np.flatnonzero(ids == END_OF_DOCUMENT)
            *documents, rest = (tokenizer.decode_bytes(part) for part in np.split(ids, ends))
            output.write(b"".join(document + f"\n{arguments.separator}\n".encode() for document in documents) + rest)


def inspect(arguments: argparse.Namespace) -> None:
    """Print a report; with --csv, also write the vocabulary as a table."""
    from gqvae.corpus.beginning import beginning
    from gqvae.corpus.pretokens import count_pretokens
    from gqvae.jobs.parts import read_documents
    from gqvae.report.inspection import COLUMNS, id_counts, passages, report, vocabulary
    from gqvae.tokenizers.external import is_external, read_external

    external = is_external(arguments.tokenizer)
    tokenizer = read_external(arguments.tokenizer, arguments.pattern) if external else _load(arguments)
    pretokenizer, counts, shown = tokenizer.pretokenizer, None, []
    if arguments.text:
        documents = read_documents(arguments.text, arguments.field, arguments.separator)
        first = beginning(documents, SHOWN_BYTES)
        counts = count_pretokens(chain(first, documents), pretokenizer)
        shown = passages(b"\n".join(first).decode("utf-8"))
    show(report(tokenizer, counts, shown))
    if arguments.csv:
        used = None if counts is None else id_counts(tokenizer, counts)
        write_rows(arguments.csv, COLUMNS, vocabulary(tokenizer, used))


def compare(arguments: argparse.Namespace) -> None:
    """Print what was measured, in tables that a terminal can hold; with --csv and --parts-csv, also write it."""
    from gqvae.jobs.parts import read_parts
    from gqvae.report import comparison

    parts = read_parts(arguments.text, arguments.field, arguments.separator, arguments.label)
    rows, of_parts = comparison.compare(_loaded(arguments), parts, arguments.per)
    columns = [comparison.ON_THE_WHOLE, (*comparison.OF_EDITS, *(comparison.OF_PARTS if of_parts else ()))]
    tables = [comparison.table(rows, (*comparison.NAMES, *some)) for some in columns]
    if of_parts:
        tables.append(comparison.table(of_parts, comparison.PART_COLUMNS))
    show("\n\n".join(tables))
    if arguments.csv:
        write_rows(arguments.csv, comparison.COLUMNS, rows)
    if arguments.parts_csv:
        write_rows(arguments.parts_csv, comparison.PART_COLUMNS, of_parts)


def explore(arguments: argparse.Namespace) -> None:
    """Write the HTML page."""
    from gqvae.figures.explorer import explorer_page
    from gqvae.jobs.parts import read_passage

    page = explorer_page(_loaded(arguments), read_passage(arguments.text) if arguments.text else None)
    with atomic_open(arguments.out) as stream:
        stream.write(page)


def _load(arguments: argparse.Namespace) -> Tokenizer:
    from gqvae.tokenizers.load import load_with_encoder

    return load_with_encoder(arguments.tokenizer, getattr(arguments, "encoder", None))


def _loaded(arguments: argparse.Namespace) -> dict[str, Tokenizer]:
    """Tokenizers, named by the shortest ends of their paths that differ."""
    from gqvae.jobs.parts import short_names
    from gqvae.tokenizers.external import load_any

    names = short_names([path.resolve() for path in arguments.tokenizers])
    return {name: load_any(path, arguments.pattern) for name, path in zip(names, arguments.tokenizers, strict=True)}
