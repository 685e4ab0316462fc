"""Training of one downstream language model, the same for every arm.

AdamW (β 0.9, 0.95; weight decay on the matrices of the layers and the output head, not on norms and embeddings), linear warm-up,
cosine decay to a tenth of the peak, both by the fraction of steps done. At log-spaced steps the caller's function measures the
model. The history records the result with the text, tokens and operations consumed so far.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from gqvae.config import LanguageModel
from gqvae.devices import autocast
from gqvae.language_models.base import Model, build_model
from gqvae.training.acceleration import graphed
from gqvae.training.runner import RunModule
from gqvae.training.windows import Windows

CURVE = ("step", "bytes", "tokens", "flops", "valid_bpb")
BETAS = (0.9, 0.95)
FINAL_RATE = 0.1  # of the peak learning rate
MOST_HALVINGS = 10  # no measurement before 2^-10 of the run

Measure = Callable[[Model, torch.device], float]


class _Loss(nn.Module):
    """A model's loss as a module."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor, targets: Tensor) -> Tensor:
        """See `Model.loss`."""
        return self.model.loss(ids, targets)


def measured_steps(steps: int, evaluations: int) -> list[int]:
    """Up to `evaluations` steps at which to measure, each at most about twice the one before, including the last step."""
    first = steps * 2.0 ** -min(evaluations - 1, MOST_HALVINGS)
    ratio = (steps / first) ** (1 / (evaluations - 1))
    return sorted({max(1, round(first * ratio**place)) for place in range(evaluations - 1)} | {steps})


def rate_factor(step: int, steps: int, warmup_fraction: float) -> float:
    """Learning rate of step `step` (from 0) of `steps`, relative to the peak."""
    warm = warmup_fraction * steps
    if step + 1 < warm:
        return (step + 1) / warm
    done = min(1.0, max(0.0, (step + 1 - warm) / max(1.0, steps - warm)))
    return FINAL_RATE + (1 - FINAL_RATE) * 0.5 * (1 + math.cos(math.pi * done))


class LanguageModelTraining(RunModule):
    """Training of one language model; its `history` has the columns `CURVE`.

    Args:
        settings: sizes and budget.
        vocab_size: ids V.
        windows: training data.
        seed: seed of the weights; `windows` has the seed of the order.
        measure: bits per byte of the model on validation text; called in evaluation mode and in the precision of the run.
    """

    def __init__(self, settings: LanguageModel, vocab_size: int, windows: Windows, seed: int, measure: Measure) -> None:
        super().__init__()
        self.settings, self.windows, self.measure = settings, windows, measure
        self.model = build_model(settings, vocab_size, seed)
        self.flops_per_token = self.model.flops_per_token(settings.context)
        self._measured = set(measured_steps(windows.steps, settings.evaluations))
        self.compilable = self.model.repeated_layers() if settings.compile else []
        self._recorded: Callable[..., Tensor] | None = None

    def configure_optimizers(self) -> Any:
        """AdamW with its schedule."""
        settings = self.settings
        embedding = self.model.embedding.weight
        parameters = list(self.model.parameters())
        decayed = [parameter for parameter in parameters if parameter.ndim > 1 and parameter is not embedding]
        others = [parameter for parameter in parameters if parameter.ndim == 1 or parameter is embedding]
        groups = [{"params": decayed, "weight_decay": settings.weight_decay}, {"params": others, "weight_decay": 0.0}]
        optimizer = torch.optim.AdamW(groups, lr=settings.learning_rate, betas=BETAS, fused=True)
        scheduler = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: rate_factor(step, self.windows.steps, settings.warmup_fraction)
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    def on_train_start(self) -> None:
        """Move the text to the device, once; on GPUs record the step of a full batch."""
        self.windows.to(self.device)
        if self.device.type == "cuda":
            self._recorded = graphed(_Loss(self.model), self.windows.batch(0), self.settings.precision)

    def on_train_end(self) -> None:
        """Free the recorded CUDA graphs, because the weights leave the device."""
        self._recorded = None

    def training_loss(self, step: int) -> Tensor:
        """Mean cross-entropy of the step's windows, in nats per token."""
        batch = self.windows.batch(step)
        full = len(batch[0]) == min(self.settings.batch_windows, self.windows.drawn)
        return self._recorded(*batch) if self._recorded is not None and full else self.model.loss(*batch)

    def after_step(self, step: int) -> None:
        """Measure at the log-spaced steps."""
        if step not in self._measured:
            return
        self.model.eval()
        with autocast(self.device, self.settings.precision), torch.compiler.set_stance("force_eager"):
            value = self.measure(self.model, self.device)
        self.model.train()
        size, tokens = self.windows.consumed(step)
        self.history.append(dict(zip(CURVE, (step, size, tokens, tokens * self.flops_per_token, value), strict=True)))

    def progress_note(self) -> str:
        """The last measurement."""
        return f"valid {self.history[-1]['valid_bpb']:.3f} bits per byte" if self.history else ""
