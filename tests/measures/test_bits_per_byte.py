from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from gqvae.errors import UserError
from gqvae.language_models.transformer import DecoderOnlyTransformer
from gqvae.measures.bits_per_byte import bits_per_byte

END = 256
LENGTHS = np.array([1] * 256 + [0, 2, 3])
VOCABULARY = len(LENGTHS)


def stream(tokens: int, documents: int, seed: int = 0) -> np.ndarray:
    """EOD document EOD … EOD with `tokens` tokens of text."""
    generator = np.random.default_rng(seed)
    text = generator.choice([97, 98, 255, 257, 258], size=tokens)
    borders = np.sort(generator.choice(tokens + 1, size=documents - 1))
    return np.concatenate(([END], np.insert(text, borders, END), [END])).astype(np.int32)


def measure(model: object, ids: np.ndarray, **options: object) -> object:
    return bits_per_byte(model, ids, LENGTHS, int(LENGTHS[ids].sum()), **options)  # type: ignore[arg-type]


def fixed(logits: Tensor) -> object:
    """A model that always predicts the same distribution."""
    return lambda ids, first: logits.expand(ids.shape[0], ids.shape[1] - first, -1)


@pytest.mark.parametrize("tokens", [1, 7, 8, 9, 15, 100, 101, 103])
@pytest.mark.parametrize("context", [2, 5, 8])
def test_uniform_model_costs_log2_v_per_token_and_end_of_document(tokens: int, context: int) -> None:
    ids = stream(tokens, documents=min(3, tokens))
    found = measure(fixed(torch.zeros(VOCABULARY)), ids, context=context)
    assert found.tokens == tokens + min(3, tokens)
    assert found.bytes == LENGTHS[ids].sum()
    assert found.value == pytest.approx(found.tokens * math.log2(VOCABULARY) / found.bytes, rel=1e-6)


def test_unigram_model_has_its_closed_form() -> None:
    ids = stream(500, documents=7)
    logits = torch.randn(VOCABULARY, generator=torch.Generator().manual_seed(0))
    cost = -(torch.log_softmax(logits.double(), 0) / math.log(2)).numpy()
    expected = cost[ids[1:]].sum() / LENGTHS[ids].sum()
    assert measure(fixed(logits), ids, context=16).value == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("context", "stride"), [(8, 4), (8, 8), (7, 3), (8, 1), (64, 32), (2, 1)])
@pytest.mark.parametrize("tokens", [3, 40, 61, 200])
def test_every_token_is_scored_once_with_enough_context(context: int, stride: int, tokens: int) -> None:
    """A model that records, for each place of the stream, how much context it had when it was scored."""
    end = tokens + 1
    ids = np.arange(end + 1)
    lengths = np.ones(end + 1, dtype=np.int64)
    contexts: dict[int, list[int]] = {}

    def recording(inputs: Tensor, first: int) -> Tensor:
        for window in inputs.tolist():
            assert window == list(range(window[0], window[0] + len(window))) and len(window) <= context
            for place in range(first, len(window)):
                contexts.setdefault(window[place] + 1, []).append(place + 1)
        return torch.zeros(inputs.shape[0], inputs.shape[1] - first, end + 1)

    found = bits_per_byte(recording, ids, lengths, end, context=context, stride=stride, windows_at_once=3)
    assert found.tokens == end
    assert sorted(contexts) == list(range(1, end + 1)) and all(len(times) == 1 for times in contexts.values())
    assert all(times[0] >= min(place, context - stride + 1) for place, times in contexts.items())


def test_real_model_agrees_with_a_loop_over_tokens() -> None:
    torch.manual_seed(0)
    model = DecoderOnlyTransformer(VOCABULARY, layers=1, width=16, heads=2, context=8).eval()
    ids = stream(50, documents=3)
    bits, size = 0.0, len(ids) - 1
    with torch.no_grad():
        for target in range(1, size + 1):
            if target <= 8:
                start = 0
            else:
                window = math.ceil((target - 8) / 4)  # the first window that reaches it
                start = min(window * 4, size - 8)
            logits = model(torch.tensor(ids[None, start:target].astype(np.int64)))[0, -1]
            bits -= float(torch.log_softmax(logits, 0)[ids[target]]) / math.log(2)
    assert measure(model, ids, context=8).bits == pytest.approx(bits, rel=1e-5)
    assert measure(model, ids, context=8, windows_at_once=1).bits == pytest.approx(bits, rel=1e-5)


def test_missing_or_wrong_bytes_are_refused() -> None:
    ids = stream(20, documents=2)
    size = int(LENGTHS[ids].sum())
    for raw_bytes in (size - 1, size + 1):
        with pytest.raises(UserError, match=f"stand for {size} bytes but the text has {raw_bytes}"):
            bits_per_byte(fixed(torch.zeros(VOCABULARY)), ids, LENGTHS, raw_bytes, context=8)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="stand for 0 bytes"):
        bits_per_byte(fixed(torch.zeros(VOCABULARY)), np.array([END, END]), LENGTHS, 0, context=8)  # type: ignore[arg-type]


def test_bf16_logits_are_summed_as_float32() -> None:
    ids = stream(300, documents=2)
    logits = torch.linspace(-4, 4, VOCABULARY).bfloat16()
    found = measure(fixed(logits), ids, context=16)
    cost = -(torch.log_softmax(logits.double(), 0) / math.log(2)).numpy()
    assert found.bits == pytest.approx(cost[ids[1:]].sum(), rel=1e-6)
