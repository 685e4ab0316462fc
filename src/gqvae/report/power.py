"""The table of power: how much claims about language models differ over pairs of seeds, and how many pairs would find effects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gqvae.measures.intervals import Interval, pairs_needed, spread_of
from gqvae.report.effects import LANGUAGE_MODELS
from gqvae.report.markdown import markdown_table, share
from gqvae.study.across import FinishedStudy
from gqvae.study.tables import read_table

EFFECTS = (0.01, 0.005)  # that ought to be found
BASE = "bpe"  # its tokenizer is the same for every seed, so its language models differ by their own seed alone
CLAIM = ("claim", "first", "second", "effect", "low", "high", "seeds")


def power(studies: Sequence[FinishedStudy]) -> str:
    """A row for each claim about language models: spread over pairs, spread of BPE over seeds, pairs that find effects of 1 and 0.5 %.

    Spreads are standard deviations; that of BPE is relative to its mean, after the most text. Pairs are for a single test, without
    Holm's correction.
    """
    rows = []
    for study in studies:
        runs = read_table(study.tables, "learnability")
        base = runs[(runs["arm"] == BASE) & (runs["train_bytes"] == runs["train_bytes"].max())]["test_bpb"]
        alone = share(base.std() / base.mean(), 1)
        claims = study.table("claims", CLAIM)
        claims = claims[claims["claim"].str.split("-").str[0].isin(LANGUAGE_MODELS) & (claims["seeds"] > 1)]
        judged: Any = claims.itertuples()
        for row in judged:
            spread = spread_of(Interval(row.effect, row.low, row.high, row.seeds))
            needed = (f"{pairs_needed(spread, effect):,}" for effect in EFFECTS)
            about = f"{row.claim} (`{row.first}` against `{row.second}`), `{study.name}`"
            rows.append([about, str(row.seeds), share(spread, 1), alone, *needed])
    found = (f"pairs that find {100 * effect:g} %" for effect in EFFECTS)
    return markdown_table(["claim", "pairs", "spread over pairs", "spread of BPE over seeds", *found], rows)
