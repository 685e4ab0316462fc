"""Every stage of a study, as small as it can be: what is disturbed, and what an undisturbed run leaves."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CORPUS = {"source": "synthetic", "bytes": 40_000, "seed": 0, "valid_fraction": 0.1, "test_fraction": 0.1}
NETWORK = {
    "network": {"width": 16, "head_width": 16, "encoder_layers": 1, "gater_layers": 1, "decoder_layers": 1, "codebook_size": 64},
    "training": {
        "steps": 24, "unquantized_steps": 12, "batch_pretokens": 32, "warmup_steps": 2, "revival_every": 4, "measure_every": 6,
        "checkpoint_seconds": 0.0,
    },
}  # fmt: skip
LANGUAGE_MODEL = {
    "layers": 1, "width": 16, "heads": 2, "context": 32, "batch_windows": 4, "train_bytes": [6000], "evaluations": 3, "valid_bytes": 2000,
    "checkpoint_seconds": 0.0,
}  # fmt: skip

STAGES = ("corpus", "pretokens", "bpe", "tokens/v300", "network", "vocabulary", "language model", "measures")
TRAININGS = {"network": 24, "language model": 15}  # stages with a state, and a step that they reach for sure


@dataclass(frozen=True)
class Stage:
    """A verb with its inputs; `{out}` and `{state}` in its arguments stand for where it writes."""

    name: str
    verb: tuple[str, ...]

    def arguments(self, out: Path, state: Path) -> list[str]:
        """The command line."""
        return [part.format(out=out, state=state) for part in self.verb]


@dataclass(frozen=True)
class Study:
    """Every stage once, undisturbed: what each leaves behind."""

    folder: Path
    stages: dict[str, Stage]
    expected: dict[str, dict[str, str]]


def _settings(value: dict[str, Any]) -> str:
    """Settings as an argument, its braces kept from `str.format`."""
    return json.dumps(value).replace("{", "{{").replace("}", "}}")


def stages_of(here: Path) -> dict[str, Stage]:
    """The stages by name, in an order in which each finds its inputs under `here`."""
    return {
        stage.name: stage
        for stage in (
            Stage("corpus", ("prepare-corpus", "--settings", _settings(CORPUS), "--out", "{out}")),
            Stage("pretokens", ("count-pretokens", "--corpus", f"{here}/corpus", "--out", "{out}")),
            Stage(
                "bpe",
                ("train-counted", "--settings", '{{"tokenizer": "bpe", "sizes": [300, 320]}}', "--pretokens", f"{here}/pretokens/train.npz", "--out", "{out}"),
            ),
            Stage("tokens/v300", ("encode-corpus", "--tokenizer", f"{here}/bpe/v300", "--corpus", f"{here}/corpus", "--out", "{out}")),
            Stage(
                "network",
                (
                    "train-network", "--settings", _settings(NETWORK), "--pretokens", f"{here}/pretokens",
                    "--out", "{out}", "--state", "{state}",
                ),
            ),
            Stage(
                "vocabulary",
                ("make-tokenizers", "--settings", '{{"sizes": [280]}}', "--trained", f"{here}/network", "--pretokens", f"{here}/pretokens", "--out", "{out}"),
            ),
            Stage(
                "language model",
                (
                    "train-lm", "--settings", _settings(LANGUAGE_MODEL), "--arm", "bpe", "--train-bytes", "6000",
                    "--tokens", f"{here}/tokens/v300", "--corpus", f"{here}/corpus", "--out", "{out}", "--state", "{state}",
                ),
            ),
            Stage(
                "measures",
                (
                    "measure-lm", "--model", f"{here}/language model",
                    "--tokens", f"{here}/tokens/v300", "--corpus", f"{here}/corpus", "--out", "{out}",
                ),
            ),
        )
    }  # fmt: skip
