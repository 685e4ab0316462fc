"""How config files, those that they extend, and `--config` become one study, and which of them is blamed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from gqvae.config import Given, Study, given_study, given_value, parse
from gqvae.errors import UserError

BASE = {
    "study": "base",
    "corpus": {"source": "synthetic", "bytes": 900_000, "seed": 3},
    "arms": {
        "bpe": {"kind": "bpe"},
        "fixed": {"kind": "fixed", "chunk_bytes": 4},
        "gqvae": {"kind": "gqvae", "codebook_size": 9},
    },
    "training": {"gradient_clip": 2.0, "steps": 700},
    "language_model": {"train_bytes": [1000]},
}


def written(folder: Path, name: str, value: dict[str, Any]) -> Path:
    path = folder / name
    path.write_text(yaml.safe_dump(value), encoding="utf-8")
    return path


def on_top(folder: Path, upper: dict[str, Any], way: str) -> Given:
    """Settings over those of `BASE`, in each way that the project has."""
    base = written(folder, "base.yaml", BASE)
    if way == "extends":
        return given_study([written(folder, "upper.yaml", {"extends": "base.yaml", **upper})])
    if way == "files":
        return given_study([base, written(folder, "upper.yaml", upper)])
    if way == "module":
        return given_value({"extends": "base.yaml", **upper}, "config of the module", folder)
    return given_study([base], [f"{key}={yaml.safe_dump(value, default_flow_style=True)}" for key, value in upper.items()])


WAYS = ("extends", "files", "command line", "module")


@pytest.mark.parametrize("way", WAYS)
def test_another_source_replaces_the_block_and_null_removes_an_arm(way: str, tmp_path: Path) -> None:
    upper = {
        "corpus": {"source": "text", "path": "a.txt"},
        "arms": {"bpe": None, "fixed": {"kind": "bytes"}, "gqvae": {"language_model": False}},
        "training": {"gradient_clip": None, "steps": None},
    }
    study = parse(Study, on_top(tmp_path, upper, way).merged(), "test")
    assert study.corpus.model_dump(exclude_defaults=True) == {"path": "a.txt"}
    assert {name: arm.model_dump(exclude_defaults=True) for name, arm in study.arms.items()} == {
        "fixed": {},
        "gqvae": {"codebook_size": 9, "language_model": False},
    }
    assert study.arms["fixed"].kind == "bytes"
    # Null is a value of a setting that has it, and the default of any other.
    assert study.training.gradient_clip is None and study.training.steps == Study().training.steps
    alone = parse(Study, {"training": upper["training"]}, "test")
    assert alone.training == study.training


@pytest.mark.parametrize("way", WAYS)
def test_what_is_of_the_same_kind_is_merged_key_by_key_and_lists_are_replaced(way: str, tmp_path: Path) -> None:
    given = on_top(tmp_path, {"corpus": {"seed": 4}, "language_model": {"train_bytes": [5]}}, way)
    study = parse(Study, given.merged(), given)
    assert study.corpus.model_dump(include={"bytes", "seed"}) == {"bytes": 900_000, "seed": 4}
    assert study.language_model.train_bytes == (5,) and study.training.steps == 700


@pytest.mark.parametrize(("block", "name"), [("arms", "gqave"), ("claims", "C1")])
def test_only_what_is_there_can_be_removed(block: str, name: str, tmp_path: Path) -> None:
    given = on_top(tmp_path, {block: {name: None}}, "files")
    with pytest.raises(UserError, match=rf"upper.yaml: {block}\.{name} is null, which removes it, but no config before has it"):
        given.merged()


@pytest.mark.parametrize(
    ("upper", "way", "blamed"),
    [
        ({"training": {"steps": 0}}, "command line", "--config: training.steps"),
        ({"training": {"steps": 0}}, "files", "/upper.yaml: training.steps"),
        ({"training": {"steps": 0}}, "module", "config of the module: training.steps"),
        ({"typo": 1}, "command line", "--config: unknown key 'typo'"),
        ({"study": "fine"}, "command line", "/base.yaml: unknown key 'training.stepps'"),
        ({"study": "fine"}, "extends", "/base.yaml: unknown key 'training.stepps'"),
        ({"seeds": [1, 1]}, "files", "/base.yaml, "),  # a rule about several keys
    ],
)
def test_the_place_that_sets_a_wrong_key_is_blamed(
    upper: dict[str, Any], way: str, blamed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if upper == {"study": "fine"}:
        monkeypatch.setitem(BASE, "training", {"stepps": 5})
    given = on_top(tmp_path, upper, way)
    with pytest.raises(UserError) as caught:
        parse(Study, given.merged(), given)
    assert str(caught.value).removeprefix(str(tmp_path)).startswith(blamed)


def test_a_file_cannot_extend_itself_or_what_is_not_there(tmp_path: Path) -> None:
    written(tmp_path, "a.yaml", {"extends": "b.yaml"})
    written(tmp_path, "b.yaml", {"extends": "a.yaml"})
    with pytest.raises(UserError, match=r"b.yaml: extends a.yaml leads back to itself"):
        given_study([tmp_path / "a.yaml"])
    with pytest.raises(UserError, match=r"--config: extends c.yaml, but .*/c.yaml does not exist"):
        given_study([], ["extends=c.yaml"], tmp_path)
    (tmp_path / "list.yaml").write_text("- 1\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"list.yaml is not a mapping"):
        given_study([written(tmp_path, "d.yaml", {"extends": "list.yaml"})])
