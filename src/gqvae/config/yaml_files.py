"""YAML as configs are written: as YAML 1.2 reads it, without the surprises of 1.1, and with every key once."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, TextIO

import yaml

from gqvae.errors import UserError

PADDED = "tag:gqvae,padded"  # 010, which is 8 in YAML 1.1 and 10 in YAML 1.2
REREAD = tuple(f"tag:yaml.org,2002:{kind}" for kind in ("bool", "int", "float", "timestamp"))
# YAML 1.1 reads `yes` as true, 1:30 as 90 and 1e3 as text. Unlike YAML 1.2, numbers may be written as 1_000.
SCALARS = {
    "tag:yaml.org,2002:bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "tag:yaml.org,2002:int": (r"[-+]?(0|[1-9][0-9_]*|0x[0-9a-fA-F_]+)", "-+0123456789"),
    "tag:yaml.org,2002:float": (
        r"[-+]?([0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)([eE][-+]?[0-9]+)?|[-+]?[1-9][0-9_]*[eE][-+]?[0-9]+|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+0123456789.",
    ),
    PADDED: (r"[-+]?0[0-9_]+", "-+0"),
}


class _Mistake(Exception):
    """What is wrong in the text, in a clause to which its origin is added."""


class _Loader(yaml.SafeLoader):
    """A loader of its own, so that the rules below hold for no other reader of YAML."""

    yaml_implicit_resolvers = {  # noqa: RUF012  (PyYAML defines it so)
        first: [(tag, pattern) for tag, pattern in known if tag not in REREAD]
        for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def compose_mapping_node(self, anchor: dict[Any, yaml.Node]) -> yaml.MappingNode:
        """As PyYAML, but a key that stands twice is a mistake; there, the last one counts."""
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        lines: dict[tuple[str, str], int] = {}
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            line = key.start_mark.line + 1
            if (key.tag, key.value) in lines:
                raise _Mistake(f"the key {key.value!r} is there twice, in lines {lines[key.tag, key.value]} and {line}: keep one")
            lines[key.tag, key.value] = line
        return node


def _padded(loader: _Loader, node: yaml.ScalarNode) -> Any:
    number = node.value.lstrip("-+0_") or "0"
    raise _Mistake(
        f"{node.value} in line {node.start_mark.line + 1} means different numbers to different programs: write {number}, or quote it"
    )


for _tag, (_pattern, _first) in SCALARS.items():
    _Loader.add_implicit_resolver(_tag, re.compile(rf"^(?:{_pattern})$"), list(_first))
_Loader.add_constructor(PADDED, _padded)


def read_yaml(path: Path) -> Any:
    """Read a YAML file.

    Raises:
        UserError: the file does not exist, is empty, is not YAML, or has a key twice.
    """
    try:
        with path.open(encoding="utf-8") as stream:
            found = load_yaml(stream, str(path))
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: give a config file, or settings as JSON.") from None
    if found is None:
        raise UserError(f"{path} is empty: write keys into it (configs/README.md lists them), or {{}} for the defaults.")
    return found


def load_yaml(text: str | TextIO, origin: str) -> Any:
    """Read YAML; `origin` names it in messages.

    Raises:
        UserError: it is not YAML, or has a key twice.
    """
    try:
        return yaml.load(text, _Loader)
    except _Mistake as mistake:
        raise UserError(f"{origin}: {mistake}.") from None
    except (yaml.YAMLError, ValueError) as error:  # ValueError: not UTF-8, or no number after all
        raise UserError(f"{origin} is not YAML ({' '.join(str(error).split())}): correct it and run again.") from None


def load_json(text: str, origin: str) -> Any:
    """Read JSON; `origin` names it in messages.

    Raises:
        UserError: it is not JSON, or has a key twice.
    """

    def mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        for key in keys:
            if keys.count(key) > 1:
                raise UserError(f"{origin}: the key {key!r} is there twice: keep one.")
        return dict(pairs)

    try:
        return json.loads(text, object_pairs_hook=mapping)
    except json.JSONDecodeError as error:
        raise UserError(f"{origin} is not JSON ({error}): correct it and run again.") from None
