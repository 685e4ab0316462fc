"""Sections of the summary on language models."""

from __future__ import annotations

from typing import Any

import pandas as pd

from gqvae.report.markdown import between, estimate, markdown_table, number
from gqvae.study.amounts import amounts_read
from gqvae.study.layout import REFERENCE
from gqvae.units import format_count


def language_models(tables: dict[str, pd.DataFrame], seeds: int) -> str:
    """Bits per byte after the most training text, arm by arm."""
    trained, runs = tables["results"][tables["results"]["test_bpb"].notna()], tables["learnability"]
    size = int(trained["train_bytes"].iloc[0])
    runs = runs[runs["train_bytes"] == size]
    read = int(amounts_read(runs).iloc[0])
    asked = "" if read == size else f" ({size:,} were asked for; documents are read whole)"
    steps = runs.groupby("arm")["steps"].agg(["min", "max"])
    rows = [
        [
            f"`{row.arm}`",
            number(row.test_bpb, 4),
            between(row.test_bpb_low, row.test_bpb_high, 4),
            number(row.train_tokens, 0),
            " – ".join(dict.fromkeys(number(value, 0) for value in steps.loc[str(row.arm)])),
            number(row.parameters_embedding, 0),
            number(row.parameters_non_embedding, 0),
        ]
        for row in trained.itertuples()
    ]
    header = ["arm", "test bits per byte", "95 % interval", "training tokens", "optimiser steps"]
    header += ["parameters: embedding", "parameters: other"]
    note = f"Test split, language models trained on {read:,} bytes{asked}, the most in this study, mean of {seeds} seed{'s' if seeds > 1 else ''}."
    return f"{note}\n\n{markdown_table(header, rows)}"


def milestones(means: pd.DataFrame) -> str:
    """How fast the language models learn."""
    levels = sorted(means["level"].unique())
    compared = bool(means["ratio"].notna().any())
    rows = []
    for arm, own in means.groupby("arm", sort=False):
        cells = [f"`{arm}`", number(own["mean_bpb"].iloc[0], 4)]
        found: Any = own.sort_values("level").itertuples()
        for row in found:
            cells.append(estimate(row.bytes, row.low, row.high, 0))
            cells += [estimate(row.ratio, row.ratio_low, row.ratio_high)] if compared else []
        rows.append(cells)
    header = ["arm", "mean over the bytes read"]
    for level in levels:
        header += [f"bytes to {number(level)}", *([f"of `{REFERENCE}`"] if compared else [])]
    note = (
        "How fast they learn: bytes of training text until the validation loss (bits per byte) first reaches a level, mean and 95 % interval"
        f"{f'; next to it, the ratio to the bytes that `{REFERENCE}` needs, paired by seed' if compared else ''}. Levels: the "
        "lowest that every run reaches, 1.1 and 1.25 times that. Tokens, FLOPs and steps: `tables/milestones.csv`."
    )
    return f"{note}\n\n{markdown_table(header, rows)}"


def power_laws(laws: pd.DataFrame) -> str:
    """Gains from more text or a larger model."""
    found: Any = laws.itertuples()
    rows = [
        [row.against, f"`{row.arm}`", number(row.exponent, 4), between(row.low, row.high, 4), number(row.constant, 2)]
        for row in found
    ]
    note = (
        "Power laws: test bits per byte ≈ c · amount^(−b), fitted to each seed, where the amount is bytes of training text or "
        "non-embedding parameters. A larger b means that more text or a larger model helps more."
    )
    return f"{note}\n\n{markdown_table(['amount', 'arm', 'b', '95 % interval', 'c'], rows)}"


def contexts(table: pd.DataFrame) -> str:
    """The same models with other context windows."""
    order = list(dict.fromkeys(table["windows"]))
    means = table.groupby(["arm", "windows"], sort=False)[["mean_context", "bpb"]].mean()
    rows = []
    for arm in dict.fromkeys(table["arm"]):
        cells = [means.loc[(arm, windows)] for windows in order]
        rows.append([f"`{arm}`", *(f"{number(cell['bpb'], 4)} ({number(cell['mean_context'], 0)})" for cell in cells)])
    note = (
        "The same models on part of the validation split with other windows: bits per byte and, in brackets, the mean number of "
        "tokens that a prediction sees. More context helps only if the model uses it. A document alone has no context before it. "
        f"Everything else in this study is measured with windows that {order[0]}."
    )
    return f"{note}\n\n{markdown_table(['arm', *order], rows)}"


def serving(table: pd.DataFrame) -> str:
    """Loss and operations of inference, by size of model and arm."""
    rows = []
    for (size, arm), own in table.groupby(["size", "arm"], sort=False):
        mean = own.mean(numeric_only=True)
        rows.append(
            [
                f"`{arm}`, `{size}`",
                *(number(mean[f"parameters_{part}"], 0) for part in ("embedding", "non_embedding")),
                number(mean["tokens_per_byte"]),
                *(format_count(mean[f"flops_per_{unit}"]) for unit in ("token", "byte")),
                number(mean["test_bpb"], 4),
            ]
        )
    header = ["arm, size of model", "parameters: embedding", "parameters: other", "tokens per byte", "FLOPs per token"]
    header += ["FLOPs per byte", "test bits per byte"]
    note = (
        "Floating-point operations (FLOPs) of inference with the models trained on the most text, means over seeds. Per token: two "
        "for each weight except the embedding's, which is looked up, and attention over half a window. Per byte of test text: times "
        "tokens per byte, ends of documents included. A larger vocabulary makes a token dearer (the output head) and saves tokens."
    )
    return f"{note}\n\n{markdown_table(header, rows)}"


def speed(table: pd.DataFrame) -> str:
    """How fast the tokenizers of the language models encode, arm by arm."""
    means = table.groupby("arm", sort=False)[["encode_mb_per_s", "encode_ratio_to_bpe"]].mean()
    rows = [
        [f"`{arm}`", number(own["encode_mb_per_s"], 1), number(own["encode_ratio_to_bpe"], 2)] for arm, own in means.iterrows()
    ]
    note = (
        "MB of text that the tokenizer of an arm encodes in a second of one core's time, at the beginning of the test split, with "
        "nothing remembered of earlier text. All tokenizers were timed in turns, in one process; medians over turns, means over seeds. "
        "MB per second depend on the machine and on what else it did; the ratio to BPE of the same size depends on them less."
    )
    return f"{note}\n\n{markdown_table(['arm', 'MB per second', 'ratio to `bpe`'], rows)}"


def samples(table: pd.DataFrame) -> str:
    """What each arm's model of the first seed writes after the same words."""
    first = table[table["seed"] == table["seed"].iloc[0]]
    width = max(map(len, ("prompt", *first["arm"])))
    found: Any = first.itertuples()
    shared = first["prompt"].iloc[0]
    lines = [f"{'prompt':{width}}  {shared}"]
    for row in found:
        other = "" if row.prompt == shared else f"[{row.prompt}]"
        lines.append(f"{row.arm:{width}}  {other}…{row.text}{' (end of document)' if row.ended else '…'}")
    note = (
        f"The models trained on the most text (seed {first['seed'].iloc[0]}) continue the beginning of the first test document. Tokens "
        "are drawn at a low temperature, with the same random numbers for every arm. The text is cut at the end of the document or "
        "after a length in bytes that all arms share. Arms whose tokens do not end where the prompt does have another, in brackets. One draw tells little; other seeds: `tables/samples.csv`."
    )
    return "\n".join((note, "", "```text", *lines, "```"))


def differences(table: pd.DataFrame) -> str:
    """Every GQ-VAE arm against the others."""
    rows = [
        [
            f"`{row.first}` − `{row.second}`",
            f"{row.train_bytes:,}",
            number(row.difference, 4, sign=True),
            between(row.low, row.high, 4, sign=True),
            reading(row.difference, row.low, row.high),
        ]
        for row in table.itertuples()
    ]
    note = "Test bits per byte, paired by seed. Negative: the first arm is better, provided that the interval excludes zero."
    return f"{note}\n\n{markdown_table(['difference', 'training bytes', 'mean', '95 % interval', 'reading'], rows)}"


def reading(difference: Any, low: Any, high: Any) -> str:
    """A paired difference in words, which claim no more than its interval supports."""
    if pd.isna(low):
        return "one seed: no interval"
    if low <= 0 <= high:
        return "interval includes zero"
    return "first is better" if difference < 0 else "first is worse"
