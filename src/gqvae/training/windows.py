"""Training data of language models: documents up to a byte budget, joined and cut into windows, drawn by (seed, step).

The order of documents depends only on the corpus. Every arm, seed and budget takes a prefix of it, so smaller budgets are nested
in larger ones and every arm sees the same text. The stream EOD document EOD … document EOD is cut into windows of `context`
inputs, so that every token but the first is a target exactly once. One pass covers exactly the bytes of the documents.

A pass shuffles the text in blocks of `BLOCK_BYTES`; a window belongs to the block in which it starts. Arms cut the same text into
different windows, but with one seed they read its blocks in the same order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gqvae.config import END_OF_DOCUMENT
from gqvae.errors import UserError
from gqvae.language_models.base import IGNORED
from gqvae.tokenizers.token_files import TokenFile

ORDER_SEED = 20_251_221  # any constant: the order of documents must not depend on the seed of a run
WINDOWS_AT_ONCE = 1 << 12
BLOCK_BYTES = 1024  # about a story: two to four windows of the default context

Counts = npt.NDArray[np.int64]


def documents_of_budget(document_bytes: Counts, budget: int) -> Counts:
    """The documents, in the corpus's fixed order, that together first reach `budget` bytes of text.

    `document_bytes` (documents,) are the UTF-8 bytes of each training document.

    Raises:
        UserError: the training split is smaller than that.
    """
    total = int(document_bytes.sum())
    if total < budget:
        raise UserError(
            f"language_model.train_bytes asks for {budget:,} bytes but the training split has {total:,}:"
            " ask for less, or make the corpus larger."
        )
    order = np.random.default_rng([ORDER_SEED, len(document_bytes)]).permutation(len(document_bytes))
    reached = np.cumsum(document_bytes[order])
    return order[: int(np.searchsorted(reached, budget)) + 1]


def leading_documents(document_bytes: Counts, budget: int) -> Counts:
    """The first documents of a split that together reach `budget` bytes, or all of them."""
    reached = np.cumsum(document_bytes)
    return np.arange(min(int(np.searchsorted(reached, budget)) + 1, len(reached)))


def join_documents(tokens: TokenFile, documents: Sequence[int] | Counts) -> npt.NDArray[np.int32]:
    """EOD document EOD document … EOD.

    Returns:
        (tokens + documents + 1,) int32.
    """
    sizes = (tokens.offsets[1:] - tokens.offsets[:-1])[np.asarray(documents, dtype=np.int64)]
    joined = np.full(int(sizes.sum()) + len(sizes) + 1, END_OF_DOCUMENT, dtype=np.int32)
    start = 1
    for document, size in zip(documents, sizes.tolist(), strict=True):
        joined[start : start + size] = tokens.document(int(document))
        start += size + 1
    return joined


class Windows:
    """Windows of one joined stream, and the order in which a run sees them.

    Args:
        ids: (N,) the stream, see `join_documents`.
        byte_lengths: (V,) bytes of each id, as in `token_files.Vocabulary`.
        context: inputs per window T.
        batch: windows per step.
        epochs: passes over the windows; a fraction takes part of the last permutation.
        seed: seed of the order of the text.

    Attributes:
        steps: optimiser steps of the whole run; the last batch may be smaller.
        total_bytes: bytes of one pass.
        total_tokens: targets of one pass.
    """

    def __init__(
        self, ids: npt.NDArray[np.int32], byte_lengths: Counts, *, context: int, batch: int, epochs: float, seed: int
    ) -> None:
        self.context, self.batch_windows, self.seed = context, batch, seed
        targets = len(ids) - 1
        self.windows = math.ceil(targets / context)
        self.drawn = math.ceil(epochs * self.windows)
        self.steps = math.ceil(self.drawn / batch)
        # Losses ignore padding targets. Padding inputs come last, so no real position sees them.
        padded = np.full(self.windows * context + 1, IGNORED, dtype=np.int32)
        padded[: len(ids)] = ids
        self.stream = torch.from_numpy(padded)
        self._tokens = np.full(self.windows, context, dtype=np.int64)
        self._tokens[-1] = targets - (self.windows - 1) * context
        self._bytes = _window_bytes(padded, byte_lengths, context, self.windows)
        self.total_bytes, self.total_tokens = int(self._bytes.sum()), targets
        # At most the total: an extra byte before a document is only subtracted again at the document's end (`Vocabulary`).
        self._blocks = np.minimum(np.cumsum(self._bytes) - self._bytes, self.total_bytes) // BLOCK_BYTES
        self._order: tuple[int, Counts] | None = None

    def to(self, device: torch.device) -> None:
        """Move the stream to a device, once."""
        self.stream = self.stream.to(device)

    def chosen(self, step: int) -> Counts:
        """The windows of step `step` (from 0), taken in order from the joined permutations of all epochs."""
        start, stop = step * self.batch_windows, min((step + 1) * self.batch_windows, self.drawn)
        parts = []
        while start < stop:
            epoch, place = divmod(start, self.windows)
            count = min(stop - start, self.windows - place)
            parts.append(self._permutation(epoch)[place : place + count])
            start += count
        return np.concatenate(parts)

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Inputs and targets of step `step`, each (windows, T) int64 on the device; targets of −100 are padding."""
        starts = torch.from_numpy(self.chosen(step) * self.context)
        places = starts.to(self.stream.device, non_blocking=True)[:, None] + torch.arange(
            self.context + 1, device=self.stream.device
        )
        ids = self.stream[places].long()  # (windows, T + 1)
        return ids[:, :-1].clamp(min=0), ids[:, 1:]

    def consumed(self, steps: int) -> tuple[int, int]:
        """Bytes of text and tokens (targets) that the first `steps` steps have trained on."""
        epochs, rest = divmod(min(steps * self.batch_windows, self.drawn), self.windows)
        seen = self._permutation(epochs)[:rest]
        return (
            epochs * self.total_bytes + int(self._bytes[seen].sum()),
            epochs * self.total_tokens + int(self._tokens[seen].sum()),
        )

    def _permutation(self, epoch: int) -> Counts:
        if self._order is None or self._order[0] != epoch:
            places = np.random.default_rng([self.seed, epoch]).permutation(self.total_bytes // BLOCK_BYTES + 1)
            self._order = (epoch, np.argsort(places[self._blocks], kind="stable"))
        return self._order[1]


def _window_bytes(padded: npt.NDArray[np.int32], byte_lengths: Counts, context: int, windows: int) -> Counts:
    """Bytes of each window's targets, (windows,), a block of windows at a time."""
    lengths = np.append(byte_lengths, 0)  # last entry: padding
    result = np.empty(windows, dtype=np.int64)
    for start in range(0, windows, WINDOWS_AT_ONCE):
        stop = min(start + WINDOWS_AT_ONCE, windows)
        targets = padded[start * context + 1 : stop * context + 1].reshape(stop - start, context)
        result[start:stop] = lengths[np.where(targets == IGNORED, len(byte_lengths), targets)].sum(axis=1)
    return result
