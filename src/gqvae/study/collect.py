"""`gqvae collect`: the results of every run of a study, gathered into tidy tables.

Tables are written only if every file of the study exists: a mean over fewer seeds would look like any other mean.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gqvae.config import BorrowedArm, Study
from gqvae.errors import UserError
from gqvae.files import read_json
from gqvae.measures.milestones import milestone_means_table, milestones_table
from gqvae.measures.power_laws import power_laws_table
from gqvae.study import layout, runs
from gqvae.study.claims import claims_table
from gqvae.study.columns import COLUMNS, CURVE, HISTORY, OF_MAIN_RUNS, RANKS, RESULT, SAMPLES, SPEED, TABLES, TOKEN_MEASURES
from gqvae.study.expected import collected_files
from gqvae.study.results import differences_table, main_rows, results_table
from gqvae.study.serving import serving_table
from gqvae.study.tables import read_columns, write_table

SHOWN_MISSING = 12
MATCHED = ("vocab_size", "target_bytes_per_token", "bytes_per_token", "relative_difference")  # keys of matching.json
SPLITS = ("train", "valid", "test")

logger = logging.getLogger("gqvae")


def require_all(study: Study, results: Path, files: list[Path]) -> None:
    """Raise a `UserError` that names the missing files, unless all of these exist."""
    missing = [path.as_posix() for path in files if not (results / path).is_file()]
    if missing:
        rest = f" and {len(missing) - SHOWN_MISSING} more" if len(missing) > SHOWN_MISSING else ""
        shown = ", ".join(missing[:SHOWN_MISSING])
        raise UserError(f"{results} lacks {shown}{rest}, which the study {study.study!r} needs: run snakemake to make the rest.")


def collect(study: Study, results: Path, out: Path) -> None:
    """Write all tables of the study (columns: `gqvae.study.columns`) from `results` to `out`, and `claims.csv` to its parent."""
    require_all(study, results, collected_files(study))
    tables = {
        "compression": _compression(study, results),
        "convergence": _convergence(study, results),
        "learnability": _final_values(study, results, runs.runs_of_size(study, study.language_model.name), "learnability"),
        "model_sizes": _model_sizes(study, results),
        "training": _training(study, results),
        "tuning": _tuning(study, results),
        **{name: _of_main_runs(study, results, name) for name in OF_MAIN_RUNS},
        "samples": _samples(study, results),
    }
    tables["rank_frequency"], tables["distribution"] = _token_statistics(study, results)
    tables["matching"] = _matching(study, results, tables["compression"])
    tables["differences"] = differences_table(study, tables["learnability"])
    tables["power_laws"] = power_laws_table(layout.arm_names(study), tables)
    speed = read_columns(layout.speed_path(results), SPEED) if runs.timed_tokenizers(study) else None
    tables["serving"] = serving_table(tables["learnability"], tables["model_sizes"], speed)
    tables["milestones"] = milestones_table(tables["convergence"])
    tables["milestone_means"] = milestone_means_table(tables["milestones"], layout.REFERENCE)
    tables["results"] = results_table(study, tables)
    tables["claims"] = claims_table(study, tables, str(read_json(results / "corpus" / "corpus.json")["label"]))
    for name in TABLES:
        write_table(tables[name], out, name)
        logger.info("%s: %d rows", layout.table_path(out.parent, name), len(tables[name]))


def _stack(frames: list[pd.DataFrame], name: str) -> pd.DataFrame:
    """Concatenate the frames; without any, return an empty table of the right columns."""
    filled = [frame for frame in frames if not frame.empty]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=list(COLUMNS[name]))


def _with_run(frame: pd.DataFrame, **columns: Any) -> pd.DataFrame:
    """Insert constant columns in front of the others."""
    for place, (column, value) in enumerate(columns.items()):
        constant = pd.Series([value] * len(frame), index=frame.index, dtype="Int64" if column == "seed" else None)
        frame.insert(place, column, constant)
    return frame


def _compression(study: Study, results: Path) -> pd.DataFrame:
    """All measurements; `used_downstream` marks the one variant and encoder of a family that the language models read."""
    frames = []
    for name in layout.families(study):
        arm, seed = layout.split_family(name)
        path = layout.compression_path(results, name)
        frame = read_columns(path, COLUMNS["compression"])
        asked = layout.variants(study, arm)
        frame = frame[frame["variant"].isin(asked)].copy()
        if isinstance(study.arms[arm], BorrowedArm):  # the other encoder belongs to another arm or to none
            frame = frame[frame["encoder"] == study.arms[arm].downstream_encoder].copy()
        frame["arm"], frame["seed"] = arm, pd.Series([seed] * len(frame), index=frame.index, dtype="Int64")
        read = frame["encoder"] == study.arms[arm].downstream_encoder
        frame["used_downstream"] = read & (frame["variant"] == layout.variant(study, arm))
        for variant, split in product(asked, ("valid", "test")):
            rows = int((read & (frame["variant"] == variant) & (frame["split"] == split)).sum())
            if rows != 1:
                raise UserError(f"{path} has {rows} rows for {variant} on the {split} split, not 1: delete it and run again.")
        order = {value: place for place, value in enumerate((*asked, "", "neural", "distilled", *SPLITS))}
        frames.append(frame.sort_values(["variant", "encoder", "split"], key=lambda column: column.map(order), kind="stable"))
    return _stack(frames, "compression")


def _main_test(compression: pd.DataFrame, name: str) -> float:
    """Bytes per token on the test split of a family's main tokenizer."""
    (arm, seed), rows = layout.split_family(name), main_rows(compression)
    same_seed = rows["seed"].isna() if seed is None else rows["seed"] == seed
    return float(rows.loc[(rows["arm"] == arm) & same_seed, "bytes_per_token"].iloc[0])


def _matching(study: Study, results: Path, compression: pd.DataFrame) -> pd.DataFrame:
    """Results of the search on the validation split, and residuals on the test split."""
    rows = []
    for name in layout.matched_families(study):
        arm, seed = layout.split_family(name)
        path = layout.matching_path(results, name)
        record = read_json(path)
        target, _ = layout.match_target(study, name)
        ours, theirs = _main_test(compression, name), _main_test(compression, target)
        row = {column: _value(record, column, path) for column in MATCHED}
        row |= {"arm": arm, "seed": seed, "target": layout.split_family(target)[0], "test_target_bytes_per_token": theirs}
        row |= {"test_bytes_per_token": ours, "test_relative_difference": ours / theirs - 1}
        rows.append(row | {"within_tolerance": bool(_value(record, "within_tolerance", path))})
    return pd.DataFrame(rows, columns=list(COLUMNS["matching"])).astype({"seed": "Int64"})


def _value(record: dict[str, Any], key: str, path: Path) -> Any:
    if key not in record:
        raise UserError(f"{path} lacks the key {key!r}: another version wrote it; delete it and run again.")
    return record[key]


def _convergence(study: Study, results: Path) -> pd.DataFrame:
    frames = {}
    for run in runs.main_runs(study):
        path = run.path(results) / "curve.csv"
        frames[path] = _with_run(read_columns(path, CURVE), arm=run.arm, seed=run.seed, train_bytes=run.train_bytes)
    return _stack(_over_repeats(study, frames), "convergence")


def _over_repeats(study: Study, frames: dict[Path, pd.DataFrame], keys: Sequence[str] = ()) -> list[pd.DataFrame]:
    """The means over the repeats of each run, which follow one another.

    Args:
        study: with the number of repeats.
        frames: the rows of each run, by the file that they are from.
        keys: columns that say what a row is about.

    Raises:
        UserError: two repeats have different rows.
    """
    count, files = study.language_model.repeats, list(frames)
    for place, file in enumerate(files):
        first = files[place - place % count]
        rows, others = (frames[path].reset_index(drop=True)[list(keys)] for path in (file, first))
        if not rows.equals(others):
            raise UserError(
                f"{file} and {first} have different rows, though they are of one run: delete the folders of both and run again."
            )
    return [_mean([frames[file] for file in files[place : place + count]]) for place in range(0, len(files), count)]


def _mean(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Rows of equal places, averaged where they differ. Whole numbers are rounded, and words, such as devices, listed."""
    mean = frames[0].copy()
    for column in mean.columns if len(frames) > 1 else ():
        values = [frame[column] for frame in frames]
        if not all(value.equals(values[0]) for value in values) and not pd.api.types.is_numeric_dtype(mean[column]):
            mean[column] = [", ".join(dict.fromkeys(row)) for row in zip(*values, strict=True)]
        elif not all(value.equals(values[0]) for value in values):
            whole = pd.api.types.is_integer_dtype(mean[column])
            average = np.mean([value.to_numpy(float) for value in values], axis=0)
            mean[column] = average.round().astype(np.int64) if whole else average
    return mean


def _final_values(study: Study, results: Path, asked: list[runs.LanguageModelRun], name: str) -> pd.DataFrame:
    """The cost and the losses of each arm, seed, amount and size, one row each."""
    rows = {}
    for run in asked:
        path = run.path(results) / "result.json"
        record = read_json(path)
        row = {column: _value(record, column, path) for column in RESULT}
        arm, seed, train_bytes, size = (row[key] for key in ("arm", "seed", "train_bytes", "size"))
        if (arm, seed, train_bytes, size) != (run.arm, run.model_seed, run.train_bytes, run.size):
            said = f"{arm}, seed {seed}, {train_bytes} bytes, {size}"
            raise UserError(f"{path} says it is {said}: delete its folder and run again.")
        if not all(isinstance(row[key], int | float) and math.isfinite(row[key]) for key in ("valid_bpb", "test_bpb")):
            problem = "has bits per byte that are not finite: the run diverged; lower language_model.learning_rate."
            raise UserError(f"{path} {problem}")
        rows[path] = pd.DataFrame([row | {"seed": run.seed}], columns=list(COLUMNS[name]))
    return _stack(_over_repeats(study, rows), name)


def _model_sizes(study: Study, results: Path) -> pd.DataFrame:
    """Final values for every model size after the most training text; empty if there is only one size."""
    most = max(study.language_model.train_bytes)
    asked = [run for run in runs.language_model_runs(study) if run.train_bytes == most and study.language_model.other_sizes]
    return _final_values(study, results, asked, "model_sizes")


def _of_main_runs(study: Study, results: Path, name: str) -> pd.DataFrame:
    """A table of every run of the main size with the most training text."""
    frames, columns = {}, OF_MAIN_RUNS[name]
    for run in runs.main_runs(study):
        path = run.path(results) / f"{name}.csv"
        frames[path] = _with_run(read_columns(path, columns), arm=run.arm, seed=run.seed)
    keys = [column for column, kind in columns.items() if kind == "text" or column == "document"]
    return _stack(_over_repeats(study, frames, keys), name)


def _samples(study: Study, results: Path) -> pd.DataFrame:
    """What the main model of each arm and seed writes; its repeats have no mean."""
    frames = []
    for run in runs.main_runs(study):
        if not run.repeat:
            written = read_columns(run.path(results) / "samples.csv", SAMPLES)
            frames.append(_with_run(written, arm=run.arm, seed=run.seed))
    return _stack(frames, "samples")


def _tuning(study: Study, results: Path) -> pd.DataFrame:
    rows = []
    for arm in layout.tuned_arms(study):
        path = runs.chosen_rate_path(results, arm)
        chosen = _value(read_json(path), "learning_rate", path)
        for rate, seed in product(study.language_model.learning_rates, runs.tuning_seeds(study)):
            path = runs.tuning_path(results, arm, seed, rate) / "result.json"
            loss = _value(read_json(path), "valid_bpb", path)
            rows.append({"arm": arm, "seed": seed, "learning_rate": rate, "valid_bpb": loss, "chosen": rate == chosen})
    return pd.DataFrame(rows, columns=list(COLUMNS["tuning"]))


def _training(study: Study, results: Path) -> pd.DataFrame:
    frames = []
    for name in layout.learned_families(study):
        arm, seed = layout.split_family(name)
        history = read_columns(layout.network_path(results, name) / "history.csv", HISTORY)
        frames.append(_with_run(history, arm=arm, seed=seed))
    return _stack(frames, "training")


def _token_statistics(study: Study, results: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables `rank_frequency` and `distribution` of the main tokenizers."""
    curves, facts = [], []
    for name, variant in layout.downstream_tokenizers(study):
        arm, seed = layout.split_family(name)
        folder = layout.distribution_path(results, name, variant)
        curve = read_columns(folder / "rank_frequency.csv", RANKS)
        curves.append(_with_run(curve, arm=arm, seed=seed))
        path = folder / "distribution.json"
        record = read_json(path)
        fact = {column: _value(record, column, path) for column in ("vocab_size", "tokens", *TOKEN_MEASURES)}
        facts.append(_with_run(pd.DataFrame([fact]), arm=arm, seed=seed))
    return _stack(curves, "rank_frequency"), _stack(facts, "distribution")
