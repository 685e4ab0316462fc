"""A study with one small language model on BPE tokens, trained for real."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gqvae.config import LanguageModel
from gqvae.corpus.documents import SPLITS, DocumentStore
from gqvae.corpus.pretokens import count_pretokens
from gqvae.corpus.sources import Source
from gqvae.corpus.sources.synthetic import Settings as SyntheticCorpus
from gqvae.corpus.splits import write_corpus
from gqvae.jobs.lm_training import Run, train
from gqvae.tokenizers.base import tokenizer_digest
from gqvae.tokenizers.bpe import train_bpe
from gqvae.tokenizers.token_files import write_record, write_split

SETTINGS = LanguageModel(
    layers=2, width=16, heads=2, context=24, batch_windows=4, train_bytes=(6000,), evaluations=2, valid_bytes=300, learning_rate=1e-2
)  # fmt: skip


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the model, in a folder of results as a study leaves it."""
    results = tmp_path_factory.mktemp("results")
    generator = np.random.default_rng(0)
    words = ["the", "cat", "sat", "on", "a", "mat", "ünd", "ran", "."]
    documents = (" ".join(generator.choice(words, size=int(generator.integers(20, 60)))).encode() for _ in range(90))
    write_corpus(results / "corpus", Source("toy", True, documents), SyntheticCorpus(valid_fraction=0.15, test_fraction=0.15))
    tokenizer = train_bpe(count_pretokens(DocumentStore.open(results / "corpus", "train")), 270)
    tokenizer.save(results / "tokenizers" / "bpe" / "v270")
    tokens, rows = results / "tokens" / "bpe" / "v270", {}
    lengths = np.array([len(token) for token in tokenizer.token_bytes])
    for split in SPLITS:
        store = DocumentStore.open(results / "corpus", split)
        rows[split] = write_split(tokens, split, tokenizer.encode_batches(store), lengths, store.sizes)
    write_record(tokens, lengths, tokenizer_digest(results / "tokenizers" / "bpe" / "v270"), "gpt2", rows)
    out = results / "language_models" / "bpe-s0-b6000-l2w16"
    train(Run(SETTINGS, "bpe", 0, 6000, tokens, results / "corpus", results / "state", threads=1), out)
    return out
