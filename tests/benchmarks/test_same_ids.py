"""`benchmarks/same_ids.py`: all kinds agree with the plain reference on hostile strings, and a wrong tokenizer is found out."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest
import same_ids
from hostile import hostile_strings

from gqvae import load_tokenizer
from gqvae.corpus.pretokens import count_pretokens
from gqvae.tokenizers.counted import trainer

KINDS = {"bpe": {}, "unigram": {}, "pathpiece": {"count": 600}}
SIZE = 340


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    texts = ["once upon a time, the end; 12 times.\n\nIt's the theme — naïve 字字 " + "a" * 12, *hostile_strings(300)]
    counts = count_pretokens(text.encode() for text in texts)
    made = {kind: trainer(kind, settings)(counts, [SIZE])[SIZE] for kind, settings in KINDS.items()}
    folders = {kind: tmp_path_factory.mktemp(kind) for kind in made}
    for kind, tokenizer in made.items():
        tokenizer.save(folders[kind])
    return folders


def arguments(folders: list[Path], **others: Any) -> Namespace:
    return Namespace(**{"tokenizers": folders, "encoders": ["distilled"], "texts": [], "separator": "", "hostile": 200} | others)


def test_strings_depend_on_nothing_but_their_number() -> None:
    assert list(hostile_strings(1500))[:1200] == list(hostile_strings(1200))
    seen = set("".join(hostile_strings(2000)))
    assert {"\0", "\x85", "\xa0", "\u200d", "'", "\u0301"} <= seen


def test_every_kind_agrees_with_the_reference(folders: dict[str, Path]) -> None:
    assert same_ids.check(arguments(list(folders.values()))) == []


def test_an_id_out_of_order_is_found(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    for kind, folder in folders.items():
        tokenizer = load_tokenizer(folder)
        split = [ids for ids in map(tokenizer.encode, hostile_strings(50)) if max(ids, default=0) > 256]
        reference = same_ids.Reference(tokenizer)
        for ids in split:
            text = tokenizer.decode(ids)
            assert not reference.differs(text, ids), kind
            assert reference.differs(text, [*ids, 32]), kind
            if kind != "unigram":
                spelt = [byte for one in ids for byte in tokenizer.token_bytes[one]]
                assert reference.differs(text, spelt), kind


def test_dumps_are_compared(folders: dict[str, Path], tmp_path: Path) -> None:
    text = tmp_path / "a.txt"
    text.write_text("One day.\n\nTwo days.\n\n", encoding="utf-8")
    one = same_ids.dump(arguments([folders["bpe"]], texts=[text]))
    (label,) = one
    assert set(one[label]) == {"refused", "a.txt", "200 hostile strings"}
    assert "not refused" not in one[label]["refused"].values()
    other = json.loads(json.dumps(one))
    assert same_ids.compare(one, other) == []
    other[label]["200 hostile strings"]["blocks"][0] = "0"
    other[label]["refused"]["decode a negative id"] = "not refused"
    found = "\n".join(same_ids.compare(one, other))
    assert "blocks differs in 1 of 1 blocks" in found and "'not refused'" in found
