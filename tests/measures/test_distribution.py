"""Rényi efficiency against closed forms, counting against numpy on the whole, ranks against sorting."""

from __future__ import annotations

import itertools
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from gqvae.errors import UserError
from gqvae.files import file_digest, write_json
from gqvae.measures import distribution, vocabulary_used


def write_tokens(folder: Path, ids: np.ndarray, vocab_size: int) -> Path:
    """Ids as an encoded split of one document, whatever text they may stand for."""
    (folder / "train.bin").write_bytes(ids.tobytes())
    np.save(folder / "train.offsets.npy", np.array([0, len(ids)]))
    digests = {"sha256": file_digest(folder / "train.bin"), "offsets_sha256": file_digest(folder / "train.offsets.npy")}
    splits = {"train": {"documents": 1, "tokens": len(ids), "bytes": 3 * len(ids), **digests}}
    write_json(folder / "tokens.json", {"vocab_size": vocab_size, "dtype": str(ids.dtype), "splits": splits})
    return folder


@pytest.mark.parametrize("dtype", ["uint16", "uint32"])
@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_counting_in_pieces_equals_counting_at_once(tmp_path: Path, dtype: str, chunk: int) -> None:
    ids = np.random.default_rng(0).integers(0, 40, size=500).astype(dtype)
    counts = distribution.count_tokens(write_tokens(tmp_path, ids, 50), chunk=chunk)
    np.testing.assert_array_equal(counts, np.bincount(ids, minlength=50))


def test_an_id_outside_the_vocabulary_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="id 300"):
        distribution.count_tokens(write_tokens(tmp_path, np.array([1, 300], dtype="uint16"), 257))


def test_a_truncated_token_file_is_refused(tmp_path: Path) -> None:
    folder = write_tokens(tmp_path, np.arange(10, dtype="uint16"), 257)
    (folder / "train.bin").write_bytes(b"\0" * 18)
    with pytest.raises(UserError, match=r"train\.bin is damaged"):
        distribution.count_tokens(folder)


@pytest.mark.parametrize("alpha", [0.5, 2.5])
def test_uniform_use_of_the_whole_vocabulary_is_efficiency_one(alpha: float) -> None:
    assert distribution.renyi_efficiency(np.full(300, 7, dtype=np.int64), alpha) == pytest.approx(1)


def test_uniform_use_of_half_the_vocabulary_costs_one_bit() -> None:
    counts = np.array([5] * 128 + [0] * 128, dtype=np.int64)
    assert distribution.renyi_efficiency(counts) == pytest.approx(7 / 8)


def test_two_tokens_have_the_closed_form() -> None:
    p = 0.75
    expected = np.log2(p**2.5 + (1 - p) ** 2.5) / (1 - 2.5)
    assert distribution.renyi_entropy(np.array([3, 1], dtype=np.int64)) == pytest.approx(expected)


COUNTS = st.lists(st.integers(0, 1000), min_size=2, max_size=50).filter(any).map(lambda values: np.array(values, dtype=np.int64))


@given(COUNTS)
def test_alpha_near_one_is_shannons_entropy(counts: np.ndarray) -> None:
    shannon = stats.entropy(counts, base=2)
    assert distribution.renyi_entropy(counts, 1 + 1e-6) == pytest.approx(shannon, abs=1e-3)


@given(COUNTS)
def test_entropy_falls_with_alpha(counts: np.ndarray) -> None:
    values = [distribution.renyi_entropy(counts, alpha) for alpha in (0.5, 0.99, 2, 2.5, 10)]
    assert all(later <= earlier + 1e-9 for earlier, later in itertools.pairwise(values))


def test_vocabulary_used_leaves_out_the_end_of_a_document() -> None:
    counts = np.ones(257, dtype=np.int64)
    counts[256] = 0
    text: Any = SimpleNamespace(counts=counts)
    assert vocabulary_used.of(text) == 1
    counts[:128] = 0
    assert vocabulary_used.of(text) == 0.5


@given(st.integers(1, 100_000))
def test_ranks_are_few_rising_and_reach_both_ends(ranks: int) -> None:
    chosen = distribution.log_spaced_ranks(ranks)
    assert chosen[0] == 1 and chosen[-1] == ranks and len(chosen) <= 200
    assert (np.diff(chosen) > 0).all()


def test_rank_frequency_is_the_sorted_counts() -> None:
    counts = np.array([0, 5, 1, 9, 0, 3], dtype=np.int64)
    curve = distribution.rank_frequency(counts)
    assert curve["rank"].tolist() == [1, 2, 3, 4]
    assert curve["count"].tolist() == [9, 5, 3, 1]
    assert curve["share"].tolist() == pytest.approx([9 / 18, 5 / 18, 3 / 18, 1 / 18])
