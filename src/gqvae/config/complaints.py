"""What is wrong with settings, in one sentence that names the key as the user wrote it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gqvae.config.layers import Given
from gqvae.errors import near

UNKNOWN = "unknown_key"  # the type of our error for a key that a block does not have
DISCRIMINATORS = ("source", "kind", "name")

# What a value must be, by the beginning of pydantic's type of error; braces are filled with the error's own values.
MUST = {
    "bool_": "be true or false",
    "int_": "be a whole number",
    "float_": "be a number",
    "literal_error": "be one of {expected}",
    "string_type": "be text",
    "string_pattern_mismatch": "match the pattern {pattern!r}",
    "string_too_short": "have {min_length} or more characters",
    "string_too_long": "have {max_length} or fewer characters",
    "tuple_type": "be a list",
    "list_type": "be a list",
    "model_": "be a block of keys",
    "dict_type": "be a block of keys",
    "too_short": "have {min_length} or more entries",
    "too_long": "have {max_length} or fewer entries",
    "greater_than_equal": "be at least {ge}",
    "greater_than": "be more than {gt}",
    "less_than_equal": "be at most {le}",
    "less_than": "be less than {lt}",
}


def complaint(error: ValidationError, value: Any, origin: str | Given) -> str:
    """The first error of a validation of `value` as a sentence."""
    errors = error.errors()
    first = errors[0]
    key = key_of(first["loc"], value, absent=first["type"] == "missing")
    where = origin.origin(key) if isinstance(origin, Given) else origin
    alternatives = [one for one in errors if key_of(one["loc"], value) == key] or [first]  # of a union
    return f"{where}: {_clause(first, written(key), alternatives)}."


def written(key: Sequence[str]) -> str:
    """A path of keys with dots between them, on one line: what cannot be printed is escaped."""
    return ".".join(step if step.isprintable() else repr(step)[1:-1] for step in key)


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
            if step not in value:  # errors have the name of a key that is a number
                step = next((one for one in value if str(one) == step), step)
            last = number == len(location) - 1
            kinds = [kind for kind in map(value.get, DISCRIMINATORS) if isinstance(kind, str)]
            changes = "." in str(step) and "[" not in str(step)  # several of an arm; in brackets are types, as in tuple[int, ...]
            tag = step in kinds and not last if step in value else not (last and absent) and not changes
            if tag:
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


def _clause(error: ErrorDetails, key: str, alternatives: Sequence[ErrorDetails]) -> str:
    kind, given, context = error["type"], error["input"], error.get("ctx", {})
    colon = f"{key}: " if key else ""
    if kind == UNKNOWN:
        return f"unknown key {key!r}; {error['msg']}"
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
    if kind == "literal_error" and (names := re.findall(r"'([^']*)'", context["expected"])):
        remedy = "put it in quotes" if str(given) in names else f"{near(str(given), names)}name one of {', '.join(names)}"
        return f"{colon}{_shown(given)} is not among the values: {remedy}"
    if kind == "value_error":  # raised here, in words of our own
        return colon + error["msg"].removeprefix("Value error, ").rstrip(".")
    must = " or ".join(dict.fromkeys(filter(None, map(_must, alternatives))))
    if not must:
        return f"{colon}{error['msg']} (given: {_shown(given)}); correct it and run again"
    must = must.replace(" or be ", " or ")
    return f"{key or 'the settings'} must {must} (given: {_shown(given)}){_remedy(kind, given)}; correct it and run again"


def _must(error: ErrorDetails) -> str:
    """What the value must be or have; nothing, if we have no words for it."""
    words = next((words for kind, words in MUST.items() if error["type"].startswith(kind)), "")
    context = error.get("ctx", {}).items()
    return words.format(**{name: f"{one:g}" if isinstance(one, float) else one for name, one in context})


def _shown(value: Any) -> str:
    """As in a config file."""
    return json.dumps(value) if value is None or isinstance(value, bool) else repr(value)


def _remedy(kind: str, given: Any) -> str:
    """What to write instead, if that is clear."""
    if kind in ("tuple_type", "list_type") and isinstance(given, str):
        return ": put it in brackets"
    if kind in ("tuple_type", "list_type") and isinstance(given, int | float):
        return f": for example [{_shown(given)}]"
    if kind == "string_type" and isinstance(given, int | float):
        return ": put it in quotes"
    if kind == "int_parsing" and isinstance(given, str):
        try:
            number = float(given)
        except ValueError:
            return ""
        return f": write {number:.0f}" if number.is_integer() else ""
    return ""
