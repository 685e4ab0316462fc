from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path

import jsonschema
import pytest
import yaml

from gqvae import config, config_docs
from gqvae.errors import UserError

ROOT = Path(__file__).parents[1]
# What a package is called in pyproject.toml and in conda's channels.
CONDA_NAMES = {"torch": "pytorch"}


def test_generated_files_agree_with_the_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    config_docs.check()


def test_a_stale_or_missing_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    monkeypatch.chdir(tmp_path)
    assert config_docs.write() == [config_docs.README, config_docs.SCHEMA]
    config_docs.check()
    config_docs.SCHEMA.unlink()
    with pytest.raises(UserError, match=re.escape(str(config_docs.SCHEMA))):
        config_docs.check()
    with open(config_docs.README, "a", encoding="utf-8") as stream:
        stream.write("an edit by hand\n")
    with pytest.raises(UserError, match=re.escape(str(config_docs.README))):
        config_docs.check()


def test_elsewhere_the_documentation_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="root of the repository"):
        config_docs.write()
    assert list(tmp_path.iterdir()) == []


def test_every_key_of_every_block_is_in_the_readme() -> None:
    text = (ROOT / config_docs.README).read_text(encoding="utf-8")
    shown = {model for _, model, _ in config_docs.BLOCKS}
    internal = {config.CorpusBase, config.ArmBase, config.LearnedArm, config.RequestedRate}
    internal |= {config.NetworkRun, config.Distillation, config.Matching, config.CountedTokenizer, config.CountedTraining}

    def blocks(model: type[config.Block]) -> set[type[config.Block]]:
        own = [child for child in model.__subclasses__() if child.__module__.startswith(("gqvae.config", "gqvae.corpus.sources"))]
        return {model}.union(*(blocks(child) for child in own))

    assert blocks(config.Block) - {config.Block} == shown | internal
    for model in shown:
        for key, field in model.model_fields.items():
            assert field.description
            assert f"| `{key}` |" in text


@pytest.mark.parametrize("path", sorted((ROOT / "configs").rglob("*.yaml")), ids=lambda path: path.stem)
def test_the_schema_accepts_every_config_and_refuses_unknown_keys(path: Path) -> None:
    first, *_ = path.read_text(encoding="utf-8").splitlines()
    schema_path = path.parent / first.removeprefix("# yaml-language-server: $schema=")
    assert schema_path.resolve() == ROOT / config_docs.SCHEMA
    schema = yaml.safe_load(schema_path.read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    written = yaml.safe_load(path.read_text(encoding="utf-8"))
    validator.validate(written)
    value, _ = config.read_settings(str(path))
    validator.validate(value)
    for broken in (
        {"sedes": [0]},
        {"training": {"steps": 0}},
        {"training": {"stepps": 10}},
        {"corpus": {"source": "text"}},
        {"arms": {"a": {"kind": "gqvae", "stepps": 1}}},
        {"arms": {"a": {"kind": "bpe", "shuffled_share": 2}}},
    ):
        assert not validator.is_valid({**value, **broken})


def test_the_conda_environment_has_the_ranges_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))

    def renamed(requirement: str) -> str:
        name = re.match(r"[A-Za-z0-9_.-]+", requirement)
        assert name
        return requirement.replace(name[0], CONDA_NAMES.get(name[0], name[0]), 1)

    expected = {renamed(requirement) for requirement in project["dependencies"]} | {f"python{project['requires-python']}", "pip"}
    assert {entry for entry in environment["dependencies"] if isinstance(entry, str)} == expected
    assert environment["dependencies"][-1] == {"pip": ["-e ."]}
    # The rules' own environment is the same but for the package, which a script installs.
    rules = yaml.safe_load((ROOT / "workflow" / "envs" / "gqvae.yaml").read_text(encoding="utf-8"))
    assert rules == {**environment, "dependencies": environment["dependencies"][:-1]}


def test_the_lock_file_pins_every_direct_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lock, torch = ((ROOT / name).read_text(encoding="utf-8") for name in ("requirements.lock", "requirements-torch.lock"))
    packages = re.split(r"^(?=[a-z])", lock, flags=re.MULTILINE)[1:]
    pin = r"[a-z0-9-]+==[A-Za-z0-9.]+( ; [^\\]+)?( \\\n +--hash=sha256:[0-9a-f]{64})+\n"
    assert [package for package in packages if not re.fullmatch(pin, package)] == []
    assert re.search(r"^torch==[0-9.]+\n\Z", torch, flags=re.MULTILINE)
    pinned = {package.partition("==")[0] for package in packages} | {"torch"}
    for requirement in [*project["dependencies"], *project["optional-dependencies"]["dev"]]:
        name = re.split(r"[^A-Za-z0-9_.-]", requirement)[0]
        assert re.sub(r"[-_.]+", "-", name).lower() in pinned
