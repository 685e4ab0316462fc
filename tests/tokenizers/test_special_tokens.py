"""Special tokens: ids after the vocabulary, text that spells them, chat templates, folders that `transformers` writes."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tokenizers as huggingface
import torch
from test_lossless import CORNERS

from gqvae.corpus.pretokens import count_pretokens
from gqvae.errors import UserError
from gqvae.tokenizers.base import EXPORTED, Tokenizer
from gqvae.tokenizers.bpe import train_bpe
from gqvae.tokenizers.bytes import BytesTokenizer
from gqvae.tokenizers.counted import trainer
from gqvae.tokenizers.export import CONFIG, export
from gqvae.tokenizers.special_tokens import special_tokens
from small_network import TEXT

V = 280
REQUESTED = ["bos=<s>", "<|im_start|>", "<|im_end|>"]
TEMPLATE = "{% for one in messages %}<|im_start|>{{ one['content'] }}<|im_end|>{% endfor %}{{ eos_token }}"
SPELT = "A <s> and <|im_start|> and <|endoftext|><|pad|>."


@pytest.fixture(scope="session", params=["bpe", "pathpiece"])
def ours(request: pytest.FixtureRequest) -> Tokenizer:
    counts = count_pretokens([TEXT.encode()] * 2)
    return train_bpe(counts, V) if request.param == "bpe" else trainer("pathpiece", {})(counts, [V])[V]


def loaded(folder: Path, name: str = "AutoTokenizer") -> Any:
    return getattr(pytest.importorskip("transformers"), name).from_pretrained(folder, local_files_only=True)


def chat(auto: Any, content: str, **options: Any) -> list[int]:
    found = auto.apply_chat_template([{"role": "user", "content": content}], chat_template=TEMPLATE, tokenize=True, **options)
    return list(found if isinstance(found, list) else found["input_ids"])


def test_ids_follow_the_vocabulary_in_order() -> None:
    assert special_tokens(V) == ({"<|endoftext|>": 256, "<|pad|>": V}, {"eos": "<|endoftext|>", "pad": "<|pad|>"})
    found = special_tokens(V, ["<|user|>", "bos=<s>", "eos=</s>", "cls=<s>", "<a=b>"])
    assert found.ids == {"</s>": 256, "<|pad|>": V, "<s>": V + 1, "<|user|>": V + 2, "<a=b>": V + 3}
    assert found.others == ["<|user|>", "<a=b>"]
    assert special_tokens(V, ["pad=<|endoftext|>", "bos=<|endoftext|>", "<x>"]).ids == {"<|endoftext|>": 256, "<x>": V}


@pytest.mark.parametrize(
    ("requested", "sentence"),
    [
        (["boss=<s>"], "no role 'boss'"),
        (["bos=<s>", "bos=<t>"], "bos is given twice"),
        (["<x>", "<x>"], "<x> is given twice"),
        (["bos="], "cannot decode"),
        (["<é>"], "cannot decode"),
        (["<\udc80>"], "cannot decode"),
    ],
)
def test_what_cannot_be_a_special_token_is_refused(requested: list[str], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        special_tokens(V, requested)


@pytest.mark.parametrize("text", ["a", "ab", "é", "<0x41>"])
def test_a_token_cannot_be_a_special_token(text: str, tmp_path: Path) -> None:
    tokenizer = BytesTokenizer()
    tokenizer.token_bytes += [b"ab", "é".encode()]
    with pytest.raises(UserError, match=r"the name of a special token|cannot decode"):
        export(tokenizer, tmp_path, special_tokens(tokenizer.vocab_size, [text]))


def test_transformers_knows_the_special_tokens_and_text_stays_text(ours: Tokenizer, tmp_path: Path) -> None:
    export(ours, tmp_path, special_tokens(V, REQUESTED))
    auto = loaded(tmp_path)
    assert (auto.eos_token_id, auto.pad_token_id, auto.bos_token_id, len(auto)) == (256, V, V + 1, V + 4)
    assert auto.convert_tokens_to_ids(["<|im_start|>", "<|im_end|>"]) == [V + 2, V + 3]
    assert {*REQUESTED[1:], "<s>", "<|endoftext|>", "<|pad|>"} == set(auto.all_special_tokens)
    raw = huggingface.Tokenizer.from_file(str(tmp_path / EXPORTED))
    for text in [*CORNERS, SPELT, TEXT]:
        assert auto(text)["input_ids"] == raw.encode(text).ids == ours.encode(text)
        assert auto.decode(ours.encode(text)) == text
    assert set(auto(SPELT, split_special_tokens=False)["input_ids"]) >= {V + 1, V + 2, 256, V}


def test_a_chat_template_writes_markers_if_asked(ours: Tokenizer, tmp_path: Path) -> None:
    export(ours, tmp_path / "text", special_tokens(V, REQUESTED))
    export(ours, tmp_path / "parsed", special_tokens(V, REQUESTED), parse_special=True)
    text, parsed = loaded(tmp_path / "text"), loaded(tmp_path / "parsed")
    expected = [V + 2, *ours.encode("The fox"), V + 3, 256]
    assert chat(parsed, "The fox") == expected
    assert chat(text, "The fox", tokenizer_kwargs={"split_special_tokens": False}) == expected
    assert not set(chat(text, "The fox")) & {256, V, V + 1, V + 2, V + 3}
    assert parsed("<s>")["input_ids"] == [V + 1] and parsed("<s>", split_special_tokens=True)["input_ids"] == ours.encode("<s>")
    raw = huggingface.Tokenizer.from_file(str(tmp_path / "parsed" / EXPORTED))
    assert raw.encode("<s>The fox").ids == [V + 1, *ours.encode("The fox")]
    # Markers that a user adds later.
    assert parsed.add_special_tokens({"additional_special_tokens": ["<|tool|>"]}) == 1
    assert parsed("<|tool|>A")["input_ids"] == [V + 4, *ours.encode("A")]
    added = loaded(tmp_path / "text")
    added.add_tokens(["<|tool|>"])
    assert added("<|tool|>A<s>")["input_ids"] == [V + 4, *ours.encode("A"), *ours.encode("<s>")]


def test_markers_that_a_user_adds_reach_chats_if_asked(ours: Tokenizer, tmp_path: Path) -> None:
    """As after `gqvae tokenizer export` without --special, with --parse-special and without."""
    markers = {"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]}
    for parse in (True, False):
        export(ours, tmp_path / str(parse), parse_special=parse)
        auto = loaded(tmp_path / str(parse))
        assert auto.add_special_tokens(markers) == 2
        expected = [V + 1, *ours.encode("The fox"), V + 2, 256]
        found = chat(auto, "The fox")
        assert found == expected if parse else len(found) > 2 * len(expected)  # docs/exports.md says what to do
        assert chat(auto, "The fox", tokenizer_kwargs={"split_special_tokens": False}) == expected


def test_an_embedding_needs_more_rows_than_the_vocabulary_size(ours: Tokenizer, tmp_path: Path) -> None:
    export(ours, tmp_path)
    auto = loaded(tmp_path)
    batch = auto(["The fox walked.", "A"], padding=True, return_tensors="pt")["input_ids"]
    assert torch.nn.Embedding(len(auto), 2)(batch).shape == (*batch.shape, 2)
    with pytest.raises(IndexError):
        torch.nn.Embedding(V, 2)(batch)
    said = subprocess.run(
        [sys.executable, "-m", "gqvae", "tokenizer", "train", "--help"], capture_output=True, text=True, check=True
    )
    size = " ".join(said.stdout.partition("  --vocab-size")[2].partition("  --settings")[0].split())
    assert "give an embedding len(tokenizer) rows, not V" in size


def test_what_a_user_writes_in_a_chat_can_stay_text(ours: Tokenizer, tmp_path: Path) -> None:
    export(ours, tmp_path, special_tokens(V, REQUESTED), parse_special=True)
    auto = loaded(tmp_path)
    if "sanitize_control_tokens" not in inspect.signature(auto.apply_chat_template).parameters:
        pytest.skip("transformers is older than sanitize_control_tokens")
    ids = chat(auto, "A <|im_end|> B", sanitize_control_tokens=True)
    assert [token for token in ids if token >= V or token == 256] == [V + 2, V + 3, 256]
    assert auto.decode(ids) == "<|im_start|>A <|im_end|> B<|im_end|><|endoftext|>"


def test_a_folder_that_transformers_saved_is_mended(ours: Tokenizer, tmp_path: Path) -> None:
    specials = special_tokens(V, REQUESTED)
    export(ours, tmp_path / "first", specials)
    auto = loaded(tmp_path / "first")
    auto.chat_template = TEMPLATE
    auto.model_max_length = 99
    auto.save_pretrained(tmp_path / "saved")
    export(ours, tmp_path / "saved", specials)
    config = json.loads((tmp_path / "saved" / CONFIG).read_text())
    assert config["tokenizer_class"] == "PreTrainedTokenizerFast" and "extra_special_tokens" not in config
    again = loaded(tmp_path / "saved")
    assert (again.model_max_length, again.chat_template, again.bos_token_id) == (99, TEMPLATE, V + 1)
    assert again(SPELT)["input_ids"] == ours.encode(SPELT)
    auto.add_tokens(["<|tool|>"])
    auto.save_pretrained(tmp_path / "more")
    with pytest.raises(UserError, match="holds an export with other strings or special tokens"):  # its added token would be lost
        export(ours, tmp_path / "more", specials)


@pytest.mark.parametrize("model_type", ["qwen2", "qwen3_5", "qwen3_5_moe_text", "hyperclovax_vision_v2", "llama", "gpt2"])
def test_the_named_class_is_right_beside_the_config_of_any_model(ours: Tokenizer, model_type: str, tmp_path: Path) -> None:
    export(ours, tmp_path, special_tokens(V, REQUESTED))
    (tmp_path / "config.json").write_text(json.dumps({"model_type": model_type}))
    fast = loaded(tmp_path, "PreTrainedTokenizerFast")
    assert (fast.eos_token_id, fast.pad_token_id, len(fast)) == (256, V, V + 4)
    for text in [*CORNERS, SPELT, TEXT]:
        assert fast(text)["input_ids"] == ours.encode(text)
