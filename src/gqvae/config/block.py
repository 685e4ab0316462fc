"""The base of every block of settings: frozen, documented, strict about keys, with errors in one clear sentence."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from gqvae.config.extends import read_yaml, resolved
from gqvae.errors import UserError

BYTE_VALUES = 256
END_OF_DOCUMENT = BYTE_VALUES  # id of the end-of-document token
MODULE_NAME = r"^[a-z][a-z0-9_]*$"
RESERVED_IDS = BYTE_VALUES + 1  # every byte, and the end of a document


def setting(default: Any, description: str, unit: str = "", source: str = "ours", **checks: Any) -> Any:
    """A field with its documentation: what it is, its unit, and where the default comes from."""
    extra: dict[str, Any] = {"unit": unit, "source": source} if unit else {"source": source}
    return Field(default, description=description, json_schema_extra=extra, **checks)


class Block(BaseModel):
    """A frozen block of settings; unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    retired: ClassVar[dict[str, Any]] = {}  # keys of earlier versions, with the only value still accepted

    @model_validator(mode="before")
    @classmethod
    def _without_retired(cls, value: Any) -> Any:
        if not cls.retired or not isinstance(value, dict):
            return value
        for key, kept in cls.retired.items():
            if key in value and value[key] != kept:
                raise ValueError(f"{key} was removed, and {value[key]!r} is no longer supported: leave it out")
        return {key: inner for key, inner in value.items() if key not in cls.retired}

    def canonical(self, exclude: Any = None) -> str:
        """The block as JSON that does not depend on the order of keys."""
        return json.dumps(self.model_dump(mode="json", exclude=exclude), sort_keys=True, separators=(",", ":"))

    def identity(self) -> str:
        """The canonical form without `checkpoint_seconds`, which has no effect on results."""
        return self.canonical(exclude={"checkpoint_seconds": True, "training": {"checkpoint_seconds"}})


def module_of(package: str) -> Any:
    """The type for the name of a module that must exist in `package`, a package of gqvae."""
    folder = Path(__file__).resolve().parents[1].joinpath(*package.split("."))

    def exists(name: str) -> str:
        if not (folder / f"{name}.py").is_file():
            raise ValueError(f"there is no {name}.py in {folder}: name an existing module, or add it")
        return name

    return Annotated[str, Field(pattern=MODULE_NAME), AfterValidator(exists)]


AnyBlock = TypeVar("AnyBlock", bound=Block)


def parse(model: type[AnyBlock], value: Any, origin: str) -> AnyBlock:
    """Validate `value`; the first error becomes one sentence that names the key and `origin`."""
    for key in _not_finite(value, ()):
        raise UserError(f"{origin}: {key}: a number must be finite; correct it and run again.")
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "(whole)"
        if first["type"] == "extra_forbidden":
            raise UserError(f"{origin}: unknown key {key!r}; configs/README.md lists the valid keys.") from None
        if first["type"] == "missing":
            raise UserError(f"{origin}: the key {key!r} is missing; configs/README.md describes it.") from None
        given = "" if isinstance(first["input"], dict) else f" (given: {first['input']!r})"
        raise UserError(f"{origin}: {key}: {first['msg']}{given}; correct it and run again.") from None


def _not_finite(value: Any, path: tuple[str, ...]) -> Iterator[str]:
    """Dotted keys of infinities and NaNs anywhere in `value`: JSON cannot hold them, and free-form settings accept them."""
    if isinstance(value, float) and not math.isfinite(value):
        yield ".".join(path) or "(whole)"
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in inside:
        yield from _not_finite(inner, (*path, str(key)))


def load_settings(model: type[AnyBlock], text: str) -> AnyBlock:
    """Read settings given on the command line: a YAML/JSON file, or JSON itself."""
    value, origin = read_settings(text)
    return parse(model, value, origin)


def read_settings(text: str, flag: str = "--settings") -> tuple[Any, str]:
    """The value of an argument such as `--settings`, and its origin for messages."""
    if text.lstrip().startswith(("{", "[")):
        try:
            return json.loads(text), flag
        except json.JSONDecodeError as error:
            raise UserError(f"{flag} is not JSON ({error}): correct it and run again.") from None
    path = Path(text)
    return resolved(read_yaml(path), path), str(path)
