"""Columns of a study's tables and their types. `gqvae.measures` defines more for `distribution`, `results` and `learnability`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, cast, get_args

from gqvae.config import measures

Kind = Literal["text", "int", "number", "bool"]
Columns = Mapping[str, Kind]


def _columns(*parts: str) -> dict[str, Kind]:
    """ "int: seed steps", "number: loss" → the type of each column, in this order."""
    found: dict[str, Kind] = {}
    for part in parts:
        kind, _, names = part.partition(": ")
        assert kind in get_args(Kind)
        found |= dict.fromkeys(names.split(), cast(Kind, kind))
    return found


def _of_runs(columns: dict[str, Kind]) -> dict[str, Kind]:
    return _columns("text: arm", "int: seed") | columns


TOKEN_MEASURES: dict[str, Kind] = dict.fromkeys(measures("tokens"), "number")
LOSS_MEASURES: dict[str, Kind] = dict.fromkeys(measures("losses"), "number")

# Files that jobs write, one for each run or network.
CURVE = _columns("int: step bytes tokens", "number: flops valid_bpb")
OF_MAIN_RUNS = {
    "contexts": _columns("text: windows", "number: mean_context bpb"),
    "documents": _columns("int: document bytes tokens", "number: bits"),
    "breakdown": _columns("text: kind bin", "int: tokens bytes", "number: bits"),
}
SAMPLES = _columns("text: prompt text", "bool: ended")
RANKS = _columns("int: rank count", "number: share")
HISTORY = _columns(
    "int: step",
    "number: hard_rate soft_rate gate_mean reconstruction exact_token_accuracy codes_used code_perplexity",
    "int: revived",
    "number: alpha loss gates_0 gates_1 gates_2 gates_3 gates_4 gates_nearly_closed gates_nearly_open",
)
SPEED = _columns("text: tokenizer", "number: encode_mb_per_s encode_ratio_to_bpe")
# Columns that a file may lack: measures added after it was written, and those that other kinds of network do not have.
OPTIONAL = {
    *TOKEN_MEASURES, *LOSS_MEASURES, *HISTORY, *SPEED, "gate_state", "cut_entropy", "first_vocab_size", "second_vocab_size",
} - {"step", "tokenizer"}  # fmt: skip
RESULT = (
    _columns(
        "text: arm",
        "int: seed",
        "text: size",
        "int: train_bytes train_bytes_used",
        "text: tokenizer",
        "int: vocab_size parameters parameters_non_embedding parameters_embedding steps tokens",
        "number: flops seconds valid_bpb test_bpb",
        "int: test_bytes test_tokens",
        "number: learning_rate",
        "text: device precision tokenizer_digest",
    )
    | LOSS_MEASURES
)
ABLATION_MEASURES = _columns(
    "number: neural_bytes_per_token neural_ratio_to_bpe distilled_bytes_per_token distilled_ratio_to_bpe fallback_rate",
    "number: exact_token_accuracy codes_used hard_rate gate_share reconstruction exact_tokens_valid seconds",
)

TABLES: dict[str, dict[str, Kind]] = {
    "compression": _columns(
        "text: arm", "int: seed", "text: variant", "int: vocab_size_requested vocab_size", "text: encoder",
        "bool: used_downstream", "text: split", "int: bytes tokens",
        "number: bytes_per_token fallback_rate exact_token_accuracy cut_entropy",
    ),
    "matching": _columns(
        "text: arm", "int: seed", "text: target", "int: vocab_size",
        "number: target_bytes_per_token bytes_per_token relative_difference",
        "number: test_target_bytes_per_token test_bytes_per_token test_relative_difference", "bool: within_tolerance",
    ),
    "convergence": _of_runs(_columns("int: train_bytes") | CURVE),
    "milestones": _of_runs(_columns("number: level", "int: bytes tokens", "number: flops", "int: steps", "number: mean_bpb")),
    "milestone_means": _columns("text: arm", "int: seeds", "number: level bytes low high ratio ratio_low ratio_high mean_bpb"),
    "learnability": RESULT,
    "model_sizes": RESULT,
    "contexts": _of_runs(OF_MAIN_RUNS["contexts"]),
    "training": _of_runs(HISTORY),
    "rank_frequency": _of_runs(RANKS),
    "distribution": _of_runs(_columns("int: vocab_size tokens") | TOKEN_MEASURES),
    "differences": _columns("int: train_bytes", "text: first second", "int: seeds", "number: difference low high"),
    "claims": _columns(
        "text: claim text corpus measure first second", "number: first_vocab_size second_vocab_size", "int: seeds",
        "number: first_mean second_mean effect low high document_low document_high p p_holm margin", "text: verdict sign",
        "number: sign_p sign_p_holm", "int: ahead steps", "text: cells",
    ),
    "tuning": _of_runs(_columns("number: learning_rate valid_bpb", "bool: chosen")),
    "power_laws": _columns("text: arm against", "int: seeds", "number: exponent low high constant"),
    "documents": _of_runs(OF_MAIN_RUNS["documents"]),
    "breakdown": _of_runs(OF_MAIN_RUNS["breakdown"]),
    "samples": _of_runs(SAMPLES),
    "serving": _columns(
        "text: arm", "int: seed", "text: size", "int: train_bytes vocab_size parameters_non_embedding parameters_embedding steps",
        "number: tokens_per_byte flops_per_token flops_per_byte encode_mb_per_s encode_ratio_to_bpe test_bpb",
    ),
    "results": _columns(
        "text: arm", "int: seeds",
        "number: vocab_size bytes_per_token bytes_per_token_min bytes_per_token_max ratio_to_bpe fallback_rate exact_token_accuracy",
        "number: cut_entropy",
        "int: train_bytes", "number: test_bpb test_bpb_low test_bpb_high train_tokens parameters_embedding parameters_non_embedding",
    ) | TOKEN_MEASURES,
}  # fmt: skip
# Made on demand.
ON_DEMAND: dict[str, dict[str, Kind]] = {
    "ablations": _columns(
        "text: arm", "int: seed", "text: objective", "number: alpha_set", "int: vocab_size", "text: gate_state"
    ) | ABLATION_MEASURES,
    "ablation_means": _columns("text: measure arm", "int: seeds", "number: mean low high"),
    "rates": _columns(
        "text: arm", "int: seed vocab_size",
        "number: request gate_rate gate_mean target_bytes_per_token bytes_per_token relative_error fallback_rate exact_token_accuracy",
        "number: cut_entropy",
    ),
}  # fmt: skip
SEGMENTATIONS = _columns("text: arm", "int: seed vocab_size tokens", "text: segmentation")  # by a rule of its own
COLUMNS = {**TABLES, **ON_DEMAND, "segmentations": SEGMENTATIONS}
