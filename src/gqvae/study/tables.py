"""The tidy tables of a study: their columns, and how they are read and written.

One row per observation, columns and rows in a fixed order, so that the same results give the same bytes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from gqvae.errors import UserError
from gqvae.files import write_csv
from gqvae.study import layout

HISTORY = (
    "step", "hard_rate", "soft_rate", "gate_mean", "reconstruction", "exact_token_accuracy",
    "codes_used", "code_perplexity", "revived", "alpha", "loss", "gates_0", "gates_1", "gates_2", "gates_3", "gates_4",
)  # fmt: skip
CURVE = ("step", "bytes", "tokens", "flops", "valid_bpb")
RESULT = (
    "arm", "seed", "size", "train_bytes", "train_bytes_used", "tokenizer", "vocab_size", "parameters", "parameters_non_embedding",
    "parameters_embedding", "steps", "tokens", "flops", "seconds", "valid_bpb", "test_bpb", "test_bytes", "test_tokens",
    "learning_rate", "device", "precision", "tokenizer_digest",
)  # fmt: skip
CONTEXTS = ("windows", "mean_context", "bpb")
DOCUMENTS = ("document", "bytes", "tokens", "bits")
BREAKDOWN = ("kind", "bin", "tokens", "bytes", "bits")
MATCHING = (
    "arm", "seed", "target", "vocab_size", "target_bytes_per_token", "bytes_per_token", "relative_difference",
    "test_target_bytes_per_token", "test_bytes_per_token", "test_relative_difference", "within_tolerance",
)  # fmt: skip
PREDICTABILITY = ("unigram_entropy", "bigram_entropy", "unigram_bpb", "bigram_bpb")
ABLATION_MEASURES = (
    "neural_bytes_per_token", "neural_ratio_to_bpe", "distilled_bytes_per_token", "distilled_ratio_to_bpe", "fallback_rate",
    "exact_token_accuracy", "codes_used", "hard_rate", "gate_share", "reconstruction", "exact_tokens_valid", "seconds",
)  # fmt: skip
COLUMNS: dict[str, tuple[str, ...]] = {
    "compression": (
        "arm", "seed", "variant", "vocab_size_requested", "vocab_size", "encoder", "used_downstream", "split",
        "bytes", "tokens", "bytes_per_token", "fallback_rate", "exact_token_accuracy",
    ),
    "matching": MATCHING,
    "convergence": ("arm", "seed", "train_bytes", *CURVE),
    "milestones": ("arm", "seed", "level", "bytes", "tokens", "flops", "steps", "mean_bpb"),
    "milestone_means": ("arm", "seeds", "level", "bytes", "low", "high", "ratio", "ratio_low", "ratio_high", "mean_bpb"),
    "learnability": RESULT,
    "model_sizes": RESULT,
    "contexts": ("arm", "seed", *CONTEXTS),
    "training": ("arm", "seed", *HISTORY),
    "rank_frequency": ("arm", "seed", "rank", "count", "share"),
    "distribution": ("arm", "seed", "vocab_size", "tokens", "vocabulary_used", "renyi_efficiency", *PREDICTABILITY),
    "differences": ("train_bytes", "first", "second", "seeds", "difference", "low", "high"),
    "results": (
        "arm", "seeds", "vocab_size", "bytes_per_token", "bytes_per_token_min", "bytes_per_token_max", "ratio_to_bpe",
        "fallback_rate", "exact_token_accuracy", "train_bytes", "test_bpb", "test_bpb_low", "test_bpb_high", "train_tokens",
        "parameters_embedding", "parameters_non_embedding", "vocabulary_used", "renyi_efficiency",
        *PREDICTABILITY,
    ),
    "power_laws": ("arm", "against", "seeds", "exponent", "low", "high", "constant"),
    "documents": ("arm", "seed", *DOCUMENTS),
    "breakdown": ("arm", "seed", *BREAKDOWN),
    "tuning": ("arm", "seed", "learning_rate", "valid_bpb", "chosen"),
    "claims": (
        "claim", "text", "corpus", "measure", "first", "second", "seeds", "first_mean", "second_mean", "effect", "low", "high",
        "document_low", "document_high", "p", "p_holm", "margin", "verdict", "sign", "sign_p", "sign_p_holm", "ahead", "steps", "cells",
    ),
    "ablations": ("arm", "seed", "objective", "alpha_set", "vocab_size", *ABLATION_MEASURES),
    "ablation_means": ("measure", "arm", "seeds", "mean", "low", "high"),
    "rates": (
        "arm", "seed", "vocab_size", "request", "gate_rate", "gate_mean", "target_bytes_per_token", "bytes_per_token",
        "relative_error", "fallback_rate", "exact_token_accuracy",
    ),
}  # fmt: skip

_TEXT = {
    "arm",
    "variant",
    "encoder",
    "split",
    "tokenizer",
    "device",
    "precision",
    "tokenizer_digest",
    "target",
    "first",
    "second",
    "objective",
    "measure",
    "claim",
    "kind",
    "bin",
    "text",
    "corpus",
    "verdict",
    "sign",
    "cells",
    "size",
    "windows",
    "against",
}
_WHOLE = {
    "seed", "vocab_size_requested", "train_bytes", "train_bytes_used", "bytes", "tokens", "step", "steps", "rank", "count",
    "parameters", "parameters_non_embedding", "parameters_embedding", "test_bytes", "test_tokens", "revived", "seeds", "document", "ahead",
}  # fmt: skip
_TRUTH = {"used_downstream", "within_tolerance", "chosen"}
_AVERAGED = {"results", "milestone_means"}  # whole numbers become means there, e.g. the vocabulary size of matched BPE over seeds


def read_columns(path: Path, columns: tuple[str, ...], averaged: bool = False) -> pd.DataFrame:
    """Read the named columns of a CSV file, typed by their names; empty numbers are missing values.

    Raises:
        UserError: the file is absent, is not CSV, lacks a column, or holds something that is not of the column's type.
    """
    try:
        raw = pd.read_csv(path, dtype=str, keep_default_na=False)
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: run the rule that makes it (snakemake names it with -n).") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not a CSV table ({error}): delete it and run again.") from None
    absent = [column for column in columns if column not in raw.columns]
    if absent:
        raise UserError(f"{path} lacks the column(s) {', '.join(absent)}: another version wrote it; delete it and run again.")
    frame = pd.DataFrame(index=raw.index)
    for column in columns:
        try:
            frame[column] = _typed(raw[column], column, averaged)
        except (ValueError, TypeError) as error:
            raise UserError(f"{path}: the column {column!r} is damaged ({error}): delete the file and run again.") from None
    return frame


def _typed(values: pd.Series[str], column: str, averaged: bool) -> pd.Series[Any]:
    if column in _TEXT:
        return values
    if column in _TRUTH:
        lowered = values.str.lower()
        if not lowered.isin(["true", "false"]).all():
            raise ValueError("neither True nor False")
        return lowered == "true"
    # Not pd.to_numeric, whose last digit can differ from the number that was written.
    numbers = values.mask(values == "", "nan").astype(float)
    return numbers.astype("Int64") if column in _WHOLE and not averaged else numbers


def read_table(folder: Path, name: str) -> pd.DataFrame:
    """Read one of the tables of a study, whose folder of tables is `folder`."""
    return read_columns(layout.table_path(Path(folder).parent, name), COLUMNS[name], averaged=name in _AVERAGED)


def write_table(frame: pd.DataFrame, folder: Path, name: str) -> None:
    """Write one of the tables, with its columns in their order."""
    write_csv(frame.reindex(columns=list(COLUMNS[name])), layout.table_path(Path(folder).parent, name))
