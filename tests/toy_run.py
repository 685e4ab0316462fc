"""A small training with dropout, momentum, a schedule, a history and extra state: everything that resumption must carry.

As a program: `python toy_run.py STATE STEPS [SECONDS_PER_STEP]` trains it and maps `Interrupted` to its exit code, as the command line does.
"""

from __future__ import annotations

import logging
import sys
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from gqvae.training.resume import Interrupted, RunState
from gqvae.training.runner import RunModule, fit


class ToyRun(RunModule):
    def __init__(self, seconds_per_step: float = 0.0, poison: int | None = None) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.layers = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 1))
        self.seconds_per_step, self.poison = seconds_per_step, poison
        self.extra = 0.0

    def configure_optimizers(self) -> Any:
        optimizer = torch.optim.AdamW(self.parameters(), lr=0.1)
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 / (1 + step))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    def training_loss(self, step: int) -> Tensor:
        batch = torch.randn(16, 4, generator=torch.Generator().manual_seed(step))
        loss = (self.layers(batch).squeeze(1) - batch.sum(1)).square().mean()
        return loss * torch.nan if self.poison is not None and step + 1 >= self.poison else loss

    def after_step(self, step: int) -> None:
        time.sleep(self.seconds_per_step)
        self.extra = self.extra / 2 + step
        if step % 3 == 0:
            self.history.append({"step": step, "norm": self.layers[0].weight.detach().norm().item(), "extra": self.extra})

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        super().on_save_checkpoint(checkpoint)
        checkpoint["extra"] = self.extra

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        super().on_load_checkpoint(checkpoint)
        self.extra = checkpoint["extra"]

    def result(self) -> dict[str, Any]:
        """Everything that must not depend on interruptions."""
        rows = [{key: float(value) for key, value in row.items()} for row in self.history]
        return {
            "step": self.step,
            "extra": self.extra,
            "history": rows,
            "weights": {key: value.tolist() for key, value in self.state_dict().items()},
        }


def train(run: ToyRun, state: RunState, steps: int, checkpoint_seconds: float = 0.0) -> ToyRun:
    fit(
        run,
        max_steps=steps,
        state=state,
        seed=5,
        precision="32",
        threads=1,
        label="toy",
        checkpoint_seconds=checkpoint_seconds,
        gradient_clip=1.0,
    )
    return run


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    try:
        with RunState(Path(sys.argv[1]), "toy") as held:
            train(ToyRun(float(sys.argv[3])), held, int(sys.argv[2]))
    except Interrupted as interruption:
        sys.exit(interruption.exit_code)
