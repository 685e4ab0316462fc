"""Revival by string, for the rate-controlled objective (ours; the paper's revival: `models/paper_revival.py`).

Each code is assigned to one string and placed at the mean of that string's encodings; no string has two codes. When quantization
starts, the most frequent gated spans get the codes. Later, a span that decodes wrongly takes over the least used code if it would
be used more than that code. If a string's code no longer decodes to it, the code is moved to the string's current encodings. The
reservoir is emptied at each revival, because encodings of an older network are misleading.
Shapes: N vectors of a batch, K codes, D width, R reservoir slots, S distinct strings, M moved codes.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gqvae.config import NetworkTraining
from gqvae.models.objective_base import Losses, Revival
from gqvae.models.quantizer import Quantizer

LAST_REVIVAL = 0.9  # no revival in the last tenth: a new code needs time to settle
CLAIM = 1.5  # a string must be used this many times as often as the code it takes
NOBODY = -1  # key of codes without a string


class Reservoir(nn.Module):
    """A ring of encodings with the strings they stand for."""

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
        """Overwrite the oldest entries with the `limit` new ones of highest priority; entries of priority 0 are never drawn."""
        slots = len(self.keys)
        chosen = priorities.topk(min(limit, slots, len(priorities))).indices
        places = (self.filled + torch.arange(len(chosen), device=chosen.device)) % slots
        self.vectors[places] = vectors[chosen].float()
        self.keys[places] = keys[chosen]
        self.priorities[places] = priorities[chosen].float()
        self.filled += len(chosen)

    @torch.no_grad()
    def strings(self) -> tuple[Tensor, Tensor, Tensor]:
        """Distinct strings, highest total priority first: keys (S,), mean encodings (S, D), total priorities (S,)."""
        present = self.priorities > 0
        keys, inverse, counts = torch.unique(self.keys[present], return_inverse=True, return_counts=True)
        total = torch.zeros(len(keys), device=keys.device).index_add_(0, inverse, self.priorities[present])
        means = torch.zeros(len(keys), self.vectors.shape[1], device=keys.device).index_add_(0, inverse, self.vectors[present])
        order = total.argsort(descending=True, stable=True)
        return keys[order], means[order] / counts[order, None], total[order]


class StringRevival(Revival):
    """See the module."""

    owners: Tensor
    exact_use: Tensor
    since: Tensor

    def __init__(self, settings: NetworkTraining, codes: int, width: int) -> None:
        super().__init__()
        self.settings = settings
        self.reservoir = Reservoir(settings.reservoir_vectors, width)
        self.register_buffer("owners", torch.full((codes,), NOBODY))  # (K,) keys of strings
        self.register_buffer("exact_use", torch.zeros(codes))  # (K,) moving average of exact emissions per step
        self.register_buffer("since", torch.zeros((), dtype=torch.long))  # steps since the reservoir was emptied

    @torch.no_grad()
    def observe(self, step: int, losses: Losses) -> None:
        """Store encodings of the batch after `step` optimiser steps: all spans while unquantized, then the wrong ones."""
        if losses.keys is None or losses.priorities is None:
            raise ValueError("codes are revived by string, but this objective gives its encodings neither keys nor priorities")
        self.reservoir.add(
            losses.encoded.vectors.detach(), losses.keys, losses.priorities.detach(), self.settings.reservoir_per_batch
        )
        self.since += 1
        if losses.encoded.quantization is not None:
            served = torch.zeros_like(self.exact_use).index_add_(
                0, losses.encoded.quantization.indices, losses.emitted * losses.exact
            )
            self.exact_use.lerp_(served, 1 - self.settings.usage_decay)

    @torch.no_grad()
    def revive(self, step: int, quantizer: Quantizer) -> Tensor:
        """Assign codes to strings if a revival is due after `step` optimiser steps → indices of the moved codes (M,)."""
        settings = self.settings
        first, every = step == settings.unquantized_steps, settings.revival_every
        later = settings.unquantized_steps < step <= LAST_REVIVAL * settings.steps
        if not first and not (later and every and step % every == 0):
            return torch.empty(0, dtype=torch.long, device=self.owners.device)
        keys, vectors, totals = self.reservoir.strings()  # (S,), (S, D), (S,)
        held = min(len(self.reservoir.keys) / settings.reservoir_per_batch, float(self.since))  # steps in the reservoir
        claims = totals / max(1.0, held)  # (S,), uses per step
        codes, owned = self._codes_of(keys)  # (S,), (S,)
        stale = owned & (claims > CLAIM * self.exact_use[codes])
        free = self.exact_use.argsort(stable=True)[: int((~owned).sum())]  # codes with the fewest exact uses
        wanting = (~owned).nonzero().squeeze(1)[: len(free)]
        if not first:
            worth = claims[wanting] > CLAIM * self.exact_use[free]
            free, wanting = free[worth], wanting[worth]
        # A stale code may also be free. Then the string that owns it comes first.
        kept = ~torch.isin(free, codes[stale])
        places = torch.cat([free[kept], codes[stale]])
        rows = torch.cat([wanting[kept], stale.nonzero().squeeze(1)])
        quantizer.revive(places, vectors[rows])
        self.owners[places], self.exact_use[places] = keys[rows], claims[rows]
        self.reservoir.priorities.zero_()
        self.since.zero_()
        return places

    def _codes_of(self, keys: Tensor) -> tuple[Tensor, Tensor]:
        """The code of each string (S,), and whether it has one (S,) bool."""
        owners, order = torch.sort(self.owners, stable=True)
        places = torch.searchsorted(owners, keys).clamp(max=len(owners) - 1)
        return order[places], owners[places] == keys
