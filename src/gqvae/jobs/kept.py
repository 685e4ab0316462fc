"""Finished results of one job's runs, kept so that the job computes only what is missing.

A job of several runs declares the files of all of them. Snakemake deletes these before the job starts and after it fails. So each
finished run leaves its files in a second folder, which no rule declares: as hard links, or as copies on file systems without links.
They are used again only for the same identity (settings, data and code) and if their SHA-256 is the recorded one. A run of another
job with the same identity may have left them, too.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gqvae.errors import UserError
from gqvae.files import file_digest, read_json, share_file, write_json

RECEIPT = "kept.json"

logger = logging.getLogger("gqvae")


@dataclass(frozen=True)
class Kept:
    """The files of one finished run."""

    folder: Path  # where they are kept
    files: Sequence[Path]  # where the run writes them; their names differ
    identity: str  # of the run
    others: Sequence[Path] = ()  # further folders that may have them

    def restore(self, label: str) -> bool:
        """Put the kept files in their places; False if there are none of this identity, or one is damaged."""
        for folder in (self.folder, *self.others):
            if self._usable(folder):
                for file in self.files:
                    share_file(folder / file.name, file)
                    os.utime(file)  # newer than the inputs, which were compared
                if folder != self.folder:
                    self.keep()
                logger.info("%s: unchanged, its earlier result is used", label)
                return True
        return False

    def _usable(self, folder: Path) -> bool:
        try:
            receipt = read_json(folder / RECEIPT)
            return receipt["identity"] == self.identity and all(
                file_digest(folder / file.name) == receipt["files"][file.name] for file in self.files
            )
        except (UserError, OSError, KeyError, TypeError):
            return False

    def keep(self) -> None:
        """Keep the files, which are complete; they may have been written where they are kept."""
        for file in self.files:
            if file.parent == self.folder:
                continue
            share_file(file, self.folder / file.name)
        write_json(
            self.folder / RECEIPT, {"identity": self.identity, "files": {file.name: file_digest(file) for file in self.files}}
        )
