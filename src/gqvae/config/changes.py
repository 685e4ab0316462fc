"""Per-arm changes to single settings of a network run, e.g. for an ablation."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from gqvae.config.networks import NetworkRun

WHOLE = ("objective", "network", "training")  # replacing a whole block would silently reset its other settings


def apply_changes(run: NetworkRun, changes: Mapping[str, Any], place: tuple[str, ...]) -> NetworkRun:
    """A validated copy of the run with other values at dotted keys, e.g. {"training.revival_every": 0}.

    Args:
        run: the run that the study and the arm's other keys define.
        changes: value by dotted key into `NetworkRun`.
        place: the arm's place in the configuration, for messages: ("arms", "gqvae").

    Raises:
        ValidationError: a key does not exist or its value is wrong. It is located at `place`, so that `parse` names the key.
    """
    tree = run.model_dump()
    for key, value in changes.items():
        if key in WHOLE or key == "objective.name":
            said = "each change must name one setting inside a block; choose the objective with the arm's key `objective`"
            raise _error(place, key, "value_error", said, value)
        *blocks, last = key.split(".")
        block = tree
        for name in blocks:
            if not isinstance(block.get(name), dict):
                block[name] = {}  # validation reports the unknown block
            block = block[name]
        block[last] = value
    try:
        changed = NetworkRun.model_validate(tree)
    except ValidationError as error:
        first = error.errors()[0]
        found = _key_at(first["loc"], changes, run) if first["loc"] or _is_valid(run) else ""
        raise _error(place, found, first["type"], first["msg"], first["input"], first.get("ctx", {})) from None
    for key in (key for key, value in changes.items() if value is None):
        if reduce(getattr, key.split("."), changed) is not None:  # null unsets a key, which here would undo the study's own value
            raise _error(place, key, "value_error", "null is not among its values: give one", None)
    return changed


def _is_valid(run: NetworkRun) -> bool:
    """Whether the run without changes is consistent."""
    try:
        NetworkRun.model_validate(run.model_dump())
    except ValidationError:
        return False
    return True


def _error(
    place: tuple[str, ...], key: str, kind: str, message: str, value: Any, context: Mapping[str, Any] = MappingProxyType({})
) -> ValidationError:
    """A validation error as if the key were a field."""
    custom = PydanticCustomError(kind, "{message}", {**context, "message": message})
    location = (*place, "changes", key) if key else place  # an empty key: the arm itself is wrong, not a change
    return ValidationError.from_exception_data("changes", [InitErrorDetails(type=custom, loc=location, input=value)])


def _key_at(location: tuple[int | str, ...], changes: Mapping[str, Any], run: NetworkRun) -> str:
    """The keys of the changes that caused an error: the one at the error's place, or else all in the inconsistent block."""
    parts = [str(part) for part in location]
    if len(parts) > 1 and parts[0] == "objective" and parts[1] == run.objective.name:
        del parts[1]  # pydantic adds the objective's name to the location
    found = ".".join(parts)
    exact = [key for key in changes if f"{found}.".startswith(f"{key}.")]
    return ", ".join(exact or [key for key in changes if f"{key}.".startswith(f"{found}.")] or changes)
