"""Health of a network: a histogram of its gates, segmented example pre-tokens, and a diagnosis in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gqvae.models.network import GQVAE
from gqvae.tokenizers.readable import visible
from gqvae.tokenizers.spans import count_spans, gated_spans

GATE_BINS = 5
NEARLY_CLOSED, NEARLY_OPEN = 0.1, 0.9  # of gates, for their state (`gqvae.measures.gate_states`)
# Share of positions with gates in each fifth of 0 … 1, and with nearly closed and nearly open gates.
GATE_COLUMNS = (*(f"gates_{place}" for place in range(GATE_BINS)), "gates_nearly_closed", "gates_nearly_open")
EXAMPLES = 12


def gate_histogram(gates: Tensor, lengths: Tensor, weights: Tensor) -> dict[str, float]:
    """Shares by `GATE_COLUMNS`, without the last position of each pre-token: gates (B, T), lengths (B,), weights (B,)."""
    inner = (torch.arange(gates.shape[1], device=gates.device) < lengths[:, None] - 1) * weights[:, None]  # (B, T)
    bins = (gates * GATE_BINS).long().clamp(0, GATE_BINS - 1)
    mass = torch.zeros(GATE_BINS, device=gates.device).index_add_(0, bins.flatten(), inner.flatten())
    ends = torch.stack([(inner * (gates < NEARLY_CLOSED)).sum(), (inner * (gates > NEARLY_OPEN)).sum()])
    return dict(zip(GATE_COLUMNS, (torch.cat([mass, ends]) / mass.sum().clamp(min=1e-9)).tolist(), strict=True))


def examples(network: GQVAE, pieces: list[bytes], rate: float | None) -> str:
    """A dozen segmented pieces from frequent to rare (`pieces` are in that order), at a requested rate in tokens per pre-token.

    If a code does not decode to its span, the span is followed by ≠ and the decoded string.
    """
    places = np.unique(np.geomspace(1, len(pieces), EXAMPLES).astype(int) - 1)
    chosen, strings = [pieces[place] for place in places], network.code_strings()
    spans = gated_spans(network, chosen, rate)
    return "  ".join(
        "|".join(visible(text) + (f"≠{visible(strings[code])}" if strings[code] != text else "") for text, code in spans[piece])
        for piece in chosen
    )


def tokens_per_piece(network: GQVAE, counts: Mapping[bytes, int], rate: float | None) -> float:
    """Mean tokens per piece with hard gates at a requested rate."""
    return count_spans(network, counts, rate).total() / sum(counts.values())


def diagnose(row: dict[str, Any], strings: list[bytes], highest_rate: float) -> str:
    """The state of a trained network in words, from the last row of its history (at the lowest rate that it supports).

    `strings`: of its codes (none if it was never quantized). `highest_rate`: tokens per piece at the highest supported rate.
    """
    found = []
    if row["gate_mean"] > 0.9:
        found.append("collapsed to single bytes: nearly every gate is open; request a lower rate, or train longer")
    elif highest_rate < 1.002:
        found.append("collapsed to whole pre-tokens: gates open only at the ends of pre-tokens, whatever rate is requested")
    # Usage averages about fifty steps, in which a rare code may not occur.
    idle = bool(strings) and row["codes_used"] < 0.5
    exact = row["exact_token_accuracy"] >= 0.8
    if not exact:
        advice = "train longer" if idle else "train longer or use more codes"
        found.append(f"only {100 * row['exact_token_accuracy']:.0f} % of tokens decode exactly: {advice}")
    if strings:
        if idle and exact:
            found.append(f"only {100 * row['codes_used']:.0f} % of codes were used in the last steps: fewer codes would do")
        duplicates = 1 - len(set(strings)) / len(strings)
        if duplicates > 0.1:
            found.append(f"{100 * duplicates:.0f} % of codes repeat another's string: train longer before quantizing")
    return "; ".join(found) or "gates, codes and tokens look healthy"
