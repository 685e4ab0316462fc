"""Damaged files of tokenizers and encoded corpora are refused, or read as they were written."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from damage import Damage, damages
from gqvae.corpus.pretokens import PretokenCounts
from gqvae.errors import UserError
from gqvae.kernels.packing import pack_ids
from gqvae.tokenizers.base import Tokenizer
from gqvae.tokenizers.load import load_tokenizer
from gqvae.tokenizers.network_files import NetworkFile
from gqvae.tokenizers.token_files import TokenFile, write_record, write_split

TEXT = "The fox wasn't talking — 99 frogs “jumped” into the rivers.\n"
fuzzed = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
numbers = itertools.count()


def refused_or(expected: object, read: Callable[[Path], object], damage: Damage, whole: Path, tmp_path: Path) -> None:
    """Damage a copy and read it."""
    folder = tmp_path / str(next(numbers))
    done = damage.applied(whole, folder)
    try:
        found = read(folder)
    except UserError as error:
        assert "\n" not in str(error), done
        return
    assert found == expected, done


@pytest.mark.parametrize("arm", ["bytes", "bpe", "unigram", "dictionary", "pathpiece", "neural"])
@fuzzed
@given(damage=damages)
def test_tokenizers(tokenizers: dict[str, Tokenizer], arm: str, damage: Damage, tmp_path_factory: pytest.TempPathFactory) -> None:
    whole = tmp_path_factory.getbasetemp() / f"whole-{arm}"
    if not whole.exists():
        tokenizers[arm].save(whole)
    expected = tokenizers[arm].encode(TEXT)
    refused_or(expected, lambda folder: load_tokenizer(folder).encode(TEXT), damage, whole, tmp_path_factory.mktemp("damaged"))


@fuzzed
@given(damage=damages)
def test_networks(network_folder: Path, damage: Damage, tmp_path: Path) -> None:
    expected = NetworkFile.of(network_folder).network.code_strings()
    refused_or(expected, lambda folder: NetworkFile.of(folder).network.code_strings(), damage, network_folder, tmp_path)


@fuzzed
@given(damage=damages)
def test_token_files(damage: Damage, tmp_path_factory: pytest.TempPathFactory) -> None:
    whole = tmp_path_factory.getbasetemp() / "whole-tokens"
    documents = [[97, 98, 257], [], [258] * 300, [0, 255]]
    if not whole.exists():
        lengths = np.array([1] * 256 + [0, 2, 3])
        sizes = np.array([int(lengths[document].sum()) for document in documents])
        row = write_split(whole, "train", [pack_ids(documents)], lengths, sizes)
        write_record(whole, lengths, "digest", "gpt2", {"train": row})

    def read(folder: Path) -> list[list[int]]:
        tokens = TokenFile.open(folder, "train")
        return [document.tolist() for document in tokens] if tokens.vocab_size == 259 else []

    refused_or(documents, read, damage, whole, tmp_path_factory.mktemp("damaged"))


@fuzzed
@given(damage=damages)
def test_counts_of_pretokens(counts: PretokenCounts, damage: Damage, tmp_path_factory: pytest.TempPathFactory) -> None:
    whole = tmp_path_factory.getbasetemp() / "whole-counts"
    if not whole.exists():
        counts.save(whole / "train.npz")

    def read(folder: Path) -> tuple[list[bytes], list[int]]:
        found = PretokenCounts.load(folder / "train.npz")
        return found.pretokens, found.counts.tolist()

    refused_or((counts.pretokens, counts.counts.tolist()), read, damage, whole, tmp_path_factory.mktemp("damaged"))
