"""Folders that were changed and signed again: refused in one sentence, or lossless."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gqvae.errors import UserError
from gqvae.files import file_digest, json_digest, read_json, write_json
from gqvae.tokenizers.base import MANIFEST, Tokenizer
from gqvae.tokenizers.export import export
from gqvae.tokenizers.learned import MEMORY
from gqvae.tokenizers.load import load_tokenizer
from gqvae.tokenizers.pathpiece import PathPieceTokenizer

TEXT = "The fox wasn't talking — 99 frogs “jumped” into the rivers.\n"
VALUES: list[Any] = [
    None, True, 0, -1, 3, 1.5, float("inf"), float("nan"), 10**400, "", "fast", "Ċ", "中", [], [[]], ["a"], [0], [[97]], {}, {"a": 1},
]  # fmt: skip
numbers = itertools.count()


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The places in a JSON value, of lists only the first and the last."""
    inside = (
        value.items()
        if isinstance(value, dict)
        else [(place, value[place]) for place in {0, len(value) - 1}]
        if isinstance(value, list) and value
        else ()
    )
    return [path, *(found for key, inner in inside for found in places(inner, (*path, key)))]


def changed(whole: Path, folder: Path, name: str, change: Callable[[Any], Any]) -> Path:
    """A copy of a folder with another value in one of its JSON files, and every digest computed again."""
    shutil.copytree(whole, folder)
    (folder / name).unlink()  # it may be a link to a file of another folder
    (folder / name).write_text(json.dumps(change(read_json(whole / name))))  # with escapes, which may stand for lone surrogates
    manifest = read_json(folder / MANIFEST)
    if isinstance(manifest, dict):
        if isinstance(manifest.get("files"), dict) and (folder / MEMORY).exists() and MEMORY in manifest["files"]:
            manifest["files"][MEMORY] = file_digest(folder / MEMORY)
        manifest.pop("digest", None)
        write_json(folder / MANIFEST, {**manifest, "digest": json_digest(manifest)})
    return folder


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    inner = dict(value) if isinstance(value, dict) else list(value)
    inner[path[0]] = replaced(value[path[0]], path[1:], new)
    return inner


def refused_or_lossless(folder: Path) -> None:
    try:
        tokenizer = load_tokenizer(folder)
        for one in tokenizer.encoders():
            for _ in range(2):  # in Python, then by kernels
                assert one.decode(one.encode(TEXT)) == TEXT
                one.load_kernels()
    except UserError as error:
        assert "\n" not in str(error)


@pytest.fixture(scope="session")
def wholes(tokenizers: dict[str, Tokenizer], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("signed")
    arms = ("bytes", "bpe", "dictionary", "pathpiece", "neural")
    for arm in arms:
        tokenizers[arm].save(folder / arm)
    return {arm: folder / arm for arm in arms}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_value_anywhere(data: st.DataObject, wholes: dict[str, Path], tmp_path: Path) -> None:
    arm = data.draw(st.sampled_from(sorted(wholes)))
    name = data.draw(st.sampled_from([MANIFEST, MEMORY])) if arm == "neural" else MANIFEST
    path = data.draw(st.sampled_from(places(read_json(wholes[arm] / name))))
    new = data.draw(st.sampled_from(VALUES))
    refused_or_lossless(changed(wholes[arm], tmp_path / str(next(numbers)), name, lambda value: replaced(value, path, new)))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda record: {**record, "ids": [[97], *record["ids"][1:]]}, "holds other ids than those of its pre-tokens"),
        (lambda record: {**record, "ids": record["ids"][1:]}, "holds other ids"),
        (lambda record: {"pretokens": [""], "ids": [[]]}, "holds other ids"),
        (lambda record: {"pretokens": ["a"], "ids": [[97, 256]]}, "holds other ids"),
        (lambda record: {"pretokens": ["a"], "ids": ["a"]}, "holds other ids"),
        (lambda record: {"pretokens": ["\ud800"], "ids": [[97]]}, "holds other ids"),
        (lambda record: [], "holds other ids"),
        (lambda record: "ids", "holds other ids"),
    ],
)
def test_stored_ids_are_checked(wholes: dict[str, Path], tmp_path: Path, change: Callable[[Any], Any], said: str) -> None:
    folder = changed(wholes["neural"], tmp_path / "x", MEMORY, change)
    neural = next(one for one in load_tokenizer(folder).encoders() if one.encoder == "neural")
    with pytest.raises(UserError, match=said):
        neural.encode(TEXT)


@pytest.mark.parametrize(
    ("path", "new"),
    [
        (("requested_size",), float("inf")),
        (("requested_size",), "many"),
        (("settings", "rate"), "fast"),
        (("settings", "rate"), float("nan")),
        (("settings", "codes"), []),
        (("strings",), [""]),
    ],
)  # fmt: skip
def test_manifests_are_checked(wholes: dict[str, Path], tmp_path: Path, path: tuple[str, ...], new: Any) -> None:
    folder = changed(wholes["neural"], tmp_path / "x", MANIFEST, lambda value: replaced(value, path, new))
    with pytest.raises(UserError, match="does not hold a tokenizer of kind learned"):
        load_tokenizer(folder)


def test_a_tokenizer_of_a_version_without_forced_gates_encodes_as_before(wholes: dict[str, Path], tmp_path: Path) -> None:
    def earlier(manifest: Any) -> Any:
        kept = {key: value for key, value in manifest["settings"].items() if key != "force_last_gate"}
        assert len(kept) == len(manifest["settings"]) - 1
        return {**manifest, "settings": kept}

    folder = changed(wholes["neural"], tmp_path / "x", MANIFEST, earlier)
    unknown = "an unknown word, xylophonically"
    assert load_tokenizer(folder).encode(unknown) == load_tokenizer(wholes["neural"]).encode(unknown)


def test_networks_are_checked(wholes: dict[str, Path], tmp_path: Path) -> None:
    size = ("settings", "network", "max_token_bytes")
    folder = changed(wholes["neural"], tmp_path / "x", MANIFEST, lambda value: replaced(value, size, 10**400))
    with pytest.raises(UserError, match="does not hold this network"):
        load_tokenizer(folder).encode("an unknown word")


def test_a_token_too_long_for_other_libraries_is_refused(tmp_path: Path) -> None:
    tokenizer = PathPieceTokenizer([b"ab" * 2_500_000])
    with pytest.raises(UserError, match="a token of 5,000,000 bytes is too long for `tokenizers`, which takes 8,192 at most"):
        export(tokenizer, tmp_path / "x")
    assert not (tmp_path / "x").exists()
