"""Tables and a figure from the results of `scaling.py`: exponents, distinct pre-tokens, network shapes, estimates for 1 TB.

Exponents. A stage costs a + b·nᵖ, where a is the start of the process and dominates on small corpora. All three are fitted to all
sizes, least squares in logarithms, 0 ≤ a < the cheapest. CPU times repeat to some 5 %, so the range of p covers curves that miss
by no more (root mean square). A stage that never costs a quarter more than its cheapest size is flat and has no exponent, nor has
one with fewer than four sizes. n is in bytes or in distinct pre-tokens.
Distinct pre-tokens (Heaps' law): U = k·nᵝ by least squares in logarithms over the last two octaves of each text.

    python benchmarks/scaling_report.py --tables results/published/scaling --write
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from gqvae.figures.labels import LineEnd, label_line_ends
from gqvae.figures.style import SYNTHETIC_NOTE, new_figure, save_pictures, styled
from gqvae.measures.power_laws import fit
from gqvae.study.tables import write_csv

PUBLISHED = Path(__file__).resolve().parents[1] / "results" / "published" / "scaling"
GROWN = 1.25  # times the cheapest size; a stage below is flat
FEWEST_SIZES = 4
NOISE = 0.05  # relative, root mean square
OCTAVES = 4.0  # an exponent is fitted to the points above 1/OCTAVES of the text
POWERS = np.round(np.arange(0.02, 2.5, 0.01), 2)
STARTS = np.linspace(0, 0.99, 100)  # a, as a share of the cheapest cost
LOOKS = {
    "prepare": ("#000000", "s", "write and split"), "count": ("#0072B2", "o", "count pre-tokens"), "bpe": ("#56B4E9", "D", "BPE"),
    "train": ("#009E73", "^", "60 training steps"), "codes": ("#CC79A7", "v", "drop codes"), "distill": ("#D55E00", "P", "distil"),
    "measure": ("#8A6D00", "X", "measure"), "encode": ("#882255", "<", "encode"),
}  # fmt: skip
NAMES = {
    "synthetic": "synthetic stories", "python_stdlib": "Python library", "tinystories_train": "TinyStories",
    "wikitext2_valid_test": "WikiText-2", "tinyshakespeare": "Shakespeare",
}  # fmt: skip
TEXT_COLORS = ("#B00020", "#0072B2", "#D55E00", "#009E73", "#332288")


def growth(sizes: np.ndarray, costs: np.ndarray) -> tuple[float, float, float]:
    """p of costs ≈ a + b·sizesᵖ, and the lowest and highest p that fit within the noise; NaN where costs are flat or few.

    Args:
        sizes: bytes or pre-tokens.
        costs: of each.
    """
    if len(sizes) < FEWEST_SIZES or costs.max() < GROWN * costs.min():
        return (np.nan,) * 3
    start = (STARTS * costs.min())[:, None, None]  # (A, 1, 1)
    raised = (sizes / sizes[0]) ** POWERS[:, None]  # (P, sizes)
    factor = np.exp((np.log(costs - start) - np.log(raised)).mean(2, keepdims=True))  # (A, P, 1)
    misfit = np.sqrt((np.log((start + factor * raised) / costs) ** 2).mean(2)).min(0)  # (P,)
    within = POWERS[misfit <= max(NOISE, misfit.min())]
    return float(POWERS[misfit.argmin()]), float(within.min()), float(within.max())


def exponents(scaling: pd.DataFrame) -> pd.DataFrame:
    """A row for each source and stage: exponents of CPU time and memory, costs of the smallest and largest corpus, and slopes."""
    rows = []
    for (source, stage), own in scaling.groupby(["source", "stage"], sort=False):
        own = own.sort_values("megabytes")
        first, last = own.iloc[0], own.iloc[-1]
        text, distinct = own["train_bytes"].to_numpy(float), own["distinct"].to_numpy(float)
        seconds, memory = own["cpu_seconds"].to_numpy(), own["peak_mb"].to_numpy()
        row = {
            "source": source, "stage": stage, "sizes": len(own), "smallest_mb": first["megabytes"], "largest_mb": last["megabytes"],
            "cpu_seconds_smallest": seconds[0], "cpu_seconds_largest": seconds[-1],
        }  # fmt: skip
        for name, sizes in (("bytes", text), ("distinct", distinct)):
            names = [f"exponent_in_{name}", f"exponent_in_{name}_low", f"exponent_in_{name}_high"]
            row |= dict(zip(names, growth(sizes, seconds), strict=True))
        more_mb, more_distinct = last["megabytes"] - first["megabytes"], last["distinct"] - first["distinct"]
        rows.append(
            row
            | {
                "cpu_seconds_per_mb": (seconds[-1] - seconds[0]) / more_mb,
                "cpu_ms_per_distinct": 1000 * (seconds[-1] - seconds[0]) / more_distinct,
                "peak_mb_smallest": memory[0], "peak_mb_largest": memory[-1],
                "memory_bytes_per_distinct": 1e6 * (memory[-1] - memory[0]) / more_distinct,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def heaps_fits(heaps: pd.DataFrame) -> pd.DataFrame:
    """A row for each text: β and k of its last octaves, extrapolated to 1 TB."""
    rows = []
    for text, own in heaps.groupby("text", sort=False):
        last = own.iloc[-1]
        end = own[own["bytes"] >= last["bytes"] / (1.1 * OCTAVES)]
        falling, constant = fit(end["bytes"].to_numpy(float), end["distinct"].to_numpy(float))
        rows.append(
            {
                "text": text, "bytes": last["bytes"], "distinct": last["distinct"], "once_share": last["once"] / last["distinct"],
                "points": len(end), "exponent": -falling, "constant": constant, "distinct_at_1_tb": constant * 1e12**-falling,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def draw(scaling: pd.DataFrame, fits: pd.DataFrame, heaps: pd.DataFrame, laws: pd.DataFrame, folder: Path) -> None:
    """Two panels of CPU seconds by source and one of distinct pre-tokens, all logarithmic."""
    with styled():
        figure = new_figure(11.6, 3.9)
        figure.subplots_adjust(left=0.05, right=0.86, bottom=0.13, top=0.79, wspace=1.2)
        for number, source in enumerate(scaling["source"].unique()):
            axes = figure.add_subplot(1, 3, number + 1)
            axes.set(xscale="log", yscale="log", xlabel="corpus, MB (10⁶ bytes)", ylim=(0.2, 100))
            axes.set_title(NAMES[source], pad=16 if source == "synthetic" else 6)
            if source == "synthetic":
                axes.text(0, 1.02, SYNTHETIC_NOTE, transform=axes.transAxes, color="#B00020", fontsize=7.5, fontstyle="italic")
            ends = []
            for stage, (color, marker, name) in LOOKS.items():
                own = scaling[(scaling["source"] == source) & (scaling["stage"] == stage)]
                axes.plot(own["megabytes"], own["cpu_seconds"], color=color, marker=marker)
                power = fits[(fits["source"] == source) & (fits["stage"] == stage)]["exponent_in_bytes"].iloc[0]
                few = len(own) < FEWEST_SIZES
                label = name if few else f"{name}, flat" if pd.isna(power) else f"{name}, $n^{{{power:.2f}}}$"
                ends.append(LineEnd(own["megabytes"].iloc[-1], own["cpu_seconds"].iloc[-1], label, color))
            axes.set_xticks(sorted(scaling.loc[scaling["source"] == source, "megabytes"].unique()))
            plain_ticks(axes)
            if number == 0:
                axes.set_ylabel("CPU time of the stage, s (one thread)")
            label_line_ends(axes, ends)
        axes = figure.add_subplot(1, 3, 3)
        axes.set(
            xscale="log",
            yscale="log",
            xlabel="text, MB (10⁶ bytes)",
            ylabel="distinct pre-tokens U",
            title="Distinct pre-tokens: U ∝ nᵝ",
        )
        axes.set_yticks([2_000, 5_000, 10_000, 20_000, 50_000])
        ends = []
        for color, (text, own) in zip(TEXT_COLORS, heaps.groupby("text", sort=False), strict=False):
            axes.plot(own["bytes"] / 1e6, own["distinct"], color=color, marker="o", markersize=3)
            power = laws.loc[laws["text"] == text, "exponent"].iloc[0]
            name = f"{NAMES.get(str(text), str(text))}, β = {power:.2f}"
            ends.append(LineEnd(own["bytes"].iloc[-1] / 1e6, own["distinct"].iloc[-1], name, color))
        plain_ticks(axes)
        label_line_ends(axes, ends)
        left, high = figure.subplotpars.left, 0.97
        figure.text(left, high, "Cost of every stage as the corpus doubles", fontsize=9.5, fontweight="bold", va="top")
        note = "exponents p of a + b·nᵖ, a the start of the process; flat: never a quarter more than the cheapest size; no exponent from fewer than four sizes"
        figure.text(left, high - 0.05, note, fontsize=7.5, color="#444444", va="top")
        save_pictures(figure, folder, "scaling")


def plain_ticks(axes: object) -> None:
    """1, 10, 100 in place of powers of ten."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    for axis in (axes.xaxis, axes.yaxis):  # type: ignore[attr-defined]
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
        axis.set_minor_formatter(NullFormatter())


def main() -> None:
    """Read the tables, print the results, and optionally write them to the same folder."""
    from web_scale import shapes, web_scale

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--tables", type=Path, default=PUBLISHED, help="folder with scaling.csv and heaps.csv (the published one)"
    )
    parser.add_argument("--write", action="store_true", help="write the tables and the figure there")
    arguments = parser.parse_args()
    folder = arguments.tables
    scaling, heaps = (pd.read_csv(folder / name) for name in ("scaling.csv", "heaps.csv"))
    fits, laws = exponents(scaling), heaps_fits(heaps)
    paper = web_scale(fits, laws)
    for name, table in (("exponents", fits), ("heaps_fits", laws), ("shapes", shapes()), ("web_scale", paper)):
        print(f"\n{name}\n{table.to_string(index=False, float_format=lambda value: f'{value:.4g}')}")
        if arguments.write:
            write_csv(table, folder / f"{name}.csv")
    if arguments.write:
        draw(scaling, fits, heaps, laws, folder)


if __name__ == "__main__":
    main()
