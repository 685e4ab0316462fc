"""What is wrong with settings, in one sentence that names the key as the user wrote it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gqvae.config.layers import Given
from gqvae.errors import near

UNKNOWN = "unknown_key"  # the type of our error for a key that a block does not have
DISCRIMINATORS = ("source", "kind", "name")


def complaint(error: ValidationError, value: Any, origin: str | Given) -> str:
    """The first error of a validation of `value` as a sentence."""
    first = error.errors()[0]
    key = key_of(first["loc"], value, absent=first["type"] == "missing")
    where = origin.origin(key) if isinstance(origin, Given) else origin
    return f"{where}: {_clause(first, '.'.join(key))}."


def key_of(location: Sequence[int | str], value: Any, *, absent: bool = False) -> tuple[str, ...]:
    """The path of keys to an error, without what pydantic adds: tags and types of unions, and a mark for wrong names.

    Args:
        location: the path as pydantic has it.
        value: what was validated.
        absent: whether the path ends in a key that is missing.
    """
    path: list[str] = []
    for number, step in enumerate(location):
        if isinstance(value, Mapping):
            last = number == len(location) - 1
            kinds = [kind for kind in map(value.get, DISCRIMINATORS) if isinstance(kind, str)]
            tag = step in kinds and not last if step in value else not (last and absent) and "." not in str(step)
            if tag:  # a step with dots is several of an arm's `changes`
                continue
            value = value.get(step)
        elif isinstance(value, list | tuple) and isinstance(step, int):
            value = value[step] if step < len(value) else None
        else:
            continue
        path.append(str(step))
    return tuple(path)


def not_finite(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Keys of infinities and NaNs anywhere in `value`: JSON cannot hold them, and free-form settings accept them."""
    if isinstance(value, float) and not math.isfinite(value):
        yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in inside:
        yield from not_finite(inner, (*path, str(key)))


def _clause(error: ErrorDetails, key: str) -> str:
    kind, given, context = error["type"], error["input"], error.get("ctx", {})
    colon = f"{key}: " if key else ""
    if kind == UNKNOWN:
        return f"unknown key {key!r}; {error['msg']}configs/README.md lists the valid keys"
    if kind == "missing" and isinstance(given, list | tuple):
        return f"{key.rpartition('.')[0]}: {list(given)} has too few values; correct it and run again"
    if kind == "missing":
        return f"the key {key!r} is missing; configs/README.md describes it"
    if kind in ("union_tag_not_found", "union_tag_invalid"):
        choice = f"{key}.{context['discriminator']}".lstrip(".").replace("'", "")
        if kind == "union_tag_not_found":
            return f"the key {choice!r} is missing; configs/README.md describes it"
        tags = [tag.strip(" '") for tag in context["expected_tags"].split(",")]
        return f"{choice} is {context['tag']!r}: {near(context['tag'], tags)}name one of {', '.join(tags)}"
    if kind in ("model_type", "dict_type", "model_attributes_type"):
        return f"{colon}{given!r} stands where a block of keys belongs; correct it and run again"
    if kind == "value_error":  # raised here, in words of our own
        return colon + error["msg"].removeprefix("Value error, ").rstrip(".")
    return f"{colon}{error['msg']} (given: {given!r}){_remedy(kind, given)}; correct it and run again"


def _remedy(kind: str, given: Any) -> str:
    """What to write instead, if that is clear."""
    if kind == "string_type" and isinstance(given, int | float):
        return ": put it in quotes"
    if kind == "int_parsing" and isinstance(given, str):
        try:
            number = float(given)
        except ValueError:
            return ""
        return f": write {number:.0f}" if number.is_integer() else ""
    return ""
