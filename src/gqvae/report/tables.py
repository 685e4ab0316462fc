"""Tables of results for the documentation, computed from the studies in results/published/."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from gqvae.errors import UserError
from gqvae.figures.amounts import written_range
from gqvae.report.beside import beside
from gqvae.report.effects import effects
from gqvae.report.gates import cuts, gates
from gqvae.report.markdown import between, markdown_table, number, percent_between, share
from gqvae.report.power import power
from gqvae.report.texts import texts
from gqvae.study.across import FinishedStudy
from gqvae.study.amounts import amounts_read
from gqvae.study.serving import serving_table
from gqvae.study.sizes import same_size
from gqvae.study.tables import read_table
from gqvae.units import format_bytes, format_count

CANDIDATES = {
    "pathpiece": "spans between gates that open at random",
    "pathpiece_fewer": "the same, as many as our networks have codes",
    "pathpiece_substrings": "half frequent pre-tokens, half substrings",
    "pathpiece_bpe": "the strings of BPE at V = 8,192",
    "dictionary_pruned": "8-byte chunks",
    "dictionary": "8-byte chunks, not pruned",
}
NETWORKS = (
    ("gqvae", "distilled", "GQ-VAE, fewest tokens"),
    ("gqvae", "neural", "GQ-VAE, split at its gates"),
    ("fixed_8", "distilled", "fixed length (8 bytes), fewest tokens"),
    ("gqvae_paper", "neural", "the paper's objective, split at its gates"),
)


def steps(studies: Sequence[FinishedStudy]) -> str:
    """Optimiser steps of the language models, by amount of training text: fewest to most over arms and seeds."""
    rows = []
    for study in studies:
        runs = read_table(study.tables, "learnability")
        for amount in sorted(set(runs["train_bytes"])):
            own = runs[runs["train_bytes"] == amount]
            rates = ", ".join(f"{rate:g}" for rate in sorted(set(own["learning_rate"])))
            taken = written_range(own["steps"].min(), own["steps"].max())
            read = format_bytes(int(amounts_read(own).iloc[0]))
            rows.append([f"`{study.name}`, {read}", taken, rates])
    return markdown_table(["study, training text", "optimiser steps", "learning rates chosen"], rows)


def claims(studies: Sequence[FinishedStudy]) -> str:
    """Every claim in every study: effect, interval, verdict and sign."""
    columns = (
        "claim",
        "text",
        "first",
        "second",
        "first_vocab_size",
        "second_vocab_size",
        "effect",
        "low",
        "high",
        "p_holm",
        "verdict",
        "sign",
        "ahead",
        "seeds",
    )
    found = {study.name: study.table("claims", columns).set_index("claim") for study in studies}
    rows = []
    for name in sorted({claim for table in found.values() for claim in table.index}):
        texts = [table.loc[name] for table in found.values() if name in table.index]
        # `fixed*` may be another arm in each study.
        opponents = " or ".join(dict.fromkeys(f"`{text['second']}`" for text in texts))
        head = f"{name}: {texts[0]['text']} (`{texts[0]['first']}` against {opponents})"
        rows.append([head, *(_claim(table.loc[name]) if name in table.index else "–" for table in found.values())])
    return markdown_table(["claim", *(f"`{study.name}`" for study in studies)], rows)


def _claim(row: Any) -> str:
    corrected = "" if pd.isna(row["p_holm"]) else f", p = {number(row['p_holm'])}"
    effect = percent_between(row["effect"], row["low"], row["high"])
    sizes = float(row["first_vocab_size"]), float(row["second_vocab_size"])
    reached = "" if same_size(*sizes) else f"; V = {sizes[0]:,.0f} : {sizes[1]:,.0f}"
    return f"{effect}; **{row['verdict']}**; {row['sign']}, ahead in {row['ahead']} of {row['seeds']}{corrected}{reached}"


def candidates(studies: Sequence[FinishedStudy]) -> str:
    """Bytes per token ÷ those of BPE at every vocabulary size that was reached: pruned candidates and networks of one study."""
    (study,) = studies
    table = read_table(study.tables, "compression").query("split == 'test'")
    bpe = table[table["arm"] == "bpe"].set_index("vocab_size_requested")["bytes_per_token"]
    sizes = sorted(bpe.index)
    rows = [["BPE, bytes per token", *(number(bpe[size]) for size in sizes)]]
    for arm, words in CANDIDATES.items():
        values = table[table["arm"] == arm].set_index("vocab_size_requested")["bytes_per_token"]
        if not values.empty:
            rows.append([f"{words} (`{arm}`)", *(number(values[size] / bpe[size]) for size in sizes)])
    for arm, encoder, words in NETWORKS:
        own = table[(table["arm"] == arm) & (table["encoder"] == encoder)]
        if not own.empty:
            asked = [own[own["vocab_size_requested"] == size] for size in sizes]
            name = f"{words}, {len(asked[0])} networks [lowest, highest]"
            rows.append([name, *(_ratios(rates, bpe[size]) for size, rates in zip(sizes, asked, strict=True))])
    return markdown_table(["÷ BPE", *(f"V = {size:,}" for size in sizes)], rows)


def _ratios(networks: pd.DataFrame, bpe: float) -> str:
    """Mean and range over the networks whose vocabulary reached the size that was asked for."""
    full = [same_size(*pair) for pair in zip(networks["vocab_size"], networks["vocab_size_requested"], strict=True)]
    reached = networks["bytes_per_token"][full] / bpe
    few = f" ({len(reached)} of them)" if len(reached) < len(networks) else ""
    return f"{number(reached.mean())} {between(reached.min(), reached.max())}{few}" if len(reached) else "–"


def by_command(folder: Path) -> str:
    """Results of `gqvae tokenizer train`: bytes per token on held-out stories, with the ratio to BPE, and processor time."""
    table = pd.read_csv(folder / "trained.csv", keep_default_na=False)
    rows = []
    for (method, encoder), own in table.groupby(["method", "encoder"], sort=False):
        sizes = own.astype({"ratio_to_bpe": float, "bytes_per_token": float}).groupby("vocab_size")
        name = f"`--method {method}`" + (f", {encoder} encoder" if encoder else "")
        taken = own["processor_seconds"].replace("", None).dropna().astype(float)
        means = (found[["bytes_per_token", "ratio_to_bpe"]].mean() for _, found in sizes)
        cells = [f"{number(rate)} ({number(ratio)})" for rate, ratio in means]
        rows.append([name, *cells, f"{taken.mean():,.0f} s" if len(taken) else "–"])
    header = (f"V = {size:,}" for size in sorted(set(table["vocab_size"])))
    return markdown_table(["", *header, "processor time, all sizes"], rows)


def serving(studies: Sequence[FinishedStudy]) -> str:
    """Test bits per byte and, in brackets, FLOPs of inference per byte: a row for each arm, a column for each study and size."""
    header, columns = ["arm"], []
    for study in studies:
        table = serving_table(read_table(study.tables, "learnability"), read_table(study.tables, "model_sizes"))
        for _, own in table.groupby("size", sort=False):
            parameters, amount = float(own["parameters_non_embedding"].iloc[0]), float(own["train_bytes"].iloc[0])
            header.append(f"V = {study.vocab_size:,}; {format_count(parameters)} parameters, {format_bytes(amount)}")
            means: Any = own.groupby("arm", sort=False)[["test_bpb", "flops_per_byte"]].mean().itertuples()
            columns.append({mean.Index: f"{number(mean.test_bpb)} ({format_count(mean.flops_per_byte)})" for mean in means})
    arms = dict.fromkeys(arm for column in columns for arm in column)
    return markdown_table(header, [[f"`{arm}`", *(column.get(arm, "–") for column in columns)] for arm in arms])


def arms(studies: Sequence[FinishedStudy]) -> str:
    """Arms with language models: vocabulary, test bytes per token, whether text comes back, and test bits per byte of every seed."""
    rows = []
    for study in studies:
        runs, text = (read_table(study.tables, name) for name in ("learnability", "compression"))
        runs = runs[runs["train_bytes"] == runs["train_bytes"].max()]
        text = text[text["used_downstream"] & (text["split"] == "test")]
        changed = read_table(study.tables, "distribution").groupby("arm")["documents_changed"].mean()
        for arm, own in runs.groupby("arm", sort=False):
            sizes = [f"{size:,}" for size in sorted(set(own["vocab_size"]))]
            rate = text[(text["arm"] == arm) & text["vocab_size"].isin(own["vocab_size"])]["bytes_per_token"].mean()
            bits = (number(value) for value in own.sort_values("seed")["test_bpb"])
            rows.append([f"`{arm}`", " / ".join(sizes), number(rate), share(1 - changed[str(arm)]), " / ".join(bits)])
    return markdown_table(["arm", "V", "bytes per token", "documents that come back", "bits per byte, by seed"], rows)


STUDIES = {
    table.__name__: table for table in (effects, beside, steps, claims, power, candidates, texts, serving, gates, cuts, arms)
}


def block(name: str, folders: Sequence[str], published: Path) -> str:
    """The block `name` of a page, for some published folders.

    Raises:
        UserError: there is no such block, or a folder is missing or incomplete.
    """
    if name == "by-command":
        (folder,) = folders
        return by_command(published / folder)
    if name not in STUDIES:
        raise UserError(f"There is no block of results {name!r}: name one of {', '.join([*STUDIES, 'by-command'])}.")
    return STUDIES[name]([FinishedStudy.read(published / folder) for folder in folders])
