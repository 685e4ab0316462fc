"""From text to a tokenizer in one call: what the workflow does rule by rule, for one vocabulary.

text → splits (`corpus`) → pre-token counts → network (`training.network`) → vocabulary and rate (`tokenizers.distillation`) → folder
that `load_tokenizer`, `transformers.AutoTokenizer` and `tokenizers.Tokenizer.from_file` load. Killed anywhere, the same call goes on.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
from pathlib import Path

from gqvae.config import CorpusBase, Distillation, Network, NetworkRun, NetworkTraining, TinyStoriesCorpus
from gqvae.corpus.documents import DocumentStore
from gqvae.corpus.hub import download
from gqvae.corpus.pinned import TINYSTORIES
from gqvae.corpus.pretokens import PretokenCounts, count_pretokens
from gqvae.corpus.sources import open_source
from gqvae.corpus.splits import write_corpus
from gqvae.errors import UserError
from gqvae.files import file_digest, json_digest, read_json, write_json
from gqvae.tokenizers.base import MANIFEST, Tokenizer
from gqvae.tokenizers.distillation import distill
from gqvae.tokenizers.export import export
from gqvae.tokenizers.load import load_tokenizer
from gqvae.training.network import train_network

WORK = "training"  # folder of what is needed only until the tokenizer is there
TRAINED = "trained.json"
CODES_PER_STRING = 2.5  # codes trained for each id of the vocabulary; the best are kept

logger = logging.getLogger("gqvae")


def default_run(vocab_size: int) -> NetworkRun:
    """The network of `configs/tokenizer-quality.yaml` with codes enough for a vocabulary: some ten minutes on two CPU cores."""
    network = Network(
        width=128, encoder_layers=2, gater_layers=1, decoder_layers=2, codebook_size=max(2048, int(CODES_PER_STRING * vocab_size))
    )
    return NetworkRun(network=network, training=NetworkTraining(steps=1600, unquantized_steps=1040))


def train_tokenizer(
    corpus: CorpusBase, wanted: Distillation, out: Path, *, run: NetworkRun | None = None, seed: int = 0, threads: int = 1
) -> Tokenizer:
    """Train a tokenizer on a corpus and write its folder, with the files that other libraries load.

    Args:
        corpus: where the text comes from.
        wanted: the encoder, one vocabulary size, and a compression if one is asked for.
        out: folder of the tokenizer.
        run: network and training; by default `default_run`.
        seed: of weights and batches.
        threads: that torch may use.

    Raises:
        UserError: the folder holds a tokenizer already, or the text cannot be read.
    """
    if (out / MANIFEST).exists():
        raise UserError(f"{out} holds a tokenizer already: give another folder, or delete it.")
    (size,) = wanted.sizes
    work = out / WORK
    run = run or default_run(size)
    try:
        train, valid = _counts(corpus, work)
    except UserError:
        for folder in (work / "corpus", work, out):
            with contextlib.suppress(OSError):
                folder.rmdir()  # if nothing is in it
        raise
    identity = json_digest([run.identity(), seed, *(file_digest(work / f"{split}.npz") for split in ("train", "valid"))])
    if not (work / TRAINED).exists() or read_json(work / TRAINED) != identity:
        train_network(
            run,
            train,
            valid,
            seed=seed,
            label=f"training {out.name}",
            out=work / "network",
            state=work / "state",
            threads=threads,
        )
        write_json(work / TRAINED, identity)
    else:
        logger.info("the network has been trained: making its vocabulary")
    _, tokenizer = next(distill(work / "network", wanted, train))
    export(tokenizer, out)
    tokenizer.save(out)
    shutil.rmtree(work)
    return load_tokenizer(out)


def _counts(corpus: CorpusBase, work: Path) -> tuple[PretokenCounts, PretokenCounts]:
    """Pre-tokens of the training and validation splits; the text itself is not kept."""
    downloads = work / "downloads" if isinstance(corpus, TinyStoriesCorpus) else None
    if downloads is not None:
        download(TINYSTORIES, downloads)
    write_corpus(work / "corpus", open_source(corpus, downloads), corpus)
    found = []
    for split in ("train", "valid"):
        counts = count_pretokens(DocumentStore.open(work / "corpus", split))
        counts.save(work / f"{split}.npz")
        found.append(counts)
    shutil.rmtree(work / "corpus")
    return found[0], found[1]
