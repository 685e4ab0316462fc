from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gqvae.measures.bits_per_byte import bits_per_byte
from gqvae.measures.contexts import ALONE, HALF, LONG, compare_contexts, inputs_seen

END = 256
LENGTHS = np.append(np.ones(END, dtype=np.int64), 0)


def text(sizes: list[int]) -> list[np.ndarray]:
    random = np.random.default_rng(0)
    return [np.concatenate([[END], random.integers(97, 123, size), [END]]).astype(np.int32) for size in sizes]


def no_memory(ids: Tensor, first: int) -> Tensor:
    """Predicts alike whatever came before: windows must not matter."""
    return torch.linspace(-2, 2, END + 1).expand(*ids[:, first:].shape, END + 1)


def counts_what_it_sees(ids: Tensor, first: int) -> Tensor:
    """Puts more on every token the more it sees: −log2 p = 20 − (tokens seen), a number that can be read off the costs."""
    seen = torch.arange(first + 1, ids.shape[1] + 1, dtype=torch.float64)
    share = 2.0 ** -(20 - seen)  # of the one token 7; the rest of the mass is elsewhere
    rest = (1 - share) / END
    probabilities = rest[:, None].repeat(1, END + 1)
    probabilities[:, 7] = share
    return probabilities.log().expand(len(ids), -1, -1)


def test_windows_make_no_difference_to_a_model_without_memory() -> None:
    rows = {row["windows"]: row for row in compare_contexts(no_memory, text([5, 70, 1, 33]), LENGTHS, context=16)}
    assert rows[HALF]["bpb"] == pytest.approx(rows[LONG]["bpb"], rel=1e-6) == pytest.approx(rows[ALONE]["bpb"], rel=1e-6)
    assert rows[LONG]["mean_context"] > rows[HALF]["mean_context"] > rows[ALONE]["mean_context"]


def test_one_document_that_fits_is_the_same_in_every_window() -> None:
    rows = compare_contexts(counts_what_it_sees, [np.array([END, 7, 7, 7, END], dtype=np.int32)], LENGTHS, context=16)
    assert len({row["bpb"] for row in rows}) == 1 and {row["mean_context"] for row in rows} == {2.5}


@settings(deadline=None, max_examples=60)
@given(targets=st.integers(1, 60), context=st.integers(2, 18), data=st.data())
def test_what_a_prediction_sees_is_what_the_measurement_shows_it(targets: int, context: int, data: st.DataObject) -> None:
    stride = data.draw(st.integers(1, context))
    ids = np.full(targets + 1, 7, dtype=np.int32)
    found = bits_per_byte(counts_what_it_sees, ids, LENGTHS, targets, context=context, stride=stride)
    np.testing.assert_allclose(20 - found.costs, inputs_seen(targets, context, stride), atol=1e-3)
