"""Prunes a trained codebook: drops codes that never decode exactly to their span or that repeat another code's string.

Spans of a dropped code go to the nearest remaining code. Spans of a remaining code keep it, because it is still the nearest.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

from gqvae.models.network import GQVAE
from gqvae.progress import Progress
from gqvae.tokenizers.spans import count_spans, served_rates

RATES = 5  # rates at which codes are counted


def exact_uses(network: GQVAE, counts: Mapping[bytes, int]) -> list[int]:
    """How often each code is assigned to a span that it decodes to exactly, over the rates that a network serves → (K,)."""
    strings = network.code_strings()
    uses = [0] * len(strings)
    rates = served_rates(network, RATES)
    with Progress("counting the uses of codes", len(rates) * len(counts), "piece") as progress:
        for rate in rates:
            for (text, code), count in count_spans(network, counts, rate, progress).items():
                uses[code] += count * (strings[code] == text)
    return uses


def prune_codebook(network: GQVAE, counts: Mapping[bytes, int]) -> list[int]:
    """Keep, for each string, the code that most often stands for it exactly, if any does; at least two codes stay.

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
