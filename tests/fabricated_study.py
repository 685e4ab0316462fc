"""A results folder in the real format with made-up numbers: for tests of what reads results, never for anything that is shown."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gqvae.config import EXTERNAL, RESERVED_IDS, CountedArm, FixedArm, LanguageModel, ModelSize, Study, Vocabulary
from gqvae.files import write_json
from gqvae.measures.contexts import ALONE, HALF, LONG
from gqvae.measures.distribution import rank_frequency
from gqvae.study import layout, runs
from gqvae.study.columns import COLUMNS, HISTORY, RESULT, SPEED, TOKEN_MEASURES
from gqvae.tokenizers.byte_level import to_text

QUALITY = {"bytes": 0.0, "bpe": 0.50, "bpe_matched": 0.47, "fixed": 0.33, "fixed_2": 0.30, "gqvae": 0.49, "gqvae_paper": 0.40}
QUALITY |= {"dictionary_2": 0.2, "dictionary_3": 0.25}
SENTENCE = "Grünkohl “für 3 $” 😀 ate e\u0301lan,\nunhappily, and $5 more."


def fabricated_settings(seeds: tuple[int, ...] = (0, 1, 2), many: bool = False, **changes: Any) -> Study:
    """A small study of five arms, or with `many` of nine."""
    arms: dict[str, Any] = {
        "bytes": {"kind": "bytes"},
        "bpe": {"kind": "bpe"},
        "bpe_matched": {"kind": "bpe", "match": "gqvae"},
        "fixed": {"kind": "fixed"},
        "gqvae": {"kind": "gqvae"},
    }
    if many:
        arms |= {"bpe_weak": {"kind": "bpe"}, "unigram": {"kind": "bpe"}, "fixed_2": {"kind": "fixed", "chunk_bytes": 2}}
        arms |= {"gqvae_paper": {"kind": "gqvae", "objective": {"name": "paper"}}}
    settings = {
        "study": "fabricated",
        "seeds": seeds,
        "arms": arms,
        "vocabulary": Vocabulary(size=1024, grid=(512, 2048, 4096)),
        "language_model": LanguageModel(
            train_bytes=(250_000, 500_000, 1_000_000),
            learning_rates=(1e-3, 3e-3),
            other_sizes=(ModelSize(layers=1, width=32), ModelSize(layers=3, width=96)),
        ),
    }
    return Study.model_validate(settings | changes)


def fabricate(study: Study, results: Path, synthetic: bool = True) -> Path:
    """Write every file that `gqvae collect` reads, `corpus.json`, and the table that has its own rule."""
    rng = np.random.default_rng(0)
    label = "synthetic stories" if synthetic else "a real corpus"
    splits = {split: {"documents": 10 * size, "bytes": 10_000 * size, "sha256": f"{size:064x}"} for split, size in _SIZES.items()}
    corpus = {
        "source": "text",
        "label": label,
        "synthetic": synthetic,
        "settings": {"path": "/home/someone/stories.txt"},
        "splits": splits,
    }
    write_json(results / "corpus" / "corpus.json", corpus)
    for name in layout.families(study):
        _write(_compression(study, name, rng), layout.compression_path(results, name))
    for name in layout.learned_families(study):
        _write(_history(study, name, rng), layout.network_path(results, name) / "history.csv")
        seconds = 100.0 + 7 * (layout.split_family(name)[1] or 0)
        write_json(layout.network_path(results, name) / "network.json", {"label": name, "seconds": seconds})
    for name in layout.matched_families(study):
        _matching(study, name, results)
    for name, variant in layout.downstream_tokenizers(study):
        _distribution(study, name, layout.distribution_path(results, name, variant), rng)
    for place, arm in enumerate(layout.tuned_arms(study)):
        tried = [[rate, 2.0 + 0.1 * abs(number - place % 2)] for number, rate in enumerate(study.language_model.learning_rates)]
        chosen = min(tried, key=lambda pair: pair[1])[0]
        write_json(runs.chosen_rate_path(results, arm), {"arm": arm, "learning_rate": chosen})
        for rate, loss in tried:
            record = {"arm": arm, "learning_rate": rate, "valid_bpb": loss}
            for seed in runs.tuning_seeds(study):
                write_json(runs.tuning_path(results, arm, seed, rate) / "result.json", record)
    for run in runs.language_model_runs(study):
        _run(study, run, results, rng)
    split = pd.DataFrame([_segmentation(study, arm) for arm in layout.tokenizer_arms(study)])
    _write(split.astype({"seed": "Int64"}), layout.table_path(results, "segmentations"))
    timed = runs.timed_tokenizers(study)
    if timed:
        speeds = [[f"{name}/{variant}", 500_000, 60.0 - place, 1 - place / 60] for place, (name, variant) in enumerate(timed)]
        _write(pd.DataFrame(speeds, columns=["tokenizer", "bytes", *list(SPEED)[1:]]), layout.speed_path(results))
    return results


def fabricate_rates(study: Study, tables: Path) -> None:
    """Write the table of what gates do with the rates that are asked of them: twice as many requests as two sizes have gates."""
    length, rows = 3.9, []  # bytes per pre-token
    for arm in layout.learned_arms(study):
        for seed in study.seeds:
            for size in (512, 1024):
                for request in (1.05, 1.3, 1.6, 2.0, 2.4, None):
                    rate = 1.02 * (request or 1.5) + 0.01 * seed
                    row = {"arm": arm, "seed": seed, "vocab_size": size, "request": request, "gate_rate": rate}
                    row |= {"gate_mean": rate / length, "target_bytes_per_token": None if request else 2.5}
                    rows.append(
                        row | {"bytes_per_token": 2.0, "fallback_rate": 0.1, "exact_token_accuracy": 0.9, "cut_entropy": 0.1}
                    )
    _write(pd.DataFrame(rows, columns=list(COLUMNS["rates"])), tables / "rates.csv")


_SIZES = {"train": 90, "valid": 5, "test": 5}


def _write(frame: pd.DataFrame, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_csv(path, index=False)


def _rate(arm: str, size: float) -> float:
    """Bytes per token, rising with the size of the vocabulary."""
    return 1.0 + 3.1 * (1 - math.exp(-(QUALITY.get(arm, 0.45) + 0.5) * math.log2(size / 256) / 2))


def _matched_size(study: Study, arm: str, seed: int) -> int:
    chosen = study.arms[arm]
    assert isinstance(chosen, CountedArm) and chosen.match is not None
    goal = _rate(chosen.match, study.vocabulary.size) + 0.01 * seed
    return min(range(RESERVED_IDS + 1, 8192), key=lambda size: abs(_rate(arm, size) - goal))


def _vocab_size(study: Study, name: str, variant: str) -> int:
    arm, seed = layout.split_family(name)
    if variant == EXTERNAL:
        return study.vocabulary.size
    return _matched_size(study, arm, seed or 0) if variant == layout.MATCHED else int(variant[1:])


def _compression(study: Study, name: str, rng: np.random.Generator) -> pd.DataFrame:
    arm, seed = layout.split_family(name)
    rows = []
    for variant in layout.variants(study, arm):
        size = _vocab_size(study, name, variant)
        for encoder in ("neural", "distilled") if study.arms[arm].downstream_encoder else ("",):
            for split, documents in _SIZES.items():
                rate = 1.0 if arm == "bytes" else _rate(arm, size) + 0.01 * (seed or 0) + 0.05 * (encoder == "distilled")
                tokens = int(10_000 * documents / rate)
                row = {
                    "arm": arm,
                    "seed": seed,
                    "variant": variant,
                    "vocab_size_requested": size,
                    "vocab_size": size,
                    "split": split,
                }
                row |= {
                    "encoder": encoder,
                    "used_downstream": encoder != "distilled",
                    "bytes": 10_000 * documents,
                    "tokens": tokens,
                }
                row |= {"bytes_per_token": 10_000 * documents / tokens, "cut_entropy": 1 / rate}
                if encoder == "neural":
                    row |= {"fallback_rate": float(rng.uniform(0.02, 0.1)), "exact_token_accuracy": float(rng.uniform(0.9, 0.98))}
                rows.append(row)
    return pd.DataFrame(rows, columns=list(COLUMNS["compression"])).astype({"seed": "Int64"})


def _history(study: Study, name: str, rng: np.random.Generator) -> pd.DataFrame:
    arm, _ = layout.split_family(name)
    steps = np.arange(50, 1001, 50)
    left = np.exp(-steps / 250)
    fixed = isinstance(study.arms[arm], FixedArm)
    columns = {
        "step": steps,
        "hard_rate": np.full(len(steps), 1.7) if fixed else 1.25 + 2.5 * left + rng.normal(0, 0.02, len(steps)),
        "soft_rate": np.full(len(steps), 1.7) if fixed else 1.35 + 2.3 * left,
        "gate_mean": 0.3 + 0.4 * left,
        "reconstruction": (0.2 + 2.5 * left) * (1.2 - QUALITY.get(arm, 0.45)) + rng.normal(0, 0.01, len(steps)),
        "exact_token_accuracy": np.where(steps < 100, np.nan, 0.95 - 0.9 * left),
        "codes_used": 0.9 - 0.6 * left,
        "code_perplexity": 400 - 300 * left,
        "revived": np.zeros(len(steps), dtype=int),
        "alpha": 3 * (1 - left),
        "loss": 0.3 + 3 * left,
    }
    return pd.DataFrame(columns, columns=list(HISTORY))


def _matching(study: Study, name: str, results: Path) -> None:
    arm, seed = layout.split_family(name)
    target, variant = layout.match_target(study, name)

    def measured(family: str, chosen: str) -> float:
        frame = pd.read_csv(layout.compression_path(results, family), keep_default_na=False)
        rows = frame[(frame["variant"] == chosen) & (frame["split"] == "valid") & (frame["encoder"] != "distilled")]
        return float(rows["bytes_per_token"].iloc[0])

    theirs, ours = measured(target, variant), measured(name, layout.MATCHED)
    size = _matched_size(study, arm, seed or 0)
    record = {"target": f"{target}/{variant}", "target_bytes_per_token": theirs, "bytes_per_token": ours, "vocab_size": size}
    record |= {"relative_difference": ours / theirs - 1, "tried": [[size, ours]]}
    write_json(layout.matching_path(results, name), record | {"within_tolerance": abs(ours / theirs - 1) <= 0.005})


def _segmentation(study: Study, arm: str) -> dict[str, Any]:
    """Tokens of as many bytes as a token of the arm has on average."""
    name = layout.family(study, arm, study.seeds[0])
    seed = layout.split_family(name)[1]
    size, text = _vocab_size(study, name, layout.variant(study, arm)), SENTENCE.encode("utf-8")
    step = 1 if arm == "bytes" else round(_rate(arm, size))
    tokens = [to_text(text[place : place + step]) for place in range(0, len(text), step)]
    return {"arm": arm, "seed": seed, "vocab_size": size, "tokens": len(tokens), "segmentation": " ".join(tokens)}


def _distribution(study: Study, name: str, folder: Path, rng: np.random.Generator) -> None:
    size = _vocab_size(study, name, layout.variant(study, layout.split_family(name)[0]))
    shares = 1 / (np.arange(size) + 3.0) ** 1.1
    counts = rng.multinomial(20_000, shares / shares.sum())
    _write(rank_frequency(counts), folder / "rank_frequency.csv")
    measured = {measure: float(rng.uniform(0.4, 0.6)) for measure in TOKEN_MEASURES}
    write_json(folder / "distribution.json", {"vocab_size": size, "tokens": 20_000, **measured})


def _run(study: Study, run: runs.LanguageModelRun, results: Path, rng: np.random.Generator) -> None:
    size = _vocab_size(study, run.family, run.variant)
    rate = 1.0 if run.arm == "bytes" else _rate(run.arm, size)
    floor = 1.5 - 0.6 * QUALITY.get(run.arm, 0.45) + float(rng.normal(0, 0.004))
    start = math.log2(size) / rate
    points = np.unique(np.rint(np.geomspace(2_048 * rate, run.train_bytes, 10)))
    curve = floor + (start - floor) * (points / points[0]) ** -0.45
    tokens = np.rint(points / rate).astype(int)
    steps = np.maximum(tokens // 2048, 1)
    frame = {"step": steps, "bytes": points.astype(int), "tokens": tokens, "flops": tokens * 6e5, "valid_bpb": curve}
    _write(pd.DataFrame(frame), run.path(results) / "curve.csv")
    weights = {"l1w32": 20_000, "l2w64": 100_000, "l3w96": 300_000}[run.size]
    curve = curve * (weights / 100_000) ** -0.05
    record = dict.fromkeys(RESULT, 0) | {
        "arm": run.arm, "seed": run.model_seed, "size": run.size, "train_bytes": run.train_bytes, "train_bytes_used": run.train_bytes + 400,
        "tokenizer": f"{run.family}/{run.variant}", "vocab_size": size, "parameters": weights + 128 * size,
        "parameters_non_embedding": weights, "parameters_embedding": 128 * size, "steps": int(steps[-1]), "tokens": int(tokens[-1]),
        "flops": float(tokens[-1] * 6 * (weights + 64 * size)), "seconds": 10.0, "valid_bpb": float(curve[-1]), "test_bpb": float(curve[-1] + 0.01),
        "test_bytes": 50_000, "test_tokens": int(50_000 / rate), "learning_rate": 3e-3, "device": "cpu", "torch": "2.6.0", "precision": "32", "tokenizer_digest": "0" * 64,
    }  # fmt: skip
    contexts = [
        {"windows": windows, "mean_context": seen, "bpb": float(curve[-1]) * factor}
        for windows, seen, factor in ((HALF, 96.0, 1.0), (LONG, 120.0, 0.98), (ALONE, 80.0, 1.02))
    ]
    _write(pd.DataFrame(contexts), run.path(results) / "contexts.csv")
    written = {"prompt": "Once upon a time,", "text": f" {run.name} wrote, “this”", "ended": run.seed == 1}
    _write(pd.DataFrame([written]), run.path(results) / "samples.csv")
    write_json(run.path(results) / "result.json", record)
    sizes = np.random.default_rng(7).integers(500, 1500, 40)  # the same documents for every run
    bits = sizes * record["test_bpb"] * rng.normal(1, 0.02, len(sizes))
    counts = np.rint(sizes / rate).astype(int) + 1
    documents = {"document": np.arange(len(sizes)), "bytes": sizes, "tokens": counts, "bits": bits}
    _write(pd.DataFrame(documents), run.path(results) / "documents.csv")
    parts = [
        ("frequency", "rank 1 to 10"),
        ("frequency", "rank 11 to 100"),
        ("place", "1"),
        ("place", "2"),
        ("length", "1"),
        ("length", "2"),
    ]
    rows = [
        {"kind": kind, "bin": name, "tokens": 100, "bytes": 300, "bits": float(rng.uniform(500, 900))} for kind, name in parts
    ]
    _write(pd.DataFrame(rows), run.path(results) / "breakdown.csv")
