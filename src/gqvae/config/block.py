"""The base of every block of settings: frozen, documented, strict about keys, with errors in one clear sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import InitErrorDetails, PydanticCustomError

from gqvae.config.complaints import UNKNOWN, complaint, not_finite, written
from gqvae.config.layers import KEY as EXTENDS
from gqvae.config.layers import Given, Layer, given_file
from gqvae.config.yaml_files import load_json
from gqvae.declarations import defined_names
from gqvae.errors import UserError, near

BYTE_VALUES = 256
END_OF_DOCUMENT = BYTE_VALUES  # id of the end-of-document token
MODULE_NAME = r"^[a-z][a-z0-9_]*$"
OF_THE_CONFIGURATION = ("gqvae.config.", "gqvae.corpus.sources.")  # modules
RESERVED_IDS = BYTE_VALUES + 1  # every byte, and the end of a document


def setting(default: Any, description: str, unit: str = "", source: str = "ours", **checks: Any) -> Any:
    """A field with its documentation: what it is, its unit, and where the default comes from."""
    extra: dict[str, Any] = {"unit": unit, "source": source} if unit else {"source": source}
    return Field(default, description=description, json_schema_extra=extra, **checks)


class Block(BaseModel):
    """A frozen block of settings; unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    retired: ClassVar[dict[str, Any]] = {}  # keys of earlier versions, with the only value still accepted

    on_page: ClassVar[bool] = True  # whether configs/README.md has a table of its keys, if it is a part of the configuration

    @classmethod
    def _listed(cls) -> str:
        """Where its keys are listed. Settings of modules, such as those of a tokenizer, have few."""
        if cls.on_page and cls.__module__.startswith(OF_THE_CONFIGURATION):
            return "configs/README.md lists the valid keys"
        keys = f"its keys are {', '.join(cls.model_fields)}" if cls.model_fields else "it has no keys"
        return f"{keys} (docs/training.md describes those of `gqvae tokenizer train`)"

    @model_validator(mode="before")
    @classmethod
    def _prepared(cls, value: Any) -> Any:
        """Without keys that null unsets and those of earlier versions; other unknown keys are errors."""
        if not isinstance(value, dict):
            return value
        for key, kept in cls.retired.items():
            if key in value and value[key] != kept:
                raise ValueError(f"{key} was removed, and {value[key]!r} is no longer supported: leave it out")
        fields = cls.model_fields
        for key in value if cls.model_config.get("extra") == "forbid" else ():
            if key not in fields and key not in cls.retired:
                raise _error_at(str(key), UNKNOWN, near(str(key), [*fields, EXTENDS]) + cls._listed(), value[key])
        kinds = {key: _kinds(fields[key]) for key in value if key in fields}
        for key in (key for key, found in kinds.items() if found & {int, float} and bool not in found):
            for one in value[key] if isinstance(value[key], list | tuple) else [value[key]]:
                if isinstance(one, bool):  # which pydantic takes for 1 or 0
                    raise _error_at(str(key), "value_error", f"{str(one).lower()} is no number: write one", value[key])
        unset = {key for key, found in kinds.items() if value[key] is None and type(None) not in found}
        return {key: inner for key, inner in value.items() if key not in unset and key not in cls.retired}

    def canonical(self, exclude: Any = None) -> str:
        """The block as JSON that does not depend on the order of keys."""
        return json.dumps(self.model_dump(mode="json", exclude=exclude), sort_keys=True, separators=(",", ":"))

    def identity(self) -> str:
        """The canonical form without `checkpoint_seconds`, which has no effect on results."""
        return self.canonical(exclude={"checkpoint_seconds": True, "training": {"checkpoint_seconds"}})


def module_of(package: str, *needed: str) -> Any:
    """The type for the name of a module that must exist in `package`, a package of gqvae, and define the `needed` names."""
    folder = Path(__file__).resolve().parents[1].joinpath(*package.split("."))

    def exists(name: str) -> str:
        if not (folder / f"{name}.py").is_file():
            raise ValueError(f"there is no {name}.py in {folder}: name an existing module, or add it")
        lacking = [one for one in needed if one not in defined_names(folder / f"{name}.py")]
        if lacking:
            others = sorted(path.stem for path in folder.glob("[a-z]*.py") if defined_names(path) >= set(needed))
            choice = f"name one of {', '.join(others)}, or add it" if others else "add it"
            raise ValueError(f"{folder / name}.py has no {' and no '.join(lacking)}: {choice}")
        return name

    return Annotated[str, Field(pattern=MODULE_NAME), AfterValidator(exists)]


def _kinds(field: FieldInfo) -> set[Any]:
    """The types in the annotation of a field, at any depth; those of a mapping's values are its own affair."""
    found, waiting = set(), [field.annotation]
    while waiting:
        kind = waiting.pop()
        if kind is Any:
            return {Any, bool, type(None)}
        origin = get_origin(kind)
        if origin is Annotated:
            waiting.append(get_args(kind)[0])
        elif origin is not dict:
            found.add(kind)
            waiting += get_args(kind)
    return found


def _error_at(key: str, kind: str, message: str, value: Any) -> ValidationError:
    """An error at a key of a block."""
    error = PydanticCustomError(kind, "{message}", {"message": message})
    return ValidationError.from_exception_data("settings", [InitErrorDetails(type=error, loc=(key,), input=value)])


AnyBlock = TypeVar("AnyBlock", bound=Block)


def parse(model: type[AnyBlock], value: Any, origin: str | Given) -> AnyBlock:
    """Validate `value`.

    Raises:
        UserError: it is wrong; the first error becomes one sentence that names its origin and key.
    """
    for key in not_finite(value):
        where = origin.origin(key) if isinstance(origin, Given) else origin
        raise UserError(f"{where}: {written(key)}: a number must be finite; correct it and run again.")
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise UserError(complaint(error, value, origin)) from None


def load_settings(model: type[AnyBlock], text: str) -> AnyBlock:
    """Read settings given on the command line: a YAML/JSON file, or JSON itself."""
    value, origin = read_settings(text)
    return parse(model, value, origin)


def read_settings(text: str, flag: str = "--settings") -> tuple[Any, Given]:
    """The value of an argument such as `--settings`, and its origin for messages."""
    inline = text.lstrip().startswith(("{", "["))
    given = Given((Layer(flag, load_json(text, flag)),)) if inline else given_file(Path(text))
    return given.merged(), given
