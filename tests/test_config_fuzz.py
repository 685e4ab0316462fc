"""Configurations with anything in any place: valid ones lay out a study and make its corpus, others end in one sentence."""

from __future__ import annotations

import copy
import itertools
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gqvae.config import Study, parse
from gqvae.corpus.sources import open_source
from gqvae.corpus.sources.synthetic import Settings as SyntheticCorpus
from gqvae.corpus.splits import write_corpus
from gqvae.errors import UserError
from gqvae.study import layout, runs

CONFIGS = Path(__file__).parents[1] / "configs"
BASES = [yaml.safe_load((CONFIGS / name).read_text(encoding="utf-8")) for name in ("smoke.yaml", "tinystories-sample.yaml")]
numbers = itertools.count()

scalars = (
    st.none() | st.booleans() | st.integers(-3, 5000) | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8)
    | st.sampled_from(["../x", "a/b", "bpe", "gqvae", "neural", "synthetic", "text", ""])
)  # fmt: skip
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths to everything in a tree of settings."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path] * bool(path) + [place for key, inner in inside for place in places(inner, (*path, key))]


@st.composite
def configurations(draw: st.DrawFn) -> Any:
    """A configuration of the project with up to three things in it changed, removed or added."""
    config = copy.deepcopy(draw(st.sampled_from(BASES)))
    for _ in range(draw(st.integers(1, 3))):
        *above, key = draw(st.sampled_from(places(config)))
        owner: Any = config
        for step in above:
            owner = owner[step]
        change = draw(st.sampled_from(["changed", "removed", "added"]))
        if change == "removed":
            del owner[key]
        elif change == "added" and isinstance(owner, dict):
            owner[draw(st.text(max_size=8))] = draw(values)
        else:
            owner[key] = draw(values)
        if not places(config):
            break
    return config


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(config=configurations() | values)
def test_any_configuration_is_a_study_or_a_sentence(config: Any, tmp_path: Path) -> None:
    try:
        study = parse(Study, config, "some.yaml")
    except UserError as error:
        assert str(error).startswith("some.yaml: ") and "\n" not in str(error)
        return
    assert Study.model_validate_json(study.canonical()) == study
    folder = tmp_path / "results"
    for run in runs.language_model_runs(study):
        assert run.path(folder).resolve().is_relative_to(folder)
    for name in layout.families(study):
        assert layout.tokenizer_path(folder / study.study, name, "v1").resolve().is_relative_to(folder)
    if isinstance(study.corpus, SyntheticCorpus) and study.corpus.bytes <= 400_000:
        try:
            write_corpus(tmp_path / str(next(numbers)), open_source(study.corpus), study.corpus)
        except UserError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize("name", ["..", "a/b", "", ".hidden", "a b", "-x", "a\nb", "x" * 300])
def test_no_name_leads_out_of_the_results(name: str) -> None:
    for change in ({"study": name}, {"arms": {name: {"kind": "bpe"}}}):
        with pytest.raises(UserError):
            parse(Study, BASES[0] | change, "some.yaml")


@pytest.mark.parametrize("number", [float("inf"), float("nan")])
def test_no_setting_is_infinite(number: float) -> None:
    """Not even where keys and values are free: settings of a module, changes to a network's run."""
    for arm in ({"kind": "bpe", "x": [{"y": number}]}, {"kind": "gqvae", "changes": {"training.steps": number}}):
        with pytest.raises(UserError, match=r"some.yaml: arms.one.* must be finite"):
            parse(Study, BASES[0] | {"arms": {"one": arm}}, "some.yaml")
