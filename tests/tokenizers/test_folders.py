"""Saved tokenizers load to the same ids, and damaged ones are refused."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from gqvae.cli import main
from gqvae.corpus.pretokens import PretokenCounts
from gqvae.errors import UserError
from gqvae.files import json_digest
from gqvae.tokenizers.base import Tokenizer, tokenizer_digest
from gqvae.tokenizers.bytes import BytesTokenizer
from gqvae.tokenizers.counted import trainer
from gqvae.tokenizers.learned import LearnedTokenizer
from gqvae.tokenizers.load import load_tokenizer

TEXT = "The fox wasn't talking — 99 frogs “jumped”.\n"


@pytest.mark.parametrize("arm", ["bytes", "bpe", "unigram", "dictionary", "pathpiece", "neural", "distilled"])
def test_saved_tokenizers_give_the_same_ids(tokenizers: dict[str, Tokenizer], arm: str, tmp_path: Path) -> None:
    tokenizers[arm].save(tmp_path)
    loaded = load_tokenizer(tmp_path)
    assert loaded.encode(TEXT) == tokenizers[arm].encode(TEXT)
    assert loaded.token_bytes == tokenizers[arm].token_bytes
    first = tokenizer_digest(tmp_path)
    loaded.save(tmp_path / "again")
    assert tokenizer_digest(tmp_path / "again") == first


def test_a_borrowed_tokenizer_gives_the_ids_of_its_lender_with_that_encoder(
    tokenizers: dict[str, Tokenizer], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def borrow(lender: str, *options: str) -> int:
        return main(["borrow-tokenizer", "--tokenizer", str(tmp_path / lender), *options, "--out", str(tmp_path / "copy")])

    learned = tokenizers["neural"]
    assert isinstance(learned, LearnedTokenizer)
    neural = learned.at_rate(2.0)  # more gates than tokens are needed, so that the encoders differ
    distilled = neural.with_encoder("distilled")
    assert neural.encode(TEXT) != distilled.encode(TEXT)
    neural.save(tmp_path / "neural")
    tokenizers["bpe"].save(tmp_path / "bpe")
    for encoder in (distilled, neural):
        assert borrow("neural", "--encoder", encoder.encoder) == 0
        copy = load_tokenizer(tmp_path / "copy")
        assert copy.encoder == encoder.encoder and copy.encode(TEXT) == encoder.encode(TEXT)
    assert tokenizer_digest(tmp_path / "copy") == tokenizer_digest(tmp_path / "neural")
    assert borrow("bpe") == 0
    assert load_tokenizer(tmp_path / "copy").encode(TEXT) == tokenizers["bpe"].encode(TEXT)
    assert borrow("bpe", "--encoder", "neural") == 2
    assert "holds a bpe tokenizer, which has one encoder only" in capsys.readouterr().err


def test_a_changed_manifest_is_refused(tokenizers: dict[str, Tokenizer], tmp_path: Path) -> None:
    tokenizers["bpe"].save(tmp_path)
    manifest = json.loads((tmp_path / "gqvae.json").read_text())
    manifest["strings"][0] += "x"
    (tmp_path / "gqvae.json").write_text(json.dumps(manifest))
    with pytest.raises(UserError, match=r"gqvae\.json is damaged"):
        load_tokenizer(tmp_path)


@pytest.mark.parametrize("arm", ["bpe", "neural"])
def test_a_changed_file_is_refused(tokenizers: dict[str, Tokenizer], arm: str, tmp_path: Path) -> None:
    tokenizers[arm].save(tmp_path)
    path = next(path for path in tmp_path.iterdir() if path.name != "gqvae.json")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.unlink()  # it may be a link to the network's own file
    path.write_bytes(data)
    with pytest.raises(UserError, match="missing or damaged"):
        load_tokenizer(tmp_path)


def test_foreign_and_missing_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        load_tokenizer(tmp_path)
    with pytest.raises(UserError, match="is a file: give the folder of a tokenizer"):
        load_tokenizer(Path(__file__))
    for text, message in (
        ('{"model": {"type": "BPE"}}', "is not a gqvae-tokenizer"),
        ('{"format": "gqvae-tokenizer", "version": 1, "kind": []}', "of a version or kind"),
        ("[" * 100_000, "is damaged"),
        ("9" * 5_000, "is damaged"),
    ):
        (tmp_path / "gqvae.json").write_text(text)
        with pytest.raises(UserError, match=message):
            load_tokenizer(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"files": None}, {"files": {"../gqvae.json": "0"}}, {"strings": ["é漢"]}, {"requested_size": None}, {"kind": "dictionary"},
        {"kind": "learned"}, {"kind": "os"}, {"strings": []}, {"settings": None, "kind": "dictionary"},
    ],
)  # fmt: skip
def test_a_manifest_that_fits_its_digest_alone_is_refused(
    tokenizers: dict[str, Tokenizer], change: dict[str, object], tmp_path: Path
) -> None:
    tokenizers["bpe"].save(tmp_path)
    manifest = json.loads((tmp_path / "gqvae.json").read_text()) | change
    del manifest["digest"]
    (tmp_path / "gqvae.json").write_text(json.dumps(manifest | {"digest": json_digest(manifest)}))
    with pytest.raises(UserError, match=r"or make the tokenizer again|missing or damaged|of a version or kind"):
        load_tokenizer(tmp_path)


@pytest.mark.parametrize("arm", ["bpe", "unigram", "dictionary", "pathpiece"])
def test_equal_trainings_write_equal_bytes(counts: PretokenCounts, arm: str, tmp_path: Path) -> None:
    for name in ("one", "two"):
        trainer(arm, {})(counts, [280])[280].save(tmp_path / name)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name


def test_the_network_is_found_from_another_folder(
    tokenizers: dict[str, Tokenizer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizers["neural"].save(tmp_path / "mine")
    monkeypatch.chdir(tmp_path)
    loaded = load_tokenizer("mine")
    monkeypatch.chdir(tmp_path.parent)
    assert loaded.encode("unheard of") == tokenizers["neural"].encode("unheard of")


@pytest.mark.parametrize("arm", ["bytes", "bpe", "unigram", "dictionary", "pathpiece", "neural", "distilled"])
def test_pickled_tokenizers_give_the_same_ids(tokenizers: dict[str, Tokenizer], arm: str) -> None:
    tokenizer = tokenizers[arm]
    tokenizer.load_kernels()
    expected = tokenizer.encode(TEXT)
    copy = pickle.loads(pickle.dumps(tokenizer))
    assert copy.encode(TEXT) == expected
    assert copy.decode(expected) == TEXT


@pytest.mark.parametrize("arm", ["bpe", "neural", "distilled"])
def test_threads_encode_side_by_side(tokenizers: dict[str, Tokenizer], arm: str, tmp_path: Path) -> None:
    tokenizers[arm].save(tmp_path)
    shared = load_tokenizer(tmp_path)  # its cache is empty
    texts = [f"The fox {number} walked to the {'very ' * (number % 7)}old frog{number * 'o'}.\n" for number in range(64)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(shared.encode, texts))
    assert found == [tokenizers[arm].encode(text) for text in texts]


def test_distilled_tokenizers_need_no_torch(tokenizers: dict[str, Tokenizer], tmp_path: Path) -> None:
    tokenizers["distilled"].save(tmp_path)
    code = (
        "import sys; from gqvae import load_tokenizer; t = load_tokenizer(sys.argv[1]); assert t.decode(t.encode('a fox')) == 'a fox';"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)


def test_what_is_remembered_is_what_the_network_says(tokenizers: dict[str, Tokenizer], tmp_path: Path) -> None:
    tokenizers["neural"].save(tmp_path)
    loaded = load_tokenizer(tmp_path)
    assert isinstance(loaded, LearnedTokenizer)
    remembered = loaded.remembered()
    assert remembered and loaded.with_encoder("distilled").remembered() == {}
    assert remembered == dict(
        zip(remembered, map(tuple, loaded.segment([pretoken.encode() for pretoken in remembered])), strict=True)
    )
    again = load_tokenizer(tmp_path)
    (tmp_path / "network.safetensors").unlink()
    for pretoken, ids in remembered.items():
        assert again.encode(pretoken) == list(ids)  # without the network


def test_a_path_beside_a_tokenizer_says_what_to_give(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("v1024", "v512"):
        BytesTokenizer().save(Path("other") / name)
    BytesTokenizer().save(Path("st"))
    Path("st/training.json").write_text("{}")
    Path("text.txt").write_text("a text")
    folders = "other holds tokenizers in its folders: give other/v512 or other/v1024."
    with pytest.raises(UserError, match=folders):
        load_tokenizer("other")
    with pytest.raises(UserError, match=r"^st/gqvae.json is a file: give the folder of a tokenizer, st.$"):
        load_tokenizer("st/gqvae.json")
    for command, said in (
        (["compare", "--text", "text.txt", "--tokenizers", "other"], folders),
        (["explore", "--out", "x.html", "--tokenizers", "st", "other"], folders),
        (["export", "--out", "x", "--tokenizer", "other"], folders),
        (["inspect", "--tokenizer", "st/gqvae.json"], "st/gqvae.json is one of the files of a tokenizer: give the folder st."),
        (
            ["inspect", "--tokenizer", "st/training.json"],
            "st/training.json is one of the files of a tokenizer: give the folder st.",
        ),
        (["encode", "--tokenizer", "st/gqvae.json", "text.txt"], "st/gqvae.json is a file: give the folder of a tokenizer, st."),
    ):
        assert main(["tokenizer", *command]) == 2
        assert said in capsys.readouterr().err
