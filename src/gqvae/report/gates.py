"""Tables of networks and of arms: where gates ended, whether they look at the text, and what that is worth in bytes per token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from gqvae.measures.gate_states import gate_state
from gqvae.report.markdown import markdown_table, number, share
from gqvae.study.across import FinishedStudy
from gqvae.study.results import main_rows
from gqvae.study.tables import read_table

HEADER = (
    "gates", "tokens per pre-token", "cut entropy, bits", "exact tokens", "codes in use", "V reached", "bytes per token, at gates",
    "fewest tokens",
)  # fmt: skip


def gates(studies: Sequence[FinishedStudy]) -> str:
    """A row for each tokenizer of an arm with a network, by arm and seed; BPE for comparison. Measured on the test split, except
    tokens per pre-token, codes in use and the state of gates, which are the last of the validation split."""
    rows = [row for study in studies for row in _of_study(study)]
    return markdown_table(["network", *HEADER], rows)


def _of_study(study: FinishedStudy) -> list[list[str]]:
    table = read_table(study.tables, "compression")
    table = table[(table["split"] == "test") & (table["variant"] == f"v{study.vocab_size}")]
    rows = []
    histories: Any = read_table(study.tables, "training").groupby(["arm", "seed"], sort=False)
    for (arm, seed), history in histories:
        last = history.iloc[-1]
        tokenizer = table[(table["arm"] == arm) & (table["seed"] == seed)].set_index("encoder")
        rows.append([f"`{arm}`, seed {seed}", _state(last), number(last["hard_rate"], 2), *_cells(tokenizer, last["codes_used"])])
    bpe = table[table["arm"] == "bpe"]
    if len(bpe):
        rows.append(["`bpe`", "–", "–", *_cells(bpe.set_index("encoder"), None)])
    return rows


def _state(last: pd.Series[Any]) -> str:
    ends = last["gates_nearly_closed"], last["gates_nearly_open"]
    return "–" if any(map(pd.isna, ends)) else gate_state(*ends).replace("_", " ")


def _cells(tokenizer: pd.DataFrame, codes_used: float | None) -> list[str]:
    """Cells from the rows of one tokenizer by encoder; a network without quantization has none."""
    one, fewest = (
        next((tokenizer.loc[name] for name in names if name in tokenizer.index), None)
        for names in (("neural", ""), ("distilled",))
    )
    if one is None:
        return ["–"] * (len(HEADER) - 2)
    cells = [
        number(one["cut_entropy"]),
        share(one["exact_token_accuracy"], 0),
        share(codes_used, 0),
        number(one["vocab_size"], 0),
    ]
    return [*cells, number(one["bytes_per_token"]), "–" if fewest is None else number(fewest["bytes_per_token"])]


def cuts(studies: Sequence[FinishedStudy]) -> str:
    """A row for each arm of each study: means over its tokenizers on the test split, and the range of the cut entropy."""
    rows = []
    for study in studies:
        groups: Any = main_rows(read_table(study.tables, "compression")).groupby("arm", sort=False)
        for arm, own in groups:
            entropy, exact = own["cut_entropy"], own["exact_token_accuracy"].mean()
            spread = f" [{number(entropy.min())}, {number(entropy.max())}]" if len(own) > 1 else ""
            rows.append(
                [
                    f"`{arm}`",
                    number(entropy.mean()) + spread,
                    number(own["bytes_per_token"].mean()),
                    share(exact, 0),
                    str(len(own)),
                ]
            )
    return markdown_table(["arm", "cut entropy, bits [lowest, highest]", "bytes per token", "exact tokens", "tokenizers"], rows)
