"""Generate the documentation of the configuration from its models: configs/README.md and workflow/schemas/config.schema.yaml.

Only the models of `gqvae.config` define keys, defaults and meanings. These two files repeat them for readers, editors and the
workflow catalogue; a test fails when they are stale.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from pydantic.fields import FieldInfo

from gqvae import config
from gqvae.errors import UserError
from gqvae.files import atomic_open

README = Path("configs/README.md")
SCHEMA = Path("workflow/schemas/config.schema.yaml")

# In reading order: heading of the table, model, and place of its keys in a config file.
BLOCKS: tuple[tuple[str, type[config.Block], str], ...] = (
    ("The study", config.Study, "at the top level"),
    *(
        (f"Corpus: {settings.heading}", settings, f"under `corpus:` with `source: {name}`")
        for name, settings in config.SOURCES.items()
    ),
    ("Vocabulary", config.Vocabulary, "under `vocabulary:`"),
    ("Arm: bytes", config.BytesArm, "under `arms: <name>:` with `kind: bytes`"),
    ("Arm: from counts", config.CountedArm, "under `arms: <name>:` with any other `kind:`"),
    ("Arm: fixed-length VQ-VAE", config.FixedArm, "under `arms: <name>:` with `kind: fixed`"),
    ("Arm: GQ-VAE", config.GQVAEArm, "under `arms: <name>:` with `kind: gqvae`"),
    ("Arm: a network of its own", config.NetworkArm, "under `arms: <name>:` with the `kind:` of a module of `gqvae.networks`"),
    ("Arm: borrowed", config.BorrowedArm, "under `arms: <name>:` with `kind: borrowed`"),
    ("Objective: rate-controlled", config.RateControlledObjective, "under `objective:` with `name: rate_controlled`"),
    ("Objective: the paper's", config.PaperObjective, "under `objective:` with `name: paper`"),
    ("Network", config.Network, "under `network:`"),
    ("Training of the networks", config.NetworkTraining, "under `training:`"),
    ("Claim", config.Claim, "under `claims: <name>:`"),
    ("Language model", config.LanguageModel, "under `language_model:`"),
    ("Further size of a language model", config.ModelSize, "in each entry of `other_sizes:`"),
)

INTRODUCTION = """\
# Configurations

<!-- Generated from src/gqvae/config/ by `gqvae config-docs`; change it there. -->

A config file defines a study; `profiles/` sets where and how it runs (cores, GPUs, a cluster). Each file is one study:

| file | study |
|---|---|
{files}
Run one with `snakemake --cores all --configfile configs/<file>`; its results go to `results/<study>/`. To make your own, copy
one and change it. Keys that a file does not set have the defaults below; unknown keys are errors.
`workflow/schemas/config.schema.yaml` is the same as a JSON schema for editors.
"""


def readme(configs: Path = Path("configs")) -> str:
    """The text of configs/README.md: a list of the config files, then one table for each block of keys."""
    files = ""
    for path in sorted(configs.rglob("*.yaml")):
        headline = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("#").strip()
        files += f"| `{path.relative_to(configs).as_posix()}` | {headline} |\n"
    parts = [INTRODUCTION.format(files=files)]
    for title, model, place in BLOCKS:
        paragraph = " ".join((model.__doc__ or "").split("\n\n")[0].split())
        parts.append(f"\n## {title}\n\n{paragraph} Keys {place}:\n\n")
        parts.append("| key | default | unit | meaning | source |\n|---|---|---|---|---|\n")
        parts.extend(_row(key, field) for key, field in model.model_fields.items())
    return "".join(parts)


def schema() -> str:
    """The text of the JSON Schema (2020-12) of a config file, as YAML. Of a file with `extends`, only the keys are checked."""
    study = _without_titles(config.Study.model_json_schema())
    blocks = study.pop("$defs")
    networks = sorted(path.stem for path in config.NETWORKS.glob("[a-z]*.py") if path.stem not in config.ARM_KINDS)
    blocks["CountedArm"]["properties"]["kind"]["not"] = {"enum": [*config.ARM_KINDS, *networks]}
    blocks["NetworkArm"]["properties"]["kind"]["enum"] = networks
    value = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A study of GQ-VAE",
        "if": {"required": ["extends"]},
        "then": {"properties": {"extends": {"type": "string"}}, "propertyNames": {"enum": ["extends", *study["properties"]]}},
        "else": {"$ref": "#/$defs/Study"},
        "$defs": {**blocks, "Study": study},
    }
    note = "# Generated from src/gqvae/config/ by `gqvae config-docs`; change it there.\n"
    return note + str(yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=120, default_flow_style=None))


def write() -> list[Path]:
    """Write both files below the working folder and return their paths."""
    texts = _texts()
    for path, text in texts.items():
        with atomic_open(path) as stream:
            stream.write(text)
    return list(texts)


def check() -> None:
    """Compare both files with the models.

    Raises:
        UserError: one of them is missing or stale.
    """
    for path, text in _texts().items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            raise UserError(f"{path} does not agree with src/gqvae/config/: run `gqvae config-docs` and commit the result.")


def _texts() -> dict[Path, str]:
    if not README.parent.is_dir():
        raise UserError(f"There is no folder {README.parent}/ here: run `gqvae config-docs` at the root of the repository.")
    return {README: readme(), SCHEMA: schema()}


def _row(key: str, field: FieldInfo) -> str:
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    cells = (f"`{key}`", _default(field), extra.get("unit", ""), field.description or "", extra.get("source", ""))
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |\n"


def _default(field: FieldInfo) -> str:
    """The default as written in YAML; blocks and arms have separate tables."""
    if field.is_required():
        return "(required)"
    value = field.default
    if isinstance(value, config.Block):
        return "see below"
    if isinstance(value, dict) and value:
        return ", ".join(f"`{name}`" for name in value)
    if isinstance(value, str):
        return f"`{value}`"
    return f"`{json.dumps(value)}`"


def _without_titles(value: Any) -> Any:
    """A schema without pydantic's titles, which only repeat the names of keys; a property called `title` would stay."""
    if isinstance(value, dict):
        return {key: _without_titles(part) for key, part in value.items() if not (key == "title" and isinstance(part, str))}
    return [_without_titles(part) for part in value] if isinstance(value, list) else value
