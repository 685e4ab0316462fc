"""`gqvae summarize`: the study in words and tables; every number comes from the tables of `gqvae collect`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from gqvae.config import Study
from gqvae.errors import UserError
from gqvae.figures.registry import Plot, plots_of
from gqvae.files import atomic_open, read_json
from gqvae.measures.distribution import ALPHA
from gqvae.measures.edits import EDITS, KINDS, REACH
from gqvae.report import summary_of_models as models
from gqvae.report.markdown import markdown_table, number, share
from gqvae.study import layout
from gqvae.study.columns import TABLES
from gqvae.study.results import main_rows
from gqvae.study.sizes import TOLERANCE, size_in_words
from gqvae.study.tables import read_table

VERDICTS = ("supported", "contradicted", "not supported", "too few steps")  # in the order in which claims are told


def summarize(study: Study, results: Path, out: Path) -> None:
    """Write the summary of a study to `out` as Markdown, in the sections of the report; links are relative to `results`."""
    tables = {name: read_table(results / "tables", name) for name in TABLES}
    corpus = read_json(results / "corpus" / "corpus.json")
    figures = _Figures(plots_of(study))
    parts = [f"# Study `{study.study}`", _corpus(corpus)]
    if len(tables["claims"]):
        table, note = _claims(tables["claims"], study.language_model.decisive_steps)
        parts += ["## Claims", _found(tables["claims"]), *figures.rest("1. Claims"), table, note]
    parts += ["## How to read this", _reading(study), _splits(corpus)]
    parts += ["## Compression", _compression(tables), *figures.named("compression", "segmentations")]
    if layout.external_arms(study):
        parts += ["### External tokenizers", _external(study, tables["distribution"])]
    if len(tables["matching"]):
        parts += ["### Matched compression", _matching(tables["matching"], study.vocabulary.match_tolerance)]
    if len(tables["training"]):
        parts += ["### Training of the networks", *figures.named("training")]
    parts += ["## Distribution of tokens", _distribution(tables["results"]), *figures.rest("2. Tokenizers")]
    parts += ["### Small edits", _edits(tables["results"])]
    if len(tables["learnability"]):
        parts += ["## Language models", *figures.named("tuning"), models.language_models(tables, len(study.seeds))]
        parts += [*figures.named("convergence"), models.milestones(tables["milestone_means"])]
        parts += [*figures.named("learnability", "advantage")]
        parts += [models.power_laws(tables["power_laws"])] if len(tables["power_laws"]) else []
        parts += ["### Cost of use", models.serving(tables["serving"]), *figures.named("serving")]
        parts += figures.rest("3. Language models")
        parts += ["### Speed of encoding", models.speed(tables["serving"])]
        parts += ["### What the models write", models.samples(tables["samples"])]
        parts += ["### Effect of the choice of windows", models.contexts(tables["contexts"])]
    if len(tables["differences"]):
        parts += ["### Paired differences", models.differences(tables["differences"])]
    with atomic_open(out) as stream:
        stream.write("\n\n".join(parts) + "\n")


class _Figures:
    """The figures of a study as Markdown, each once."""

    def __init__(self, plots: dict[str, Plot]) -> None:
        self._left = dict(plots)

    def named(self, *names: str) -> list[str]:
        """The figures of these names that the study has."""
        return [_figure(name, self._left.pop(name)) for name in names if name in self._left]

    def rest(self, section: str) -> list[str]:
        """The figures of a section that have not been shown."""
        return self.named(*(name for name, plot in list(self._left.items()) if plot.section == section))


def _figure(name: str, plot: Plot) -> str:
    """A figure with its caption and a link to its points."""
    return f"![{name}](figures/{name}.png)\n\n*{plot.caption}* ([points](figures/{name}.csv))"


def _corpus(corpus: dict[str, Any]) -> str:
    try:
        label, synthetic = corpus["label"], corpus["synthetic"]
    except KeyError as error:
        raise UserError(f"corpus.json lacks {error}: delete the corpus folder and run again.") from None
    warning = "\n\n**This corpus is synthetic: generated stories, not natural text. Nothing below is about natural language.**"
    return f"Corpus: {label}.{warning if synthetic else ''}"


def _splits(corpus: dict[str, Any]) -> str:
    try:
        rows = [
            [split, f"{facts['documents']:,}", f"{facts['bytes']:,}", f"`{facts['sha256'][:12]}`"]
            for split, facts in ((split, corpus["splits"][split]) for split in ("train", "valid", "test"))
        ]
    except (KeyError, TypeError) as error:
        raise UserError(f"corpus.json lacks {error}: delete the corpus folder and run again.") from None
    return markdown_table(["split", "documents", "bytes", "SHA-256"], rows)


def _reading(study: Study) -> str:
    seeds = f"{len(study.seeds)} seed{'s' if len(study.seeds) > 1 else ''} ({', '.join(map(str, study.seeds))})"
    interval = (
        "With one seed there are no intervals: differences cannot be told from chance."
        if len(study.seeds) == 1
        else "Intervals are 95 % t-intervals over seeds; with so few seeds they are wide, and they are not corrected for the number of "
        'comparisons. "Interval includes zero" means that these runs do not tell the two arms apart, not that the arms are equal.'
    )
    repeats = study.language_model.repeats
    models = "one language model" if repeats == 1 else f"{repeats} language models, whose mean counts,"
    trained, bits = "", ""
    if any(arm.language_model for arm in study.arms.values()):
        trained = f", and {models} per arm and amount of text"
        bits = (
            "**Bits per byte** (lower is better): −log2 of the probability of all tokens, ends of documents included, ÷ UTF-8 bytes of "
            "the raw text, so that vocabularies can be compared. "
        )
    return (
        f"{seeds}. For each seed, every tokenizer that depends on a seed is trained{trained}. **Bytes per token** (higher is better): "
        f"UTF-8 bytes of the raw text ÷ tokens, fallback included. {bits}{interval} All numbers come from the CSV files in `tables/`."
    )


def _found(claims: pd.DataFrame) -> str:
    """How many claims have each verdict, and which."""
    verdicts = []
    for verdict in VERDICTS:
        names = claims.loc[claims["verdict"] == verdict, "claim"].tolist()
        verdicts += [f"**{verdict.capitalize()}:** {', '.join(names)}."] if names else []
    return " ".join(verdicts)


def _claims(claims: pd.DataFrame, decisive_steps: int) -> tuple[str, str]:
    """The table, and the note on it."""
    found: Any = claims.itertuples()
    rows = [
        [
            f"{row.claim}: {row.text}",
            f"{_arm(row, 'first')} against {_arm(row, 'second')}",
            share(row.effect, sign=True),
            *(
                "–" if pd.isna(low) else f"[{share(low, sign=True)}, {share(high, sign=True)}]"
                for low, high in ((row.low, row.high), (row.document_low, row.document_high))
            ),
            f"{100 * row.margin:g} %",
            f"{row.ahead} of {row.seeds}",
            row.verdict,
            row.sign,
        ]
        for row in found
    ]
    note = (
        "Effect: relative advantage of the first arm, paired by seed; pairs ahead: those in which it is better. Two-sided t "
        "tests over pairs, at the 5 % level, give the verdicts. Supported: the effect is above minus the margin; contradicted: "
        "below; not supported: the runs do not decide. Sign: whether the first arm is better or worse, whatever the margin. "
        "Holm's correction over all tests of the study keeps the probability of even one false finding at 5 % or less; the 95 % "
        "intervals are not corrected. Those over documents are bootstrap intervals. Language models trained for fewer than "
        f"{decisive_steps:,} optimiser steps decide nothing: so few steps measure the warm-up. Learnability leaves out such "
        "amounts of text; if none is left, the verdict is “too few steps”. Claims and margins are in the configuration; p "
        "values, steps and the table cells used are in `claims.csv`, also whether a matched arm was interpolated to exactly equal compression. V: sizes that the vocabularies of the two arms reached, where they "
        "differ, whatever the claim says."
    )
    header = ["claim", "arms", "effect", "95 % over seeds", "95 % over documents", "margin", "pairs ahead", "verdict", "sign"]
    return markdown_table(header, rows), note


def _arm(row: Any, place: str) -> str:
    """The first or second arm of a claim, with the size of its vocabulary if the two differ."""
    return f"`{getattr(row, place)}`{size_in_words(row, place)}"


def _compression(tables: dict[str, pd.DataFrame]) -> str:
    rows = []
    for row in tables["results"].itertuples():
        spread = f"{number(row.bytes_per_token_min)} – {number(row.bytes_per_token_max)}"
        seeds = len(main_rows(tables["compression"]).query("arm == @row.arm"))
        values = [number(row.vocab_size, 0), number(row.bytes_per_token), spread if seeds > 1 else "–", number(row.ratio_to_bpe)]
        rows.append(
            [
                f"`{row.arm}`",
                *values,
                share(row.fallback_rate),
                share(row.exact_token_accuracy),
                number(row.cut_entropy),
                str(seeds),
            ]
        )
    header = [
        "arm", "V", "bytes per token", "lowest – highest", "ratio to `bpe`", "fallback rate", "exact tokens", "cut entropy", "tokenizers",
    ]  # fmt: skip
    note = (
        "Test split, tokenizers of the language models, means over seeds. V: the size that the vocabularies reached; a network may find "
        "fewer strings than were requested. Ratio: for arms that reached the size of `bpe` (within "
        f"{share(TOLERANCE, 0)}); without one, compare in the figure below. Fallback rate: share of gate spans that had to be "
        "encoded again from the vocabulary; exact tokens: share of gate spans whose code decodes exactly. Cut "
        "entropy: bits per pre-token of where it is cut, given its length; 0: gates or merges count bytes and ignore the text. All vocabulary sizes and both "
        "encoders: `tables/compression.csv`."
    )
    return f"{note}\n\n{markdown_table(header, rows)}"


def _external(study: Study, distribution: pd.DataFrame) -> str:
    found = distribution.set_index("arm")
    rows = [
        [f"`{arm}`", f"`{Path(own.path).name}`", share(found["documents_changed"][arm]), share(found["bytes_lost"][arm]),
         "yes" if own.language_model else "no"]
        for arm, own in layout.external_arms(study).items()
    ]  # fmt: skip
    note = (
        "These arms read whole documents, and their pre-tokens, if they have any, are their own: their tokens may cross the borders "
        "that no token of the other arms crosses. Changed: documents of all splits that do not come back from their tokens. Lost: "
        "bytes of the text that the tokens lack, at least. Bytes per token count the bytes of the text, lost ones included. An arm "
        "that changes documents has no bits per byte and no language models."
    )
    return f"{note}\n\n{markdown_table(['arm', 'file', 'changed', 'lost', 'language models'], rows)}"


def _matching(matching: pd.DataFrame, tolerance: float) -> str:
    rows = [
        [
            f"`{row.arm}` to `{row.target}`" + ("" if row.seed is pd.NA else f", seed {row.seed}"),
            number(row.vocab_size, 0),
            *(number(row.target_bytes_per_token), number(row.bytes_per_token), share(row.relative_difference, sign=True)),
            *(
                number(row.test_target_bytes_per_token),
                number(row.test_bytes_per_token),
                share(row.test_relative_difference, sign=True),
            ),
            "yes" if row.within_tolerance else "**no**",
        ]
        for row in matching.itertuples()
    ]
    header = [
        "pair", "V found", "valid: target", "valid: matched", "residual", "test: target", "test: matched", "residual", "within",
    ]  # fmt: skip
    note = (
        "The vocabulary size is searched on the validation split; the test split shows how close the pair is on text that the search "
        f"did not see. Within: residual on the validation split at most {share(tolerance)}."
    )
    return f"{note}\n\n{markdown_table(header, rows)}"


def _distribution(results: pd.DataFrame) -> str:
    rows = [
        [
            f"`{row.arm}`",
            number(row.vocab_size, 0),
            number(row.renyi_efficiency),
            share(row.vocabulary_used, 1),
            *(number(value) for value in (row.unigram_entropy, row.bigram_entropy, row.unigram_bpb, row.bigram_bpb)),
        ]
        for row in results.itertuples()
    ]
    note = (
        f"Training split, means over seeds. Rényi efficiency (α = {ALPHA}): 1 would be a uniform use of the vocabulary. H: entropy of a "
        "token, and of a token given the one before it; held out: cost of smoothed unigram and bigram models on the test split. "
        "All four are in bits per byte; lower means more predictable. No network is involved."
    )
    header = [
        "arm", "V", "Rényi efficiency", "vocabulary used", "H(X)", "H(X given previous)", "held out: unigram", "held out: bigram",
    ]  # fmt: skip
    return f"{note}\n\n{markdown_table(header, rows)}"


def _edits(results: pd.DataFrame) -> str:
    rows = [
        [
            f"`{row['arm']}`",
            *(share(row[f"changed_by_{kind}"], 1) for kind in KINDS),
            *(number(row[f"resized_by_{kind}"], 2) for kind in KINDS),
        ]
        for _, row in results.iterrows()
    ]
    note = (
        f"What a small edit changes, mean over {EDITS:,} passages of the test split for each kind and over seeds. A passage reaches {REACH} "
        "characters to either side of the edit, whole words. Case: one letter has the other case. Blank: one is added within a word, or "
        "removed between two. Typo: two letters are swapped, or one is replaced. Changed: edit distance between the tokens before and "
        "after, as a share of the longer sequence. Resized: by how many tokens their numbers differ. Lower is more robust."
    )
    header = ["arm", *(f"changed: {kind}" for kind in KINDS), *(f"resized: {kind}" for kind in KINDS)]
    return f"{note}\n\n{markdown_table(header, rows)}"
