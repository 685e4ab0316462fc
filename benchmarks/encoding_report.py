"""Tables and the figure of the measurements of `encoding.py`."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from measuring import MB, markdown
from peers import KINDS, REFERENCES, title

COLUMNS = (
    "tokenizer", "threads", "text", "repetition", "cache", "bytes", "documents", "tokens", "ids", "load_cpu_s", "load_s", "cold_cpu_s",
    "cold_s", "warm_cpu_s", "warm_s", "decode_cpu_s", "decode_s", "text_mb", "peak_mb", "error",
)  # fmt: skip
STAGES = ("cold", "warm", "decode")
CORPUS = "corpus"


def tables(path: Path) -> str:
    """Markdown: speeds, ratios to each of the references, two threads against one, and loading."""
    table = pd.read_csv(path, dtype={"cache": str, "error": str, "ids": str}, keep_default_na=False, na_values=[""])
    table = table[table["text"] == CORPUS]
    usual = table[table["cache"].isna() & table["error"].isna()]
    one = usual[usual["threads"] == 1]
    names = [name for name in KINDS if name in set(one["tokenizer"])]
    parts = [
        f"Encoding and decoding, one thread: MB per second of CPU time (of the clock), {usual['repetition'].nunique()} repetitions"
    ]
    rows = []
    for name in names:
        own = one[one["tokenizer"] == name]
        speeds = [
            f"{span(own['bytes'] / MB / own[f'{stage}_cpu_s'])} ({(own['bytes'] / MB / own[f'{stage}_s']).median():.3g})"
            for stage in STAGES
        ]
        rows.append([title(name), *speeds])
    parts.append(markdown(["", *STAGES], rows))
    for stage in STAGES:
        parts.append(f"Ratios of CPU time, {stage}: how many times as fast as")
        references = [name for name in REFERENCES if name in names]
        rows = [[title(name), *(span(ratio(one, name, other, f"{stage}_cpu_s")) for other in references)] for name in names]
        parts.append(markdown(["", *(title(name).split(":")[0] for name in references)], rows))
    several = usual[usual["threads"] > 1]
    rows = []
    for name in [name for name in KINDS if name in set(several["tokenizer"])]:
        own = usual[usual["tokenizer"] == name]
        rows.append([title(name), *(span(gain(own, f"{stage}_s")) for stage in STAGES)])
    parts += ["Two threads: how many times as fast as one, by the clock", markdown(["", *STAGES], rows)]
    rows = []
    for name in names:
        own, first = one[one["tokenizer"] == name], table[(table["tokenizer"] == name) & (table["cache"] == "empty")]
        beginning = [f"{first[column].median():.2f}" if len(first) else "–" for column in ("load_s", "cold_s")]
        rows.append(
            [
                title(name),
                span(own["load_s"]),
                span(own["load_cpu_s"]),
                *beginning,
                f"{(own['peak_mb'] - own['text_mb']).median():.0f}",
            ]
        )
    parts.append(
        "Loading, s, with compiled kernels on disk and, once per machine, without; peak memory beyond Python and the text"
    )
    parts.append(markdown(["", "load", "load, CPU", "first: load", "first: cold pass", "memory, MB"], rows))
    for _, row in table[table["error"].notna()].drop_duplicates(["tokenizer"]).iterrows():
        parts.append(f"{title(row['tokenizer'])}: cannot be loaded ({row['error']})")
    same = one[one["tokenizer"].map(lambda name: KINDS[name].ids == "bpe")]["tokenizer"].unique()
    parts.append(f"Ids of one vocabulary were compared by SHA-256 and are equal: {', '.join(same)}.")
    return "\n\n".join(parts)


def span(values: pd.Series) -> str:
    """Median [lowest–highest]."""
    return f"{values.median():.3g} [{values.min():.3g}–{values.max():.3g}]" if len(values) else "–"


def ratio(one: pd.DataFrame, name: str, other: str, column: str) -> pd.Series:
    """Time of `other` over that of `name`, for each repetition."""
    times = one.set_index(["tokenizer", "repetition"])[column]
    return (times[other] / times[name]).dropna()


def gain(own: pd.DataFrame, column: str) -> pd.Series:
    """Time on one thread over time on two, for each repetition."""
    times = own.set_index(["threads", "repetition"])[column]
    return (times[1] / times[2]).dropna()


def draw(path: Path, sizes: list[str]) -> None:
    """Throughput against the size of a document: median and range over repetitions."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    from gqvae.figures.labels import LineEnd, label_line_ends
    from gqvae.figures.style import new_figure, save_pictures, styled

    table = pd.read_csv(path)
    table = table[(table["threads"] == 1) & table["cache"].isna() & table["error"].isna()]
    sizes = [text for text in sizes if text in set(table["text"])]
    places = [table.loc[table["text"] == text, "bytes"].iloc[0] for text in sizes]
    looks = {
        "neural": ("#D55E00", "o", "GQ-VAE, gates"), "network": ("#7A3B00", "X", "GQ-VAE, no memory"),
        "distilled": ("#E69F00", "s", "GQ-VAE, fewest tokens"), "bpe": ("#0072B2", "D", "BPE, ours"),
        "exported_distilled": ("#CC79A7", "^", "GQ-VAE, exported"), "hf_bpe": ("#000000", "v", "BPE, tokenizers 0.23"),
        "hf_bpe_1": ("#666666", "<", "BPE, tokenizers 1.0"), "tiktoken": ("#8A6D00", ">", "BPE, tiktoken"),
        "sp_bpe": ("#009E73", "P", "BPE, sentencepiece"),
    }  # fmt: skip
    panels = {"cold": "first document (cold)", "warm": "the same again (warm)", "decode": "decoding"}
    with styled():
        figure = new_figure(10.5, 3.4)
        figure.subplots_adjust(left=0.06, right=0.86, bottom=0.16, top=0.86, wspace=0.2)
        for number, (stage, heading) in enumerate(panels.items()):
            axes = figure.add_subplot(1, 3, number + 1)
            axes.set(xscale="log", yscale="log", xlabel="bytes of the document", title=heading)
            axes.yaxis.set_major_locator(LogLocator(subs=(1,) if number == 0 else (1, 2, 5)))
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axes.yaxis.set_minor_formatter(NullFormatter())
            ends = []
            for kind, (color, marker, name) in looks.items():
                own = table[table["tokenizer"] == kind]
                speeds = (own["bytes"] / MB / own[f"{stage}_s"]).groupby(own["text"]).agg(["median", "min", "max"]).reindex(sizes)
                axes.fill_between(places, speeds["min"], speeds["max"], color=color, alpha=0.2)
                axes.plot(places, speeds["median"], color=color, marker=marker, markersize=3.5)
                ends.append(LineEnd(places[-1], speeds["median"].iloc[-1], name, color))
            if number == 0:
                axes.set_ylabel("MB/s, one thread ↑ (log)")
            if number == 2:
                label_line_ends(axes, ends)
        save_pictures(figure, path.parent, path.stem)
