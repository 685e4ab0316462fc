"""`gqvae collect-ablations`: compare the arms of a study that have the paper's network, each with something switched off or changed.

Two tables (columns: `gqvae.study.columns`): `ablations` has a row for each arm and seed, `ablation_means` for each measure and
arm. Compression is measured on the test split with the tokenizer of the study's vocabulary size; an arm without quantization has
none. The ratio to BPE is missing where the vocabulary stayed smaller than BPE's. Measures of the network come from its last
validation measurement, at the lowest rate it supports.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pandas as pd

from gqvae.config import PaperObjective, Study
from gqvae.errors import UserError
from gqvae.files import read_json
from gqvae.measures.gate_states import gate_state
from gqvae.study import layout
from gqvae.study.collect import require_all
from gqvae.study.columns import ABLATION_MEASURES, COLUMNS, HISTORY
from gqvae.study.expected import ablation_files
from gqvae.study.sizes import same_size
from gqvae.study.tables import read_columns, write_table

ENCODERS = ("neural", "distilled")
LEAST_GATE = 1e-6  # below this mean, the gates are too small to derive a length from

logger = logging.getLogger("gqvae")


def collect_ablations(study: Study, results: Path, out: Path) -> None:
    """Write both tables of the study from `results` to `out`.

    Raises:
        UserError: an input file is missing or damaged (otherwise a mean could hide a missing seed).
    """
    require_all(study, results, ablation_files(study))
    baseline, histories = None, {}
    if layout.BASELINE in layout.compared_families(study):
        baseline = _main_tokenizer(study, results, layout.BASELINE, "")
    for name in layout.ablated_families(study):
        histories[name] = read_columns(layout.network_path(results, name) / "history.csv", HISTORY)
    # Closed gates give no pre-token length. Another network's length will do, because all saw the same pre-tokens.
    lengths = {name: _mean_length(history) for name, history in histories.items()}
    known = next((length for length in lengths.values() if length is not None), None)
    rows = []
    for name, history in histories.items():
        rows.append(_row(study, results, name, baseline) | _last_measurement(history, lengths[name] or known))
        if not study.has_tokens(rows[-1]["arm"]):
            rows[-1]["codes_used"] = None  # it has codes but never uses them
    table = pd.DataFrame(rows, columns=list(COLUMNS["ablations"])).astype({"vocab_size": "Int64"})
    for name, frame in (("ablations", table), ("ablation_means", means(table))):
        write_table(frame, out, name)
        logger.info("%s: %d rows", out / f"{name}.csv", len(frame))


def means(ablations: pd.DataFrame) -> pd.DataFrame:
    """Mean, minimum and maximum over seeds of every measure and arm; `seeds` counts the seeds with a value."""
    rows = []
    for measure in ABLATION_MEASURES:
        for arm, group in ablations.groupby("arm", sort=False):
            known = pd.to_numeric(group[measure]).dropna()
            row: dict[str, Any] = {"measure": measure, "arm": arm, "seeds": len(known)}
            if len(known):
                row |= {"mean": float(known.mean()), "low": float(known.min()), "high": float(known.max())}
            rows.append(row)
    return pd.DataFrame(rows, columns=list(COLUMNS["ablation_means"]))


def _row(study: Study, results: Path, name: str, baseline: pd.Series[Any] | None) -> dict[str, Any]:
    arm, seed = layout.split_family(name)
    run = study.network_run(arm)
    folder = layout.network_path(results, name)
    description = read_json(folder / "network.json")
    if "seconds" not in description:
        raise UserError(f"{folder / 'network.json'} lacks the key 'seconds': another version wrote it; delete it and run again.")
    row: dict[str, Any] = {"arm": arm, "seed": seed, "objective": run.objective.name, "seconds": description["seconds"]}
    if isinstance(run.objective, PaperObjective) and run.chunk_bytes is None:
        row["alpha_set"] = run.objective.alpha
    for encoder in ENCODERS if study.has_tokens(arm) else ():
        measured = _main_tokenizer(study, results, name, encoder)
        row[f"{encoder}_bytes_per_token"] = measured["bytes_per_token"]
        row["vocab_size"] = measured["vocab_size"]
        if baseline is not None and same_size(measured["vocab_size"], baseline["vocab_size"]):
            row[f"{encoder}_ratio_to_bpe"] = measured["bytes_per_token"] / baseline["bytes_per_token"]
        if encoder == "neural":
            row |= {key: measured[key] for key in ("fallback_rate", "exact_token_accuracy")}
    return row


def _mean_length(history: pd.DataFrame) -> float | None:
    """Mean length in bytes of the pre-tokens that a network is measured on: soft gates per pre-token ÷ soft gates per byte."""
    measured = history[history["gate_mean"] > LEAST_GATE]
    return None if measured.empty else float(measured["soft_rate"].iloc[-1] / measured["gate_mean"].iloc[-1])


def _last_measurement(history: pd.DataFrame, length: float | None) -> dict[str, Any]:
    """The last row of a training history; `length` (bytes per pre-token) turns its hard rate into a share of positions."""
    last = history.iloc[-1]
    ends = [last[column] for column in ("gates_nearly_closed", "gates_nearly_open")]
    return {
        "codes_used": float(last["codes_used"]),
        "hard_rate": float(last["hard_rate"]),
        "gate_share": None if length is None else float(last["hard_rate"]) / length,
        "reconstruction": float(last["reconstruction"]),
        "exact_tokens_valid": float(last["exact_token_accuracy"]),
        "gate_state": None if any(map(pd.isna, ends)) else gate_state(*ends),  # older histories do not have them
    }


def _main_tokenizer(study: Study, results: Path, name: str, encoder: str) -> pd.Series[Any]:
    """The one row of a family's main tokenizer with this encoder on the test split."""
    path = layout.compression_path(results, name)
    frame = read_columns(path, COLUMNS["compression"])
    chosen = layout.variant(study, layout.split_family(name)[0])
    rows = frame[(frame["variant"] == chosen) & (frame["encoder"] == encoder) & (frame["split"] == "test")]
    if len(rows) != 1:
        raise UserError(f"{path} has {len(rows)} rows for {chosen} on the test split, not 1: delete it and run again.")
    return rows.iloc[0]
