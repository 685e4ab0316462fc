"""Revival of dead codes by string, for the rate-controlled objective (ours; the paper's: `training/paper_revival.py`).

The strings that cost most are given codes of their own, at the mean of their encodings: one code a string, so that a frequent string
does not fill the codebook with copies. The reservoir is emptied at each revival, because encodings of an older network mislead.
Shapes: N vectors of a batch, K codes, D width, R reservoir slots, M revived codes.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gqvae.config import NetworkTraining
from gqvae.models.objective_base import Losses
from gqvae.models.quantizer import DEAD_SHARE, Quantizer

LAST_REVIVAL = 0.9  # no revival in the last tenth: a new code needs time to settle


class Reservoir(nn.Module):
    """A ring of encodings from which dead codes are revived.

    Entries with equal keys are occurrences of one string: they are merged (mean vector, summed priority) when drawn, so that a
    frequent string is given one code and not many.
    """

    vectors: Tensor
    keys: Tensor
    priorities: Tensor
    filled: Tensor

    def __init__(self, slots: int, width: int) -> None:
        super().__init__()
        self.register_buffer("vectors", torch.zeros(slots, width))  # (R, D)
        self.register_buffer("keys", torch.zeros(slots, dtype=torch.long))  # (R,)
        self.register_buffer("priorities", torch.zeros(slots))  # (R,); 0 = empty
        self.register_buffer("filled", torch.zeros((), dtype=torch.long))  # entries ever written

    @torch.no_grad()
    def add(self, vectors: Tensor, keys: Tensor, priorities: Tensor, limit: int) -> None:
        """Write the `limit` entries of highest priority over the oldest ones; priority 0 is never drawn."""
        slots = len(self.keys)
        chosen = priorities.topk(min(limit, slots, len(priorities))).indices
        places = (self.filled + torch.arange(len(chosen), device=chosen.device)) % slots
        self.vectors[places] = vectors[chosen].float()
        self.keys[places] = keys[chosen]
        self.priorities[places] = priorities[chosen].float()
        self.filled += len(chosen)

    @torch.no_grad()
    def draw(self, count: int) -> Tensor:
        """At most `count` vectors of different keys, those of highest total priority.

        Returns:
            (M, D), M ≤ count.
        """
        present = self.priorities > 0
        keys, inverse, counts = torch.unique(self.keys[present], return_inverse=True, return_counts=True)
        total = torch.zeros(len(keys), device=keys.device).index_add_(0, inverse, self.priorities[present])
        means = torch.zeros(len(keys), self.vectors.shape[1], device=keys.device).index_add_(0, inverse, self.vectors[present])
        chosen = total.argsort(descending=True, stable=True)[:count]
        return means[chosen] / counts[chosen, None]

    @torch.no_grad()
    def clear(self) -> None:
        """Forget all entries: encodings of an older network are of no use."""
        self.priorities.zero_()


class StringRevival(nn.Module):
    """When codes are revived, which, and from what. Its buffers are part of the training state.

    Args:
        settings: schedule and sizes.
        width: D.
    """

    def __init__(self, settings: NetworkTraining, width: int) -> None:
        super().__init__()
        self.settings = settings
        self.reservoir = Reservoir(settings.reservoir_vectors, width)

    def observe(self, step: int, losses: Losses) -> None:
        """Remember encodings of the batch of step `step` (optimiser steps done): all while unquantized, then those of priority."""
        if losses.keys is None or losses.priorities is None:
            raise ValueError("codes are revived by string, and this objective gives its encodings neither keys nor priorities")
        filling = step < self.settings.unquantized_steps
        limit = self.settings.reservoir_vectors if filling else self.settings.reservoir_per_batch
        self.reservoir.add(losses.encoded.vectors.detach(), losses.keys, losses.priorities.detach(), limit)

    def revive(self, step: int, quantizer: Quantizer) -> Tensor:
        """Initialise all codes when quantization starts, later the dead ones, as far as there are strings: → indices (M,)."""
        usage, settings = quantizer.usage, self.settings
        if step == settings.unquantized_steps:
            codes = torch.arange(len(usage), device=usage.device)
        elif step > settings.unquantized_steps and self._due(step):
            codes = usage.argsort(stable=True)[: int((usage < DEAD_SHARE / len(usage)).sum())]
        else:
            return torch.empty(0, dtype=torch.long, device=usage.device)
        vectors = self.reservoir.draw(len(codes))
        codes = codes[: len(vectors)]
        quantizer.revive(codes, vectors)
        self.reservoir.clear()
        return codes

    def _due(self, step: int) -> bool:
        settings = self.settings
        return bool(settings.revival_every) and step % settings.revival_every == 0 and step <= LAST_REVIVAL * settings.steps
