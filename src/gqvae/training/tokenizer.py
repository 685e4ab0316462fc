"""Train GQ-VAE tokenizers from text in one call. The workflow does the same in separate rules.

text → splits, counts of pre-tokens (`tokenizers.from_text`) → network (`training.network`) → vocabularies and rates
(`distillation.distill`) → folders that `load_tokenizer`, `transformers.AutoTokenizer` and `tokenizers.Tokenizer.from_file` load.
One network serves all vocabulary sizes. Repeat the call to resume after a kill.
"""

from __future__ import annotations

import logging
from pathlib import Path

from gqvae.config import CorpusBase, Distillation, NetworkRun
from gqvae.corpus.pretokenizers import DEFAULT
from gqvae.distillation.distill import distill
from gqvae.files import file_digest, json_digest, read_json, write_json
from gqvae.tokenizers.base import Tokenizer
from gqvae.tokenizers.from_text import Output
from gqvae.training.network import train_network

WORKING = "training"  # working folder, see `Output`
TRAINED = "trained.json"

logger = logging.getLogger("gqvae")


def train_tokenizer(
    corpus: CorpusBase,
    wanted: Distillation,
    out: Path,
    run: NetworkRun,
    *,
    seed: int = 0,
    threads: int = 1,
    pretokenizer: str = DEFAULT,
) -> dict[int, Tokenizer]:
    """Train one network on a corpus and write a tokenizer of each size, with the files that other libraries load.

    Args:
        corpus: where the text comes from.
        wanted: encoder, vocabulary sizes and, optionally, a compression.
        out: folder of the tokenizer; for several sizes, the parent of a folder v<size> for each.
        run: network and training, see `default_run.py`.
        seed: of weights and batches.
        threads: number of threads that torch may use.
        pretokenizer: its name.

    Raises:
        UserError: a folder already contains a tokenizer, or the text cannot be read.
    """
    output = Output(out, wanted.sizes, WORKING, pretokenizer)
    output.check()
    counts = output.counts(corpus, "train", "valid")
    if not len(counts["valid"]):
        logger.warning("no document is in the validation split: the training is watched on its own text")
        counts["valid"] = counts["train"]
    identity = output.identity(f"{run.identity()} seed {seed} {wanted.identity()}")
    work = output.work
    trained = json_digest([run.identity(), seed, *(file_digest(work / f"{split}.npz") for split in counts)])
    if not (work / TRAINED).exists() or read_json(work / TRAINED) != trained:
        train_network(
            run,
            counts["train"],
            counts["valid"],
            seed=seed,
            label=f"training {out.name}",
            out=work / "network",
            state=work / "state",
            threads=threads,
        )
        write_json(work / TRAINED, trained)
    else:
        logger.info("the network is already trained: making its vocabularies")
    return output.write(dict(distill(work / "network", wanted, counts["train"])), identity)
