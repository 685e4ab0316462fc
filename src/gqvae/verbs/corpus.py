"""Verbs about text: fetch it, split it by document, count its pre-tokens."""

from __future__ import annotations

from pathlib import Path

from gqvae.corpus.pretokenizers import DEFAULT
from gqvae.verbs.parsers import PARTS, SHARD, Verbs, add_verb, argument, file, folder, settings

CORPUS = folder("--corpus", "folder that prepare-corpus filled")
COUNTS = folder("--out", "folder for one .npz file per split")
PRETOKENIZER = argument("--pretokenizer", default=DEFAULT, help="gpt2, cl100k, … or pattern:EXPRESSION (%(default)s)")


def add_parsers(verbs: Verbs) -> None:
    """Register the verbs of this module."""
    add_verb(
        verbs, "corpus.download_corpus",
        "fetch TinyStories at its pinned revision, verified by SHA-256; resumes a stopped download",
        '--settings \'{"source": "tinystories"}\' --out resources/tinystories',
        settings("corpus"),
        folder("--out", "folder for the files"),
    )  # fmt: skip
    add_verb(
        verbs, "corpus.prepare_corpus", "split the documents of a source into train, valid and test",
        '--settings \'{"source": "text", "path": "stories.txt.xz"}\' --out results/mine/corpus',
        settings("corpus"),
        argument("--downloads", type=Path, metavar="DIR", help="folder that download-corpus filled (tinystories only)"),
        folder("--out", "folder for the splits and corpus.json"),
    )  # fmt: skip
    add_verb(
        verbs, "corpus.count_pretokens", "count the distinct pre-tokens of each split",
        "--corpus results/default/corpus --out results/default/pretokens",
        CORPUS, PRETOKENIZER, SHARD, COUNTS,
    )  # fmt: skip
    add_verb(
        verbs, "corpus.merge_counts", "add the pre-token counts of all shards of a corpus",
        "--corpus results/x/corpus --parts shards/1-of-2 shards/2-of-2 --out results/x/pretokens",
        CORPUS, PARTS, COUNTS,
    )  # fmt: skip
    add_verb(
        verbs, "corpus.count_shuffled_pretokens",
        "count the pre-tokens of the training split with the characters of some documents shuffled (weak BPE)",
        "--corpus results/default/corpus --share 0.7 --out shuffled.npz",
        CORPUS,
        argument("--share", required=True, type=float, help="share of the documents, from 0 to 1"),
        argument("--seed", type=int, default=0, help="seed of the shuffling (%(default)s)"),
        PRETOKENIZER, file("--out", "NPZ", "file to write"),
    )  # fmt: skip
