"""Train one language model: read an arm's tokens, write weights and the training curve.

During training, everything is in the state folder, from which a killed run resumes. Measuring the model is a separate job
(`lm_measuring.py`), so that a new measure retrains nothing.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file

from gqvae.code_state import code_state
from gqvae.config import LanguageModel
from gqvae.corpus.documents import RECORD as CORPUS_RECORD
from gqvae.devices import claim_gpu, device_name, resolve_precision
from gqvae.errors import UserError
from gqvae.files import atomic_path, file_digest, json_digest, read_json, write_json, write_rows
from gqvae.jobs.kept import Kept
from gqvae.jobs.lm_files import TRAINING, WEIGHTS
from gqvae.jobs.lm_text import Split
from gqvae.tokenizers.token_files import RECORD, Vocabulary
from gqvae.training.language_model import CURVE, LanguageModelTraining
from gqvae.training.resume import RunState, fingerprint
from gqvae.training.runner import fit
from gqvae.training.windows import Windows, documents_of_budget, join_documents, leading_documents

CURVE_FILE = "curve.csv"
FILES = (WEIGHTS, CURVE_FILE, TRAINING)

logger = logging.getLogger("gqvae")


@dataclass(frozen=True)
class Run:
    """One language model: its settings, inputs and state folder."""

    settings: LanguageModel  # model and budget
    arm: str  # name of the arm, recorded
    seed: int  # seed of weights and order
    train_bytes: int  # how much of the training split to read
    tokens: Path  # folder of the encoded corpus
    corpus: Path  # folder of the corpus
    state: Path  # folder of the state for resumption; removed once the outputs are written
    threads: int  # number of torch threads

    @property
    def label(self) -> str:
        """Its name in progress lines."""
        return (
            f"language model {self.arm}-s{self.seed}-b{self.train_bytes}-{self.settings.name}, rate {self.settings.learning_rate}"
        )

    def identity(self) -> str:
        """Fingerprint that two equal runs share: settings (without other budgets), arm, seed, text, tokens and code."""
        own = self.settings.model_copy(update={"train_bytes": (self.train_bytes,)}).identity()
        # The two records hold digests of their files, which are checked when a split is opened.
        data = [read_json(self.corpus / CORPUS_RECORD), read_json(self.tokens / RECORD)]
        code = code_state("gqvae.jobs.lm_training.train_model", also=[f"gqvae.language_models.{self.settings.kind}"])
        return fingerprint(json_digest([own, self.arm, self.seed]), json_digest(data), json_digest(code))


@dataclass(frozen=True)
class Trained:
    """A finished training, and facts about the text that it read."""

    module: LanguageModelTraining
    documents: int
    bytes: int
    vocabulary: Vocabulary


def train_model(run: Run, state: RunState) -> Trained:
    """Train, resuming from the state if there is one.

    Raises:
        UserError: inputs do not fit together, the training split is too small, or the run diverged.
        Interrupted: stopped by a signal; run again to resume.
    """
    claim_gpu()
    torch.set_num_threads(run.threads)
    settings, vocabulary = run.settings, Vocabulary.of(run.tokens)
    train, valid = (Split.open(run.tokens, run.corpus, split) for split in ("train", "valid"))
    documents = documents_of_budget(train.document_bytes, run.train_bytes)
    stream = Windows(
        join_documents(train.tokens, documents),
        vocabulary.byte_lengths,
        context=settings.context,
        batch=settings.batch_windows,
        epochs=settings.epochs,
        seed=run.seed,
    )
    used = int(train.document_bytes[documents].sum())
    if stream.total_bytes != used:
        raise UserError(f"{run.tokens}: the training tokens stand for {stream.total_bytes:,} bytes, not {used:,}: encode again.")
    measured = valid.stream(leading_documents(valid.document_bytes, settings.valid_bytes))
    module = LanguageModelTraining(
        settings,
        len(vocabulary.byte_lengths),
        stream,
        run.seed,
        lambda model, device: measured.measure(model, settings.context, device).value,
    )
    fit(
        module,
        max_steps=stream.steps,
        state=state,
        seed=run.seed,
        precision=settings.precision,
        threads=run.threads,
        label=run.label,
        checkpoint_seconds=settings.checkpoint_seconds,
        gradient_clip=settings.gradient_clip,
    )
    return Trained(module, len(documents), used, vocabulary)


def train(run: Run, out: Path, kept: Kept | None = None) -> None:
    """Train one language model, unless `kept` has it; write its weights, `curve.csv`, and last `training.json`.

    Errors as `train_model`.
    """
    with RunState(run.state, run.identity()) as state:
        if kept is not None and kept.restore(run.label):
            state.clear()
            return
        done = train_model(run, state)
        module, windows = done.module, done.module.windows
        consumed_bytes, consumed_tokens = windows.consumed(windows.steps)
        counts = module.model.parameter_counts()
        out.mkdir(parents=True, exist_ok=True)
        with atomic_path(out / WEIGHTS) as temporary:
            save_file({name: value.contiguous() for name, value in module.model.state_dict().items()}, temporary)
        write_rows(out / CURVE_FILE, CURVE, module.history)
        write_json(
            out / TRAINING,
            {
                "arm": run.arm,
                "seed": run.seed,
                "size": run.settings.name,
                "train_bytes": run.train_bytes,
                "train_bytes_used": done.bytes,
                "documents": done.documents,
                "tokenizer": "/".join(run.tokens.resolve().parts[-2:]),
                "tokenizer_digest": done.vocabulary.tokenizer,
                "vocab_size": len(done.vocabulary.byte_lengths),
                "parameters": counts.total,
                "parameters_non_embedding": counts.non_embedding,
                "parameters_embedding": counts.embedding,
                "steps": windows.steps,
                "bytes": consumed_bytes,
                "tokens": consumed_tokens,
                "flops": consumed_tokens * module.flops_per_token,
                "seconds": round(module.seconds, 3),
                "learning_rate": run.settings.learning_rate,
                "device": device_name(),
                "torch": torch.__version__,
                "precision": resolve_precision(run.settings.precision),
                "weights_sha256": file_digest(out / WEIGHTS),
                "settings": run.settings.model_dump(mode="json"),
            },
        )
        if kept is not None:
            kept.keep()
        state.clear()
