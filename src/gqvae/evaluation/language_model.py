"""One language-model run from files to files: an arm's tokens in, its convergence curve and final bits per byte out.

Outputs (`curve.csv`, `documents.csv` and `breakdown.csv` of the test split, then `result.json`) are written once training and the
measurements of the whole validation and test splits are done; until then everything is in the state folder, from which a killed run
goes on. A trial of a learning rate never looks at the test split and writes `result.json` alone.
"""

from __future__ import annotations

import csv
import logging
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch

import gqvae.models.lm
from gqvae import devices
from gqvae.config import LanguageModel
from gqvae.corpus.documents import RECORD as CORPUS_RECORD
from gqvae.corpus.documents import SPLITS, DocumentStore, offsets_path
from gqvae.devices import claim_gpu, device_name, resolve_device, resolve_precision
from gqvae.errors import DivergedError, UserError
from gqvae.evaluation import bits_per_byte as measuring
from gqvae.evaluation.bits_per_byte import BitsPerByte, bits_per_byte
from gqvae.evaluation.contexts import compare_contexts
from gqvae.evaluation.distribution import count_tokens
from gqvae.evaluation.losses import breakdown, by_document
from gqvae.evaluation.tables import write_csv
from gqvae.files import atomic_open, file_digest, json_digest, write_json
from gqvae.models.lm import DecoderOnlyTransformer
from gqvae.tokenizers.base import tokenizer_digest
from gqvae.tokenizers.load import load_tokenizer
from gqvae.tokenizers.token_files import RECORD, TokenFile
from gqvae.training import acceleration, language_model, runner, windows
from gqvae.training.language_model import CURVE, LanguageModelTraining, Measure
from gqvae.training.resume import RunState, code_digest, fingerprint
from gqvae.training.runner import autocast, fit
from gqvae.training.windows import Windows, documents_of_budget, join_documents, leading_documents

logger = logging.getLogger("gqvae")

# `full`: the whole curve and a comparison of contexts; `brief`: final values only, for runs of which no curve is drawn; `trial`: of a
# learning rate, on the validation split alone.
Extent = Literal["full", "brief", "trial"]
BRIEF_EVALUATIONS = 2


@dataclass(frozen=True)
class Split:
    """One split, as tokens and as sizes of text."""

    tokens: TokenFile
    document_bytes: npt.NDArray[np.int64]

    @classmethod
    def open(cls, tokens: Path, corpus: Path, split: str) -> Split:
        """Open a split; its tokens and its text must have the same documents and bytes."""
        encoded, store = TokenFile.open(tokens, split), DocumentStore.open(corpus, split)
        if len(encoded) != len(store) or encoded.total_bytes != store.total_bytes:
            raise UserError(
                f"{tokens} holds {len(encoded):,} documents ({encoded.total_bytes:,} bytes) of {split}, {corpus} has {len(store):,}"
                f" ({store.total_bytes:,} bytes): encode the corpus again."
            )
        return cls(encoded, np.diff(np.load(offsets_path(corpus, split), allow_pickle=False)))

    def measure(
        self, lengths: npt.NDArray[np.int64], context: int, documents: npt.NDArray[np.int64] | None = None
    ) -> _Measurement:
        """A measurement of the whole split, or of some of its documents."""
        chosen = np.arange(len(self.tokens)) if documents is None else documents
        ids = join_documents(self.tokens, chosen)
        return _Measurement(ids, lengths, int(self.document_bytes[chosen].sum()), context)


@dataclass(frozen=True)
class _Measurement:
    """Text on which models are measured."""

    ids: npt.NDArray[np.int32]
    lengths: npt.NDArray[np.int64]
    raw_bytes: int
    context: int

    def of(self, model: DecoderOnlyTransformer, device: torch.device) -> BitsPerByte:
        return bits_per_byte(model, self.ids, self.lengths, self.raw_bytes, context=self.context, device=device)

    def value(self) -> Measure:
        """For `LanguageModelTraining`."""
        return lambda model, device: self.of(model, device).value


def run_language_model(
    settings: LanguageModel,
    *,
    arm: str,
    seed: int,
    train_bytes: int,
    tokenizer: Path,
    tokens: Path,
    corpus: Path,
    out: Path,
    state: Path,
    threads: int,
    extent: Extent = "full",
) -> None:
    """Train one language model and write its outputs.

    Args:
        settings: model and budget.
        arm: name of the arm, recorded.
        seed: of weights and order.
        train_bytes: how much of the training split to use.
        tokenizer: folder of the tokenizer.
        tokens: folder of the corpus encoded with it.
        corpus: folder of the corpus.
        out: folder of the outputs.
        state: folder of the state for resumption; removed on success.
        threads: threads torch may use.
        extent: how much is measured.

    Raises:
        UserError: inputs do not fit together, the training split is too small, or the run diverged.
        Interrupted: stopped by a signal; run again to go on.
    """
    claim_gpu()
    torch.set_num_threads(threads)
    if extent != "full":
        settings = settings.model_copy(update={"evaluations": BRIEF_EVALUATIONS})
    train, valid, test = (Split.open(tokens, corpus, split) for split in SPLITS)
    lengths = np.array([len(token) for token in load_tokenizer(tokenizer).token_bytes], dtype=np.int64)
    if len(lengths) != train.tokens.vocab_size:
        raise UserError(
            f"{tokens} was encoded with a vocabulary of {train.tokens.vocab_size:,}, {tokenizer} has {len(lengths):,}:"
            " encode the corpus again."
        )
    documents = documents_of_budget(train.document_bytes, train_bytes)
    stream = Windows(
        join_documents(train.tokens, documents),
        lengths,
        context=settings.context,
        batch=settings.batch_windows,
        epochs=settings.epochs,
        seed=seed,
    )
    used = int(train.document_bytes[documents].sum())
    if stream.total_bytes != used:
        raise UserError(f"{tokens}: the training tokens stand for {stream.total_bytes:,} bytes, not {used:,}: encode again.")
    measured = leading_documents(valid.document_bytes, settings.valid_bytes)
    module = LanguageModelTraining(
        settings, len(lengths), stream, seed, valid.measure(lengths, settings.context, measured).value()
    )
    label = f"language model {arm}-s{seed}-b{train_bytes}"
    with RunState(state, _identity(settings, arm, seed, train_bytes, tokenizer, tokens, corpus)) as held:
        fit(
            module,
            max_steps=stream.steps,
            state=held,
            seed=seed,
            precision=settings.precision,
            threads=threads,
            label=label,
            checkpoint_seconds=settings.checkpoint_seconds,
            gradient_clip=settings.gradient_clip,
        )
        final = [
            _final(module, split.measure(lengths, settings.context)) for split in (valid, test)[: 1 if extent == "trial" else 2]
        ]
        if not all(math.isfinite(result.value) for result in final):
            raise DivergedError(f"{label}: bits per byte are not finite: put lower values into the learning rates of the config.")
        if extent == "trial":
            write_json(out / "result.json", trial_result(arm, settings.learning_rate, final[0].value))
            held.clear()
            return
        consumed_bytes, consumed_tokens = stream.consumed(stream.steps)
        counts = module.model.parameter_counts()
        result = {
            "arm": arm,
            "seed": seed,
            "size": settings.name,
            "train_bytes": train_bytes,
            "train_bytes_used": used,
            "documents": len(documents),
            "tokenizer": "/".join(tokenizer.resolve().parts[-2:]),
            "tokenizer_digest": tokenizer_digest(tokenizer),
            "vocab_size": len(lengths),
            "parameters": counts.total,
            "parameters_non_embedding": counts.non_embedding,
            "parameters_embedding": counts.embedding,
            "steps": stream.steps,
            "bytes": consumed_bytes,
            "tokens": consumed_tokens,
            "flops": consumed_tokens * module.flops_per_token,
            "seconds": round(module.seconds, 3),
            "valid_bpb": final[0].value,
            "test_bpb": final[1].value,
            "test_bytes": final[1].bytes,
            "test_tokens": final[1].tokens,
            "learning_rate": settings.learning_rate,
            "device": device_name(),
            "torch": torch.__version__,
            "precision": resolve_precision(settings.precision),
        }
        if extent == "full":
            result["contexts"] = _contexts(module, valid, lengths, measured)
        _write_curve(out / "curve.csv", module.history)
        targets, costs = join_documents(test.tokens, range(len(test.tokens)))[1:], final[1].costs
        write_csv(by_document(targets, lengths, costs), out / "documents.csv")
        text = DocumentStore.open(corpus, "test")
        write_csv(breakdown(targets, lengths, costs, count_tokens(tokens), text), out / "breakdown.csv")
        write_json(out / "result.json", result)
        logger.info("%s: %.4f bits per byte on test", label, final[1].value)
        held.clear()


def trial_result(arm: str, learning_rate: float, valid_bpb: float | None) -> dict[str, Any]:
    """What a trial of a learning rate leaves; None where it diverged."""
    return {"arm": arm, "learning_rate": learning_rate, "valid_bpb": valid_bpb}


def _contexts(
    module: LanguageModelTraining, split: Split, lengths: npt.NDArray[np.int64], documents: npt.NDArray[np.int64]
) -> list[dict[str, Any]]:
    """Bits per byte of some documents by other windows; the model is measured already and so in its place."""
    device, settings = resolve_device(), module.settings
    ids = [join_documents(split.tokens, [document]) for document in documents.tolist()]
    with autocast(device, settings.precision):
        return compare_contexts(module.model, ids, lengths, context=settings.context, device=device)


def _final(module: LanguageModelTraining, measurement: _Measurement) -> BitsPerByte:
    device = resolve_device()
    module.model.to(device).eval()
    with autocast(device, module.settings.precision):
        return measurement.of(module.model, device)


def _identity(settings: LanguageModel, arm: str, seed: int, train_bytes: int, tokenizer: Path, tokens: Path, corpus: Path) -> str:
    """What makes two runs the same: settings (of the other budgets nothing), arm, seed, text, tokens and code."""
    own = settings.model_copy(update={"train_bytes": (train_bytes,)}).identity()
    # The two records hold digests of their files, which are compared when a split is opened.
    data = [tokenizer_digest(tokenizer), file_digest(corpus / CORPUS_RECORD), file_digest(tokens / RECORD)]
    code = code_digest(gqvae.models.lm, devices, language_model, runner, acceleration, windows, measuring)
    return fingerprint(json_digest([own, arm, seed]), json_digest(data), code)


def _write_curve(path: Path, history: list[dict[str, Any]]) -> None:
    with atomic_open(path) as stream:
        writer = csv.DictWriter(stream, CURVE, lineterminator="\n")
        writer.writeheader()
        writer.writerows(history)
