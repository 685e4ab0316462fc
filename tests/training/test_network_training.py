from __future__ import annotations

import csv
import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest
import torch

from gqvae.config import Network, NetworkRun, NetworkTraining, PaperObjective, RateControlledObjective
from gqvae.corpus import pretokens
from gqvae.corpus.pretokens import PretokenCounts
from gqvae.tokenizers.byte_level import to_text
from gqvae.tokenizers.network_files import NetworkFile
from gqvae.tokenizers.spans import gated_spans
from gqvae.training import network as training
from gqvae.training.network import NetworkTraining as Training
from gqvae.training.network import train_network
from gqvae.training.pretoken_batches import PretokenStream
from gqvae.training.resume import Interrupted

COUNTS = PretokenCounts(
    [b" the", b" cat", b" walked", b" walking", b".", b" talking", b" extraordinarily-long-pre-token"],
    np.array([50, 20, 10, 8, 30, 5, 1]),
)
SMALL = Network(width=16, head_width=8, encoder_layers=1, gater_layers=1, decoder_layers=1, codebook_size=16, max_token_bytes=8)
SHORT = NetworkTraining(
    steps=30, batch_pretokens=32, warmup_steps=5, unquantized_steps=5, revival_every=5, measure_every=10, reservoir_vectors=64, reservoir_per_batch=16
)  # fmt: skip


def run(**changes: object) -> NetworkRun:
    return NetworkRun(**{"network": SMALL, "training": SHORT, **changes})  # type: ignore[arg-type]


def train(settings: NetworkRun, folder: Path, seed: int = 0) -> Path:
    train_network(settings, COUNTS, COUNTS, seed=seed, label="test", out=folder / "out", state=folder / "state", threads=1)
    return folder / "out"


def test_stream_cuts_long_pretokens_and_keeps_every_byte() -> None:
    stream = PretokenStream(COUNTS, 8)
    assert int((stream.lengths * stream.counts).sum()) == COUNTS.total_bytes
    assert max(stream.lengths) == 8
    assert stream.alphabet == sorted(set(b"".join(COUNTS.pretokens)))


def test_batches_are_a_function_of_seed_and_step_with_the_stream_as_expectation() -> None:
    stream = PretokenStream(COUNTS, 16)
    first, again, other = stream.batch(1, 7, 500), stream.batch(1, 7, 500), stream.batch(1, 8, 500)
    assert np.array_equal(first.weights, again.weights) and np.array_equal(first.data, again.data)
    assert not np.array_equal(first.weights, other.weights)
    assert first.weights.sum() == 500 and len(np.unique(first.data, axis=0)) == len(first.data)
    drawn = sum(stream.batch(0, step, 500).weights[0] for step in range(40)) / (40 * 500)
    assert drawn == pytest.approx(stream.counts[0] / stream.counts.sum(), rel=0.05)


@pytest.mark.parametrize(
    "settings",
    [
        run(),
        run(objective=PaperObjective()),
        run(chunk_bytes=2),
        run(chunk_bytes=2, objective=PaperObjective()),
        run(training=SHORT.model_copy(update={"precision": "bf16"})),
    ],
    ids=["rate_controlled", "paper", "fixed", "fixed, paper", "bf16"],
)
def test_training_writes_a_loadable_network_and_a_history(settings: NetworkRun, tmp_path: Path) -> None:
    out = train(settings, tmp_path)
    rows = list(csv.DictReader((out / "history.csv").open()))
    assert [row["step"] for row in rows] == ["10", "20", "30"]
    assert all(float(row["hard_rate"]) >= 1 and float(row["codes_used"]) > 0 for row in rows)
    network = NetworkFile.of(out).network
    codes = list(csv.DictReader((out / "codebook.csv").open()))
    assert len(codes) == 16
    strings = [row["string"] for row in codes if row["code"]]
    assert strings == [to_text(string) for string in network.code_strings()]
    if settings.chunk_bytes:  # gates are at every second byte and at the end, whatever was seen as padding
        spans = gated_spans(network, [b" walked", b"."], None)
        assert [len(text) for text, _ in spans[b" walked"]] == [2, 2, 2, 1] and len(spans[b"."]) == 1
    # Ours drops codes that serve no span; the paper's codebook stays whole.
    assert len(strings) == 16 if isinstance(settings.objective, PaperObjective) else 2 <= len(strings) <= 16
    assert json.loads((out / "network.json").read_text())["seed"] == 0
    assert not (tmp_path / "state").exists()


def test_same_seed_same_network_other_seed_another(tmp_path: Path) -> None:
    weights = [(train(run(), tmp_path / str(i), seed) / "network.safetensors").read_bytes() for i, seed in enumerate((3, 3, 4))]
    assert weights[0] == weights[1] != weights[2]


def test_it_learns_a_small_vocabulary_exactly(tmp_path: Path) -> None:
    """Seven pre-tokens and sixteen codes: after a few hundred steps the network reproduces most of its tokens."""
    longer = SHORT.model_copy(update={"steps": 250, "unquantized_steps": 120})
    out = train(run(training=longer), tmp_path)
    last = list(csv.DictReader((out / "history.csv").open()))[-1]
    assert float(last["exact_token_accuracy"]) > 0.8
    assert float(last["reconstruction"]) < 0.3


def test_measuring_leaves_every_buffer_untouched() -> None:
    stream = PretokenStream(COUNTS, 16)
    module = Training(run(), stream, stream, seed=0)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    module.measure(step=20)
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())


# So few codes, or so many, that some are revived.
@pytest.mark.parametrize(
    ("objective", "codes"), [(RateControlledObjective(), 4), (PaperObjective(), 64)], ids=["rate_controlled", "paper"]
)
def test_a_training_stopped_by_a_signal_goes_on_to_the_same_network(
    objective: PaperObjective | RateControlledObjective, codes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gates, codes, usage, reservoir, α, optimiser and history all come back: weights and curve are equal bit for bit."""
    quick = SHORT.model_copy(update={"usage_decay": 0.5})
    settings = run(objective=objective, network=SMALL.model_copy(update={"codebook_size": codes}), training=quick)
    whole = train(settings, tmp_path / "whole")
    after_step = Training.after_step

    def stopped_once(self: Training, step: int) -> None:
        after_step(self, step)
        if step == 13:
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(Training, "after_step", stopped_once)
    with pytest.raises(Interrupted) as stopped:
        train(settings, tmp_path / "parts")
    assert stopped.value.exit_code == 143
    assert not (tmp_path / "parts" / "out").exists()
    monkeypatch.setattr(Training, "after_step", after_step)
    resumed = train(settings, tmp_path / "parts")
    rows = list(csv.DictReader((resumed / "history.csv").open()))
    assert int(rows[1]["revived"]) + int(rows[2]["revived"]) > 0  # after the stop, hence from what was saved
    for name in ("network.safetensors", "history.csv", "codebook.csv"):
        assert (resumed / name).read_bytes() == (whole / name).read_bytes(), name


def test_codes_are_not_counted_before_they_are_used(tmp_path: Path) -> None:
    late = run(training=SHORT.model_copy(update={"unquantized_steps": 20}))
    rows = list(csv.DictReader((train(late, tmp_path) / "history.csv").open()))
    assert [bool(row["codes_used"]) for row in rows] == [bool(row["code_perplexity"]) for row in rows] == [False, False, True]
    module = Training(late, PretokenStream(COUNTS, 8), PretokenStream(COUNTS, 8), 0)
    module.history.append(module.measure(20))
    assert module.progress_note().endswith("exact, codes not used yet")


def test_a_network_sees_the_beginning_of_a_very_long_pretoken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretokens, "LONGEST_TRAINED", 10)
    seen = []
    monkeypatch.setattr(training, "fit", lambda module, **options: seen.append(module.train_stream) or killed())
    with pytest.raises(KeyboardInterrupt):
        train(run(), tmp_path)
    assert b" extraordi" in seen[0].pieces and not any(b"narily" in piece for piece in seen[0].pieces)


def killed() -> None:
    raise KeyboardInterrupt
