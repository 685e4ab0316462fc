"""Files of text: found by path, folder or pattern, in an order that does not depend on the machine, and read by their suffix."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path

from gqvae.corpus.records import jsonl_documents, parquet_documents
from gqvae.corpus.separators import Cut
from gqvae.corpus.text_file import read_documents
from gqvae.errors import UserError

COMPRESSED = (".xz", ".gz", ".zst")
FORMS = (".txt", ".jsonl", ".parquet")  # what is read in a folder; a pattern may name others, which are read as .txt


def found_files(path: str) -> list[Path]:
    """The files of a path, sorted: a file, all of a folder at any depth with the suffixes of `FORMS`, or a pattern's.

    Raises:
        UserError: there is none.
    """
    whole = Path(path).expanduser()
    if whole.is_dir():
        files = [file for file in whole.rglob("*") if _form(file) in FORMS and file.is_file() and not _hidden(file, whole)]
        if not files:
            raise UserError(
                f"{path} holds no {', '.join(FORMS)} files, plain or {', '.join(COMPRESSED)}: give a pattern, as {path}/*.md."
            )
    elif whole.exists() or not glob.has_magic(str(whole)):
        if not (whole.is_file() or whole.is_fifo()):  # a pipe, such as the shell's <(command), is read once
            raise UserError(f"{path} does not exist or is not a file: put the text there, or correct the path.")
        return [whole]
    else:
        matches = glob.glob(str(whole), recursive=True)  # noqa: PTH207  (Path.glob takes no absolute pattern)
        files = [file for file in map(Path, matches) if file.is_file()]
        if not files:
            raise UserError(f"No file matches {path}: correct the pattern, or put the text there.")
    return sorted(set(files))


def _hidden(file: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(folder).parts)


def _form(path: Path) -> str:
    """The suffix without that of compression."""
    name = path.name.lower()
    for suffix in COMPRESSED:
        name = name.removesuffix(suffix)
    return Path(name).suffix


def documents_of(files: Sequence[Path], field: str, cut: Cut) -> Iterator[bytes]:
    """The documents of all files, one after another; `field` names the text of rows, and `cut` the separator of other text.

    Raises:
        UserError: a file cannot be read.
    """
    for file in files:
        form = _form(file)
        if form not in (".jsonl", ".parquet"):
            yield from read_documents(file, cut.separator, cut)
            continue
        cut.files += 1
        for document in (jsonl_documents if form == ".jsonl" else parquet_documents)(file, field):
            cut.documents += 1
            yield document


def text_bytes(files: Sequence[Path]) -> int | None:
    """About how many bytes of text the files hold; None if some are compressed."""
    if any(file.suffix.lower() in (*COMPRESSED, ".parquet") for file in files):
        return None
    return sum(file.stat().st_size for file in files)
