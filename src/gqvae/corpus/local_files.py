"""Files of text: found by path, folder or pattern, in an order that does not depend on the machine; suffixes say how to read them."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path

from gqvae.corpus.records import jsonl_documents, parquet_documents
from gqvae.corpus.separators import Cut
from gqvae.corpus.text_file import read_documents
from gqvae.errors import UserError
from gqvae.files import given_path, seen_from

COMPRESSED = (".xz", ".gz", ".zst")
ROWS = {".jsonl": jsonl_documents, ".parquet": parquet_documents}
STANDARD_INPUT = Path("/dev/stdin")
FORMS = (".txt", *ROWS)  # what is read in a folder; a pattern may name others, which are read as .txt


def input_path(name: Path | str) -> Path:
    """The path of an input that a command line names, where "-" is standard input."""
    return STANDARD_INPUT if str(name) == "-" else Path(name)


def found_files(path: str) -> list[Path]:
    """The files that a path names, sorted: one file, or those in a folder (at any depth, with a suffix of `FORMS`) or of a pattern.

    Raises:
        UserError: there is none.
    """
    whole = given_path(path).expanduser()
    if whole.is_dir():
        files = [file for file in whole.rglob("*") if _form(file) in FORMS and file.is_file() and not _hidden(file, whole)]
        if not files:
            raise UserError(
                f"{path} holds no {', '.join(FORMS)} files, plain or {', '.join(COMPRESSED)}: give a pattern, as {path}/*.md."
            )
    elif whole.exists() or not glob.has_magic(str(whole)):
        if not (whole.is_file() or whole.is_fifo() or whole == STANDARD_INPUT):  # a pipe, as the shell's <(command), is read once
            raise UserError(f"{path} does not exist or is not a file{seen_from(whole)}: put the text there, or correct the path.")
        return [whole]
    else:
        matches = glob.glob(str(whole), recursive=True)  # noqa: PTH207  (Path.glob takes no absolute pattern)
        files = [file for file in map(Path, matches) if file.is_file()]
        if not files:
            raise UserError(f"No file matches {path}{seen_from(whole)}: correct the pattern, or put the text there.")
    return sorted(set(files))


def _hidden(file: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(folder).parts)


def _form(path: Path) -> str:
    """The suffix, not counting a suffix of compression."""
    name = path.name.lower()
    for suffix in COMPRESSED:
        name = name.removesuffix(suffix)
    return Path(name).suffix


def documents_of(files: Sequence[Path], field: str, cut: Cut) -> Iterator[bytes]:
    """The documents of all files, one after another: the `field` of each row, and other text cut at the separator of `cut`.

    Raises:
        UserError: a file cannot be read.
    """
    for file in files:
        if not has_rows(file):
            cut.json = cut.json or json_name(file)
            yield from read_documents(file, cut.separator, cut)
            continue
        cut.files += 1
        for document in rows_of(file, field):
            cut.documents += 1
            yield document


def has_rows(path: Path) -> bool:
    """Whether a file is read row by row."""
    return _form(path) in ROWS


def json_name(path: Path) -> str:
    """The name of a file that is read as text, if it says that the file holds JSON; else nothing."""
    return path.name if _form(path) in (".json", ".ndjson") else ""


def rows_of(path: Path, field: str, option: str = "field") -> Iterator[bytes]:
    """What the field of each row holds (`gqvae.corpus.records`)."""
    return ROWS[_form(path)](path, field, option)


def text_bytes(files: Sequence[Path]) -> int | None:
    """About how many bytes of text the files hold; None if some are compressed."""
    if any(file.suffix.lower() in (*COMPRESSED, ".parquet") for file in files):
        return None
    return sum(file.stat().st_size for file in files)
