"""Which documents a language model reads, how they are joined, and in which order their windows come."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from gqvae.errors import UserError
from gqvae.kernels.packing import pack_ids
from gqvae.language_models.base import IGNORED
from gqvae.tokenizers.token_files import TokenFile, write_record, write_split
from gqvae.training import windows as windows_module
from gqvae.training.windows import Windows, documents_of_budget, join_documents, leading_documents

END = 256
LENGTHS = np.array([1] * 256 + [0, 2, 3])


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


def windows(ids: np.ndarray, *, context: int = 8, batch: int = 3, epochs: float = 1.0, seed: int = 0) -> Windows:
    return Windows(ids.astype(np.int32), LENGTHS, context=context, batch=batch, epochs=epochs, seed=seed)


def text(tokens: int) -> np.ndarray:
    return np.concatenate(([END], np.random.default_rng(0).choice([97, 257, 258], size=tokens), [END]))


@pytest.mark.parametrize("tokens", [1, 6, 7, 8, 9, 70, 100])
def test_one_pass_sees_every_token_once_and_counts_its_bytes(tokens: int) -> None:
    ids = text(tokens)
    stream = windows(ids)
    seen: Counter[int] = Counter()
    size = count = 0
    for step in range(stream.steps):
        inputs, targets = stream.batch(step)
        real = targets != IGNORED
        seen.update(targets[real].tolist())
        size += int(LENGTHS[targets[real].numpy()].sum())
        count += int(real.sum())
        assert stream.consumed(step + 1) == (size, count)
        assert torch.equal(inputs[:, 1:][real[:, 1:]], targets[:, :-1][real[:, 1:]])
        assert int(inputs.min()) >= 0
    assert seen == Counter(ids[1:].tolist())
    assert (size, count) == (stream.total_bytes, stream.total_tokens) == (LENGTHS[ids].sum(), len(ids) - 1)


def test_batches_are_a_function_of_seed_and_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows_module, "BLOCK_BYTES", 8)
    one, other = windows(text(200), epochs=3), windows(text(200), epochs=3)
    order = list(range(one.steps))
    forward = [one.chosen(step).tolist() for step in order]
    assert [other.chosen(step).tolist() for step in reversed(order)][::-1] == forward
    assert [windows(text(200), epochs=3, seed=1).chosen(step).tolist() for step in order] != forward


def test_arms_of_one_seed_read_the_text_in_the_same_order() -> None:
    """In blocks, whatever the tokens: here single bytes and pairs of them."""
    size, block = 40_000, windows_module.BLOCK_BYTES
    lengths, order = np.array([1, 2, 0]), {}
    for token, bytes_each in ((0, 1), (1, 2)):
        ids = np.full(size // bytes_each + 2, token, dtype=np.int32)
        ids[[0, -1]] = 2
        stream = Windows(ids, lengths, context=32, batch=4, epochs=2.0, seed=5)
        starts = np.concatenate([stream.chosen(step) for step in range(stream.steps)]) * 32 * bytes_each // block
        order[token] = [number for number, _ in itertools.groupby(starts.tolist())]
        assert sorted(order[token][: size // block + 1]) == list(range(size // block + 1)) != order[token][: size // block + 1]
    assert order[0] == order[1]


@pytest.mark.parametrize("epochs", [0.5, 1.0, 2.5])
def test_epochs_are_permutations_one_after_the_other(epochs: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows_module, "BLOCK_BYTES", 8)
    stream = windows(text(203), epochs=epochs)
    drawn = np.concatenate([stream.chosen(step) for step in range(stream.steps)])
    assert len(drawn) == math.ceil(epochs * stream.windows) and stream.steps == math.ceil(len(drawn) / 3)
    for epoch in range(math.ceil(epochs)):
        part = drawn[epoch * stream.windows : (epoch + 1) * stream.windows]
        assert len(set(part.tolist())) == len(part)
    if epochs > 1:
        assert drawn[: stream.windows].tolist() != drawn[stream.windows : 2 * stream.windows].tolist()
