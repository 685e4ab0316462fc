"""Compare finished studies: where their claims hold, and how tokenizers do on text that they were not trained on.

Only a study's provenance (name, corpus, arms) and its tables are read, so published studies can be compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from gqvae.config import LanguageModel
from gqvae.errors import UserError
from gqvae.files import read_json
from gqvae.measures.intervals import t_interval
from gqvae.study.columns import COLUMNS
from gqvae.study.results import main_rows
from gqvae.study.tables import read_columns, read_table

CLAIMS = (
    "study", "corpus", "claim", "text", "measure", "first", "second", "seeds", "first_mean", "second_mean", "effect", "low", "high",
    "p", "p_holm", "margin", "verdict", "sign", "sign_p", "sign_p_holm", "ahead", "steps",
)  # fmt: skip
BY_TEXT = (
    "study", "first", "second", "vocab_size", "size", "parameters_non_embedding", "train_bytes", "series", "seed", "advantage", "low",
    "high", "fewest_steps", "most_steps", "decides",
)  # fmt: skip
AWAY = ("study", "corpus", "origin", "lender", "arm", "place", "measure", "seeds", "mean", "low", "high")


@dataclass(frozen=True)
class FinishedStudy:
    """A study's folder and facts from its provenance."""

    folder: Path
    name: str
    corpus: str
    text: str  # SHA-256 of the training split
    test_text: str  # of the test split
    synthetic: bool
    arms: dict[str, dict[str, Any]]
    vocab_size: int  # of its claims
    decisive_steps: int  # fewer decide nothing; the default if the provenance lacks it
    epochs: float  # passes of language models over their text

    @classmethod
    def read(cls, folder: Path) -> FinishedStudy:
        """Read the provenance.

        Raises:
            UserError: it is missing, or another version wrote it.
        """
        path = Path(folder) / "provenance.json"
        if not path.is_file():
            raise UserError(f"{path} does not exist: finish the study in that folder first.")
        record = read_json(path)
        try:
            corpus = record["corpus"]
            return cls(
                Path(folder),
                str(record["study"]),
                str(corpus["label"]),
                str(corpus["splits"]["train"]["sha256"]),
                str(corpus["splits"]["test"]["sha256"]),
                bool(corpus["synthetic"]),
                dict(record["config"]["arms"]),
                int(record["config"]["vocabulary"]["size"]),
                int(record["config"]["language_model"].get("decisive_steps", LanguageModel().decisive_steps)),
                float(record["config"]["language_model"]["epochs"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            message = f"{path} lacks the study, its corpus, arms, vocabulary or language model: run the study again."
            raise UserError(message) from None

    @property
    def tables(self) -> Path:
        """The folder of its tables."""
        return self.folder / "tables"

    def table(self, name: str, columns: Sequence[str]) -> pd.DataFrame:
        """Some columns of one of its tables, which is in the study's folder or in its `tables/`."""
        path = self.folder / f"{name}.csv"
        kinds = {column: COLUMNS[name][column] for column in columns}
        return read_columns(path if path.is_file() else self.tables / f"{name}.csv", kinds)


def finished_studies(folders: Sequence[Path]) -> list[FinishedStudy]:
    """The studies in these folders, in the given order.

    Raises:
        UserError: one is not finished, or two have the same name.
    """
    studies = [FinishedStudy.read(folder) for folder in folders]
    names = [study.name for study in studies]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UserError(f"--results names the study {twice!r} twice: name each once.")
    return studies


def claims_across(studies: Sequence[FinishedStudy]) -> pd.DataFrame:
    """Columns `CLAIMS`: the claims of all studies, sorted by claim and then by study.

    A measurement of tokenizers that several studies share is listed once.
    """
    frames = []
    for study in studies:
        frame = study.table("claims", CLAIMS[2:])
        frame.insert(0, "study", study.name)
        frame.insert(1, "corpus", study.corpus)
        frames.append(frame)
    found = pd.concat(frames, ignore_index=True).drop_duplicates(["claim", "effect", "low", "high"])
    return found.sort_values("claim", kind="stable", ignore_index=True)


def advantages_by_text(studies: Sequence[FinishedStudy]) -> pd.DataFrame:
    """Columns `BY_TEXT`: 1 − test bits per byte of the first arm ÷ those of the second, by amount of training text.

    The pairs are those of the claims about `test_bpb` and `learnability`, except comparisons of one BPE with another. `series` is
    "seed" (paired by seed) or "mean" (over seeds, with its 95 % t-interval). `vocab_size` is the requested size. The columns of
    steps are over the runs behind a point; it decides if the fewest steps reach the study's `decisive_steps`.
    """
    rows: list[dict[str, Any]] = []
    for study in studies:
        claims = study.table("claims", ("measure", "first", "second"))
        claims = claims[claims["measure"].isin(["test_bpb", "learnability"])]
        runs = read_table(study.tables, "learnability")
        for first, second in dict.fromkeys(zip(claims["first"], claims["second"], strict=True)):
            if study.arms[first]["kind"] != "bpe":
                shared = {"study": study.name, "first": first, "second": second, "vocab_size": study.vocab_size}
                for row in _advantages(runs[runs["arm"] == first], runs[runs["arm"] == second]):
                    rows.append(shared | row | {"decides": row["fewest_steps"] >= study.decisive_steps})
    return pd.DataFrame(rows, columns=list(BY_TEXT)).astype({"seed": "Int64", "decides": bool})


def _advantages(ours: pd.DataFrame, theirs: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Rows of one pair of arms in one study."""
    keys = ["size", "train_bytes"]
    both = ours.merge(theirs[[*keys, "seed", "test_bpb", "steps"]], on=[*keys, "seed"], suffixes=("", "_second"))
    both["advantage"] = 1 - both["test_bpb"] / both["test_bpb_second"]
    both["fewest"], both["most"] = (both[["steps", "steps_second"]].agg(which, axis=1) for which in ("min", "max"))
    for _, rows in both.groupby(keys, sort=False):
        facts = rows.iloc[0]
        shared = {key: facts[key] for key in ("size", "parameters_non_embedding", "train_bytes")}
        for row in rows.itertuples():
            own = {"fewest_steps": row.fewest, "most_steps": row.most}
            yield shared | {"series": "seed", "seed": row.seed, "advantage": row.advantage} | own
        interval = t_interval(rows["advantage"].tolist())
        of_all = {
            "fewest_steps": rows["fewest"].min(),
            "most_steps": rows["most"].max(),
            "low": interval.low,
            "high": interval.high,
        }
        yield shared | {"series": "mean", "seed": pd.NA, "advantage": interval.mean} | of_all


def away_from_home(studies: Sequence[FinishedStudy]) -> pd.DataFrame:
    """Columns `AWAY`: measures of tokenizers borrowed from a study of another text, of native ones, and of the lent ones at home.

    The lending study must be among the studies, since only its provenance identifies its text. `origin` is the lending study and
    `lender` its arm. `place` is "native" (the arm of that name in the borrowing study), "borrowed", or "home" (in the lending
    study). Means and t-intervals are over seeds, on the test split.
    """
    rows: list[dict[str, Any]] = []
    texts = {study.name: study.text for study in studies}
    for study in studies:
        for name, arm in study.arms.items():
            if arm["kind"] != "borrowed" or texts.get(str(arm["study"]), study.text) == study.text:
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
                shared = {
                    "study": study.name,
                    "corpus": study.corpus,
                    "origin": origin,
                    "lender": arm,
                    "arm": arm,
                    "place": "home",
                }
                rows += [shared | row for row in _measures(study, arm)]
    frame = pd.DataFrame(rows, columns=list(AWAY)).astype({"seeds": "Int64"})
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
