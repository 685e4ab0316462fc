"""What a look at the beginning of a study's local files tells before any job reads all of them.

Is it UTF-8, do rows have their field, is the separator there, and is there as much text as language models are to read?
"""

from __future__ import annotations

import codecs
import io
from pathlib import Path

from gqvae.config import Given, Study
from gqvae.corpus.beginning import beginning
from gqvae.corpus.documents import SPLITS
from gqvae.corpus.local_files import found_files, has_rows, json_name, rows_of, text_bytes
from gqvae.corpus.separators import Cut, split
from gqvae.corpus.sources.text import Settings
from gqvae.corpus.text_file import open_file
from gqvae.errors import UserError
from gqvae.study.inputs import named
from gqvae.study.runs import language_model_runs

BEGINNING = 1 << 20  # bytes of each file
FILES = 100  # that are looked at; a folder may hold many


def check_beginning(study: Study, given: Given) -> list[str]:
    """Look at the local files of a study; other sources have none.

    Args:
        study: the study.
        given: its settings, for messages.

    Returns:
        What may go wrong, a sentence each.

    Raises:
        UserError: what will go wrong: a file is damaged or not UTF-8, a row lacks the field, there are too few documents, or less
            text than a language model is to read.
    """
    if not isinstance(study.corpus, Settings):
        return []
    with named(given, "corpus"):
        notes = _documents(study.corpus)
    with named(given, "language_model", "train_bytes"):
        return notes + _amount(study)


def _documents(corpus: Settings) -> list[str]:
    files = [file for file in found_files(corpus.path) if file.is_file()]  # a pipe can be read only once
    test = found_files(corpus.test_path) if corpus.test_path is not None else []
    cut, seen, without = Cut(corpus.separator), 0, None
    for file in (*files[:FILES], *test[:FILES]):
        if has_rows(file):
            beginning(rows_of(file, corpus.field), BEGINNING)
            continue
        text, whole = _text(file)
        if file in test:
            continue
        own = Cut(corpus.separator, texts=1, json=json_name(file))
        cut.json = cut.json or own.json
        found = sum(1 for _, document in split(io.BytesIO(text), own, str(file)) if document.strip())
        cut.texts, cut.documents, cut.left = cut.texts + 1, cut.documents + found, cut.left + own.left
        cut.lines, cut.inside, seen = cut.lines + own.lines, cut.inside + own.inside, seen + whole
        if not whole and not own.lines and not own.inside:
            without = without or (file, own)
    fewest = max(2, len(SPLITS) - bool(test))
    if files and seen == len(files) and cut.documents < fewest:
        few = "only one document" if cut.documents == 1 else f"{cut.documents} documents"
        raise UserError(f"{corpus.path} holds {few}, and the splits need at least {fewest}: {cut.advice()}.")
    return [] if without is None else [f"{without[0]}: in its first megabyte {without[1].advice()}, unless one comes later."]


def _text(path: Path) -> tuple[bytes, bool]:
    """The first bytes of a file's text, and whether they are all.

    Raises:
        UserError: as the docstring of the module says.
    """
    with open_file(path) as stream:
        text = stream.read(BEGINNING + 1)
    whole = len(text) <= BEGINNING
    try:
        codecs.getincrementaldecoder("utf-8")().decode(text, final=whole)  # the end may stand within a character
    except UnicodeDecodeError as error:
        where = f"{path} is not UTF-8 at byte {error.start:,} of its text"
        raise UserError(f"{where}: convert it to UTF-8, or give another file.") from None
    return text[:BEGINNING], whole


def _amount(study: Study) -> list[str]:
    """Compare the largest amount of training text with the size of the files, if they are not compressed."""
    assert isinstance(study.corpus, Settings)
    files = found_files(study.corpus.path)
    size = text_bytes(files) if all(file.is_file() for file in files) else None
    most = max((run.train_bytes for run in language_model_runs(study)), default=0)
    if size is None:
        return []
    if most > size:
        raise UserError(f"{most:,} bytes are asked for, but {study.corpus.path} has {size:,}: use more text, or train on less.")
    test = 0 if study.corpus.test_path is not None else study.corpus.test_fraction
    training = (1 - test - study.corpus.valid_fraction) * min(size, study.corpus.max_bytes or size)
    if most <= training:
        return []
    return [f"language_model.train_bytes asks for {most:,} bytes, but about {training:,.0f} of the text are for training."]
