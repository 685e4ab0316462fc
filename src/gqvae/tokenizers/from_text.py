"""Trains tokenizers from a corpus: code that all methods share, and the methods that need only pre-token counts.

The text is split as in a study. Every method sees only the training split, so that their tokenizers are comparable; those that only
count may see all of it instead.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gqvae import __version__
from gqvae.config import CorpusBase, CountedTraining
from gqvae.corpus.documents import DocumentStore
from gqvae.corpus.hub import download
from gqvae.corpus.pretokenizers import DEFAULT
from gqvae.corpus.pretokens import PretokenCounts, count_pretokens
from gqvae.corpus.sources import dataset_of, open_source
from gqvae.corpus.splits import write_corpus
from gqvae.errors import UserError, VocabularyTooLargeError
from gqvae.files import file_digest, json_digest, read_json, write_json
from gqvae.progress import Progress
from gqvae.tokenizers.base import EXPORTED, MANIFEST, Tokenizer
from gqvae.tokenizers.counted import Trainer, trainer, warn_unfilled
from gqvae.tokenizers.export import CONFIG, export
from gqvae.tokenizers.load import load_tokenizer

COUNTING = "counting"  # working folder of the methods that only count; network training has another, which stays if it is killed
TRAINING = "training.json"  # in the folder of a tokenizer: what it was trained on and how, for its model card
FILLED = 0.99  # of a size that counts as reached: near the limit of a text, pruning drops a few strings more than it must
ALL_TEXT = ", or give --all-text to train on all of it"  # ends advice on too few documents, for the methods that only count
WRITING = "writing.json"  # identity of the call that is writing tokenizers; present until the last is written

logger = logging.getLogger("gqvae")


def folders_of(out: Path, sizes: Sequence[int]) -> dict[int, Path]:
    """The folder of each size: `out` itself for one, `out`/v<size> for each of several."""
    different = sorted(set(sizes))
    return {size: out if len(different) == 1 else out / f"v{size}" for size in different}


class Output:
    """The folders of one call: `out`, which the user named, a working folder in it, and the folder of each vocabulary size.

    The working folder holds counts and the state of an interrupted training until the tokenizers are written.
    """

    def __init__(self, out: Path, sizes: Sequence[int], working: str, pretokenizer: str = DEFAULT) -> None:
        self.out, self.work, self.folders = out, out / working, folders_of(out, sizes)
        self.record: dict[str, Any] = {"gqvae": __version__}
        self.pretokenizer = pretokenizer

    def check(self) -> None:
        """Before any work, refuse folders that hold tokenizers. A call that was killed while it wrote several may resume.

        Raises:
            UserError: a folder is refused; the message names it.
        """
        goes_on = (self.work / WRITING).exists()
        marks = (MANIFEST,) if goes_on else (MANIFEST, EXPORTED, CONFIG)
        folders = list(dict.fromkeys((self.out, *self.folders.values())))
        for folder in folders:
            if folder.exists() and not folder.is_dir():
                raise UserError(f"--out: {folder} is not a folder: give another path.")
        taken = [folder for folder in folders if any((folder / mark).exists() for mark in marks)]
        if taken and not (goes_on and self.out not in taken and len(taken) < len(self.folders)):
            raise UserError(f"{taken[0]} holds a tokenizer already: give another folder, or delete it.")

    def counts(self, corpus: CorpusBase, *splits: str, also: str = "") -> dict[str, PretokenCounts]:
        """Count the pre-tokens of some splits, of which only "train" must have documents.

        The copy of the text is deleted afterwards, also if an error or a signal ends the counting.

        Args:
            corpus: where the text comes from.
            splits: their names.
            also: as `write_corpus` takes it.

        Raises:
            UserError: the text cannot be read or split.
        """
        dataset, downloads = dataset_of(corpus), self.work / "downloads"
        folder = self.work / "corpus"
        try:
            if dataset is not None:
                download(dataset, downloads)
            source = open_source(corpus, downloads)
            written = write_corpus(folder, source, corpus, ("train",), also)["splits"]
            self.record |= {"text": source.label, "corpus": corpus.record(), "pretokenizer": self.pretokenizer}
            self.record["train"] = written["train"]  # as in corpus.json
            used, total = written["train"]["documents"], sum(split["documents"] for split in written.values())
            logger.info("%s: training on %s of %s", source.label, f"{used:,}", f"{total:,} document{'s' * (total != 1)}")
            found = {split: self._counted(DocumentStore.open(folder, split), split) for split in splits}
            for split, counts in found.items():
                counts.save(self.work / f"{split}.npz")
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            for empty in (self.work, self.out):
                with contextlib.suppress(OSError):
                    empty.rmdir()  # only if it is empty
            raise
        shutil.rmtree(folder)
        return found

    def _counted(self, documents: DocumentStore, split: str) -> PretokenCounts:
        with Progress(f"counting pre-tokens of {split}", documents.total_bytes, "B") as progress:
            return count_pretokens(documents, self.pretokenizer, progress)

    def identity(self, settings: str) -> str:
        """Digest of what determines the tokenizers: settings, and the counts that `counts` saved.

        Raises:
            UserError: a killed call left tokenizers from other settings or text.
        """
        self.record["settings"] = settings
        identity = json_digest([settings, *map(file_digest, sorted(self.work.glob("*.npz")))])
        written = [folder for folder in self.folders.values() if (folder / MANIFEST).exists()]
        if written and read_json(self.work / WRITING) != identity:
            raise UserError(f"{written[0]} holds a tokenizer from other settings or text: give another folder, or delete it.")
        return identity

    def write(self, made: Mapping[int, Tokenizer], identity: str) -> dict[int, Tokenizer]:
        """Save and export the missing tokenizers, remove the working folder, and load them all."""
        write_json(self.work / WRITING, identity)
        for size, folder in self.folders.items():
            if not (folder / MANIFEST).exists():
                export(made[size], folder)
                write_json(folder / TRAINING, self.record)
                made[size].save(folder)
        shutil.rmtree(self.work)
        return {size: load_tokenizer(folder) for size, folder in self.folders.items()}


def train_counted(
    corpus: CorpusBase, wanted: CountedTraining, out: Path, pretokenizer: str = DEFAULT, *, all_text: bool = False
) -> dict[int, Tokenizer]:
    """Train tokenizers from the pre-token counts of a corpus and write their folders, exports included.

    Args:
        corpus: where the text comes from.
        wanted: method, its settings and vocabulary sizes.
        out: folder of the tokenizer; for several sizes, the parent of a folder v<size> for each.
        pretokenizer: its name.
        all_text: count all of the text, not only its training split.

    Raises:
        UserError: a folder already holds a tokenizer, or the text cannot be read or is too short for a size.
    """
    output = Output(out, wanted.sizes, COUNTING, pretokenizer)
    output.check()
    train = trainer(wanted.tokenizer, wanted.settings)
    counts = output.counts(corpus.undivided() if all_text else corpus, "train", also="" if all_text else ALL_TEXT)["train"]
    identity = output.identity(wanted.identity())
    try:
        made = train(counts, sorted(set(wanted.sizes)))
        _require_filled(made, counts, train)
        warn_unfilled(made)
    except UserError:
        shutil.rmtree(output.work)  # counting again takes seconds
        with contextlib.suppress(OSError):
            out.rmdir()
        raise
    return output.write(made, identity)


def _require_filled(made: Mapping[int, Tokenizer], counts: PretokenCounts, train: Trainer) -> None:
    """Refuse a size that the text does not fill to 1 %; a study takes what there is, since its sizes are those of all arms.

    Raises:
        VocabularyTooLargeError: it names a size that the text fills.
    """
    size = max(made)
    largest = made[size].vocab_size
    if largest >= FILLED * size:
        return
    while (reached := train(counts, [largest])[largest].vocab_size) < FILLED * largest:  # it starts from fewer candidates
        largest = reached
    raise VocabularyTooLargeError(size, largest, "the candidates fill", "use more text or other `--settings`")
