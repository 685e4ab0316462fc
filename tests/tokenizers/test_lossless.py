"""Every arm gives back every text."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gqvae.config import END_OF_DOCUMENT
from gqvae.errors import UserError
from gqvae.tokenizers import decoding, encoding
from gqvae.tokenizers.base import Tokenizer

ARMS = ("bytes", "bpe", "unigram", "dictionary", "pathpiece", "neural", "distilled")
CORNERS = (
    "", " ", "\0", "\n\n\r\n\r", "\t\t a\tb", "▁▁ ▁", "\ufffd", "e\u0301\u0301", "👩‍👩‍👧‍👦 🏳️‍🌈", "שלום עולם", "a" * 5000, " " * 300, "<|endoftext|>",
    "it's 12,345.67 — “so”", "\u2028\u00a0\u3000x",
)  # fmt: skip


@pytest.fixture(autouse=True, params=[0, 1 << 60], ids=["kernels", "python"])
def bytes_in_python(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test runs with kernels only, and with Python only."""
    monkeypatch.setattr(encoding, "BYTES_IN_PYTHON", request.param)
    monkeypatch.setattr(decoding, "IDS_IN_PYTHON", request.param)


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize("text", CORNERS)
def test_corners_round_trip(tokenizers: dict[str, Tokenizer], arm: str, text: str) -> None:
    ids = tokenizers[arm].encode(text)
    assert tokenizers[arm].decode(ids) == text
    assert END_OF_DOCUMENT not in ids


@pytest.mark.parametrize("arm", ARMS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_any_unicode_round_trips(tokenizers: dict[str, Tokenizer], arm: str, text: str) -> None:
    tokenizer = tokenizers[arm]
    ids = tokenizer.encode(text)
    assert tokenizer.decode_bytes(ids) == text.encode()
    assert all(0 <= token < tokenizer.vocab_size for token in ids)


@pytest.mark.parametrize("arm", ARMS)
def test_documents_encode_as_their_text_does(tokenizers: dict[str, Tokenizer], arm: str) -> None:
    texts = ["The fox walked.", "", "12 frogs\n", "unknown wörds"]
    encoded = tokenizers[arm].encode_documents(text.encode() for text in texts)
    assert [ids.tolist() for ids in encoded] == [tokenizers[arm].encode(text) for text in texts]


@pytest.mark.parametrize("arm", ARMS)
def test_documents_decode_as_each_does(tokenizers: dict[str, Tokenizer], arm: str) -> None:
    rows = [tokenizers[arm].encode(text) for text in ("The fox walked.", "", "12 frogs\n", "unknown wörds")]
    rows.append([0xC3])  # half of a character
    kinds: list[list[int] | np.ndarray] = [np.array(rows[0], np.uint32), rows[1], np.array(rows[2], np.int64), *rows[3:]]
    assert list(tokenizers[arm].decode_documents(kinds)) == [tokenizers[arm].decode(row) for row in rows]
    assert (
        list(tokenizers[arm].decode_documents(np.array(row, np.uint32) for row in rows * 9000))
        == [tokenizers[arm].decode(row) for row in rows] * 9000
    )
    assert list(tokenizers[arm].decode_documents([])) == []


@pytest.mark.parametrize("arm", ARMS)
def test_lone_surrogates_are_refused_in_one_sentence(tokenizers: dict[str, Tokenizer], arm: str) -> None:
    with pytest.raises(UserError, match="lone surrogate"):
        tokenizers[arm].encode("a\ud800")


@pytest.mark.parametrize("token", [-1, 10**6])
def test_ids_outside_the_vocabulary_are_refused(tokenizers: dict[str, Tokenizer], token: int) -> None:
    with pytest.raises(UserError, match=r"[Tt]oken id"):
        tokenizers["bpe"].decode([token])
    with pytest.raises(UserError, match=r"[Tt]oken id"):
        list(tokenizers["bpe"].decode_documents([[65], [token], [66]]))


def test_learned_arms_are_shorter_than_bytes(tokenizers: dict[str, Tokenizer]) -> None:
    text = "The little fox walked to the river and talked to the old frog."
    for arm in ("bpe", "neural", "distilled"):
        assert len(tokenizers[arm].encode(text)) < len(text)
    assert len(tokenizers["distilled"].encode(text)) <= len(tokenizers["neural"].encode(text))
