from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gqvae.config import (
    SOURCES,
    Distillation,
    LanguageModel,
    Study,
    load_settings,
    parse,
    read_settings,
)
from gqvae.errors import UserError

CONFIGS = sorted((Path(__file__).parents[1] / "configs").rglob("*.yaml"))


def error_of(value: dict[str, Any]) -> str:
    with pytest.raises(UserError) as caught:
        parse(Study, value, "study.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (
            {"corpus": {"source": "text", "path": "a", "bytes": 3}},
            "study.yaml: unknown key 'corpus.bytes'; did you mean 'max_bytes'?",
        ),
        ({"arms": {"gqvae": {"kind": "gqvae", "chunk_bytes": 3}}}, "study.yaml: unknown key 'arms.gqvae.chunk_bytes'; configs"),
        (
            {"arms": {"fixed": {"kind": "fixed", "chunk_bites": 3}}},
            "unknown key 'arms.fixed.chunk_bites'; did you mean 'chunk_bytes'?",
        ),
        ({"corpus": {"source": "text"}}, "study.yaml: the key 'corpus.path' is missing; configs/README.md describes it."),
        ({"corpus": {"bytes": 3}}, "study.yaml: the key 'corpus.source' is missing; configs/README.md describes it."),
        (
            {"corpus": {"source": "synthetik"}},
            "study.yaml: corpus.source is 'synthetik': did you mean 'synthetic'? name one of hub,",
        ),
        (
            {"arms": {"a": {"kind": "gqvae", "objective": {"name": "paper", "alpha": -1}}}},
            "study.yaml: arms.a.objective.alpha must be at least 0 (given: -1)",
        ),
        ({"trainig": {}}, "study.yaml: unknown key 'trainig'; did you mean 'training'? configs/README.md lists the valid keys."),
        ({"extend": "a.yaml"}, "study.yaml: unknown key 'extend'; did you mean 'extends'?"),
        ({"seeds": [1, 1]}, "study.yaml: seeds [1, 1] must be different and not negative."),
        ({"arms": {"Two-Words": {"kind": "bytes"}}}, "study.yaml: arms.Two-Words must match the pattern"),
        ({"arms": {"a": 3}}, "study.yaml: arms.a must be a block of keys (given: 3)"),
        ({"language_model": {"train_bytes": [1, "x"]}}, "study.yaml: language_model.train_bytes.1 must be a whole number"),
    ],
)
def test_keys_are_named_as_they_are_written(value: dict[str, Any], said: str) -> None:
    assert said in error_of(value)


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ({"sedes": [0]}, "sedes"),
        ({"training": {"stepps": 3}}, "training.stepps"),
        ({"corpus": {"source": "text"}}, "corpus.path"),
        ({"corpus": {"source": "novel"}}, "corpus"),
        ({"training": {"steps": "many"}}, "training.steps"),
        ({"training": {"steps": 0}}, "training.steps"),
        ({"vocabulary": {"size": 257}}, "vocabulary.size"),
        ({"vocabulary": {"grid": [200]}}, "200"),
        ({"arms": {"a": {"kind": "gqvae", "objective": {"name": "rate_controlled", "gamma": -1}}}}, "gamma"),
        ({"arms": {"a": {"kind": "gqvae", "objective": {"name": "rate_controlled", "gate_bounds": [0, 5]}}}}, "gate_bounds"),
        ({"arms": {"a": {"kind": "gqvae", "objective": {"name": "rate_controlled", "sharpen_between": [0.9, 0.1]}}}}, "sharpen"),
        ({"arms": {"a": {"kind": "gqvae", "tokens_per_pretoken": 0}}}, "arms.a.tokens_per_pretoken"),
        ({"arms": {"a": {"kind": "gqvae", "tokens_per_pretoken": 1.5, "bytes_per_token": 3}}}, "set only one"),
        ({"arms": {"a": {"kind": "gqvae", "changes": {"training.quantize": False}}}}, "arms.a is not quantized"),
        (
            {
                "arms": {
                    "a": {"kind": "fixed", "changes": {"training.quantize": False}, "language_model": False},
                    "b": {"kind": "bpe", "match": "a"},
                }
            },
            "arms.b.match",
        ),
        ({"arms": {"a": {"kind": "fixed", "chunk_bytes": 0}}}, "chunk_bytes"),
        ({"arms": {"a": {"kind": "fixed", "chunk_bytes": 11}}}, "arms.a: chunk_bytes 11 exceeds"),
        (
            {"arms": {"a": {"kind": "fixed", "chunk_bytes": 11, "changes": {"training.steps": 900}}}},
            "arms.a: chunk_bytes 11 exceeds",
        ),
        ({"arms": {"a": {"kind": "bpe", "match": "b"}}}, "arms.a.match"),
        ({"arms": {}}, "arms"),
        ({"arms": {"Two-Words": {"kind": "bytes"}}}, "Two-Words"),
        ({"seeds": []}, "seeds"),
        ({"seeds": [1, 1]}, "seeds"),
        ({"seeds": [-1]}, "seeds"),
        ({"seeds": [0, 1000], "language_model": {"repeats": 2}}, "seeds"),
        ({"study": "../elsewhere"}, "study"),
        ({"network": {"width": 60, "head_width": 32}}, "head_width"),
        ({"language_model": {"train_bytes": [2, 1]}}, "train_bytes"),
        ({"language_model": {"width": 66, "heads": 4}}, "heads"),
    ],
)
def test_bad_values_end_in_one_sentence_that_names_the_key(value: dict[str, Any], key: str) -> None:
    message = error_of(value)
    assert key in message
    assert message.startswith("study.yaml: ")
    assert message.endswith(".")
    assert "\n" not in message
    assert "pydantic" not in message


@pytest.mark.parametrize(
    ("arm", "said"),
    [
        ({"arm": "nobody", "encoder": "distilled"}, "arms.b.arm is 'nobody', but within a study only a fixed or gqvae arm"),
        ({"arm": "bpe"}, "arms.b.arm is 'bpe', but within a study only a fixed or gqvae arm"),
        ({"arm": "b", "encoder": "distilled"}, "arms.b.arm is 'b', but within a study only a fixed or gqvae arm"),
        ({"arm": "soft", "encoder": "distilled"}, "arms.b.arm is 'soft', which is not quantized"),
        ({"arm": "gqvae"}, "arms.b.encoder is None, but gqvae itself uses 'neural': give 'distilled'"),
        ({"arm": "gqvae", "encoder": "neural"}, "arms.b.encoder is 'neural', but gqvae itself uses 'neural': give 'distilled'"),
        ({"arm": "fewest", "encoder": "distilled"}, "fewest itself uses 'distilled': give 'neural'"),
        ({"arm": "gqvae", "encoder": "distilled", "study": "mine"}, "arms.b.study is this study: leave it out"),
        ({"arm": "gqvae", "study": "../elsewhere"}, "arms.b.study must match the pattern"),
    ],
)
def test_arms_that_cannot_be_borrowed_are_refused(arm: dict[str, Any], said: str) -> None:
    arms = {
        "bpe": {"kind": "bpe"},
        "gqvae": {"kind": "gqvae"},
        "fewest": {"kind": "gqvae", "encoder": "distilled"},
        "soft": {"kind": "gqvae", "language_model": False, "changes": {"training.quantize": False}},
        "b": {"kind": "borrowed", **arm},
    }
    message = error_of({"study": "mine", "arms": arms})
    assert said in message and message.endswith(".") and "\n" not in message


def test_bpe_is_matched_to_arms_with_a_network() -> None:
    arms: dict[str, dict[str, str]] = {
        "b": {"kind": "borrowed", "study": "other", "arm": "bpe"},
        "m": {"kind": "bpe", "match": "b"},
    }
    assert "arms.m.match is 'b': name a fixed, gqvae or external arm" in error_of({"arms": arms})
    arms["b"] |= {"arm": "gqvae", "encoder": "neural"}
    assert parse(Study, {"arms": arms}, "test").arms["m"].kind == "bpe"


def test_settings_come_as_json_and_as_yaml_files(tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text("encoder: distilled\nsizes: [300, 400]\n", encoding="utf-8")
    expected = Distillation(encoder="distilled", sizes=(300, 400))
    assert load_settings(Distillation, str(path)) == expected
    assert load_settings(Distillation, expected.canonical()) == expected


@pytest.mark.parametrize(
    ("text", "named"),
    [("{sizes: [1}", "--settings"), ('{"sizes": [300], "extra": 1}', "extra"), ("{}", "sizes")],
)
def test_bad_json_settings_end_in_one_sentence(text: str, named: str) -> None:
    with pytest.raises(UserError, match=named):
        load_settings(Distillation, text)


def test_bad_settings_files_end_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"absent\.yaml does not exist"):
        load_settings(Distillation, str(tmp_path / "absent.yaml"))
    for name, content in {
        "broken.yaml": b"sizes: [1",
        "binary.yaml": b"\xff\xfe",
        "list.yaml": b"- 1\n",
        "empty.yaml": b"",
    }.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(UserError, match=name):
            load_settings(Distillation, str(path))


def reversed_keys(value: Any) -> Any:
    return {key: reversed_keys(value[key]) for key in reversed(list(value))} if isinstance(value, dict) else value


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_canonical_form_depends_on_values_alone(path: Path) -> None:
    study = load_settings(Study, str(path))
    value, _ = read_settings(str(path))
    again = parse(Study, reversed_keys(value), str(path))
    assert study.canonical() == again.canonical()
    assert parse(Study, json.loads(study.canonical()), "canonical") == study
    changed = study.model_copy(update={"seeds": (*study.seeds, 99)})
    assert changed.canonical() != study.canonical()


def test_numbers_given_as_text_become_numbers() -> None:
    # `snakemake --config` makes strings of nested values.
    assert parse(Study, {"training": {"steps": "900"}}, "--config").training.steps == 900


@pytest.mark.parametrize("kind", ["base", "nowhere"])
def test_a_language_model_is_a_module_that_builds_one(kind: str) -> None:
    message = error_of({"language_model": {"kind": kind}})
    assert message.startswith("study.yaml: language_model.kind: ") and f"{kind}.py" in message
    if kind == "base":
        assert message.endswith("base.py has no build: name one of transformer, or add it.")


def test_blocks_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        LanguageModel().layers = 3  # type: ignore[misc]


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_the_number_of_shards_is_no_part_of_what_a_corpus_is(source: str) -> None:
    given = {"text": {"path": "a.txt"}, "hub": {"dataset": "a/b", "revision": "0" * 40, "paths": ["a.txt"]}}.get(source, {})
    plain, shared = (SOURCES[source](**given, **more) for more in ({}, {"shards": 3}))
    assert shared.shards == 3 and plain.shards == 1
    assert shared.canonical() == plain.canonical() and "shards" not in shared.model_dump(mode="json")
