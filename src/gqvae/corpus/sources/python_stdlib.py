"""The running interpreter's standard library as a corpus of source code, present on every machine that can run the study."""

from __future__ import annotations

import os
import platform
import sysconfig
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Literal

from gqvae.config.block import setting
from gqvae.config.corpus_base import CorpusBase
from gqvae.corpus.sources import Source
from gqvae.errors import UserError

# Installed packages are not part of the library, and its tests are mostly tables.
SKIPPED_FOLDERS = frozenset({"site-packages", "dist-packages", "__pycache__", "test", "tests", "idle_test"})


class Settings(CorpusBase):
    """The running interpreter's own standard library, one document per source file."""

    source: Literal["python_stdlib"] = setting("python_stdlib", "Python source files of the running interpreter.")

    heading: ClassVar[str] = "Python's standard library"


def open_source(settings: Settings, downloads: Path | None = None, folder: Path | None = None) -> Source:
    """The modules of the library in `folder` (None: this interpreter's), one document each, in the order of their paths."""
    folder = folder or Path(sysconfig.get_paths()["stdlib"])
    dropped: Counter[str] = Counter()
    return Source(
        label=f"Python {platform.python_version()} standard library",
        synthetic=False,
        documents=_modules(folder, dropped),
        dropped=dropped,
    )


def _modules(folder: Path, dropped: Counter[str]) -> Iterator[bytes]:
    found = False
    for path in _paths(folder):
        found = True
        document = path.read_bytes()
        try:
            document.decode("utf-8")
        except UnicodeDecodeError:
            dropped["not_utf8"] += 1
            continue
        yield document
    if not found:
        raise UserError(f"{folder} holds no Python source files: use an interpreter with an unpacked library.")


def _paths(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in SKIPPED_FOLDERS)
        yield from (Path(parent) / name for name in sorted(files) if name.endswith(".py"))
