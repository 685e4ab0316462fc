"""Train with Lightning's loop, devices, precision and checkpoints. Checkpoints go to a state folder that survives kills.

    with RunState(folder, fingerprint(settings, data, code)) as state:
        fit(module, max_steps=..., state=state, ...)
        ...write the outputs...
        state.clear()

`fit` returns when `max_steps` are done, with weights, `module.step`, `module.seconds` and `module.history` as an uninterrupted
run would have left them (bit-equal on the CPU). A complete state is restored without training, so the work after `fit` may be
killed too. Batches depend only on (seed, step), so no position in the data is saved.
"""

from __future__ import annotations

import itertools
import logging
import time
import warnings
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from gqvae.devices import resolve_device, resolve_precision
from gqvae.errors import DivergedError
from gqvae.progress import Progress
from gqvae.training.acceleration import compiled, keep_freed_memory
from gqvae.training.lean_lightning import CheckpointIO, LightningEnvironment, pl
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
        history: rows of plain numbers, saved with the state.
        compilable: layers to compile on a GPU.
        varying: whether the input shapes of these layers change from step to step.
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

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add what Lightning does not save; a subclass may add tensors and plain values."""
        checkpoint |= {"seconds": self.seconds, "history": self.history}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Restore what `on_save_checkpoint` added."""
        self.step, self.seconds, self.history = (checkpoint[key] for key in ("global_step", "seconds", "history"))

    def training_step(self, batch: int, batch_idx: int) -> Tensor:
        """Called by Lightning, with a dummy batch."""
        return self.training_loss(self.step)

    def configure_gradient_clipping(
        self, optimizer: Any, gradient_clip_val: float | None = None, gradient_clip_algorithm: str | None = None
    ) -> None:
        """Clip by the norm of all weights. Lightning refuses fused optimisers in bf16, although bf16 uses no gradient scaler."""
        if gradient_clip_val is not None:
            weights = [weight for group in optimizer.param_groups for weight in group["params"]]
            torch.nn.utils.clip_grad_norm_(weights, gradient_clip_val)


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
    keep_freed_memory()
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    saved, device = state.load(), resolve_device()
    done = 0 if saved is None else saved["global_step"]
    if done:
        logger.info("%s: resuming after step %d", label, done)
    generations = _Generations(state, saved)
    del saved
    signals, progress = Signals(), Progress(label, total=max_steps, unit="step", done=done)
    layers = module.compilable if device.type == "cuda" else []
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)  # no advertisements
    with signals, progress, warnings.catch_warnings(), compiled(layers, dynamic=module.varying):
        warnings.filterwarnings("ignore", module=r"lightning\.")  # advice about loaders and loggers
        # Replayed steps compute gradients on a different CUDA stream from the recording. This is intended.
        warnings.filterwarnings("ignore", message="The AccumulateGrad node's stream does not match")
        trainer = pl.Trainer(
            accelerator=device.type,
            devices=1 if device.index is None else [device.index],
            max_steps=max_steps,
            max_epochs=-1,
            precision=resolve_precision(precision),
            gradient_clip_val=gradient_clip,
            callbacks=[_Keeper(state, signals, progress, checkpoint_seconds)],
            # A run uses one device. Without this plugin, Lightning would read a cluster's variables and wait for other tasks.
            plugins=[LightningEnvironment(), generations],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        # The dummy batches are endless; unlike a `DataLoader` they do not use torch's generator.
        trainer.fit(module, itertools.repeat(0), ckpt_path=state.last if done else None)
        signals.stop_if_received()


class _Generations(CheckpointIO):
    """Gives Lightning the saved states of a run and ignores the paths it asks for; `saved` is the newest state."""

    def __init__(self, state: RunState, saved: dict[str, Any] | None) -> None:
        self.state, self.saved = state, saved

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        self.state.save(checkpoint)

    def load_checkpoint(self, path: Any, map_location: Any = None, weights_only: bool | None = None) -> dict[str, Any]:
        saved, self.saved = self.saved, None  # freed once it is restored
        assert saved is not None
        return saved

    def remove_checkpoint(self, path: Any) -> None:
        self.state.clear()


@dataclass(eq=False)
class _Keeper(pl.Callback):
    """Counts the steps of a run, shows progress, saves the state, and stops on a signal."""

    state: RunState
    signals: Signals
    progress: Progress
    checkpoint_seconds: float
    losses: list[Tensor] = field(default_factory=list)  # of the steps since the last check, on the device

    def state_dict(self) -> dict[str, Any]:
        """The states of torch's generators."""
        cuda = {"cuda": torch.cuda.get_rng_state()} if torch.cuda.is_available() else {}
        return {"cpu": torch.get_rng_state(), **cuda}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the generators. Nothing random happens between here and the first step."""
        torch.set_rng_state(state_dict["cpu"])
        if torch.cuda.is_available() and "cuda" in state_dict:
            torch.cuda.set_rng_state(state_dict["cuda"])

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Reinstall our signal handlers, which Lightning has replaced by now."""
        self.signals.install()
        _require_room()
        self._saved_at = self._noted_at = self._counted_at = time.monotonic()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """The step boundary: count, measure, show, then save or stop if it is time."""
        module = cast(RunModule, pl_module)
        self.losses.append(outputs["loss"].detach())
        module.step += 1
        module.after_step(module.step)
        now = time.monotonic()
        note = ""
        if now - self._noted_at >= NOTE_EVERY_SECONDS:
            self._noted_at = now
            note = ", ".join(filter(None, (f"loss {self.losses[-1].item():.4g}", module.progress_note())))
        self.progress.update(1, note)
        stopped = self.signals.received is not None
        if stopped or module.step >= trainer.max_steps or now - self._saved_at >= self.checkpoint_seconds:
            module.seconds += now - self._counted_at
            self._counted_at = now
            self._save(trainer, module)
            self._saved_at = time.monotonic()
        elif len(self.losses) >= FINITE_EVERY_STEPS:
            self._check(module)
        if stopped:
            logger.warning("%s: stopped by a signal after step %d; the state is saved", self.progress.label, module.step)
        self.signals.stop_if_received()

    def _check(self, module: RunModule) -> None:
        """Check that every loss since the last check is finite."""
        finite = torch.isfinite(torch.stack(self.losses))
        if not bool(finite.all()):
            step = module.step - len(self.losses) + int((~finite).nonzero()[0, 0]) + 1
            raise self._diverged(f"the loss is not finite at step {step}")
        self.losses.clear()

    def _diverged(self, what: str) -> DivergedError:
        kept = f"; the last good state is kept in {self.state.folder}" if self.state.last.exists() else ""
        return DivergedError(f"{self.progress.label}: {what}: lower the learning rate or use precision '32'{kept}.")

    def _save(self, trainer: pl.Trainer, module: RunModule) -> None:
        self._check(module)
        _require_room()
        if not all(bool(torch.isfinite(value).all()) for value in module.state_dict().values()):
            raise self._diverged(f"the weights are not finite after step {module.step}")
        trainer.save_checkpoint(self.state.last, weights_only=False)


def _require_room() -> None:
    """Raise `MemoryError` if memory is nearly full: without room for buffers, libraries may sum in a different order."""
    np.empty(ROOM_BYTES, dtype=np.uint8)  # allocated, not touched
