"""An arm's own values for single settings of its network's run: what an ablation switches, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from gqvae.config.networks import NetworkRun

WHOLE = ("objective", "network", "training")  # blocks: replaced as a whole they would fall back to defaults without a word


def apply_changes(run: NetworkRun, changes: Mapping[str, Any], place: tuple[str, ...]) -> NetworkRun:
    """The run with other values at dotted keys, e.g. {"training.revival_every": 0}, validated anew.

    Args:
        run: what the study and the arm's other keys ask for.
        changes: value by dotted key into `NetworkRun`.
        place: the arm's place in the configuration, for messages: ("arms", "gqvae").

    Raises:
        ValidationError: a key does not exist or its value is wrong; located at `place`, so that `parse` names the key.
    """
    tree = run.model_dump()
    for key, value in changes.items():
        if key in WHOLE or key == "objective.name":
            said = "changes name one setting inside a block; the objective itself is chosen by the arm's key `objective`"
            raise _error(place, key, "value_error", said, value)
        *blocks, last = key.split(".")
        block = tree
        for name in blocks:
            if not isinstance(block.get(name), dict):
                block[name] = {}  # no such block: validation says so
            block = block[name]
        block[last] = value
    try:
        return NetworkRun.model_validate(tree)
    except ValidationError as error:
        first = error.errors()[0]
        raise _error(place, _key_at(first["loc"], changes, run), first["type"], first["msg"], first["input"]) from None


def _error(place: tuple[str, ...], key: str, kind: str, message: str, value: Any) -> ValidationError:
    """A validation error as if the key were a field."""
    custom = PydanticCustomError(kind, "{message}", {"message": message})
    location = (*place, "changes", key) if key else place  # without changes it is the arm itself that does not fit
    return ValidationError.from_exception_data("changes", [InitErrorDetails(type=custom, loc=location, input=value)])


def _key_at(location: tuple[int | str, ...], changes: Mapping[str, Any], run: NetworkRun) -> str:
    """The change behind an error: the one at the error's place, or those in the block that no longer fits together."""
    parts = [str(part) for part in location]
    if len(parts) > 1 and parts[0] == "objective" and parts[1] == run.objective.name:
        del parts[1]  # which of the objectives it is stands in the error's place, not in the key
    found = ".".join(parts)
    exact = [key for key in changes if f"{found}.".startswith(f"{key}.")]
    return ", ".join(exact or [key for key in changes if f"{key}.".startswith(f"{found}.")] or changes)
