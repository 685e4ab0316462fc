"""What defines a study: config files, each over those that it `extends`, and settings of the command line over all of them.

The same rules merge `extends:`, several `--configfile` and `--config`. The merged config is run and recorded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gqvae.config.yaml_files import load_yaml, read_yaml
from gqvae.errors import UserError

KEY = "extends"
NAMED = ("arms", "claims")  # blocks whose keys are names; null removes one
KINDS = {"corpus": "source", "objective": "name"}  # the key that says which others a block has; that of an arm is `kind`


@dataclass(frozen=True)
class Layer:
    """Settings of one place: a file, or the command line."""

    origin: str
    value: Any
    named: bool = True  # the user gave it, rather than a file that extends it


@dataclass(frozen=True)
class Given:
    """Layers of settings, the last on top."""

    layers: tuple[Layer, ...]

    def __str__(self) -> str:
        """The places that the user named."""
        return ", ".join(layer.origin for layer in self.layers if layer.named)

    def merged(self) -> Any:
        """The settings of all layers.

        Blocks are merged key by key; other values, including lists, replace those below. So does a block of another kind: the
        keys of two sources, arms or objectives do not mix. Null removes an arm or a claim, and unsets any other key.

        Raises:
            UserError: null stands for an arm or a claim that no layer below has.
        """
        found: Any = {}
        for layer in self.layers:
            if not isinstance(layer.value, Mapping):
                found = layer.value
            else:
                found = _merged(found if isinstance(found, Mapping) else {}, layer.value, layer.origin, ())
        return found

    def origin(self, key: Sequence[str]) -> str:
        """The uppermost layer that sets a key, or the longest part of it; all that the user named, if none does."""
        for length in range(len(key), 0, -1):
            for layer in reversed(self.layers):
                if _has(layer.value, key[:length]):
                    return layer.origin
        return str(self)


def given_file(path: Path) -> Given:
    """A file over those that it extends.

    Raises:
        UserError: one of them is missing, is not YAML, extends itself, or is extended and not a mapping.
    """
    return Given(_with_bases(Layer(str(path), read_yaml(path)), path.parent, (path.resolve(),)))


def given_study(files: Sequence[Path], command_line: Sequence[str] | Mapping[str, Any] = (), configs: Path = Path()) -> Given:
    """Config files in order, then the arguments of `--config`.

    Args:
        files: of which each may extend others.
        command_line: arguments such as `seeds=[0, 1]`, or what was made of them.
        configs: the folder that `extends` of the command line is relative to.

    Raises:
        UserError: as `given_file`; or a value of the command line is not YAML.
    """
    layers = [layer for path in files for layer in given_file(path).layers]
    if not isinstance(command_line, Mapping):
        pairs = [argument.partition("=") for argument in command_line]
        command_line = {key: load_yaml(value, f"--config {key}") for key, _, value in pairs}
    if command_line:
        layers += given_value(command_line, "--config", configs).layers
    return Given(tuple(layers))


def given_value(value: Mapping[str, Any], origin: str, configs: Path) -> Given:
    """Settings that are in no file, over those that they extend in the folder `configs`.

    Raises:
        UserError: as `given_file`.
    """
    return Given(_with_bases(Layer(origin, value), configs, ()))


def _with_bases(layer: Layer, folder: Path, seen: tuple[Path, ...]) -> tuple[Layer, ...]:
    """A layer without `extends`, on top of the file that it extends; `seen` are the files above."""
    if not isinstance(layer.value, Mapping) or KEY not in layer.value:
        return (layer,)
    own = {key: inner for key, inner in layer.value.items() if key != KEY}
    base = folder / str(layer.value[KEY])
    if base.resolve() in seen:
        raise UserError(f"{layer.origin}: extends {layer.value[KEY]} leads back to itself: name another file.")
    if not base.is_file():
        raise UserError(f"{layer.origin}: extends {layer.value[KEY]}, but {base} does not exist: correct the name.")
    below = read_yaml(base)
    if not isinstance(below, Mapping):
        raise UserError(f"{base} is not a mapping: name a config file to extend.")
    bases = _with_bases(Layer(str(base), below, named=False), base.parent, (*seen, base.resolve()))
    return (*bases, Layer(layer.origin, own, layer.named))


def _merged(below: Mapping[str, Any], own: Mapping[str, Any], origin: str, place: tuple[str, ...]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in own.items():
        here = (*place, str(key))
        if value is None and len(place) == 1 and place[0] in NAMED:
            if key not in merged:
                raise UserError(
                    f"{origin}: {'.'.join(here)} is null, which removes it, but no config before has it: leave it out."
                )
            del merged[key]
        elif isinstance(value, Mapping):
            under = merged.get(key)
            kept = isinstance(under, Mapping) and not _replaces(here, under, value)
            merged[key] = _merged(under if kept and isinstance(under, Mapping) else {}, value, origin, here)
        else:
            merged[key] = value
    return merged


def _replaces(place: tuple[str, ...], below: Mapping[str, Any], own: Mapping[str, Any]) -> bool:
    """Whether a block is of another kind than the one below."""
    kind = "kind" if len(place) == 2 and place[0] == "arms" else KINDS.get(place[-1])
    return kind is not None and kind in own and kind in below and own[kind] != below[kind]


def _has(value: Any, key: Sequence[str]) -> bool:
    for part in key:
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return False
    return True
