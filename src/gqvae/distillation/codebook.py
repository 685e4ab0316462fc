"""Pruning of a trained codebook: codes go that never stand for a span exactly, or repeat another's string.

What they were chosen for is given the nearest of the codes that stay. A code that stays loses nothing: it was the nearest before.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

from gqvae.models.network import GQVAE
from gqvae.tokenizers.spans import count_spans, served_rates

RATES = 5  # rates at which codes are counted


def exact_uses(network: GQVAE, counts: Mapping[bytes, int]) -> list[int]:
    """How often each code is chosen for the very string it decodes to, over the rates that a network serves → (K,)."""
    strings = network.code_strings()
    uses = [0] * len(strings)
    for rate in served_rates(network, RATES):
        for (text, code), count in count_spans(network, counts, rate).items():
            uses[code] += count * (strings[code] == text)
    return uses


def prune_codebook(network: GQVAE, counts: Mapping[bytes, int]) -> list[int]:
    """Keep, for each string, the code that stands for it most often, if any does.

    The codebook keeps at least two codes.

    Args:
        network: in evaluation mode; its codebook is replaced.
        counts: how often each piece of the training split occurs.

    Returns:
        Indices of the codes that stay, ascending.
    """
    uses, strings = exact_uses(network, counts), network.code_strings()
    ascending = sorted((code for code in range(len(strings)) if uses[code]), key=lambda code: (uses[code], -code))
    best = {strings[code]: code for code in ascending}  # the last of a string's codes is the most used
    kept = sorted(best.values()) if len(best) > 1 else [0, 1]
    network.keep_codes(torch.tensor(kept, device=network.device))
    return kept
