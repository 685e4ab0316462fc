"""Runs trainings with Lightning's loop and a state that survives kills.

How to use it::

    class Training(RunModule):
        def __init__(self): super().__init__(); self.model = ...
        def configure_optimizers(self): ...   # or {"optimizer": o, "lr_scheduler": {"scheduler": LambdaLR(o, f), "interval": "step"}}
        def training_loss(self, step): ...    # the batch is a pure function of (seed, step); step counts from 0
        def after_step(self, step): ...       # step = optimiser steps done (1 after the first); append rows to self.history

    with RunState(folder, fingerprint(settings, data, code)) as state:
        fit(module, max_steps=..., state=state, seed=..., precision="auto", threads=1, label="training x", checkpoint_seconds=30)
        ...write the outputs...
        state.clear()

`fit` returns when `max_steps` are done, with weights, `module.step`, `module.seconds` and `module.history` as an uninterrupted
run would have left them (bit-equal on the CPU). A complete state is restored without training, so the work after `fit` may be
killed too. `fit` raises `Interrupted` on SIGTERM and SIGINT after saving, and `UserError` if the loss stops being finite. Batches
depend only on (seed, step), so no position in the data is saved.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import time
import warnings
from collections.abc import Iterator
from typing import Any, cast

import lightning.pytorch as pl
import numpy as np
import torch
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from torch import Tensor, nn

from gqvae.devices import resolve_device, resolve_precision
from gqvae.errors import DivergedError
from gqvae.progress import Progress
from gqvae.training.acceleration import compiled
from gqvae.training.resume import RunState
from gqvae.training.signals import Signals

FINITE_EVERY_STEPS = 100  # the loss is fetched and checked this often; fetching each one would make the device wait
NOTE_EVERY_SECONDS = 1.0
ROOM_BYTES = 64 << 20  # free memory required when a training starts and at each save

logger = logging.getLogger("gqvae")


class RunModule(pl.LightningModule):
    """Base of trainings. Keep data in plain attributes or non-persistent buffers, or every state includes it.

    Attributes:
        step: optimiser steps done.
        seconds: wall time of training so far, over all resumptions, measurements included.
        history: rows of plain numbers, saved with the state; each should have a "step".
        compilable: layers to compile on a GPU.
        varying: their input shapes change from step to step.
    """

    def __init__(self) -> None:
        super().__init__()
        self.step = 0
        self.seconds = 0.0
        self.history: list[dict[str, Any]] = []
        self.compilable: list[nn.Module] = []
        self.varying = False

    def training_loss(self, step: int) -> Tensor:
        """The loss of step `step` (from 0), a scalar; randomness must come from (seed, step) or torch's generator."""
        raise NotImplementedError

    def after_step(self, step: int) -> None:
        """Called after each step with the number of steps done, to measure (`self.history`) and to intervene."""

    def progress_note(self) -> str:
        """A few words for the progress line after the loss; called about once a second."""
        return ""

    def extra_state(self) -> dict[str, Any]:
        """What a resumed run needs besides weights, optimiser and history: tensors and plain values."""
        return {}

    def load_extra_state(self, state: dict[str, Any]) -> None:
        """Restore what `extra_state` returned."""

    def training_step(self, batch: int, batch_idx: int) -> Tensor:
        """Called by Lightning, with a dummy batch."""
        return self.training_loss(self.step)

    def configure_gradient_clipping(
        self, optimizer: Any, gradient_clip_val: float | None = None, gradient_clip_algorithm: str | None = None
    ) -> None:
        """Clip by the norm of all weights. Lightning's refuses fused optimisers in bf16, where no scaler is in use."""
        if gradient_clip_val is not None:
            weights = [weight for group in optimizer.param_groups for weight in group["params"]]
            torch.nn.utils.clip_grad_norm_(weights, gradient_clip_val)


def autocast(device: torch.device, precision: str) -> contextlib.AbstractContextManager[Any]:
    """Context in the precision of a run for work outside the training step, e.g. a measurement."""
    bf16 = resolve_precision(precision) == "bf16-mixed"
    return torch.autocast(device.type, dtype=torch.bfloat16) if bf16 else contextlib.nullcontext()


def fit(
    module: RunModule,
    *,
    max_steps: int,
    state: RunState,
    seed: int,
    precision: str,
    threads: int,
    label: str,
    checkpoint_seconds: float,
    gradient_clip: float | None = None,
) -> None:
    """Train `module` until `max_steps` are done, resuming from `state` if it has this run.

    Args:
        module: the training; left on the CPU.
        max_steps: optimiser steps of the whole run.
        state: where the run is saved; left in place, for the caller to `clear` once its outputs exist.
        seed: of torch's generator at step 0; the caller seeds the weights.
        precision: "auto", "32" or "bf16".
        threads: threads torch may use.
        label: name of the run on the progress line.
        checkpoint_seconds: time between saved states; 0 saves after every step.
        gradient_clip: largest norm of the gradient, or None.

    Raises:
        Interrupted: SIGTERM or SIGINT arrived; the state is saved.
        UserError: the loss is not finite; the last good state is kept.
    """
    torch.set_num_threads(threads)
    restored = _restore(module, state, label)
    if module.step >= max_steps:
        return
    signals, progress = Signals(), Progress(label, total=max_steps, unit="step", done=module.step)
    device = resolve_device()
    layers = module.compilable if device.type == "cuda" else []
    with signals, progress, _quiet_lightning(), compiled(layers, dynamic=module.varying):
        trainer = pl.Trainer(
            accelerator=device.type,
            devices=1 if device.index is None else [device.index],
            max_steps=max_steps - module.step,
            max_epochs=-1,
            precision=resolve_precision(precision),
            gradient_clip_val=gradient_clip,
            callbacks=[_Keeper(state, restored, signals, progress, seed, max_steps, checkpoint_seconds)],
            # One device per run: without this, Lightning would read a cluster's variables and wait for other tasks.
            plugins=[LightningEnvironment()],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(module, train_dataloaders=_Turns())
        signals.stop_if_received()


def _restore(module: RunModule, state: RunState, label: str) -> dict[str, Any] | None:
    """Restore the module from the saved state; `_Keeper` later restores what needs the optimiser."""
    saved = state.load()
    if saved is not None:
        module.load_state_dict(saved["module"])
        module.step, module.seconds = saved["step"], saved["seconds"]
        module.history = [row for row in saved["history"] if row.get("step", 0) <= module.step]
        module.load_extra_state(saved["extra"])
        logger.info("%s: going on after step %d", label, module.step)
    return saved


class _Turns:
    """An endless loader of dummy batches; unlike a `DataLoader` it does not use torch's generator."""

    def __iter__(self) -> Iterator[int]:
        return itertools.repeat(0)


class _Keeper(pl.Callback):
    """Counts the steps of a run, shows progress, saves the state, and stops on a signal."""

    def __init__(
        self,
        state: RunState,
        restored: dict[str, Any] | None,
        signals: Signals,
        progress: Progress,
        seed: int,
        max_steps: int,
        checkpoint_seconds: float,
    ) -> None:
        self.state, self.signals, self.progress, self.seed = state, signals, progress, seed
        self.max_steps, self.checkpoint_seconds = max_steps, checkpoint_seconds
        self._restored = restored
        self._losses: list[Tensor] = []  # of the steps since the last check, on the device

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Restore what needs the optimiser; nothing random happens between here and the first step."""
        self.signals.install()  # Lightning has set its handlers by now
        _require_room()
        torch.manual_seed(self.seed)
        if self._restored is not None:
            for optimizer, saved in zip(trainer.optimizers, self._restored["optimizers"], strict=True):
                optimizer.load_state_dict(saved)
            for config, saved in zip(trainer.lr_scheduler_configs, self._restored["schedulers"], strict=True):
                config.scheduler.load_state_dict(saved)
            torch.set_rng_state(self._restored["cpu_generator"])
            if torch.cuda.is_available() and "cuda_generator" in self._restored:
                torch.cuda.set_rng_state(self._restored["cuda_generator"])
            self._restored = None
        self._saved_at = self._noted_at = self._counted_at = time.monotonic()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """The step boundary: count, measure, show, then save or stop if it is time."""
        module = cast(RunModule, pl_module)
        self._losses.append(outputs["loss"].detach())
        module.step += 1
        module.after_step(module.step)
        now = time.monotonic()
        note = ""
        if now - self._noted_at >= NOTE_EVERY_SECONDS:
            self._noted_at = now
            note = ", ".join(filter(None, (f"loss {self._losses[-1].item():.4g}", module.progress_note())))
        self.progress.update(1, note)
        stopped = self.signals.received is not None
        if stopped or module.step >= self.max_steps or now - self._saved_at >= self.checkpoint_seconds:
            module.seconds += now - self._counted_at
            self._counted_at = now
            self._save(trainer, module)
            self._saved_at = time.monotonic()
        elif len(self._losses) >= FINITE_EVERY_STEPS:
            self._check(module)
        if stopped:
            logger.warning("%s: stopped by a signal after step %d; the state is saved", self.progress.label, module.step)
        self.signals.stop_if_received()

    def _check(self, module: RunModule) -> None:
        """Check that every loss since the last check is finite."""
        finite = torch.isfinite(torch.stack(self._losses))
        if not bool(finite.all()):
            step = module.step - len(self._losses) + int((~finite).nonzero()[0, 0]) + 1
            raise self._diverged(f"the loss is not finite at step {step}")
        self._losses.clear()

    def _diverged(self, what: str) -> DivergedError:
        kept = f"; the last good state is kept in {self.state.folder}" if self.state.last.exists() else ""
        return DivergedError(f"{self.progress.label}: {what}: lower the learning rate or use precision '32'{kept}.")

    def _save(self, trainer: pl.Trainer, module: RunModule) -> None:
        self._check(module)
        _require_room()
        weights = module.state_dict()
        if not all(bool(torch.isfinite(value).all()) for value in weights.values()):
            raise self._diverged(f"the weights are not finite after step {module.step}")
        saved = {
            "step": module.step,
            "seconds": module.seconds,
            "history": [_plain(row) for row in module.history],
            "module": weights,
            "extra": module.extra_state(),
            "optimizers": [optimizer.state_dict() for optimizer in trainer.optimizers],
            "schedulers": [config.scheduler.state_dict() for config in trainer.lr_scheduler_configs],
            "cpu_generator": torch.get_rng_state(),
        }
        if torch.cuda.is_available():
            saved["cuda_generator"] = torch.cuda.get_rng_state()
        self.state.save(saved)


def _require_room() -> None:
    """Raise `MemoryError` if memory is nearly full: libraries without room for buffers may sum in another order."""
    np.empty(ROOM_BYTES, dtype=np.uint8)  # allocated, not touched


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """The row without numpy or torch scalars, which torch's safe loading refuses."""
    return {key: value.item() if hasattr(value, "item") else value for key, value in row.items()}


@contextlib.contextmanager
def _quiet_lightning() -> Iterator[None]:
    """Hide Lightning's advertisements, its advice about unused loaders and loggers, and torch's warning about streams."""
    log = logging.getLogger("lightning.pytorch")
    level = log.level
    log.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"lightning\.")
            # Replayed steps compute gradients on another stream than the recording did, as intended.
            warnings.filterwarnings("ignore", message="The AccumulateGrad node's stream does not match")
            yield
    finally:
        log.setLevel(level)
