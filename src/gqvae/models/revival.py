"""What a policy of reviving codes offers; each objective has its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from torch import Tensor, nn

from gqvae.models.quantizer import Quantizer

if TYPE_CHECKING:
    from gqvae.models.objective_base import Losses


class Revival(nn.Module, ABC):
    """When codes are moved, which, and to what. Its buffers are part of the training state."""

    @abstractmethod
    def observe(self, step: int, losses: Losses) -> None:
        """Remember encodings of the batch of step `step` (optimiser steps done)."""

    @abstractmethod
    def revive(self, step: int, quantizer: Quantizer) -> Tensor:
        """Move codes if step `step` (optimiser steps done) is due: → their indices (M,), maybe none."""
