"""What is wrong with a value is said in words that need no Python, for every kind of value that a config can hold."""

from __future__ import annotations

import math
from typing import Any, Literal

import pytest

from gqvae.config import Block, NetworkRun, Study, parse, setting
from gqvae.errors import UserError
from gqvae.tokenizers import pathpiece


class Kinds(Block):
    """A key of every kind."""

    flag: bool = setting(False, "")
    count: int = setting(1, "", gt=0, le=9)
    share: float = setting(0.5, "", ge=0, lt=1)
    name: str = setting("a", "", min_length=1, max_length=3, pattern="^[a-z]*$")
    several: tuple[int, ...] = setting((1,), "", min_length=1, max_length=2)
    many: list[str] = setting([], "")
    pair: tuple[int, int] = setting((1, 2), "")
    block: Block = setting(Block(), "")
    table: dict[str, int] = setting({}, "")
    choice: Literal["auto", "32", "bf16"] = setting("auto", "")
    number: Literal[1, 2] = setting(1, "")
    either: int | tuple[int, ...] | Literal["all"] = setting(0, "")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"flag": "maybe"}, "flag must be true or false (given: 'maybe'); correct it and run again."),
        ({"flag": [1]}, "flag must be true or false (given: [1]); correct"),
        ({"count": "many"}, "count must be a whole number (given: 'many'); correct"),
        ({"count": 1.5}, "count must be a whole number (given: 1.5); correct"),
        ({"count": []}, "count must be a whole number (given: []); correct"),
        ({"count": "2e0"}, "count must be a whole number (given: '2e0'): write 2; correct"),
        ({"count": 0}, "count must be more than 0 (given: 0); correct"),
        ({"count": 10}, "count must be at most 9 (given: 10); correct"),
        ({"share": "half"}, "share must be a number (given: 'half'); correct"),
        ({"share": {}}, "share must be a number (given: {}); correct"),
        ({"share": -1}, "share must be at least 0 (given: -1); correct"),
        ({"share": 1}, "share must be less than 1 (given: 1); correct"),
        ({"name": 3}, "name must be text (given: 3): put it in quotes; correct"),
        ({"name": True}, "name must be text (given: true): put it in quotes; correct"),
        ({"name": "A"}, "name must match the pattern '^[a-z]*$' (given: 'A'); correct"),
        ({"name": ""}, "name must have 1 or more characters (given: ''); correct"),
        ({"name": "long"}, "name must have 3 or fewer characters (given: 'long'); correct"),
        ({"several": 0}, "several must be a list (given: 0): for example [0]; correct"),
        ({"several": {"a": 1}}, "several must be a list (given: {'a': 1}); correct"),
        ({"several": []}, "several must have 1 or more entries (given: []); correct"),
        ({"several": [1, 2, 3]}, "several must have 2 or fewer entries (given: [1, 2, 3]); correct"),
        ({"several": [None]}, "several.0 must be a whole number (given: null); correct"),
        ({"many": "one"}, "many must be a list (given: 'one'): put it in brackets; correct"),
        ({"pair": [1]}, "pair: [1] has too few values; correct"),
        ({"pair": [1, 2, 3]}, "pair must have 2 or fewer entries (given: [1, 2, 3]); correct"),
        ({"block": 3}, "block must be a block of keys (given: 3); correct"),
        ({"table": []}, "table must be a block of keys (given: []); correct"),
        ({"choice": "bf"}, "choice: 'bf' is not among the values: did you mean 'bf16'? name one of auto, 32, bf16."),
        ({"choice": 32}, "choice: 32 is not among the values: put it in quotes."),
        ({"number": 3}, "number must be one of 1 or 2 (given: 3); correct"),
        ({"either": {}}, "either must be a whole number or a list or one of 'all' (given: {}); correct"),
        ([], "the settings must be a block of keys (given: []); correct"),
        (None, "the settings must be a block of keys (given: null); correct"),
        ({"table": {"a\n": "b"}}, r"table.a\n must be a whole number (given: 'b'); correct"),
        ({"table": {"a\n": math.inf}}, r"table.a\n: a number must be finite; correct"),
        ({1: 2}, "unknown key '1'; its keys are flag, count, "),
        ({"block": {1: 2}}, "unknown key 'block.1'; configs/README.md lists the valid keys."),
    ],
)  # fmt: skip
def test_every_kind_of_value_has_plain_words(value: Any, said: str) -> None:
    with pytest.raises(UserError) as caught:
        parse(Kinds, value, "a.yaml")
    assert str(caught.value).startswith(f"a.yaml: {said}") and str(caught.value).endswith(".")


@pytest.mark.parametrize(
    ("block", "value", "said"),
    [
        (Study, {"trainig": {}}, "did you mean 'training'? configs/README.md lists the valid keys."),
        (NetworkRun, {"training": {"stepps": 3}}, "did you mean 'steps'? configs/README.md lists the valid keys."),
        (NetworkRun, {"count": 3}, "unknown key 'count'; its keys are objective, chunk_bytes, network, training (docs/training.md "),
        (
            pathpiece.Settings,
            {"cut_probability": 3},
            "did you mean 'cut_probabilities'? its keys are candidates, count, max_token_bytes, cut_probabilities (docs/training.md ",
        ),
    ],
)  # fmt: skip
def test_an_unknown_key_points_to_where_the_keys_stand(block: type[Block], value: Any, said: str) -> None:
    with pytest.raises(UserError) as caught:
        parse(block, value, "a.yaml")
    assert said in str(caught.value)
