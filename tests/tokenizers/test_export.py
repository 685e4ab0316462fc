"""Exported folders load in other libraries, without our code, and give the ids that ours gives."""

from __future__ import annotations

import io
import keyword
import pickle
import tokenize
from pathlib import Path

import numpy as np
import pytest
import tokenizers as huggingface
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_lossless import CORNERS

from gqvae.config import END_OF_DOCUMENT
from gqvae.corpus.pretokens import PretokenCounts
from gqvae.errors import UserError
from gqvae.tokenizers.base import EXPORTED, Tokenizer
from gqvae.tokenizers.byte_level import to_bytes
from gqvae.tokenizers.bytes import BytesTokenizer
from gqvae.tokenizers.export import export, fast_tokenizer
from gqvae.tokenizers.load import load_tokenizer
from gqvae.tokenizers.special_tokens import END_OF_DOCUMENT_TEXT, PADDING_TEXT
from gqvae.vocabularies.segmentation import fewest_tokens, string_ids

ARMS = ("bytes", "bpe", "pathpiece", "distilled")
MARKED = f"A {END_OF_DOCUMENT_TEXT} is text, and so is {PADDING_TEXT}{END_OF_DOCUMENT_TEXT}. "
ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)
WORDS = st.lists(
    st.sampled_from(["the ", " fox", "walked", "'ll", "'", " ", "\n\n", "\r\n", "<|endoftext|>", "é", "\u0301", "42", "_", "漢", "🙂"])
).map("".join)  # fmt: skip


@pytest.fixture(scope="session")
def fast(tokenizers: dict[str, Tokenizer]) -> dict[str, huggingface.Tokenizer]:
    return {arm: fast_tokenizer(tokenizers[arm]) for arm in ARMS}


@pytest.fixture(scope="session", params=ARMS)
def exported(request: pytest.FixtureRequest, tokenizers: dict[str, Tokenizer], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    export(tokenizers[request.param], folder)
    return folder


def loaded(folder: Path):
    transformers = pytest.importorskip("transformers")
    return transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)


@pytest.mark.parametrize("arm", ARMS)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=ANY | WORDS)
def test_ids_are_ours(tokenizers: dict[str, Tokenizer], fast: dict[str, huggingface.Tokenizer], arm: str, text: str) -> None:
    ids = tokenizers[arm].encode(text)
    assert fast[arm].encode(text).ids == ids
    assert fast[arm].decode(ids) == text


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize(
    "text", [*CORNERS, MARKED, Path(tokenize.__file__).read_text(encoding="utf-8"), " ".join(keyword.kwlist)]
)
def test_ids_are_ours_on_corners_and_sources(tokenizers, fast, arm: str, text: str) -> None:
    assert fast[arm].encode(text).ids == tokenizers[arm].encode(text)


class Shortest(BytesTokenizer):
    """Segments into the fewest tokens, with strings that were never trained."""

    kind = "shortest, for tests"

    def segment(self, pretokens):
        return [fewest_tokens(pretoken, string_ids(self.strings), 5) for pretoken in pretokens]


@settings(max_examples=200, deadline=None)
@given(strings=st.lists(st.text("ab", min_size=2, max_size=5), unique=True, max_size=12), text=st.text("ab ", max_size=30))
def test_equal_segmentations_are_told_apart_alike(strings: list[str], text: str) -> None:
    tokenizer = Shortest()
    tokenizer.token_bytes += [string.encode() for string in strings]
    assert fast_tokenizer(tokenizer).encode(text).ids == tokenizer.encode(text)


def test_files_load_where_they_should(exported: Path, tokenizers: dict[str, Tokenizer]) -> None:
    raw, auto = huggingface.Tokenizer.from_file(str(exported / EXPORTED)), loaded(exported)
    assert auto.is_fast and len(auto) == raw.get_vocab_size()
    assert (auto.eos_token, auto.eos_token_id) == (END_OF_DOCUMENT_TEXT, END_OF_DOCUMENT)
    assert (auto.pad_token, auto.pad_token_id) == (PADDING_TEXT, len(auto) - 1)
    assert auto(MARKED)["input_ids"] == raw.encode(MARKED).ids
    with pytest.raises(UserError, match="exported tokenizer only"):
        load_tokenizer(exported)


def test_markers_in_text_stay_text_unless_asked(exported: Path, tmp_path: Path) -> None:
    auto = loaded(exported)
    for one in (auto, pickle.loads(pickle.dumps(auto)), _saved_again(auto, tmp_path)):
        ids = one(MARKED)["input_ids"]
        assert not {one.eos_token_id, one.pad_token_id} & set(ids)
        assert one.decode(ids) == MARKED
        assert one.decode([*ids, one.eos_token_id, one.pad_token_id], skip_special_tokens=True) == MARKED
        assert one(MARKED, split_special_tokens=False)["input_ids"].count(one.eos_token_id) == 2


def _saved_again(auto, folder: Path):
    auto.save_pretrained(folder)
    return loaded(folder)


def test_batches_are_padded_and_truncated(exported: Path) -> None:
    auto = loaded(exported)
    batch = auto(["The fox walked.", "A"], padding=True, truncation=True, max_length=4, return_tensors="pt")
    assert batch["input_ids"].shape == batch["attention_mask"].shape and batch["input_ids"].shape[1] <= 4
    assert (batch["input_ids"][1, 1:] == auto.pad_token_id).all() and batch["attention_mask"][1].tolist()[1:] == [0] * (
        batch["input_ids"].shape[1] - 1
    )


@pytest.mark.parametrize("text", ["The fox wasn't  here.\r\n", "naïve 漢字 🙂‍↔️ e\u0301", MARKED])
def test_offsets_map_back_to_the_text(exported: Path, text: str) -> None:
    auto = loaded(exported)
    found = auto(text, return_offsets_mapping=True)
    vocabulary = {token: word for word, token in auto.get_vocab().items()}
    covered = 0
    for token, (start, end) in zip(found["input_ids"], found["offset_mapping"], strict=True):
        assert start <= covered <= end or start == covered
        covered = max(covered, end)
        # A token holds whole characters, or is a part of the characters it is mapped to.
        assert to_bytes(vocabulary[token]) in text[start:end].encode()
    assert covered == len(text)


def test_a_language_model_learns_with_nothing_but_the_folder(exported: Path) -> None:
    auto = loaded(exported)
    texts = [{"text": "the fox walked to the river "}, {"text": "the frog talked to the fox "}] * 8
    rows = [auto(row["text"], max_length=12, truncation=True, padding="max_length") for row in texts]  # as datasets.map does
    ids = torch.tensor([row["input_ids"] for row in rows])
    targets = ids.masked_fill(torch.tensor([row["attention_mask"] for row in rows]) == 0, -100)
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Embedding(len(auto), 16), torch.nn.Linear(16, len(auto)))
    optimiser = torch.optim.Adam(model.parameters(), 0.05)
    losses = []
    for _ in range(20):
        loss = torch.nn.functional.cross_entropy(model(ids[:, :-1]).flatten(0, 1), targets[:, 1:].flatten(), ignore_index=-100)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0] and np.isfinite(losses).all()


def test_the_file_of_another_tokenizer_is_left_alone(tokenizers: dict[str, Tokenizer], tmp_path: Path) -> None:
    for _ in range(2):
        export(tokenizers["bpe"], tmp_path)  # the same again
    (tmp_path / EXPORTED).write_text("another")
    with pytest.raises(UserError, match="holds another tokenizer"):
        export(tokenizers["bpe"], tmp_path)


def test_a_string_that_reads_as_a_marker_is_refused(tmp_path: Path) -> None:
    tokenizer = BytesTokenizer()
    tokenizer.token_bytes.append(END_OF_DOCUMENT_TEXT.encode())
    with pytest.raises(UserError, match="the name of a special token"):
        export(tokenizer, tmp_path)


@pytest.mark.parametrize("arm", [*ARMS, "neural"])
def test_streams_and_blocks_encode_as_one_text(
    tokenizers: dict[str, Tokenizer], arm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gqvae.corpus import text_blocks

    monkeypatch.setattr(text_blocks.text_blocks, "__defaults__", ("the input", 7, "gpt2"))
    text = "The fox  walked\n\n to the river — it's 12 o'clock.\r\n" * 5
    found = [token for block in tokenizers[arm].encode_stream(io.BytesIO(text.encode())) for token in block.tolist()]
    assert found == tokenizers[arm].encode(text)


def test_a_unigram_model_keeps_its_scores(tokenizers: dict[str, Tokenizer], counts: PretokenCounts, tmp_path: Path) -> None:
    unigram = tokenizers["unigram"]
    assert len(set(unigram.scores())) > 20
    export(unigram, tmp_path)
    fast = huggingface.Tokenizer.from_file(str(tmp_path / EXPORTED))
    texts = [pretoken.decode() for pretoken in counts.pretokens]
    assert [fast.encode(text).ids for text in texts] == [unigram.encode(text) for text in texts]
    assert fast.decode(fast.encode(MARKED).ids) == MARKED
