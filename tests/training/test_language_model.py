from __future__ import annotations

import argparse
import itertools
import json
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gqvae.config import LanguageModel
from gqvae.corpus.documents import SPLITS, DocumentStore
from gqvae.corpus.sources import Source
from gqvae.corpus.sources.synthetic import Settings as SyntheticCorpus
from gqvae.corpus.splits import write_corpus
from gqvae.errors import UserError
from gqvae.jobs import lm_training
from gqvae.jobs.lm_measuring import measure
from gqvae.jobs.lm_training import Run, train
from gqvae.tokenizers.base import tokenizer_digest
from gqvae.tokenizers.bytes import BytesTokenizer
from gqvae.tokenizers.token_files import write_record, write_split
from gqvae.training.language_model import LanguageModelTraining, measured_steps, rate_factor
from gqvae.training.resume import Interrupted
from gqvae.training.windows import Windows

END = 256
LENGTHS = np.array([1] * 256 + [0, 2, 3])
SETTINGS = LanguageModel(
    layers=1, width=16, heads=2, context=16, batch_windows=4, train_bytes=(600, 2000), evaluations=4, valid_bytes=300, learning_rate=1e-2
)  # fmt: skip
WINDOWS = Windows(np.array([END, *[97, 257, 258] * 66, END], dtype=np.int32), LENGTHS, context=8, batch=3, epochs=1.0, seed=0)


@pytest.mark.parametrize("steps", [1, 2, 3, 9, 100, 100_000])
@pytest.mark.parametrize("evaluations", [2, 10, 40])
def test_measured_steps_are_log_spaced_and_end_at_the_last(steps: int, evaluations: int) -> None:
    found = measured_steps(steps, evaluations)
    assert found == sorted(set(found)) and found[0] >= 1 and found[-1] == steps and len(found) <= evaluations
    if steps == 100_000:
        assert len(found) == evaluations
        ratios = np.diff(np.log(found))
        assert ratios.max() / ratios.min() < 1.2


def test_rate_warms_up_and_decays_to_a_tenth() -> None:
    rates = [rate_factor(step, 1000, 0.1) for step in range(1000)]
    assert max(rates) == pytest.approx(1, abs=1e-3) and np.argmax(rates) in (98, 99, 100)
    assert rates[0] == pytest.approx(0.01) and rates[-1] == pytest.approx(0.1)
    assert all(left >= right for left, right in itertools.pairwise(rates[100:]))
    assert rate_factor(0, 1, 0.0) > 0 and rate_factor(0, 1, 0.9) > 0


def test_weight_decay_is_on_matrices_only() -> None:
    module = LanguageModelTraining(SETTINGS, 300, WINDOWS, 0, lambda model, device: 1.0)
    groups = module.configure_optimizers()["optimizer"].param_groups
    assert [group["weight_decay"] for group in groups] == [SETTINGS.weight_decay, 0.0]
    assert all(parameter.ndim == 2 for parameter in groups[0]["params"])
    assert {parameter.ndim for parameter in groups[1]["params"]} == {1, 2}
    assert sum(len(group["params"]) for group in groups) == len(list(module.parameters()))


def test_weights_depend_on_the_seed_alone() -> None:
    def start(vocab_size: int, seed: int) -> torch.Tensor:
        torch.rand(3)
        module = LanguageModelTraining(SETTINGS, vocab_size, WINDOWS, seed, lambda model, device: 1.0)
        return module.model.embedding.weight.detach()

    assert torch.equal(start(300, 0), start(300, 0))
    assert not torch.equal(start(300, 0), start(300, 1))


# Whole runs, from files to files


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    generator = np.random.default_rng(0)
    words = ["the", "cat", "sat", "on", "a", "mat", "ünd", "ran", "."]
    documents = (" ".join(generator.choice(words, size=int(generator.integers(5, 40)))).encode() for _ in range(150))
    write_corpus(folder / "corpus", Source("toy", True, documents), SyntheticCorpus(valid_fraction=0.15, test_fraction=0.15))
    tokenizer = BytesTokenizer()
    tokenizer.save(folder / "tokenizer")
    rows = {}
    for split in SPLITS:
        store = DocumentStore.open(folder / "corpus", split)
        lengths = np.array([len(token) for token in tokenizer.token_bytes])
        rows[split] = write_split(folder / "tokens", split, tokenizer.encode_batches(store), lengths, store.sizes)
    write_record(folder / "tokens", lengths, tokenizer_digest(folder / "tokenizer"), "gpt2", rows)
    return folder


def trained(study: Path, out: Path, settings: LanguageModel = SETTINGS, train_bytes: int = 2000, **folders: Path) -> None:
    tokens = folders.get("tokens", study / "tokens")
    state = out.with_name(out.name + "-state")
    train(Run(settings, "bytes", 1, train_bytes, tokens, study / "corpus", state, threads=1), out)


def measured(study: Path, out: Path) -> dict[str, Any]:
    measure(out, study / "tokens", study / "corpus", out, threads=1, tokenizer=study / "tokenizer")
    result = json.loads((out / "result.json").read_text())
    assert result.pop("seconds") >= 0
    return {"result": result, "curve": (out / "curve.csv").read_text(), "weights": (out / "model.safetensors").read_bytes()}


def run(study: Path, out: Path, settings: LanguageModel = SETTINGS, train_bytes: int = 2000) -> dict[str, Any]:
    trained(study, out, settings, train_bytes)
    return measured(study, out)


@pytest.fixture(scope="module")
def whole(study: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return run(study, tmp_path_factory.mktemp("whole") / "out")


def test_run_learns_and_accounts_for_every_byte(study: Path, whole: dict[str, Any]) -> None:
    result = whole["result"]
    rows = [line.split(",") for line in whole["curve"].splitlines()]
    assert rows[0] == ["step", "bytes", "tokens", "flops", "valid_bpb"]
    last = dict(zip(rows[0], rows[-1], strict=True))
    assert int(last["step"]) == result["steps"]
    assert int(last["bytes"]) == result["bytes"] == result["train_bytes_used"] >= 2000
    assert int(last["tokens"]) == result["tokens"] == result["train_bytes_used"] + result["documents"]
    assert int(last["flops"]) == result["flops"]
    test = DocumentStore.open(study / "corpus", "test")
    assert result["test_bytes"] == test.total_bytes and result["test_tokens"] == test.total_bytes + len(test)
    assert result["parameters"] == result["parameters_embedding"] + result["parameters_non_embedding"]
    # A uniform model needs log2 257 = 8 bits per byte; byte frequencies alone would reach about 4 on these words.
    assert float(rows[1][-1]) > 5 > 4 > float(last["valid_bpb"]) > 0.5
    assert 0.5 < result["test_bpb"] < 4


def test_a_run_in_bf16_learns_as_well(study: Path, whole: dict[str, Any], tmp_path: Path) -> None:
    found = run(study, tmp_path / "out", SETTINGS.model_copy(update={"precision": "bf16"}))["result"]
    assert found["precision"] == "bf16-mixed"
    assert found["test_bpb"] == pytest.approx(whole["result"]["test_bpb"], rel=0.03)


def test_final_bits_agree_with_the_curve_when_all_is_measured(study: Path, tmp_path: Path) -> None:
    found = run(study, tmp_path / "out", SETTINGS.model_copy(update={"valid_bytes": 10**9}), train_bytes=600)
    assert float(found["curve"].splitlines()[-1].split(",")[-1]) == pytest.approx(found["result"]["valid_bpb"], rel=1e-12)


def test_interrupted_run_goes_on_to_the_same_files(
    study: Path, whole: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = LanguageModelTraining.after_step

    def stop_later(self: LanguageModelTraining, step: int) -> None:
        measured(self, step)
        if step == 20:
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(LanguageModelTraining, "after_step", stop_later)
    with pytest.raises(Interrupted):
        run(study, tmp_path / "out")
    assert not (tmp_path / "out").exists() and (tmp_path / "out-state" / "last.ckpt").exists()
    monkeypatch.undo()
    steps = []
    monkeypatch.setattr(
        LanguageModelTraining,
        "training_loss",
        lambda self, step: steps.append(step) or self.model.loss(*self.windows.batch(step)),
    )
    assert run(study, tmp_path / "out") == whole
    assert steps == list(range(20, whole["result"]["steps"]))
    assert not (tmp_path / "out-state").exists()


def test_outputs_can_be_written_again_without_training_again(
    study: Path, whole: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(lm_training, "save_file", die)
    with pytest.raises(KeyboardInterrupt):
        trained(study, tmp_path / "out")
    monkeypatch.undo()
    monkeypatch.setattr(LanguageModelTraining, "training_loss", die)
    assert run(study, tmp_path / "out") == whole


def test_costs_of_tokens_are_those_of_the_whole(study: Path, tmp_path: Path) -> None:
    found = run(study, tmp_path / "out")["result"]
    costs = np.load(tmp_path / "out" / "costs.npy")
    assert len(costs) == found["test_tokens"]
    assert costs.astype(float).sum() / found["test_bytes"] == pytest.approx(found["test_bpb"], rel=1e-5)


def test_a_model_is_measured_on_the_tokens_it_was_trained_on(study: Path, tmp_path: Path) -> None:
    trained(study, tmp_path / "out", train_bytes=600)
    record = json.loads((tmp_path / "out" / "training.json").read_text())
    (tmp_path / "out" / "training.json").write_text(json.dumps(record | {"tokenizer_digest": "another"}))
    with pytest.raises(UserError, match="have different tokenizers"):
        measured(study, tmp_path / "out")
    (tmp_path / "out" / "training.json").write_text(json.dumps(record))
    (tmp_path / "out" / "model.safetensors").write_bytes(b"torn")
    with pytest.raises(UserError, match=r"model\.safetensors is damaged"):
        measured(study, tmp_path / "out")


def test_inputs_that_do_not_fit_are_refused(study: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="train_bytes asks for 1,000,000 bytes but the training split has"):
        trained(study, tmp_path / "out", train_bytes=1_000_000)
    with pytest.raises(UserError, match=r"tokens\.json does not exist"):
        trained(study, tmp_path / "out", tokens=tmp_path)
    for name in (study / "tokens").iterdir():
        (tmp_path / name.name).write_bytes(name.read_bytes())
    record = json.loads((tmp_path / "tokens.json").read_text())
    (tmp_path / "tokens.json").write_text(json.dumps(record | {"vocab_size": 300}))
    with pytest.raises(UserError, match="does not describe its vocabulary"):
        trained(study, tmp_path / "out", tokens=tmp_path)
    record["splits"]["valid"]["bytes"] -= 1
    (tmp_path / "tokens.json").write_text(json.dumps(record))
    with pytest.raises(UserError, match="of valid"):
        trained(study, tmp_path / "out", tokens=tmp_path)
    assert not (tmp_path / "out").exists()


def run_verbs(study: Path, *words: str) -> None:
    """A verb about language models, on the text of this module."""
    from gqvae.verbs import language_models
    from gqvae.verbs.parsers import run_verb

    parser = argparse.ArgumentParser()
    language_models.add_parsers(parser.add_subparsers())
    text = [f"--{name}={study / name}" for name in ("tokens", "corpus")]
    run_verb(parser.parse_args([words[0], "--arm=bytes", "--seed=1", *text, *words[1:]]))


def test_verb_runs_from_the_command_line(study: Path, whole: dict[str, Any], tmp_path: Path) -> None:
    run_verbs(
        study, "train-lm", f"--settings={SETTINGS.canonical()}", "--train-bytes=2000",
        f"--out={tmp_path / 'out'}", f"--state={tmp_path / 'state'}",
    )  # fmt: skip
    assert (tmp_path / "out" / "curve.csv").read_text() == whole["curve"]


def test_the_trial_of_the_chosen_rate_is_not_trained_again(
    study: Path, whole: dict[str, Any], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rates = [SETTINGS.learning_rate, 2 * SETTINGS.learning_rate]
    settings = [SETTINGS.model_copy(update={"learning_rate": rate}).canonical() for rate in rates]
    folders = {name: [str(tmp_path / name / str(rate)) for rate in rates] for name in ("state", "kept", "tried")}
    run_verbs(
        study, "try-learning-rate", "--settings", *settings, "--train-bytes", "2000", "2000", "--state", *folders["state"],
        "--kept", *folders["kept"], "--out", *(f"{folder}/result.json" for folder in folders["tried"]),
    )  # fmt: skip
    losses = [json.loads((Path(folder) / "result.json").read_text())["valid_bpb"] for folder in folders["tried"]]
    assert losses[0] != losses[1] and losses[0] == pytest.approx(whole["result"]["valid_bpb"])
    chosen = tmp_path / "chosen.json"
    chosen.write_text(json.dumps({"learning_rate": rates[0]}))
    words = [
        "train-lm", "--settings", settings[1], "--train-bytes=2000", f"--learning-rate={chosen}", "--tried", *folders["kept"],
        f"--out={tmp_path / 'out'}", f"--state={tmp_path / 'model'}", f"--kept={tmp_path / 'own'}",
    ]  # fmt: skip
    with caplog.at_level("INFO", logger="gqvae"):
        run_verbs(study, *words)
    assert "its earlier result is used" in caplog.text
    assert (tmp_path / "out" / "curve.csv").read_text() == whole["curve"]
    assert not list((tmp_path / "kept").rglob("*.safetensors"))  # the model has its own copy
    (tmp_path / "out" / "model.safetensors").unlink()
    caplog.clear()
    with caplog.at_level("INFO", logger="gqvae"):
        run_verbs(study, *words)
    assert "its earlier result is used" in caplog.text and (tmp_path / "out" / "model.safetensors").exists()
