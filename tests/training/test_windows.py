"""Which documents a language model reads, and how they are joined."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from gqvae.errors import UserError
from gqvae.kernels.packing import pack_ids
from gqvae.tokenizers.token_files import TokenFile, write_record, write_split
from gqvae.training.windows import documents_of_budget, join_documents, leading_documents

END = 256


def test_smaller_budgets_are_prefixes_of_larger_ones() -> None:
    sizes = np.random.default_rng(1).integers(1, 50, size=200)
    chosen = [documents_of_budget(sizes, budget) for budget in (1, 300, 1000, int(sizes.sum()))]
    for smaller, larger in itertools.pairwise(chosen):
        assert smaller.tolist() == larger[: len(smaller)].tolist()
    assert sorted(chosen[-1].tolist()) == list(range(200))
    for budget, documents in zip((1, 300, 1000), chosen, strict=False):
        assert sizes[documents].sum() >= budget > sizes[documents[:-1]].sum()
    assert chosen[2].tolist() != sorted(chosen[2].tolist())


def test_budget_above_the_corpus_is_refused() -> None:
    with pytest.raises(UserError, match="train_bytes asks for 11 bytes but the training split has 10"):
        documents_of_budget(np.array([4, 6]), 11)


def test_leading_documents_are_whole_and_at_least_one() -> None:
    sizes = np.array([10, 10, 10])
    assert [leading_documents(sizes, budget).tolist() for budget in (1, 10, 11, 1000)] == [[0], [0], [0, 1], [0, 1, 2]]


def test_documents_are_joined_by_ends(tmp_path: Path) -> None:
    documents = pack_ids([[97, 98], [], [99]])
    row = write_split(tmp_path, "train", [documents], np.array([1] * 256 + [0]), np.array([2, 0, 1]))
    write_record(tmp_path, np.array([1] * 256 + [0]), "digest", "gpt2", {"train": row})
    tokens = TokenFile.open(tmp_path, "train")
    assert join_documents(tokens, [2, 0, 1]).tolist() == [END, 99, END, 97, 98, END, END]
    assert join_documents(tokens, []).tolist() == [END]
