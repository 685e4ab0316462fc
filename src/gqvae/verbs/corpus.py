"""Verbs about text: fetch it, split it by document, count its pre-tokens."""

from __future__ import annotations

import argparse
from pathlib import Path

from gqvae.corpus.pretokenizers import DEFAULT
from gqvae.verbs.parsers import Verbs, add_file, add_folder, add_settings, add_verb


def add_parsers(verbs: Verbs) -> None:
    """Register the verbs of this module."""
    parser = add_verb(
        verbs, "download-corpus", "corpus.download_corpus",
        "fetch TinyStories at its pinned revision, verified by SHA-256; resumes a stopped download",
        'gqvae download-corpus --settings \'{"source": "tinystories"}\' --out resources/tinystories',
    )  # fmt: skip
    add_settings(parser, "corpus")
    add_folder(parser, "--out", "folder for the files")

    parser = add_verb(
        verbs, "prepare-corpus", "corpus.prepare_corpus", "split the documents of a source into train, valid and test",
        'gqvae prepare-corpus --settings \'{"source": "text", "path": "stories.txt.xz"}\' --out results/mine/corpus',
    )  # fmt: skip
    add_settings(parser, "corpus")
    parser.add_argument("--downloads", type=Path, metavar="DIR", help="folder that download-corpus filled (tinystories only)")
    add_folder(parser, "--out", "folder for the splits and corpus.json")

    parser = add_verb(
        verbs, "count-pretokens", "corpus.count_pretokens", "count the distinct pre-tokens of each split",
        "gqvae count-pretokens --corpus results/default/corpus --out results/default/pretokens",
    )  # fmt: skip
    add_folder(parser, "--corpus", "folder that prepare-corpus filled")
    _add_pretokenizer(parser)
    add_folder(parser, "--out", "folder for one .npz file per split")

    parser = add_verb(
        verbs, "count-shuffled-pretokens", "corpus.count_shuffled_pretokens",
        "count the pre-tokens of the training split with the characters of some documents shuffled (weak BPE)",
        "gqvae count-shuffled-pretokens --corpus results/default/corpus --share 0.7 --out shuffled.npz",
    )  # fmt: skip
    add_folder(parser, "--corpus", "folder that prepare-corpus filled")
    parser.add_argument("--share", required=True, type=float, help="share of the documents, from 0 to 1")
    parser.add_argument("--seed", type=int, default=0, help="seed of the shuffling (%(default)s)")
    _add_pretokenizer(parser)
    add_file(parser, "--out", "NPZ", "file to write")


def _add_pretokenizer(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pretokenizer", default=DEFAULT, help="a module of gqvae/corpus/pretokenizers (%(default)s)")
