"""The pre-tokenizer of a study: the name of a module, or an expression of the user's own."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BeforeValidator

from gqvae.config.block import Block, setting
from gqvae.errors import UserError

PACKAGE = "gqvae.corpus.pretokenizers"  # not imported by programs that only read settings


class OwnPretokenizer(Block):
    """An expression of the user's own, instead of a name."""

    pattern: str = setting(
        ...,
        "Its matches, and the text between them, are pre-tokens; read by Oniguruma, the engine of `tokenizers`.",
        source="user",
    )


def _named(value: Any) -> Any:
    """The name of an own expression, which everything made with it records."""
    if isinstance(value, dict):
        return import_module(PACKAGE).PATTERN + OwnPretokenizer.model_validate(value).pattern
    return value


def _known(name: str) -> str:
    if name == import_module(PACKAGE).WHOLE:
        raise ValueError(f"{name} is that of external tokenizers, which see whole documents: name another")
    try:
        return str(import_module(PACKAGE).pretokenizer(name).name)
    except UserError as error:
        raise ValueError(str(error).rstrip(".")) from None


Pretokenizer: TypeAlias = Annotated[
    str, BeforeValidator(_named, json_schema_input_type=str | OwnPretokenizer), AfterValidator(_known)
]
