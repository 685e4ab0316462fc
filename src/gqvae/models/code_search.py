"""Exact search for the nearest code on CPUs, with less work than `Quantizer.nearest`, which computes all distances.

Vectors and codes are rotated onto the principal axes of the codebook. With the first m coordinates z₁ and the rest z₂, the
Cauchy–Schwarz inequality ⟨z, e⟩ ≤ ⟨z₁, e₁⟩ + ‖z₂‖‖e₂‖ bounds every squared distance from below. The bounds are one small matrix
product. A code is compared in full only if its bound is below the best distance so far. Where two codes are equally near within
the rounding error of 32 bit, all distances decide, so the result equals that of `Quantizer.nearest`.
Shapes: N vectors, K codes, D width, m leading axes.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import torch
from numba import types
from torch import Tensor

from gqvae.kernels.compiled import kernel

ROWS = 64  # vectors at a time: their bounds fit the cache, and the product always has the same shape
LEADING_SHARE = 0.3  # m / D: fewer axes leave more codes to compare, more make the product slower
BLOCK = 64  # bounds that are skipped together
ROUNDING = 1e-5  # times the squared norms: well above the error of a distance in 32 bit
TIED_ROWS = 8  # vectors at a time whose distances to all codes are computed

VECTOR = types.Array(types.float32, 1, "C")
MATRIX = types.Array(types.float32, 2, "C")
BITS = types.Array(types.int32, 2, "C")
INDICES = types.Array(types.int64, 1, "C")


@numba.njit(nogil=True, fastmath={"reassoc", "contract"})
def _product(first: Any, row: Any, second: Any, other: Any, begin: Any, end: Any) -> Any:
    total = np.float32(0)
    for place in range(begin, end):
        total += first[row, place] * second[other, place]
    return total


@numba.njit(nogil=True)
def _lowest(bits: Any) -> Any:
    lowest = bits[0]
    for place in range(1, len(bits)):
        lowest = min(lowest, bits[place])
    return lowest


@kernel(types.void, MATRIX, BITS, INDICES, MATRIX, MATRIX, MATRIX, MATRIX, VECTOR, INDICES)
def _compare(
    bounds: Any, bits: Any, likely: Any, vectors: Any, codes: Any, vector_rests: Any, code_rests: Any, slack: Any, found: Any
) -> None:
    """Write the nearest code of each vector to `found` (N,), −1 if another is as near within `slack` (N,).

    `bits` is the memory of `bounds` (N, K) read as integers, which have the same order where bounds are not negative. `likely` (N,)
    is the code with the lowest bound. `vectors` (N, D − m) and `codes` (K, D − m) hold the coordinates on the other axes.
    `vector_rests` (2, N) and `code_rests` (2, K) are the norms of these and of the last two thirds of them.
    """
    two = np.float32(2)
    width = vectors.shape[1]
    middle = vectors.shape[1] // 3
    count = bounds.shape[1]
    limits = np.empty(1, dtype=np.float32)
    for row in range(len(found)):
        rest, tail, near = two * vector_rests[0, row], two * vector_rests[1, row], slack[row]
        first = likely[row]
        nearest = first
        best = bounds[row, first] + rest * code_rests[0, first] - two * _product(vectors, row, codes, first, 0, width)
        second = np.float32(np.inf)
        limit = max(best + near, np.float32(0))
        limits[0] = limit
        for begin in range(0, count, BLOCK):
            end = min(begin + BLOCK, count)
            if _lowest(bits[row, begin:end]) > limits.view(np.int32)[0]:
                continue
            for code in range(begin, end):
                if bounds[row, code] > limit or code == first:
                    continue
                sofar = bounds[row, code] + rest * code_rests[0, code] - two * _product(vectors, row, codes, code, 0, middle)
                if sofar - tail * code_rests[1, code] > limit:
                    continue
                distance = sofar - two * _product(vectors, row, codes, code, middle, width)
                if distance < best:
                    second, best, nearest = best, distance, code
                    limit = max(best + near, np.float32(0))
                    limits[0] = limit
                elif distance < second:
                    second = distance
        found[row] = nearest if second > limit else -1


class CodeSearch:
    """Searches a codebook (K, D) as it is now; later changes have no effect."""

    def __init__(self, codebook: Tensor) -> None:
        self.codes = codebook.detach().float()
        self.norms = self.codes.square().sum(1)  # (K,)
        self.centre = self.codes.mean(0)
        centred = self.codes - self.centre
        axes = torch.linalg.eigh((centred.T @ centred).double()).eigenvectors.flip(1).float()  # (D, D), largest variance first
        self.leading = max(1, int(self.codes.shape[1] * LEADING_SHARE))
        rotated = centred @ axes
        rests = rotated[:, self.leading :].contiguous()
        lengths = _rest_lengths(rests)
        self.bounding = torch.cat(
            (rotated[:, : self.leading], lengths[0][:, None], centred.square().sum(1)[:, None], torch.ones(len(centred), 1)), 1
        )  # (K, m + 3)
        self.rests, self.lengths = rests.numpy(), lengths.numpy()
        self.axes, self.largest = axes, self.norms.max()
        self._bounds = torch.empty(ROWS, len(self.codes))

    def nearest(self, vectors: Tensor) -> npt.NDArray[np.int64]:
        """Index of the nearest code for each of (N, D) vectors → (N,)."""
        found = np.empty(len(vectors), dtype=np.int64)
        for start in range(0, len(vectors), ROWS):
            part = vectors[start : start + ROWS]
            count = len(part)
            if count < ROWS:
                part = torch.cat((part, part[-1:].expand(ROWS - count, -1)))
            found[start : start + count] = self._nearest(part)[:count]
        (tied,) = (found < 0).nonzero()
        for start in range(0, len(tied), TIED_ROWS):
            rows = tied[start : start + TIED_ROWS]
            part = vectors[torch.from_numpy(np.resize(rows, TIED_ROWS))]
            distances = torch.addmm(self.norms[None], part, self.codes.T, alpha=-2.0)
            found[rows] = distances.numpy().argmin(1)[: len(rows)]
        return found

    def _nearest(self, vectors: Tensor) -> npt.NDArray[np.int64]:
        """Of exactly `ROWS` vectors; −1 where codes tie."""
        rotated = (vectors - self.centre) @ self.axes
        rests = rotated[:, self.leading :].contiguous()
        lengths = _rest_lengths(rests)
        scaled = torch.cat(
            (rotated[:, : self.leading] * -2, lengths[0][:, None] * -2, torch.ones(ROWS, 1), rotated.square().sum(1)[:, None]), 1
        )  # (N, m + 3)
        bounds = torch.mm(scaled, self.bounding.T, out=self._bounds).numpy()
        slack = (vectors.square().sum(1) + self.largest) * ROUNDING
        found = np.empty(ROWS, dtype=np.int64)
        _compare(
            bounds,
            bounds.view(np.int32),
            bounds.argmin(1),
            rests.numpy(),
            self.rests,
            lengths.numpy(),
            self.lengths,
            slack.numpy(),
            found,
        )
        return found


def _rest_lengths(rests: Tensor) -> Tensor:
    """Norms of the rows (N, D − m), and of their last two thirds → (2, N)."""
    return torch.stack((rests.norm(dim=1), rests[:, rests.shape[1] // 3 :].norm(dim=1)))
