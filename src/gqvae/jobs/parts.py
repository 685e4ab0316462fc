"""Text as a person gives it: read as `gqvae tokenizer train` reads it, and in labelled parts, e.g. languages, if there are several."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from gqvae.corpus.local_files import documents_of, found_files, has_rows, input_path, rows_of
from gqvae.corpus.separators import DEFAULT, Cut
from gqvae.corpus.text_blocks import text_blocks
from gqvae.errors import UserError
from gqvae.jobs.streams import open_input

logger = logging.getLogger("gqvae")


def read_documents(path: Path, field: str, separator: str) -> Iterator[bytes]:
    """The documents of a file, a folder, a pattern or standard input ("-"); a file without a separator is one, however long.

    Args:
        path: where they are.
        field: where rows hold their text.
        separator: what stands between two documents of other text.

    Raises:
        UserError: a file cannot be read or is not UTF-8, or there is no text.
    """
    cut, size = Cut(separator, longest=sys.maxsize), 0
    for document in documents_of(_files(path), field, cut):
        size += len(document)
        yield document
    if not size:
        raise UserError(f"{path} has no text: give another, or leave it out.")
    if separator != DEFAULT:  # which text need not have
        warn_if_uncut(cut, str(path))


def warn_if_uncut(cut: Cut, name: str) -> None:
    """Say that a text has none of the separators that were asked for."""
    if cut.uncut:
        logger.warning("%s was not cut into documents: %s.", name, cut.advice())


def _files(path: Path) -> list[Path]:
    return found_files(str(input_path(path)))


def read_parts(paths: Sequence[Path], field: str, separator: str, label: str | None) -> dict[str, list[bytes]]:
    """The documents of each part.

    Args:
        paths: as `read_documents` takes them.
        field: where rows hold their text.
        separator: what stands between two documents of other text.
        label: where rows say their part, whose name it is, in the order in which the names are met; None: each path is a part.

    Raises:
        UserError: as `read_documents`, or a part has no name.
    """
    parts = short_names(paths)
    if label is None:
        return {name: list(read_documents(path, field, separator)) for name, path in parts.items()}
    found: dict[str, list[bytes]] = {}
    for path in (file for given in parts.values() for file in _files(given)):
        if not has_rows(path):
            raise UserError(f"{path} has no rows that could be labelled: give .jsonl or .parquet files, or leave `label` out.")
        for name, document in zip(rows_of(path, label, "label"), rows_of(path, field), strict=True):
            if not name:
                raise UserError(f"{path}: the field {label!r} is empty in a row: give every row a label.")
            found.setdefault(name.decode("utf-8"), []).append(document)
    if not any(map(any, found.values())):
        raise UserError(f"{', '.join(map(str, paths))}: there is no text in the field {field!r}: give other rows.")
    return found


def read_passage(path: Path) -> str:
    """The text of a file or of standard input ("-") as it is.

    Raises:
        UserError: it cannot be read, is not UTF-8 or has rows.
    """
    if has_rows(path):
        raise UserError(f"{path} has rows, and a passage is shown as it is: give plain text.")
    with open_input(str(path)) as stream:
        return "".join(text_blocks(stream, str(path)))


def short_names(paths: Sequence[Path]) -> dict[str, Path]:
    """Paths, named by the shortest ends that differ.

    Raises:
        UserError: one is given twice.
    """
    twice = next((path for place, path in enumerate(paths) if path in paths[:place]), None)
    if twice is not None:
        raise UserError(f"{twice} is given twice: give it once.")
    longest = max(len(path.parts) for path in paths)
    ends = ([path.parts[-depth:] for path in paths] for depth in range(1, longest + 1))
    names = next(found for found in ends if len(set(found)) == len(found))
    return {"/".join(name): path for name, path in zip(names, paths, strict=True)}
