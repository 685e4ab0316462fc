"""Measure a trained language model: the loss of every token of the test split, and what is computed from it."""

from __future__ import annotations

import logging
import math
from importlib import import_module
from pathlib import Path

import pandas as pd
import torch

from gqvae.config import measures
from gqvae.corpus.documents import DocumentStore
from gqvae.devices import autocast, claim_gpu, resolve_device
from gqvae.errors import DivergedError, UserError
from gqvae.files import write_array, write_csv, write_json
from gqvae.jobs.lm_files import load_trained
from gqvae.jobs.lm_sampling import sample, token_bytes
from gqvae.jobs.lm_text import Split, measure_trained
from gqvae.measures.contexts import compare_contexts
from gqvae.measures.distribution import count_tokens
from gqvae.measures.losses import TokenCosts, breakdown, by_document
from gqvae.tokenizers.token_files import Vocabulary
from gqvae.training.windows import join_documents, leading_documents

COSTS = "costs.npy"  # (N,) float32, bits of each token of the test split, ends of documents included
RESULT = "result.json"
FILES = (COSTS, "documents.csv", "breakdown.csv", RESULT)
CONTEXTS, SAMPLES = "contexts.csv", "samples.csv"
FILES_OF_MAIN = (*FILES, CONTEXTS, SAMPLES)

logger = logging.getLogger("gqvae")


def measure(folder: Path, tokens: Path, corpus: Path, out: Path, *, threads: int, tokenizer: Path | None = None) -> None:
    """Measure the model in a folder that `lm_training.train` wrote on the whole validation and test splits.

    Writes `costs.npy`, `documents.csv`, `breakdown.csv` and last `result.json`. With the tokenizer of the tokens also
    `contexts.csv` (other ways to cut the text into windows) and `samples.csv` (what the model writes).

    Raises:
        UserError: the tokens are not those that the model was trained on, the tokenizer is another one, a file is damaged, or the
            model has diverged.
    """
    claim_gpu()
    torch.set_num_threads(threads)
    model, settings, record = load_trained(folder)
    vocabulary = Vocabulary.of(tokens)
    if vocabulary.tokenizer != record["tokenizer_digest"]:
        raise UserError(f"{tokens} and the model {folder} have different tokenizers: train the model again.")
    strings = token_bytes(tokenizer, vocabulary.tokenizer) if tokenizer else []
    valid, test = (Split.open(tokens, corpus, split) for split in ("valid", "test"))
    found = {split: measure_trained(model, one.stream(), settings) for split, one in (("valid", valid), ("test", test))}
    if not all(math.isfinite(one.value) for one in found.values()):
        raise DivergedError(f"{folder}: bits per byte are not finite: lower the learning rates in the config.")
    costs, documents = found["test"].costs, DocumentStore.open(corpus, "test")
    write_array(out / COSTS, costs)
    losses = TokenCosts(
        join_documents(test.tokens, range(len(test.tokens)))[1:],
        costs,
        found["test"].bits,
        found["test"].bytes,
        vocabulary.byte_lengths,
        count_tokens(tokens),
        documents,
        vocabulary.pretokenizer,
    )
    write_csv(by_document(losses), out / "documents.csv")
    write_csv(breakdown(losses), out / "breakdown.csv")
    if tokenizer:
        chosen = leading_documents(valid.document_bytes, settings.valid_bytes)
        ids = [join_documents(valid.tokens, [document]) for document in chosen.tolist()]
        device = resolve_device()
        with autocast(device, settings.precision):
            rows = compare_contexts(model, ids, vocabulary.byte_lengths, context=settings.context, device=device)
            written = sample(model, settings.context, test, documents, vocabulary.pretokenizer, strings)
        write_csv(pd.DataFrame(rows), out / CONTEXTS)
        write_csv(written, out / SAMPLES)
    result = {key: value for key, value in record.items() if key != "settings"}
    result |= {"valid_bpb": found["valid"].value, "test_bytes": losses.raw_bytes, "test_tokens": len(costs)}
    result |= {name: import_module(f"gqvae.measures.{name}").of(losses) for name in measures("losses")}
    write_json(out / RESULT, result)
    logger.info("%s: %.4f bits per byte on test", folder.name, found["test"].value)
