"""Verbs about text: fetch it, split it by document, count its pre-tokens."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

logger = logging.getLogger("gqvae")


def add_parsers(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the verbs of this module."""
    parser = verbs.add_parser(
        "download-corpus",
        help="fetch TinyStories at its pinned revision, verified by SHA-256; goes on where an earlier call stopped",
        epilog='example: gqvae download-corpus --settings \'{"source": "tinystories"}\' --out resources/tinystories',
    )
    parser.add_argument("--settings", required=True, metavar="FILE|JSON", help="settings of the corpus")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder for the files")
    parser.set_defaults(run=download_corpus)

    parser = verbs.add_parser(
        "prepare-corpus",
        help="write the documents of a source into train, valid and test",
        epilog='example: gqvae prepare-corpus --settings \'{"source": "text", "path": "stories.txt.xz"}\' --out results/mine/corpus',
    )
    parser.add_argument("--settings", required=True, metavar="FILE|JSON", help="settings of the corpus")
    parser.add_argument("--downloads", type=Path, metavar="DIR", help="folder that download-corpus filled (tinystories only)")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder for the splits and corpus.json")
    parser.set_defaults(run=prepare_corpus)

    parser = verbs.add_parser(
        "count-pretokens",
        help="count the distinct pre-tokens of each split",
        epilog="example: gqvae count-pretokens --corpus results/default/corpus --out results/default/pretokens",
    )
    parser.add_argument("--corpus", required=True, type=Path, metavar="DIR", help="folder that prepare-corpus filled")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder for one .npz file per split")
    parser.set_defaults(run=count_pretokens)

    parser = verbs.add_parser(
        "count-shuffled-pretokens",
        help="count the pre-tokens of the training split with the characters of some documents shuffled (weak BPE)",
        epilog="example: gqvae count-shuffled-pretokens --corpus results/default/corpus --share 0.7 --out shuffled.npz",
    )
    parser.add_argument("--corpus", required=True, type=Path, metavar="DIR", help="folder that prepare-corpus filled")
    parser.add_argument("--share", required=True, type=float, help="of the documents, from 0 to 1")
    parser.add_argument("--seed", type=int, default=0, help="of what is shuffled, and how (%(default)s)")
    parser.add_argument("--out", required=True, type=Path, metavar="NPZ", help="the counts")
    parser.set_defaults(run=count_shuffled_pretokens)


def download_corpus(arguments: argparse.Namespace) -> None:
    """Fetch the data set of the settings into a folder.

    Raises:
        UserError: the settings name another source, there is no network, or the content is not the pinned one.
    """
    from gqvae.config import TinyStoriesCorpus, load_corpus
    from gqvae.corpus.hub import download
    from gqvae.corpus.pinned import TINYSTORIES
    from gqvae.errors import UserError

    settings = load_corpus(arguments.settings)
    if not isinstance(settings, TinyStoriesCorpus):
        raise UserError(f"--settings: the source {settings.model_dump()['source']!r} needs no download: run prepare-corpus.")
    for path in download(TINYSTORIES, arguments.out):
        logger.info("%s: %s bytes, verified", path, f"{path.stat().st_size:,}")


def prepare_corpus(arguments: argparse.Namespace) -> None:
    """Split the documents of a source and write them.

    Raises:
        UserError: a file is missing or damaged, the text is not UTF-8, there are too few documents, or the disk is full.
    """
    from gqvae.config import load_corpus
    from gqvae.corpus.sources import open_source
    from gqvae.corpus.splits import write_corpus

    settings = load_corpus(arguments.settings)
    record = write_corpus(arguments.out, open_source(settings, arguments.downloads), settings)
    for split, found in record["splits"].items():
        logger.info("%s: %s documents, %s bytes", split, f"{found['documents']:,}", f"{found['bytes']:,}")
    for reason, number in record["dropped"].items():
        logger.info("left out (%s): %s documents", reason.replace("_", " "), f"{number:,}")


def count_pretokens(arguments: argparse.Namespace) -> None:
    """Count the pre-tokens of every split of a corpus.

    Raises:
        UserError: the corpus is missing, incomplete or damaged.
    """
    from collections.abc import Iterator

    from gqvae.corpus import pretokens
    from gqvae.corpus.documents import SPLITS, DocumentStore
    from gqvae.progress import Progress

    def reporting(documents: DocumentStore, progress: Progress) -> Iterator[bytes]:
        for document in documents:
            yield document
            progress.update(len(document))

    stores = {split: DocumentStore.open(arguments.corpus, split) for split in SPLITS}
    for split, documents in stores.items():
        with Progress(f"counting pre-tokens of {split}", documents.total_bytes, "B") as progress:
            counts = pretokens.count_pretokens(reporting(documents, progress))
        counts.save(arguments.out / f"{split}.npz")
        logger.info("%s: %s pre-tokens, %s distinct", split, f"{counts.total:,}", f"{len(counts):,}")


def count_shuffled_pretokens(arguments: argparse.Namespace) -> None:
    """Count the pre-tokens of the training split after shuffling.

    Raises:
        UserError: the corpus is missing, incomplete or damaged, or the share is none.
    """
    from gqvae.corpus.documents import DocumentStore
    from gqvae.corpus.pretokens import count_pretokens as count
    from gqvae.corpus.shuffling import shuffled
    from gqvae.errors import UserError

    if not 0 <= arguments.share <= 1:
        raise UserError(f"--share is {arguments.share}: give a number from 0 to 1.")
    counts = count(shuffled(DocumentStore.open(arguments.corpus, "train"), arguments.share, arguments.seed))
    counts.save(arguments.out)
    logger.info("train, shuffled: %s pre-tokens, %s distinct", f"{counts.total:,}", f"{len(counts):,}")
