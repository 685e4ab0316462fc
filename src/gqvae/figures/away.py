"""Figure: tokenizers on text that they were not trained on, next to ones trained on it: compression, fallback, bits per byte."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from gqvae.figures.labels import text_color
from gqvae.figures.style import CorpusFacts, arm_style, new_figure, write_heading
from gqvae.measures.intervals import t_interval
from gqvae.study.across import FinishedStudy
from gqvae.study.results import main_rows
from gqvae.study.tables import read_table

COLUMNS = ("study", "corpus", "origin", "lender", "arm", "place", "measure", "seeds", "mean", "low", "high")
PANELS = {
    "bytes_per_token": "compression (bytes per token)\n→ better",
    "fallback_rate": "fallback (share of gated spans)\n← better",
    "test_bpb": "test loss (bits per byte)\n← better",
}
ROW = 0.34  # inches per kind of tokenizer
APART = {"native": -0.14, "borrowed": 0.14, "home": 0.0}  # rows between a tokenizer and the middle of its row
GAP = 0.6  # rows between texts


def points(studies: Sequence[FinishedStudy]) -> pd.DataFrame:
    """Columns `COLUMNS`: measures of borrowed tokenizers on another text, of those trained on it, and of the lent ones at home.

    The lending study must be among the studies, since only its provenance identifies its text. `origin` is the lending study and
    `lender` its arm. `place` is "native" (the arm of that name in the borrowing study), "borrowed", or "home" (in the lending
    study). Means and t-intervals are over seeds, on the test split.
    """
    rows: list[dict[str, Any]] = []
    texts = {study.name: study.train_sha256 for study in studies}
    for study in studies:
        for name, arm in study.arms.items():
            if arm["kind"] != "borrowed" or texts.get(str(arm["study"]), study.train_sha256) == study.train_sha256:
                continue  # not borrowed, lent by a study of the same text, or by a study that is not given
            shared = {"study": study.name, "corpus": study.corpus, "origin": arm["study"], "lender": arm["arm"]}
            native = study.arms.get(arm["arm"])
            if native is not None and native["kind"] != "borrowed":
                rows += [shared | {"arm": arm["arm"], "place": "native", **row} for row in _measures(study, arm["arm"])]
            rows += [shared | {"arm": name, "place": "borrowed", **row} for row in _measures(study, name)]
    lent = dict.fromkeys((row["origin"], row["lender"]) for row in rows)
    for study in studies:
        for origin, arm in lent:
            if origin == study.name and arm in study.arms:
                shared = {"study": study.name, "corpus": study.corpus, "origin": origin, "lender": arm}
                rows += [shared | {"arm": arm, "place": "home", **row} for row in _measures(study, arm)]
    frame = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"seeds": "Int64"})
    order = {study.name: place for place, study in enumerate(studies)}
    return frame.sort_values("study", key=lambda names: names.map(order), kind="stable", ignore_index=True)


def _measures(study: FinishedStudy, arm: str) -> Iterator[dict[str, Any]]:
    """Measures of one arm: compression and fallback of its downstream tokenizer, bits per byte of its largest models."""
    compression = main_rows(read_table(study.tables, "compression"))
    rows = compression[compression["arm"] == arm]
    runs = read_table(study.tables, "learnability")
    runs = runs[runs["arm"] == arm]
    for column in ("parameters_non_embedding", "train_bytes"):
        runs = runs[runs[column] == runs[column].max()]
    found = {name: rows[name].dropna() for name in ("bytes_per_token", "fallback_rate")} | {"test_bpb": runs["test_bpb"]}
    for measure, values in found.items():
        if len(values):
            interval = t_interval(values.tolist())
            yield {"measure": measure, "seeds": interval.n, "mean": interval.mean, "low": interval.low, "high": interval.high}


def draw(data: pd.DataFrame, corpus: CorpusFacts) -> Figure:
    """A row for each text and kind of tokenizer: filled if it was trained on the text, open if it is borrowed."""
    places = _places(data)
    rows_high = max(places.values()) + 1
    height = ROW * rows_high + 1.4
    figure = new_figure(7.2, height)
    figure.subplots_adjust(left=0.01, right=0.985, bottom=0.62 / height, wspace=0.12)
    origins = ", ".join(dict.fromkeys(data["origin"]))
    note = f"test split, 95 % t-intervals over seeds · filled: trained on this text · open: borrowed from {origins}"
    write_heading(figure, "Tokenizers on text they were not trained on", corpus, note)
    figure.subplots_adjust(left=0.255)  # the heading is aligned with the names of texts
    measured = {measure: label for measure, label in PANELS.items() if measure in set(data["measure"])}
    (panels,) = figure.subplots(1, len(measured), sharey=True, squeeze=False)
    for axes, (measure, label) in zip(panels, measured.items(), strict=True):
        axes.set_ylim(rows_high - 0.4, -0.6)
        axes.set_xlabel(label)
        _draw_panel(axes, data[data["measure"] == measure], places)
    _label_rows(panels[0], places)
    return figure


def _places(data: pd.DataFrame) -> dict[tuple[str, str], float]:
    """The vertical position of each text and lent arm."""
    places: dict[tuple[str, str], float] = {}
    y = 0.0
    for study in dict.fromkeys(data["study"]):
        for lender in dict.fromkeys(data.loc[data["study"] == study, "lender"]):
            places[study, lender] = y
            y += 1
        y += GAP
    return places


def _draw_panel(axes: Axes, rows: pd.DataFrame, places: dict[tuple[str, str], float]) -> None:
    for (study, lender), y in places.items():
        own = rows[(rows["study"] == study) & (rows["lender"] == lender)]
        style = arm_style(lender)
        if own.empty:
            axes.text(
                0.5, y, "has none", transform=axes.get_yaxis_transform(), fontsize=6.5, color="#888888", ha="center", va="center"
            )
            continue
        heights = [y + APART[place] for place in own["place"]]
        axes.plot(own["mean"], heights, color=style.color, linewidth=0.9, alpha=0.5, zorder=2, label=f"{study} {lender}")
        found: Any = own.itertuples()
        for row, height in zip(found, heights, strict=True):
            face = "white" if row.place == "borrowed" else style.color
            if pd.notna(row.low):
                axes.plot([row.low, row.high], [height] * 2, color=style.color, linewidth=1.3, zorder=3)
            axes.plot(row.mean, height, "o", color=style.color, markerfacecolor=face, markersize=4.5, zorder=4)
    axes.margins(x=0.08)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.grid(axis="y", visible=False)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _label_rows(axes: Axes, places: dict[tuple[str, str], float]) -> None:
    """The kind of tokenizer beside its row, the text beside the rows of its tokenizers."""
    axes.set_yticks([])
    place = axes.get_yaxis_transform()
    for study in dict.fromkeys(study for study, _ in places):
        own = {lender: y for (of, lender), y in places.items() if of == study}
        axes.text(
            -0.87, sum(own.values()) / len(own), study, transform=place, fontsize=7, fontweight="bold", ha="left", va="center"
        )
        for lender, y in own.items():
            style = arm_style(lender)
            axes.text(-0.03, y, style.name, transform=place, fontsize=7, color=text_color(style.color), ha="right", va="center")
