"""Interface of revival policies; each objective has one."""

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
        """Store encodings of the batch after `step` optimiser steps."""

    @abstractmethod
    def revive(self, step: int, quantizer: Quantizer) -> Tensor:
        """Move codes if a revival is due after `step` optimiser steps → their indices (M,), maybe none."""
