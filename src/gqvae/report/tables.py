"""Tables of results for the documentation, made from the studies in results/published/: every number in them is looked up or computed here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd

from gqvae.config import LanguageModel
from gqvae.errors import UserError
from gqvae.evaluation.across import FinishedStudy
from gqvae.evaluation.intervals import t_interval
from gqvae.evaluation.markdown import markdown_table, number
from gqvae.evaluation.results import main_rows
from gqvae.evaluation.tables import read_table
from gqvae.figures.style import format_bytes, format_count

SUBJECT = "gqvae"
DECISIVE = LanguageModel().decisive_steps
OPPONENTS = {
    "fixed_8": "fixed-length tokens (8 bytes)",
    "bpe": "BPE, same V",
    "pathpiece": "no network, same V",
    "bpe_matched": "BPE, equal compression",
    "pathpiece_matched": "no network, equal compression",
}
CANDIDATES = {
    "pathpiece": "spans between gates that open at random",
    "pathpiece_substrings": "half frequent pre-tokens, half substrings",
    "pathpiece_bpe": "the strings of BPE at V = 8,192",
    "dictionary_pruned": "8-byte chunks",
    "dictionary": "8-byte chunks, not pruned",
}
NETWORKS = (
    ("gqvae", "distilled", "GQ-VAE, fewest tokens"),
    ("gqvae", "neural", "GQ-VAE, by its gates"),
    ("fixed_8", "distilled", "fixed length (8 bytes), fewest tokens"),
)

Cell: TypeAlias = list[float]  # relative advantages, pair by pair


def effects(studies: Sequence[FinishedStudy]) -> str:
    """By how much GQ-VAE is ahead of each other arm: a column for each study, a row for each measure and arm.

    A sign stands where a claim of the study decides it, after Holm's correction over the claims of that study. Amounts of text with too
    few optimiser steps to decide anything are left out, and so is what an earlier study says of the same tokenizers.
    """
    cells: dict[tuple[str, str], dict[str, Cell]] = {}
    signs: dict[tuple[str, str, str], str] = {}  # by measure, arm and study
    seen: set[tuple[float, ...]] = set()
    for study in studies:
        for arm, pairs in _compression(study).items():
            if tuple(pairs) not in seen:
                seen.add(tuple(pairs))
                cells.setdefault(("bytes per token", arm), {})[study.name] = pairs
        for (amount, arm), pairs in _losses(study).items():
            cells.setdefault((amount, arm), {})[study.name] = pairs
        for row in study.table("claims", ("measure", "first", "second", "sign")).itertuples():
            label = {"bytes_per_token": "bytes per token", "test_bpb": _largest(study)}.get(str(row.measure))
            if label and row.first == SUBJECT:
                signs[label, str(row.second), study.name] = f" {row.sign}"
    runs = pd.concat([read_table(study.tables, "learnability") for study in studies])
    steps = {
        _after(amount): f" ({own['steps'].min():,} to {own['steps'].max():,} steps)"
        for amount, own in runs.groupby("train_bytes")
    }
    places = {label: place for place, label in enumerate(["bytes per token", *steps])}
    rows = []
    for label, arm in sorted(cells, key=lambda row: (places[row[0]], list(OPPONENTS).index(row[1]))):
        found = cells[label, arm]
        shown = [
            _effect(found[study.name]) + signs.get((label, arm, study.name), "") if study.name in found else "–"
            for study in studies
        ]
        rows.append([f"{label}{steps.get(label, '')}: against {OPPONENTS[arm]}", *shown])
    return markdown_table(["GQ-VAE", *(_title(study) for study in studies)], rows)


def _compression(study: FinishedStudy) -> dict[str, Cell]:
    found = main_rows(read_table(study.tables, "compression"))
    ours = found[found["arm"] == SUBJECT].set_index("seed")["bytes_per_token"]
    cells = {}
    for arm in ("fixed_8", "bpe", "pathpiece"):
        theirs = found[found["arm"] == arm]
        if theirs.empty:
            continue
        same = float(theirs["bytes_per_token"].iloc[0]) if theirs["seed"].isna().all() else None
        values = theirs.set_index("seed")["bytes_per_token"].to_dict()
        cells[arm] = [float(value) / (same or float(values[seed])) - 1 for seed, value in ours.items()]
    return cells


def _losses(study: FinishedStudy) -> dict[tuple[str, str], Cell]:
    """By amount of training text and arm."""
    runs = read_table(study.tables, "learnability")
    cells = {}
    for amount, rows in runs[runs["steps"].groupby(runs["train_bytes"]).transform("min") >= DECISIVE].groupby("train_bytes"):
        bpb = rows.pivot(index="seed", columns="arm", values="test_bpb")
        for arm in OPPONENTS:
            if arm in bpb and SUBJECT in bpb:
                cells[_after(amount), arm] = (1 - bpb[SUBJECT] / bpb[arm]).tolist()
    return cells


def _title(study: FinishedStudy) -> str:
    runs = read_table(study.tables, "learnability")
    parameters = f", {format_count(float(runs['parameters_non_embedding'].iloc[0]))}" if len(runs) else ""
    return f"V = {study.vocab_size:,}{parameters} (`{study.name}`)"


def _largest(study: FinishedStudy) -> str:
    runs = read_table(study.tables, "learnability")
    return _after(runs["train_bytes"].max()) if len(runs) else ""


def _after(amount: Any) -> str:
    return f"bits per byte after {format_bytes(float(amount))}"


def _effect(pairs: Cell) -> str:
    interval = t_interval(pairs)
    if interval.low is None or interval.high is None:
        return percent(interval.mean)
    ends = ", ".join(percent(value).removesuffix(" %") for value in (interval.low, interval.high))
    return f"{percent(interval.mean)} [{ends}]"


def steps(studies: Sequence[FinishedStudy]) -> str:
    """Optimiser steps of the language models, by amount of training text: fewest to most over arms and seeds."""
    rows = []
    for study in studies:
        runs = read_table(study.tables, "learnability")
        for amount, own in runs.groupby("train_bytes"):
            low, high = int(own["steps"].min()), int(own["steps"].max())
            rates = ", ".join(f"{rate:g}" for rate in sorted(set(own["learning_rate"])))
            rows.append([f"`{study.name}`, {format_bytes(float(amount))}", f"{low:,} to {high:,}", rates])  # type: ignore[arg-type]
    return markdown_table(["study, training text", "optimiser steps", "learning rates chosen"], rows)


def claims(studies: Sequence[FinishedStudy]) -> str:
    """Every claim in every study: effect, interval, verdict and sign."""
    columns = ("claim", "text", "first", "second", "effect", "low", "high", "p_holm", "verdict", "sign", "ahead", "seeds")
    found = {study.name: study.table("claims", columns).set_index("claim") for study in studies}
    rows = []
    for name in sorted({claim for table in found.values() for claim in table.index}):
        texts = [table.loc[name] for table in found.values() if name in table.index]
        head = f"{name}: {texts[0]['text']} (`{texts[0]['first']}` against `{texts[0]['second']}`)"
        rows.append([head, *(_claim(table.loc[name]) if name in table.index else "–" for table in found.values())])
    return markdown_table(["claim", *(f"`{study.name}`" for study in studies)], rows)


def _claim(row: Any) -> str:
    ends = (
        "" if pd.isna(row["low"]) else f" [{percent(row['low']).removesuffix(' %')}, {percent(row['high']).removesuffix(' %')}]"
    )
    corrected = "" if pd.isna(row["p_holm"]) else f", p = {number(row['p_holm'])}"
    return f"{percent(row['effect'])}{ends}; **{row['verdict']}**; {row['sign']} in {row['ahead']} of {row['seeds']}{corrected}"


def candidates(studies: Sequence[FinishedStudy]) -> str:
    """Bytes per token over those of BPE at every vocabulary size: pruned candidates, and the networks of the other studies.

    Args:
        studies: the study of candidates, then studies on the same text that have networks.
    """
    table, *trained = (_test_rows(study) for study in studies)
    if len({study.text for study in studies}) > 1:
        raise UserError(f"{', '.join(study.name for study in studies)} are not about one text: compare studies that are.")
    bpe = table[table["arm"] == "bpe"].set_index("vocab_size_requested")["bytes_per_token"]
    sizes = sorted(bpe.index)
    rows = [["BPE, bytes per token", *(number(bpe[size]) for size in sizes)]]
    for arm, words in CANDIDATES.items():
        values = table[table["arm"] == arm].set_index("vocab_size_requested")["bytes_per_token"] / bpe
        rows.append([f"{words} (`{arm}`)", *(number(values[size]) for size in sizes)])
    if trained:
        networks = pd.concat(trained)
        for arm, encoder, words in NETWORKS:
            own = networks[(networks["arm"] == arm) & (networks["encoder"] == encoder)]
            ratios = {size: found["bytes_per_token"] / bpe[size] for size, found in own.groupby("vocab_size_requested")}
            spread = [
                f"{number(ratios[size].mean())} [{number(ratios[size].min())}, {number(ratios[size].max())}]" for size in sizes
            ]
            rows.append([f"{words}, {len(ratios[sizes[0]])} networks [lowest, highest]", *spread])
    return markdown_table(["÷ BPE", *(f"V = {size:,}" for size in sizes)], rows)


def _test_rows(study: FinishedStudy) -> pd.DataFrame:
    table = read_table(study.tables, "compression")
    return table[table["split"] == "test"]


def by_command(folder: Path) -> str:
    """What `gqvae tokenizer train` gives: bytes per token over BPE's on held-out stories, and how long it took."""
    table = pd.read_csv(folder / "trained.csv", keep_default_na=False)
    rows = []
    for (method, encoder), own in table.groupby(["method", "encoder"], sort=False):
        means = own.assign(ratio=own["ratio_to_bpe"].astype(float), value=own["bytes_per_token"].astype(float)).groupby(
            "vocab_size"
        )
        name = f"`--method {method}`" + (f", {encoder} encoder" if encoder else "")
        taken = own["processor_seconds"].replace("", None).dropna().astype(float)
        cells = [f"{number(found['value'].mean())} ({number(found['ratio'].mean())})" for _, found in means]
        rows.append([name, *cells, f"{taken.mean():,.0f} s" if len(taken) else "–"])
    sizes = sorted(set(table["vocab_size"]))
    return markdown_table(["", *(f"V = {size:,}" for size in sizes), "processor time, all sizes"], rows)


def percent(value: float) -> str:
    """A share in per cent with its sign: "−1.2 %"."""
    return f"{100 * value:+.1f} %".replace("-", "−")


STUDIES: dict[str, Callable[[Sequence[FinishedStudy]], str]] = {
    "effects": effects,
    "steps": steps,
    "claims": claims,
    "candidates": candidates,
}


def block(name: str, folders: Sequence[str], published: Path) -> str:
    """The block `name` of a page, about some published folders.

    Raises:
        UserError: there is no such block, or a folder is missing or incomplete.
    """
    if name == "by-command":
        (folder,) = folders
        return by_command(published / folder)
    if name not in STUDIES:
        raise UserError(f"There is no block of results {name!r}: name one of {', '.join([*STUDIES, 'by-command'])}.")
    return STUDIES[name]([FinishedStudy.read(published / folder) for folder in folders])
