"""On a CUDA device: the same numbers as on the CPU, no step that waits for the device, runs that go on where they were; run by
`make test-gpu`. (All other tests hide GPUs: they ask for equal bits.)"""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from gqvae.config import LanguageModel, NetworkRun, Objective, PaperObjective, RateControlledObjective
from gqvae.corpus.pretokens import count_pretokens
from gqvae.devices import autocast
from gqvae.models.network import GQVAE
from gqvae.models.objectives import build_objective
from gqvae.tokenizers.network_files import NetworkFile
from gqvae.tokenizers.spans import gated_spans
from gqvae.training import network as network_training
from gqvae.training.acceleration import compiled
from gqvae.training.language_model import LanguageModelTraining
from gqvae.training.network import NetworkTraining, train_network
from gqvae.training.pretoken_batches import PretokenStream
from gqvae.training.resume import Interrupted, RunState
from gqvae.training.runner import RunModule, fit
from gqvae.training.windows import Windows
from small_network import RUN, TEXT

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")

COUNTS = count_pretokens([TEXT.encode()])
OURS, PAPER = RateControlledObjective(), PaperObjective()
MODEL = LanguageModel(layers=2, width=64, heads=2, context=64, batch_windows=8, evaluations=2, learning_rate=3e-3)


def settings(objective: Objective = OURS, **training: Any) -> NetworkRun:
    return RUN.model_copy(
        update={"objective": objective, "training": RUN.training.model_copy(update={"precision": "32", **training})}
    )


def stream(run: NetworkRun) -> PretokenStream:
    return PretokenStream(COUNTS, run.network.max_pretoken_bytes, 0.5, 0.75)


def relative(found: Tensor, expected: Tensor) -> float:
    return float((found.cpu().double() - expected.cpu().double()).norm() / expected.double().norm().cpu().clamp(min=1e-12))


@pytest.mark.parametrize("objective", [OURS, PAPER], ids=["ours", "paper"])
@pytest.mark.parametrize("chunk", [None, 4], ids=["gates", "fixed"])
@pytest.mark.parametrize("quantize", [False, True], ids=["unquantized", "quantized"])
def test_losses_and_gradients_are_those_of_the_cpu(objective: Objective, chunk: int | None, quantize: bool) -> None:
    data = stream(settings(objective))
    torch.manual_seed(0)
    loss = build_objective(objective)
    network = GQVAE(
        RUN.network, data.alphabet, chunk, pads_as_text=loss.includes_padding, force_last_gate=objective.force_last_gate
    )
    network.eval(), loss.eval()
    batch = data.batch(0, 0, 64)
    found = {}
    for device in ("cpu", "cuda"):
        network.zero_grad()
        network.to(device), loss.to(device)
        symbols, lengths = network.symbols(batch.data, batch.lengths)
        total = loss(network, symbols, lengths, torch.from_numpy(batch.weights).to(device), quantize=quantize).total
        total.backward()
        gradients = [weight.grad.cpu() for weight in network.parameters() if weight.grad is not None]
        found[device] = (total.detach().cpu(), torch.cat([gradient.flatten() for gradient in gradients]))
    for ours, theirs in zip(found["cuda"], found["cpu"], strict=True):
        assert relative(ours, theirs) < 1e-4


def language_model(**changes: Any) -> LanguageModelTraining:
    ids = np.random.default_rng(0).integers(257, 300, 8 * 64 * 40 - 100, dtype=np.int32)  # the last batch is not full
    data = Windows(ids, np.ones(300, dtype=np.int64), context=64, batch=8, epochs=1, seed=0)
    return LanguageModelTraining(MODEL.model_copy(update=changes), 300, data, 0, lambda *_: 0.0)


def take(module: RunModule, steps: int, precision: str, waiting: str = "default") -> list[float]:
    """Optimiser steps without Lightning → their losses; `waiting` is what happens where the host waits for the device."""
    made: Any = module.configure_optimizers()
    module.optimizers = lambda use_pl_optimizer=True: made["optimizer"]  # type: ignore[method-assign,assignment]
    losses = []
    torch.cuda.set_sync_debug_mode(waiting)
    try:
        for step in range(module.step, module.step + steps):
            with autocast(module.device, precision):
                loss = module.training_loss(step)
            made["optimizer"].zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            module.configure_gradient_clipping(made["optimizer"], 1.0)
            made["optimizer"].step()
            made["lr_scheduler"]["scheduler"].step()
            module.step += 1
            module.after_step(module.step)
            losses.append(loss.detach().clone())
    finally:
        torch.cuda.set_sync_debug_mode("default")
    return torch.stack(losses).tolist()


@pytest.mark.parametrize("precision", ["32", "bf16"])
def test_a_recorded_step_is_the_step(precision: str) -> None:
    losses = []
    for recorded in (False, True):
        module = language_model(precision=precision).cuda()
        module.windows.to(module.device)
        if recorded:
            module.on_train_start()
            assert module._recorded is not None
        losses.append(take(module, module.windows.steps, precision))
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-3)
    assert losses[0][-1] < losses[0][0]


@pytest.mark.parametrize("precision", ["32", "bf16"])
@pytest.mark.parametrize("kind", ["network", "language model"])
def test_compiled_layers_compute_the_same(kind: str, precision: str) -> None:
    losses = []
    for compile in (False, True):
        if kind == "network":
            run = settings(compile=compile, precision=precision, measure_every=20)
            module: RunModule = NetworkTraining(run, stream(run), stream(run), seed=0).cuda()
        else:
            module = language_model(compile=compile, precision=precision).cuda()
        torch.manual_seed(1)
        with compiled(module.compilable, dynamic=module.varying):
            module.on_train_start()
            losses.append(take(module, 40, precision))
    # Rounding grows over the steps.
    np.testing.assert_allclose(losses[1][:5], losses[0][:5], rtol=1e-2)
    assert np.mean(losses[1][-10:]) == pytest.approx(np.mean(losses[0][-10:]), rel=0.1)


@pytest.mark.parametrize("objective", [OURS, PAPER], ids=["ours", "paper"])
@pytest.mark.parametrize("quantized", [False, True], ids=["unquantized", "quantized"])
def test_no_step_of_a_network_waits_for_the_device(objective: Objective, quantized: bool) -> None:
    run = settings(objective, measure_every=10**6, revival_every=0, precision="bf16")
    module = NetworkTraining(run, stream(run), stream(run), seed=0).cuda()
    module.step = run.training.unquantized_steps + 1 if quantized else 0
    take(module, 3, "bf16")
    take(module, 3, "bf16", waiting="error")


def test_no_step_of_a_language_model_waits_for_the_device() -> None:
    module = language_model(precision="bf16").cuda()
    module.on_train_start()
    take(module, 3, "bf16")
    take(module, 3, "bf16", waiting="error")


def test_a_network_trained_here_cuts_alike_on_both_devices(tmp_path: Path) -> None:
    train_network(settings(), COUNTS, COUNTS, seed=0, label="test", out=tmp_path / "out", state=tmp_path / "state", threads=1)
    spans = []
    for device in ("cpu", "cuda"):
        file = NetworkFile.of(tmp_path / "out")
        file.to(device)
        assert file.network.device.type == device
        pieces = stream(settings()).pieces
        spans.append([gated_spans(file.network, pieces, rate) for rate in (1.02, 1.5, 2.6)])
    assert spans[0] == spans[1]


def train(folder: Path, compile: bool, stop_at: int | None, monkeypatch: pytest.MonkeyPatch) -> dict[str, Tensor]:
    run = settings(compile=compile, precision="auto")
    if stop_at is not None:
        after_step = NetworkTraining.after_step

        def stopping(self: NetworkTraining, step: int) -> None:
            after_step(self, step)
            if step == stop_at:
                os.kill(os.getpid(), signal.SIGTERM)

        with monkeypatch.context() as patched:
            patched.setattr(network_training.NetworkTraining, "after_step", stopping)
            with pytest.raises(Interrupted):
                train_network(run, COUNTS, COUNTS, seed=0, label="t", out=folder, state=folder / "state", threads=1)
    train_network(run, COUNTS, COUNTS, seed=0, label="t", out=folder, state=folder / "state", threads=1)
    return load_file(folder / "network.safetensors")


@pytest.mark.parametrize("stop_at", [40, 200], ids=["unquantized", "quantized"])
def test_a_network_goes_on_as_near_as_it_repeats(
    stop_at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """Sums on a GPU are made in no fixed order, so that two runs that nobody stopped differ as well."""
    whole = train(tmp_path / "whole", False, None, monkeypatch)
    again = train(tmp_path / "again", False, None, monkeypatch)
    resumed = train(tmp_path / "resumed", False, stop_at, monkeypatch)
    names = [
        name
        for name in whole
        if whole[name].is_floating_point() and whole[name].shape == again[name].shape == resumed[name].shape
    ]
    repeated, gone_on = (
        relative(torch.cat([other[name].flatten() for name in names]), torch.cat([whole[name].flatten() for name in names]))
        for other in (again, resumed)
    )
    histories = {
        name: (tmp_path / name / "history.csv").read_text().splitlines()[-1].split(",")[:6]
        for name in ("whole", "again", "resumed")
    }
    with capsys.disabled():
        print(
            f"\nnetwork stopped at {stop_at}: weights differ by {gone_on:.2e}, of two undisturbed runs by {repeated:.2e}; {json.dumps(histories)}"
        )
    assert gone_on <= max(10 * repeated, 1e-3)


@pytest.mark.parametrize("precision", ["32", "bf16"])
def test_a_language_model_goes_on_as_near_as_it_repeats(
    precision: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def trained(folder: Path, steps: list[int]) -> Tensor:
        for last in steps:
            module = language_model(precision=precision)
            with RunState(folder, "test") as state:
                fit(
                    module, max_steps=last, state=state, seed=0, precision=precision, threads=1, label="t", checkpoint_seconds=1e9
                )
        return torch.cat([weight.detach().cpu().flatten() for weight in module.model.parameters()])

    steps = language_model().windows.steps
    whole, again = (trained(tmp_path / name, [steps]) for name in ("whole", "again"))
    resumed = trained(tmp_path / "resumed", [steps // 2, steps])
    repeated, gone_on = relative(again, whole), relative(resumed, whole)
    with capsys.disabled():
        print(f"\nlanguage model, {precision}: weights differ by {gone_on:.2e}, of two undisturbed runs by {repeated:.2e}")
    assert gone_on <= max(10 * repeated, 1e-4)
