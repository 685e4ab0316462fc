"""The files that a study's tables are made from, relative to its folder of results: pure functions of the configuration.

Rules have them as inputs, and jobs refuse to write a table if one is missing.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path

from gqvae.config import Study
from gqvae.study import layout, runs


def collected_files(study: Study) -> list[Path]:
    """The inputs of `gqvae collect`: every result of the study, so that no mean hides a missing seed."""
    here = Path()
    files = [layout.compression_path(here, name) for name in layout.families(study)]
    files += [layout.matching_path(here, name) for name in layout.matched_families(study)]
    files += [layout.network_path(here, name) / "history.csv" for name in layout.learned_families(study)]
    for name, variant in layout.downstream_tokenizers(study):
        files += [layout.distribution_path(here, name, variant) / file for file in layout.DISTRIBUTION_FILES]
    for arm in layout.tuned_arms(study):
        files.append(runs.chosen_rate_path(here, arm))
        files += trial_files(study, arm)
    for run in runs.language_model_runs(study):
        files += run.collected(here)
    return [*files, layout.speed_path(here)] if runs.timed_tokenizers(study) else files


def trial_files(study: Study, arm: str) -> list[Path]:
    """The results that an arm's learning rate is chosen from."""
    tried = product(study.language_model.learning_rates, runs.tuning_seeds(study))
    return [runs.tuning_path(Path(), arm, seed, rate) / "result.json" for rate, seed in tried]


def ablation_files(study: Study) -> list[Path]:
    """The inputs of `gqvae collect-ablations`."""
    here = Path()
    files = [layout.compression_path(here, name) for name in layout.compared_families(study)]
    for name in layout.ablated_families(study):
        files += [layout.network_path(here, name) / file for file in ("network.json", "history.csv")]
    return files
