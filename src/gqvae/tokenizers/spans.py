"""Spans: the parts into which a network's hard gates cut pieces, each with its code.

The spans of a piece depend only on the piece and the rate, so the network runs once for each distinct piece of a corpus.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import groupby

import numpy as np

from gqvae.corpus.pieces import pack
from gqvae.models.network import GQVAE
from gqvae.models.segmentation import segmenter
from gqvae.progress import Progress

# Pieces per batch, all of one length. The shape is fixed, so that results do not depend on the rest of the batch.
ROWS_ON_CPU = 32
ROWS_ON_ACCELERATOR = 512

Span = tuple[bytes, int]  # part of a piece, and its code


def gated_spans(
    network: GQVAE, pieces: Iterable[bytes], rate: float | None, progress: Progress | None = None
) -> dict[bytes, list[Span]]:
    """The spans of every distinct piece (at most T bytes each).

    Args:
        network: in evaluation mode.
        rate: requested tokens per pre-token; None: the lowest that the network serves.
        progress: counts the pieces.
    """
    on_cpu = network.device.type == "cpu"
    rows = ROWS_ON_CPU if on_cpu else ROWS_ON_ACCELERATOR
    fast = segmenter(network, rows) if on_cpu else None
    ordered = sorted(set(pieces), key=lambda piece: (len(piece), piece))
    found: dict[bytes, list[Span]] = {}
    for length, group in groupby(ordered, key=len):
        alike = list(group)
        for start in range(0, len(alike), rows):
            batch = alike[start : start + rows]
            padded = batch + batch[-1:] * (rows - len(batch))
            symbols, lengths = network.symbols(*pack(padded, length))
            gates, codes = network.segment(symbols, lengths, rate) if fast is None else fast(symbols, len(batch), rate)
            for piece, ends, places in zip(batch, gates.tolist(), codes.tolist(), strict=False):
                found[piece] = _cut_at_gates(piece, ends, places)
            if progress:
                progress.update(len(batch))
    return found


def count_spans(
    network: GQVAE, counts: Mapping[bytes, int], rate: float | None, progress: Progress | None = None
) -> Counter[Span]:
    """Counts of the spans of a text, from the counts of its pieces."""
    return total_spans(gated_spans(network, counts, rate, progress), counts)


def total_spans(cut: Mapping[bytes, Iterable[Span]], counts: Mapping[bytes, int]) -> Counter[Span]:
    """Counts of the spans of a text, from the spans of its pieces and their counts."""
    found: Counter[Span] = Counter()
    for piece, spans in cut.items():
        for span in spans:
            found[span] += counts[piece]
    return found


def served_rates(network: GQVAE, count: int) -> list[float | None]:
    """`count` geometrically spaced rates over the range that a network serves; [None] if it serves no range."""
    if network.condition is None:
        return [None]
    return [float(rate) for rate in np.geomspace(*network.condition.rates, count)]


def _cut_at_gates(piece: bytes, ends: list[float], codes: list[int]) -> list[Span]:
    spans, start = [], 0
    for position in range(len(piece)):
        if ends[position]:
            spans.append((piece[start : position + 1], codes[position]))
            start = position + 1
    return spans
