"""Loss of language models against the compression of their tokens, in several studies: a comparison that needs no matched pair.

BPE and PathPiece each have several vocabulary sizes, from their matched arms and from studies of other sizes, and so a curve. A
tokenizer whose point is below a curve is better at equal compression.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from gqvae.measures.intervals import t_interval
from gqvae.study.across import FinishedStudy
from gqvae.study.results import main_rows
from gqvae.study.tables import read_table

COLUMNS = (
    "study", "corpus", "test_text", "arm", "series", "vocab_size", "train_bytes", "size", "parameters_non_embedding", "steps",
    "fewest_steps", "most_steps", "decides", "seeds", "bytes_per_token", "compression_low", "compression_high",
    "test_bpb", "low", "high",
)  # fmt: skip
CURVES = {"bpe": "BPE", "bpe_matched": "BPE", "pathpiece": "PathPiece", "pathpiece_matched": "PathPiece"}  # by arm
PANEL = ["test_text", "size", "train_bytes"]
ALIKE = ["arm", "vocab_size", *PANEL, "bytes_per_token", "test_bpb"]  # points equal in these are duplicates


def frontier_points(studies: Sequence[FinishedStudy]) -> pd.DataFrame:
    """Columns `COLUMNS`: a point for each arm, study, size and amount of text, sorted by panel, curve and compression.

    Bytes per token are those of the downstream tokenizer on the test split. Vocabulary size, steps, bytes per token and test bits
    per byte are means over seeds. The last two have t-intervals, except bytes per token of a tokenizer without seeds. `series` is
    the curve, empty for other arms. A point decides if its run with the fewest steps has the study's `decisive_steps`.

    Panels with fewer than two arms are left out. So are amounts of text at which fewer than two points decide, unless their test
    split and size have no other.
    """
    rows = [row for study in studies for row in _of_study(study)]
    points = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"decides": bool})
    rounded = points[ALIKE].round({"vocab_size": 6, "bytes_per_token": 9, "test_bpb": 9})  # means may differ in the last digit
    points = points[~rounded.duplicated()]
    keep = points.groupby(PANEL)["arm"].transform("nunique") > 1
    decided = points.groupby(PANEL)["decides"].transform("sum") > 1
    keep &= decided | ~decided.groupby([points["test_text"], points["size"]]).transform("any")
    texts = {study.test_text: place for place, study in reversed(list(enumerate(studies)))}
    points = points[keep]
    points = points.assign(place=points["test_text"].map(texts))
    by = ["place", "parameters_non_embedding", "size", "train_bytes", "series", "bytes_per_token"]
    return points.sort_values(by, kind="stable", ignore_index=True)[list(COLUMNS)]


def _of_study(study: FinishedStudy) -> Iterator[dict[str, Any]]:
    compression = main_rows(read_table(study.tables, "compression"))
    runs = read_table(study.tables, "learnability")
    for (arm, size, amount), own in runs.groupby(["arm", "size", "train_bytes"], sort=False):
        interval = t_interval(own["test_bpb"].tolist())
        read = t_interval(compression.loc[compression["arm"] == arm, "bytes_per_token"].tolist())
        yield {
            "study": study.name,
            "corpus": study.corpus,
            "test_text": study.test_text,
            "arm": arm,
            "series": CURVES.get(str(arm), ""),
            "vocab_size": float(own["vocab_size"].mean()),
            "train_bytes": amount,
            "size": size,
            "parameters_non_embedding": own["parameters_non_embedding"].iloc[0],
            "steps": float(own["steps"].mean()),
            "fewest_steps": own["steps"].min(),
            "most_steps": own["steps"].max(),
            "decides": own["steps"].min() >= study.decisive_steps,
            "seeds": interval.n,
            "bytes_per_token": read.mean,
            "compression_low": read.low,
            "compression_high": read.high,
            "test_bpb": interval.mean,
            "low": interval.low,
            "high": interval.high,
        }
