"""Documents in rows: one field of each line of a .jsonl file, or one column of a .parquet file."""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gqvae.corpus.separators import DOCUMENT_BYTES
from gqvae.corpus.text_file import open_file
from gqvae.errors import UserError

ROWS = 256  # of a Parquet file, read at once
HOLDS = {"field": "holds the text", "label": "says which part of the text it is"}  # what the field of an option does


def jsonl_documents(path: Path, field: str, option: str = "field") -> Iterator[bytes]:
    """The text under `field` of each line, which is a JSON object; blank lines are skipped, and null is an empty document.

    `option`, a key of `HOLDS`, is what messages call the setting that names the field.

    Raises:
        UserError: the file is missing or damaged, a line is no object, or the field is missing or not a string.
    """
    with open_file(path) as stream:
        number = 0
        while line := stream.readline(2 * DOCUMENT_BYTES):
            number += 1
            if number == 1:
                line = line.removeprefix(BOM_UTF8)
            if line.strip():
                where = f"{path}, line {number:,}"
                yield _encoded(_field(line, field, where, option), where, field, option)


def _field(line: bytes, field: str, where: str, option: str) -> Any:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where} is not JSON ({error}): each line must be an object, in UTF-8.") from None
    if not isinstance(row, dict):
        raise UserError(f"{where} is not an object but {type(row).__name__}: give lines such as {{{json.dumps(field)}: …}}.")
    if field not in row:
        raise UserError(_no_field(where, field, sorted(row), option))
    return row[field]


def parquet_documents(path: Path, field: str, option: str = "field") -> Iterator[bytes]:
    """The text of each row in the column `field`; null is an empty document. `option`: as for `jsonl_documents`.

    Raises:
        UserError: pyarrow is not installed, the file is missing or damaged, or the column is missing or not of strings.
    """
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ImportError:
        raise UserError(f"{path} is a Parquet file: install its reader with `pip install pyarrow`.") from None
    try:
        with parquet.ParquetFile(path) as file:
            if field not in file.schema_arrow.names:
                raise UserError(_no_field(str(path), field, file.schema_arrow.names, option))
            kind = file.schema_arrow.field(field).type
            if arrow.types.is_dictionary(kind):
                kind = kind.value_type
            if not (arrow.types.is_string(kind) or arrow.types.is_large_string(kind)):
                raise UserError(f"{path}: the column {field!r} is of type {kind}, not text: set `{option}` to another.")
            for batch in file.iter_batches(batch_size=ROWS, columns=[field]):
                for text in batch.column(0).to_pylist():
                    yield _encoded(text, str(path), field, option)
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise UserError(f"{path} cannot be read ({error.strerror}): give an existing, readable file.") from None
    except (arrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is damaged or cut short ({str(error).splitlines()[0]}): fetch it again.") from error


def _no_field(where: str, field: str, names: list[str], option: str) -> str:
    return (
        f"{where} has no field {field!r} but {', '.join(names) or 'none at all'}: set `{option}` to the one that {HOLDS[option]}."
    )


def _encoded(text: Any, where: str, field: str, option: str) -> bytes:
    if text is None:
        return b""
    if not isinstance(text, str):
        raise UserError(f"{where}: the field {field!r} holds {type(text).__name__}, not text: set `{option}` to another.")
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise UserError(
            f"{where}: the field {field!r} holds a lone surrogate, so it is not Unicode text: replace or remove it."
        ) from None
