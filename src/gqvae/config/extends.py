"""`extends:`, with which a config file lists only its differences from another. The merged config is run and recorded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from gqvae.errors import UserError

KEY = "extends"


def read_yaml(path: Path) -> Any:
    """Read a YAML file; an empty file is an empty mapping.

    Raises:
        UserError: the file does not exist or is not YAML.
    """
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: give a config file, or settings as JSON.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not YAML ({' '.join(str(error).split())}): correct it and run again.") from None


def resolved(value: Any, path: Path, seen: tuple[Path, ...] = ()) -> Any:
    """Merge a config into the one that it extends.

    Blocks are merged key by key. Other values, including lists, replace those of the base; `null` removes a key, e.g. an arm.

    Args:
        value: contents of the file, perhaps with further changes.
        path: path of the file; `extends` is relative to its folder.
        seen: files that extend this one.

    Raises:
        UserError: a base does not exist, is not a mapping, or extends itself.
    """
    if not isinstance(value, Mapping) or KEY not in value:
        return value
    own = {key: inner for key, inner in value.items() if key != KEY}
    base = path.parent / str(value[KEY])
    here = (*seen, path.resolve())
    if base.resolve() in here:
        raise UserError(f"{path}: extends {value[KEY]} leads back to itself: name another file.")
    if not base.is_file():
        raise UserError(f"{path}: extends {value[KEY]}, but {base} does not exist: correct the name.")
    found = resolved(read_yaml(base), base, here)
    if not isinstance(found, Mapping):
        raise UserError(f"{base} is not a mapping: name a config file to extend.")
    return _merged(found, own)


def _merged(base: Mapping[str, Any], own: Mapping[str, Any], place: str = "") -> dict[str, Any]:
    merged = dict(base)
    for key, value in own.items():
        if value is None:
            merged.pop(key, None)
        elif (
            isinstance(value, Mapping)
            and isinstance(merged.get(key), Mapping)
            and not _replaces(place or key, merged[key], value)
        ):
            merged[key] = _merged(merged[key], value, key)
        else:
            merged[key] = value
    return merged


def _replaces(place: str, base: Mapping[str, Any], own: Mapping[str, Any]) -> bool:
    """Whether a block of another kind replaces the base's: the keys of two kinds of arms, sources or objectives do not mix."""
    key = {"arms": "kind", "corpus": "source"}.get(place, "name")
    return key in own and key in base and own[key] != base[key]
