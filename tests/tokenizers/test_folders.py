"""Saved tokenizers load to the same ids, and damaged ones are refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gqvae.errors import UserError
from gqvae.tokenizers.base import Tokenizer, tokenizer_digest
from gqvae.tokenizers.load import load_tokenizer

TEXT = "The fox wasn't talking — 99 frogs “jumped”.\n"


@pytest.mark.parametrize("arm", ["bytes", "bpe", "neural", "distilled"])
def test_saved_tokenizers_give_the_same_ids(tokenizers: dict[str, Tokenizer], arm: str, tmp_path: Path) -> None:
    tokenizers[arm].save(tmp_path)
    loaded = load_tokenizer(tmp_path)
    assert loaded.encode(TEXT) == tokenizers[arm].encode(TEXT)
    assert loaded.token_bytes == tokenizers[arm].token_bytes
    first = tokenizer_digest(tmp_path)
    loaded.save(tmp_path / "again")
    assert tokenizer_digest(tmp_path / "again") == first


def test_a_changed_manifest_is_refused(tokenizers: dict[str, Tokenizer], tmp_path: Path) -> None:
    tokenizers["bpe"].save(tmp_path)
    manifest = json.loads((tmp_path / "tokenizer.json").read_text())
    manifest["strings"][0] += "x"
    (tmp_path / "tokenizer.json").write_text(json.dumps(manifest))
    with pytest.raises(UserError, match=r"tokenizer\.json is damaged"):
        load_tokenizer(tmp_path)


@pytest.mark.parametrize("arm", ["bpe", "neural"])
def test_a_changed_file_is_refused(tokenizers: dict[str, Tokenizer], arm: str, tmp_path: Path) -> None:
    tokenizers[arm].save(tmp_path)
    path = next(path for path in tmp_path.iterdir() if path.name != "tokenizer.json")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.unlink()  # it may be a link to the network's own file
    path.write_bytes(data)
    with pytest.raises(UserError, match="missing or damaged"):
        load_tokenizer(tmp_path)


def test_foreign_and_missing_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        load_tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text('{"model": {"type": "BPE"}}')
    with pytest.raises(UserError, match="is not a gqvae-tokenizer"):
        load_tokenizer(tmp_path)
