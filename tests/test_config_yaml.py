"""YAML as users write it: numbers mean what they say, and a key stands once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gqvae.config import Study, given_study, load_settings, read_settings
from gqvae.config.yaml_files import load_yaml
from gqvae.errors import UserError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1000", 1000), ("1_000", 1000), ("-3", -3), ("+3", 3), ("0", 0), ("0x1F", 31),
        ("1e3", 1000.0), ("1E-4", 0.0001), ("2.5", 2.5), (".5", 0.5), ("1.", 1.0), ("1.5e3", 1500.0), ("0.1", 0.1), ("-0.5", -0.5),
        ("true", True), ("False", False), ("null", None), ("~", None), ("", None),
        ("yes", "yes"), ("no", "no"), ("on", "on"), ("off", "off"), ("1:30", "1:30"), ("2024-01-02", "2024-01-02"), ("0b11", "0b11"),
        ("'010'", "010"), ("e3", "e3"), (".", "."), ("1.2.3", "1.2.3"),
    ],
)  # fmt: skip
def test_plain_words_are_read_as_yaml_1_2_reads_them(text: str, value: Any) -> None:
    found = load_yaml(f"key: {text}", "x")["key"]
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(("text", "said"), [("010", "write 10"), ("-007", "write 7"), ("00", "write 0")])
def test_a_number_that_programs_read_differently_is_refused(text: str, said: str) -> None:
    with pytest.raises(
        UserError, match=rf"^x: {text} in line 2 means different numbers to different programs: {said}, or quote it\.$"
    ):
        load_yaml(f"a: 1\nkey: {text}", "x")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("study: a\nstudy: b\n", "the key 'study' is there twice, in lines 1 and 2"),
        ("study: a\narms:\n  bpe: {kind: bpe}\n  bpe: {kind: bytes}\n", "the key 'bpe' is there twice, in lines 3 and 4"),
        ("training: {steps: 1, steps: 2}\n", "the key 'steps' is there twice, in lines 1 and 1"),
    ],
)
def test_a_key_stands_once(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=rf"^{tmp_path}/a.yaml: {said}: keep one\.$"):
        read_settings(str(tmp_path / "a.yaml"))


def test_a_key_of_json_stands_once() -> None:
    with pytest.raises(UserError, match=r"^--settings: the key 'steps' is there twice: keep one\.$"):
        read_settings('{"training": {"steps": 1, "steps": 2}}')


def test_merge_keys_may_be_overridden() -> None:
    assert load_yaml("a: &a {x: 1, y: 2}\nb: &b {<<: *a, x: 3}\nc: {<<: *b, y: 4}", "x")["c"] == {"x": 3, "y": 4}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("training: {steps: yes}", "training.steps must be a whole number"),
        ("training: {learning_rate: true}", "training.learning_rate: true is no number"),
        ("seeds: [0, true]", "seeds: true is no number"),
        ("training: {steps: '1e3'}", r"training.steps must be a whole number \(given: '1e3'\): write 1000;"),
        ("training: {steps: 2.5}", "training.steps must be a whole number"),
        ("study: 2024", r"study must be text \(given: 2024\): put it in quotes"),
    ],
)
def test_what_is_no_number_does_not_become_one(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=f"a.yaml: {said}"):
        load_settings(Study, str(tmp_path / "a.yaml"))


def test_a_whole_number_may_have_an_exponent(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("training: {steps: 1e3, learning_rate: 1e-4, amsgrad: false}", encoding="utf-8")
    training = load_settings(Study, str(tmp_path / "a.yaml")).training
    assert (training.steps, training.learning_rate, training.amsgrad) == (1000, 0.0001, False)
    assert '"steps":1000,' in training.canonical()


@pytest.mark.parametrize("text", ["", "\n", "# nothing but a comment\n", "---\n"])
def test_an_empty_file_is_refused(text: str, tmp_path: Path) -> None:
    """It says nothing, so it was probably not meant; `{}` says that the defaults are."""
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "b.yaml").write_text("extends: a.yaml\n", encoding="utf-8")
    for given in ([tmp_path / "a.yaml"], [tmp_path / "b.yaml"]):
        with pytest.raises(
            UserError, match=rf"^{tmp_path}/a.yaml is empty: write keys into it \(configs/README.md lists them\), or"
        ):
            given_study(given)
    (tmp_path / "a.yaml").write_text("{}", encoding="utf-8")
    assert given_study([tmp_path / "b.yaml"]).merged() == {}
