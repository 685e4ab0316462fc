"""A study and what it reads, all of which is checked before it runs: its settings, its text, and tokenizers from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gqvae.config import Given, NetworkArm, Study, parse
from gqvae.errors import UserError
from gqvae.networks import network_module
from gqvae.study import layout
from gqvae.tokenizers.base import MANIFEST
from gqvae.tokenizers.counted import check_arm
from gqvae.tokenizers.external import read_external, source_file


def read_study(given: Given) -> Study:
    """The study that these settings define.

    Raises:
        UserError: a setting is wrong, also one of the modules that its arms name.
    """
    study = parse(Study, given.merged(), given)
    for name, arm in study.arms.items():
        with named(given, "arms", name):
            check_arm(arm)
            if isinstance(arm, NetworkArm):
                parse(network_module(arm.kind).Settings, arm.settings, f"settings of {arm.kind}")
    return study


def text_files(study: Study, given: Given) -> list[str]:
    """The files of its text; those that it fetches need not exist.

    Raises:
        UserError: there is no such file.
    """
    with named(given, "corpus"):
        return study.corpus.files()


def external_files(study: Study, given: Given, read: bool) -> dict[str, str]:
    """The file of each tokenizer of another program, by arm.

    Args:
        study: the study.
        given: its settings, for messages.
        read: also read each of them.

    Raises:
        UserError: there is no such file, it is of an unknown kind, or it cannot be read.
    """
    found = {}
    for name, arm in layout.external_arms(study).items():
        with named(given, "arms", name, "path"):
            found[name] = str(source_file(arm.path))
            if read:
                read_external(Path(arm.path), arm.pattern)
    return found


def check_lenders(study: Study, given: Given, placed: Callable[[str], str] = str) -> None:
    """Check that the tokenizers which the study borrows from others exist.

    Args:
        study: the study.
        given: its settings, for messages.
        placed: where a path below `results/` is, if it was moved.

    Raises:
        UserError: one does not.
    """
    for family in layout.borrowed_families(study):
        arm = layout.split_family(family)[0]
        lending, theirs, variant = layout.lender(study, family)
        file = Path(placed(f"{layout.tokenizer_path(f'results/{lending}', theirs, variant)}/{MANIFEST}"))
        if lending != study.study and not file.is_file():
            with named(given, "arms", arm):
                raise UserError(
                    f"{file} does not exist: run the study {lending!r} first, or correct study, arm and encoder (set an encoder "
                    "if and only if that arm has a network)."
                )


@contextmanager
def named(given: Given, *key: str) -> Iterator[None]:
    """Put the place and the key of a setting in front of what is wrong with it."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{given.origin(key)}: {'.'.join(key)}: {error}") from None
