"""Decodes token ids: the first ones in Python, the rest by a kernel, which takes most of a second to load."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from gqvae.errors import UserError

if TYPE_CHECKING:
    from gqvae.kernels.decoding import Joiner

IDS_IN_PYTHON = 1 << 20  # about what Python decodes while kernels load


class Decoder:
    """The decoder of a vocabulary; all threads may use it."""

    def __init__(self, token_bytes: list[bytes]) -> None:
        self._token_bytes, self._seen = token_bytes, 0
        self._joiner: Joiner | None = None

    def load_kernels(self) -> None:
        """Use kernels from now on."""
        if self._joiner is None:
            from gqvae.kernels.decoding import Joiner

            self._joiner = Joiner(self._token_bytes)

    def decode(self, ids: Iterable[int] | np.ndarray) -> bytes:
        """The bytes of token ids.

        Raises:
            UserError: an id is outside the vocabulary.
        """
        if not isinstance(ids, np.ndarray):
            ids = list(ids)
        self._seen += len(ids)
        if self._seen > IDS_IN_PYTHON:
            self.load_kernels()
        if self._joiner is None:
            return self._in_python(ids.tolist() if isinstance(ids, np.ndarray) else ids)
        rows = ids if isinstance(ids, np.ndarray) else np.array(ids, dtype=None if ids else np.uint32)
        if rows.dtype != np.uint32:
            if rows.dtype.kind not in "iu" or (rows.size and not 0 <= rows.min() <= rows.max() < len(self._token_bytes)):
                return self._in_python(rows.tolist())
            rows = rows.astype(np.uint32)
        joined = self._joiner.join(np.ascontiguousarray(rows))
        return self._in_python(rows.tolist()) if joined is None else joined

    def _in_python(self, ids: list[int]) -> bytes:
        if ids and min(ids) < 0:
            raise UserError(f"Token id {min(ids)} is negative: ids start at 0.")
        try:
            return b"".join(map(self._token_bytes.__getitem__, ids))
        except IndexError:
            raise UserError(
                f"Token id {max(ids)} is not below the vocabulary size {len(self._token_bytes)}: use the tokenizer that made it."
            ) from None
