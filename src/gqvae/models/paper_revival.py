"""The paper's revival of unused codes (schedule and sizes of the authors' code; ours: `models/string_revival.py`).

While training is unquantized a reservoir fills with encodings. When quantization starts, and every `revival_every` steps from
then on until the end of training, all codes of zero moving-average usage are re-initialised with vectors drawn at random from the
reservoir. At the start this is the whole codebook. After that, the worst-quantized vectors of each batch overwrite the oldest in
the reservoir, which is never emptied. Deviation: a batch holds distinct pre-tokens, so an encoding enters once however often its
pre-token was drawn. Shapes: N vectors of a batch, K codes, D width, R reservoir slots, M revived codes.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gqvae.config import NetworkTraining
from gqvae.models.objective_base import Losses, Revival
from gqvae.models.quantizer import Quantizer

# "Zero" usage, as a share of all emissions: a moving average that was ever above zero decays but never reaches zero.
# One use among the 16,384 positions of a batch of the paper's size adds 1.2e-6 (decay 0.98), which falls below this after 237
# steps. So a code is revived if it was never used, or not used for about the 250 steps between revivals.
ZERO_USAGE = 1e-8


class PaperRevival(Revival):
    """See the module."""

    vectors: Tensor
    written: Tensor

    def __init__(self, settings: NetworkTraining, width: int) -> None:
        super().__init__()
        self.settings = settings
        self.register_buffer("vectors", torch.zeros(settings.reservoir_vectors, width))  # (R, D), a ring
        self.register_buffer("written", torch.zeros((), dtype=torch.long))  # vectors ever written

    @torch.no_grad()
    def observe(self, step: int, losses: Losses) -> None:
        """Store encodings of the batch after `step` optimiser steps: all if it was unquantized, else the worst-quantized."""
        vectors, quantization = losses.encoded.vectors.detach().float(), losses.encoded.quantization  # (N, D)
        if quantization is not None:
            distances = quantization.commitment_loss  # (N,), ‖z − e‖² / D
            vectors = vectors[distances.topk(min(self.settings.reservoir_per_batch, len(distances))).indices]
        slots = len(self.vectors)
        vectors = vectors[:slots]
        self.vectors[(self.written + torch.arange(len(vectors), device=vectors.device)) % slots] = vectors
        self.written += len(vectors)

    @torch.no_grad()
    def revive(self, step: int, quantizer: Quantizer) -> Tensor:
        """Re-initialise every unused code if a revival is due after `step` optimiser steps → their indices (M,), maybe none."""
        since, every = step - self.settings.unquantized_steps, self.settings.revival_every
        due = since == 0 or (since > 0 and every > 0 and since % every == 0)
        present = min(int(self.written), len(self.vectors)) if due else 0
        if not present:
            return torch.empty(0, dtype=torch.long, device=quantizer.usage.device)
        codes = (quantizer.usage < ZERO_USAGE).nonzero().squeeze(1)  # (M,)
        # Drawn without replacement as long as the vectors last, because equal codes could not all be used.
        rounds = [torch.randperm(present, device=codes.device) for _ in range(-(-len(codes) // present))]
        if rounds:
            # Their usage stays zero, so a code that is still unused at the next revival is moved again.
            quantizer.revive(codes, self.vectors[torch.cat(rounds)[: len(codes)]], usage=0.0)
        return codes
