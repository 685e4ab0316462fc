"""Text: fetch it, split it by document, count its pre-tokens."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

from gqvae.config import load_corpus
from gqvae.corpus import pretokens
from gqvae.corpus.documents import SPLITS, DocumentStore, Shard
from gqvae.corpus.hub import download
from gqvae.corpus.shuffling import shuffled
from gqvae.corpus.sources import dataset_of, open_source
from gqvae.corpus.splits import write_corpus
from gqvae.errors import UserError
from gqvae.progress import Progress

logger = logging.getLogger("gqvae")


def download_corpus(arguments: argparse.Namespace) -> None:
    """Fetch the data set of the settings into a folder.

    Raises:
        UserError: the source needs no download, there is no network, or the content is not the pinned one.
    """
    settings = load_corpus(arguments.settings)
    dataset = dataset_of(settings)
    if dataset is None:
        raise UserError(f"--settings: the source {settings.model_dump()['source']!r} needs no download: run prepare-corpus.")
    for path in download(dataset, arguments.out):
        logger.info("%s: %s bytes, verified", path, f"{path.stat().st_size:,}")


def prepare_corpus(arguments: argparse.Namespace) -> None:
    """Split the documents of a source and write them.

    Raises:
        UserError: a file is missing or damaged, the text is not UTF-8, there are too few documents, or the disk is full.
    """
    settings = load_corpus(arguments.settings)
    record = write_corpus(arguments.out, open_source(settings, arguments.downloads), settings)
    for split, found in record["splits"].items():
        logger.info("%s: %s documents, %s bytes", split, f"{found['documents']:,}", f"{found['bytes']:,}")
    if "cut" in record:
        logger.info("%s", record["cut"])
    for reason, number in record["dropped"].items():
        logger.info("left out (%s): %s documents", reason.replace("_", " "), f"{number:,}")


def count_pretokens(arguments: argparse.Namespace) -> None:
    """Count the pre-tokens of every split of a corpus, or of a shard of each.

    Raises:
        UserError: the corpus is missing, incomplete or damaged.
    """
    stores = {split: DocumentStore.open(arguments.corpus, split, arguments.shard) for split in SPLITS}
    for split, documents in stores.items():
        with Progress(f"counting pre-tokens of {split}", documents.total_bytes, "B") as progress:
            counts = pretokens.count_pretokens(documents, arguments.pretokenizer, progress)
        counts.save(arguments.out / f"{split}.npz")
        logger.info("%s: %s pre-tokens, %s distinct", split, f"{counts.total:,}", f"{len(counts):,}")


def merge_counts(arguments: argparse.Namespace) -> None:
    """Add the counts of all shards.

    Raises:
        UserError: the corpus or a part is missing or damaged, or the parts are not those of the corpus, in order.
    """
    for split in SPLITS:
        counts = pretokens.PretokenCounts.merge(_counted_shards(arguments.corpus, split, arguments.parts))
        counts.save(arguments.out / f"{split}.npz")
        logger.info("%s: %s pre-tokens, %s distinct", split, f"{counts.total:,}", f"{len(counts):,}")


def _counted_shards(corpus: Path, split: str, parts: Sequence[Path]) -> Iterator[pretokens.PretokenCounts]:
    """The counts of the shards of a split, each compared with the size of its text."""
    documents = DocumentStore.open(corpus, split)
    for number, folder in enumerate(parts, start=1):
        counts = pretokens.PretokenCounts.of_split(folder, split)
        if counts.total_bytes != documents.shard(Shard(number, len(parts))).total_bytes:
            raise UserError(
                f"{folder}/{split}.npz does not count shard {number} of {len(parts)} of {corpus}: "
                "give the folders of all shards in order, or count them again."
            )
        yield counts


def count_shuffled_pretokens(arguments: argparse.Namespace) -> None:
    """Count the pre-tokens of the training split after shuffling.

    Raises:
        UserError: the corpus is missing, incomplete or damaged, or the share is not from 0 to 1.
    """
    if not 0 <= arguments.share <= 1:
        raise UserError(f"--share is {arguments.share}: give a number from 0 to 1.")
    counts = pretokens.count_pretokens(
        shuffled(DocumentStore.open(arguments.corpus, "train"), arguments.share, arguments.seed), arguments.pretokenizer
    )
    counts.save(arguments.out)
    logger.info("train, shuffled: %s pre-tokens, %s distinct", f"{counts.total:,}", f"{len(counts):,}")
