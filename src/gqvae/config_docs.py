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
    ("Pre-tokenizer: your own expression", config.OwnPretokenizer, "under `pretokenizer:`"),
    ("Vocabulary", config.Vocabulary, "under `vocabulary:`"),
    ("Arm: bytes", config.BytesArm, "under `arms: <name>:` with `kind: bytes`"),
    ("Arm: from counts", config.CountedArm, "under `arms: <name>:` with any other `kind:`"),
    ("Arm: fixed-length VQ-VAE", config.FixedArm, "under `arms: <name>:` with `kind: fixed`"),
    ("Arm: GQ-VAE", config.GQVAEArm, "under `arms: <name>:` with `kind: gqvae`"),
    ("Arm: custom network", config.NetworkArm, "under `arms: <name>:` with the `kind:` of a module of `gqvae.networks`"),
    ("Arm: borrowed", config.BorrowedArm, "under `arms: <name>:` with `kind: borrowed`"),
    ("Arm: external", config.ExternalArm, "under `arms: <name>:` with `kind: external`"),
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
Run one with `snakemake --cores all --configfile configs/<file>`; its results go to `results/<study>/`. Keys that no file sets have
the defaults below; unknown keys are errors. Editors with a YAML language server use the first line of each file to complete and
check keys.

**Your own text.** A small study of it, as `mine.yaml`; [docs/text.md](../docs/text.md) says what can be read:

```yaml
study: mine
seeds: [0, 1] # each trains everything once
corpus:
  source: text
  path: stories.txt # your text, UTF-8
  separator: "<|endoftext|>" # what stands between two documents; "" for blank lines
vocabulary: {{size: 1024}}
arms: # the tokenizers that are compared
  bpe: {{kind: bpe}}
  pathpiece: {{kind: pathpiece}} # the control without a network
  gqvae: {{kind: gqvae}}
  bpe_matched: {{kind: bpe, match: gqvae}} # the size that compresses as gqvae does
network: {{width: 64, head_width: 32, encoder_layers: 2, gater_layers: 1, decoder_layers: 2, codebook_size: 2048}} # as in default.yaml
training: {{steps: 800, unquantized_steps: 500, batch_pretokens: 256}}
language_model: {{train_bytes: [300_000, 600_000], batch_windows: 4}} # less than stories.txt has
```

```sh
gqvae check-config mine.yaml          # is it right, and can the text be read?
snakemake -n --configfile mine.yaml   # what would run; with --cores all in place of -n, it runs
```

Or copy one of the files above and change it, or name it under `extends:` and write only what differs. The arms of a file that
extends another are added to those of the other; `fixed: null` under `arms:` removes one.

**Merging** is the same for `extends:`, several files after `--configfile`, and `--config`. Blocks are merged key by key, and other
values, lists included, are replaced. An arm, source or objective of another kind replaces the whole block. Null removes an arm or a
claim. Any other key that is null has the value `null`, if the table shows that it may, and otherwise its default.

**On the command line** a value is YAML, and nested keys are braces: `--config 'training={{steps: 100}}' 'arms={{unigram: null}}'`.
At other forms, such as `training.steps=100`, and at a config file that does not exist, Snakemake ends in a traceback of its own,
before it reads the `Snakefile`. `gqvae check-config` names a missing file in a sentence.

**Folders.** Results, texts and tokenizers from elsewhere are in the working folder, wherever the `Snakefile` is: the folder where
`snakemake` starts, or that of `--directory`. `extends:` is relative to the file that says it. In another workflow, `module` with
`config:` takes the keys of a study, and `extends:` there and in `--config` is relative to `configs/`. With `prefix:`, downloads and
results are below the prefix; paths of your own files stay as they are.
"""


def readme(configs: Path = Path("configs")) -> str:
    """The text of configs/README.md: a list of the config files, then one table for each block of keys."""
    files = ""
    for path in sorted(configs.rglob("*.yaml")):
        headline = path.read_text(encoding="utf-8").splitlines()[1].removeprefix("#").strip()  # the first line is for editors
        files += f"| `{path.relative_to(configs).as_posix()}` | {headline} |\n"
    parts = [INTRODUCTION.format(files=files)]
    for title, model, place in BLOCKS:
        paragraph = " ".join((model.__doc__ or "").split("\n\n")[0].split())
        parts.append(f"\n## {title}\n\n{paragraph} Keys {place}:\n\n")
        parts.append("| key | default | unit | meaning | source |\n|---|---|---|---|---|\n")
        parts.extend(_row(key, field) for key, field in model.model_fields.items())
    return "".join(parts)


def schema() -> str:
    """The text of the JSON Schema (2020-12) of a config file, as YAML.

    It is for editors, which complete and check the keys of a file as it is written. A file may extend another, so an arm or a
    claim need not be complete, and null removes a key.
    """
    study = _for_editors(config.Study.model_json_schema())
    blocks = study["$defs"]
    networks = sorted(path.stem for path in config.NETWORKS.glob("[a-z]*.py") if path.stem not in config.ARM_KINDS)
    blocks["CountedArm"]["properties"]["kind"]["not"] = {"enum": [*config.ARM_KINDS, *networks]}
    blocks["NetworkArm"]["properties"]["kind"]["enum"] = networks
    for name in ("CountedArm", "NetworkArm", "Claim"):
        del blocks[name]["required"]
    claims, arms = study["properties"]["claims"], study["properties"]["arms"]
    claims["additionalProperties"] = _or_null(claims["additionalProperties"])
    arms["patternProperties"] = {name: _or_null(arm) for name, arm in arms["patternProperties"].items()}
    extends = {"description": "A config file in the same folder; this file has only the differences.", "type": "string"}
    value = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A study of GQ-VAE",
        **study,
        "properties": {"extends": extends, **study["properties"]},
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


def _for_editors(value: Any) -> Any:
    """Adapt a schema: drop pydantic's titles, which only repeat keys, let alternatives overlap, and allow null for every key."""
    if isinstance(value, list):
        return [_for_editors(part) for part in value]
    if not isinstance(value, dict):
        return value
    kept = {"anyOf" if key == "oneOf" else key: _for_editors(part) for key, part in value.items() if key != "discriminator"}
    if isinstance(kept.get("title"), str):  # unless it is a property named "title"
        del kept["title"]
    if kept.get("type") == "integer":  # editors use YAML 1.2, which reads 1_000 as text
        kept |= {"type": ["integer", "string"], "pattern": "^[0-9][0-9_]*$"}
    if isinstance(kept.get("properties"), dict):
        kept["properties"] = {key: _or_null(part) for key, part in kept["properties"].items()}
    return kept


def _or_null(schema: dict[str, Any]) -> _InOneLine:
    if "type" in schema:
        types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        return _InOneLine({**schema, "type": [*types, "null"]})
    alternatives = schema.pop("anyOf", None) or [{"$ref": schema.pop("$ref")}]
    return _InOneLine({**schema, "anyOf": [*(one for one in alternatives if one != {"type": "null"}), {"type": "null"}]})


class _InOneLine(dict[str, Any]):
    """A mapping that YAML shows in braces."""


yaml.SafeDumper.add_representer(
    _InOneLine, lambda dumper, value: dumper.represent_mapping("tag:yaml.org,2002:map", value, flow_style=True)
)
