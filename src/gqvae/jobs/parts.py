"""A text in labelled parts, e.g. languages or domains, as a person gives it: a file for each part, or rows with a label."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from gqvae.corpus.local_files import has_rows, rows_of
from gqvae.corpus.pretokenizers import DEFAULT
from gqvae.corpus.text_blocks import text_blocks
from gqvae.errors import UserError
from gqvae.jobs.streams import open_input


def read_parts(paths: Sequence[Path], field: str, label: str | None) -> dict[str, list[bytes]]:
    """The documents of each part: a row of a .jsonl or .parquet file is one, any other file is one.

    Args:
        paths: the files; "-" is standard input.
        field: where rows hold their text.
        label: where rows say their part, whose name it is, in the order in which the names are met; None: each file is a part.

    Raises:
        UserError: a file cannot be read or is not UTF-8, or a part has no name.
    """
    if label is None:
        return {name: list(_documents(path, field)) for name, path in short_names(paths).items()}
    found: dict[str, list[bytes]] = {}
    for path in dict.fromkeys(paths):
        if not has_rows(path):
            raise UserError(f"{path} has no rows that could be labelled: give .jsonl or .parquet files, or leave `label` out.")
        for name, document in zip(rows_of(path, label, "label"), rows_of(path, field), strict=True):
            if not name:
                raise UserError(f"{path}: the field {label!r} is empty in a row: give every row a label.")
            found.setdefault(name.decode("utf-8"), []).append(document)
    return found


def _documents(path: Path, field: str) -> Iterator[bytes]:
    return rows_of(path, field) if has_rows(path) else iter(["".join(blocks(path)).encode("utf-8")])


def blocks(path: Path, pretokenizer: str = DEFAULT) -> Iterator[str]:
    """The text of a file or of standard input ("-"), in blocks that end at a border of pre-tokens."""
    with open_input(str(path)) as stream:
        yield from text_blocks(stream, str(path), pretokenizer_name=pretokenizer)


def short_names(paths: Sequence[Path]) -> dict[str, Path]:
    """Paths, each once, named by the shortest ends that differ."""
    different = list(dict.fromkeys(paths))
    longest = max(len(path.parts) for path in different)
    ends = ([path.parts[-depth:] for path in different] for depth in range(1, longest + 1))
    names = next(found for found in ends if len(set(found)) == len(found))
    return {"/".join(name): path for name, path in zip(names, different, strict=True)}
