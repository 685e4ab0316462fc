"""Optimiser steps as in training but without Lightning's loop, for benchmarks."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch

from gqvae.devices import autocast
from gqvae.training.acceleration import compiled
from gqvae.training.language_model import LanguageModelTraining
from gqvae.training.network import NetworkTraining
from gqvae.training.runner import RunModule


class ByHand(RunModule):
    """Mixin for a training: call `start`, then `take`."""

    def start(self, device: torch.device, precision: str, gradient_clip: float | None) -> None:
        """Move to the device and make the optimiser."""
        self.to(device).train()
        if device.type == "cuda":
            self._compiled = compiled(self.compilable, dynamic=self.varying)  # for as long as this module lasts
            self._compiled.__enter__()
        self._precision, self._gradient_clip = precision, gradient_clip
        made: Any = self.configure_optimizers()
        self._optimizer, self._scheduler = made["optimizer"], made["lr_scheduler"]["scheduler"]
        self.on_train_start()

    def optimizers(self, use_pl_optimizer: bool = True) -> Any:
        """The optimiser itself."""
        return self._optimizer

    def take(self, count: int) -> float:
        """Take `count` steps and return the last loss (NaN if none)."""
        loss = torch.tensor(float("nan"))
        for _ in range(count):
            with autocast(self.device, self._precision):
                loss = self.training_loss(self.step)
            self._optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self.configure_gradient_clipping(self._optimizer, self._gradient_clip)
            self._optimizer.step()
            self._scheduler.step()
            self.step += 1
            self.after_step(self.step)
        return loss.item()


class NetworkSteps(ByHand, NetworkTraining):
    """Steps of a tokenizer's network."""


class LanguageModelSteps(ByHand, LanguageModelTraining):
    """Steps of a language model."""


def timed(work: Callable[[], object], device: torch.device) -> float:
    """Seconds of `work`, including the device's."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    start = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start
