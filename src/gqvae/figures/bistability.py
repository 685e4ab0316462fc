"""Figure: open gates against the weight of the paper's gate loss, and against the requested rate of rate-controlled networks.

Open gates are the share of byte positions at which a token ends (hard gates; the last byte of a pre-token always ends one). On
the diagonal of the right panel, it is the requested share. A requested rate is a mean in the training loss, where frequent
pre-tokens have less weight than in the text. For a target compression, a search finds the rate.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gqvae.figures.amounts import set_ticks
from gqvae.figures.labels import text_color
from gqvae.figures.registry import Plot
from gqvae.figures.style import CorpusFacts, arm_style, describe_seeds, new_figure, write_heading
from gqvae.study.tables import read_table

PLOT = Plot(
    title="Requested and reached gate rates",
    section="5. Ablations",
    shows="open gates against the weight of the paper's gate loss, and against the requested rate",
    caption="Left: open gates at the end of training against the weight α of the paper's gate loss; a point per network. Right: "
    "open gates against the requested rate of the rate-controlled objective, and tokens against the requested compression; on "
    "the diagonal, networks reach what was requested.",
    tables=("ablations", "rates"),
    on_demand=True,
)
PAPER_STYLE = "gqvae_paper"  # for every arm of the sweep: they have the same objective
SPREAD = 0.05  # decades between the points of neighbouring seeds, which would overlap


def points(tables: Path) -> pd.DataFrame:
    """One row per network (panel "paper": x = α) or per network and request (panel "rate_controlled": x = requested share).

    `y` is the share of positions with an open hard gate; `floor` is that share with one token per pre-token. In the panel
    "compression", x and y are requested and emitted tokens per byte, fallback included.
    """
    ablations = read_table(tables, "ablations")
    swept = ablations.dropna(subset=["alpha_set", "gate_share"]).sort_values(["alpha_set", "seed"], kind="stable")
    paper = swept[["arm", "seed"]].assign(panel="paper", x=swept["alpha_set"], y=swept["gate_share"], request=float("nan"))
    paper["floor"] = swept["gate_share"] / swept["hard_rate"]
    rates = read_table(tables, "rates")
    controlled = ablations.loc[ablations["objective"] == "rate_controlled", "arm"]
    asked = rates[rates["target_bytes_per_token"].isna() & rates["request"].notna() & rates["arm"].isin(controlled)]
    asked = asked.drop_duplicates(["arm", "seed", "request"])  # the same gates at every vocabulary size
    asked = asked.sort_values(["arm", "seed", "request"], kind="stable")
    floor = asked["gate_mean"] / asked["gate_rate"]  # pre-tokens per byte
    ours = asked[["arm", "seed", "request"]].assign(
        panel="rate_controlled", x=asked["request"] * floor, y=asked["gate_mean"], floor=floor
    )
    wanted = rates[rates["target_bytes_per_token"].notna() & rates["arm"].isin(controlled)]
    wanted = wanted.sort_values(["arm", "seed", "target_bytes_per_token"], kind="stable")
    met = wanted[["arm", "seed", "request"]].assign(
        panel="compression",
        x=1 / wanted["target_bytes_per_token"],
        y=1 / wanted["bytes_per_token"],
        floor=wanted["gate_mean"] / wanted["gate_rate"],
    )
    return pd.concat([paper, ours, met], ignore_index=True)[["panel", "arm", "seed", "request", "x", "y", "floor"]]


def draw(data: pd.DataFrame, corpus: CorpusFacts) -> Figure:
    """Two panels that share the axis of gates."""
    figure = new_figure(7.2, 3.5)
    figure.subplots_adjust(left=0.08, right=0.985, bottom=0.15, wspace=0.08)
    write_heading(figure, "Open gates against the request", corpus, f"validation split · {describe_seeds(data)}")
    figure.subplots_adjust(top=figure.subplotpars.top - 0.16 / figure.get_figheight())  # room for the titles of the panels
    left, right = figure.subplots(1, 2, sharey=True)
    paper, ours, met = (data[data["panel"] == panel] for panel in ("paper", "rate_controlled", "compression"))
    _draw_sweep(left, paper)
    _draw_requests(right, ours)
    _draw_compressions(right, met)
    left.set_ylabel("open gates (share of positions)")
    left.set_ylim(0, 1.08)
    for axes, rows in ((left, paper), (right, ours)):
        _draw_bounds(axes, float((data if rows.empty else rows)["floor"].mean()), named=axes is left)
    return figure


def _draw_sweep(axes: Axes, sweep: pd.DataFrame) -> None:
    style = arm_style(PAPER_STYLE)
    axes.set_title("paper's objective: a point per network", fontsize=8, color=text_color(style.color))
    axes.set_xscale("log")
    axes.set_xlabel("weight α of the gate loss")
    if sweep.empty:
        return
    seeds = sorted(sweep["seed"].unique())
    for place, seed in enumerate(seeds):
        rows, name = sweep[sweep["seed"] == seed], f"paper seed {seed}"
        aside = 10 ** (SPREAD * (place - (len(seeds) - 1) / 2))
        axes.plot(rows["x"] * aside, rows["y"], style.marker, color=style.color, markersize=5, alpha=0.85, label=name)
    weights = sorted(sweep["x"].unique())
    set_ticks(axes, weights, "{:g}".format)
    axes.set_xlim(weights[0] / 1.6, weights[-1] * 1.6)


def _draw_requests(axes: Axes, requests: pd.DataFrame) -> None:
    arms = list(dict.fromkeys(requests["arm"]))
    style = arm_style(arms[0] if len(arms) == 1 else "gqvae")
    axes.set_title("rate-controlled objective: a line per network", fontsize=8, color=text_color(style.color))
    axes.set_xlabel("requested (share of positions)")
    for (arm, seed), rows in requests.groupby(["arm", "seed"], sort=False):
        style, name = arm_style(str(arm)), f"{arm} seed {seed}"
        axes.plot(
            rows["x"], rows["y"], marker=style.marker, linewidth=0.9, color=style.color, markersize=4, alpha=0.85, label=name
        )
    axes.set_xlim(0, max(1.0, 1.04 * float(requests["x"].max())) if len(requests) else 1.0)
    axes.plot([0, 1], [0, 1], color="#999999", linewidth=0.9, zorder=1, label="as requested")
    axes.annotate("as requested", (0.72, 0.72), (4, -9), textcoords="offset points", fontsize=7.5, color="#666666")


def _draw_compressions(axes: Axes, met: pd.DataFrame) -> None:
    """Tokens emitted for a target compression, whose rate is searched on the training text."""
    look: dict[str, Any] = {"color": "#000000", "marker": "D", "markerfacecolor": "white", "markersize": 4, "linestyle": ""}
    for arm, rows in met.groupby("arm", sort=False):
        axes.plot(rows["x"], rows["y"], markeredgewidth=0.8, label=f"{arm} compressions", **look)
    color, name = arm_style("gqvae").color, "gates, at a requested rate"
    gates = Line2D([], [], color=color, marker="o", markersize=4, linewidth=0.9, label=name)
    handles = [gates, Line2D([], [], label="tokens, at a requested compression", **look)]
    axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(0.0, 0.9), fontsize=7)


def _draw_bounds(axes: Axes, floor: float, named: bool) -> None:
    """Dotted lines at the two collapsed states of the gates."""
    for height, text, above in ((floor, "one token per pre-token", False), (1.0, "single bytes", True)):
        axes.axhline(height, color="#444444", linewidth=0.8, linestyle=":", zorder=1)
        if named:
            axes.annotate(
                text, (0.015, height), (0, 2 if above else -3), xycoords=("axes fraction", "data"), textcoords="offset points",
                fontsize=7, color="#444444", va="bottom" if above else "top",
            )  # fmt: skip
