"""The published studies: where they are, and which are compared side by side."""

from __future__ import annotations

from pathlib import Path

from gqvae.config import read_settings
from gqvae.errors import UserError

PUBLISHED = Path("results/published")
LIST = "side-by-side.yaml"


def side_by_side(published: Path = PUBLISHED) -> dict[str, list[str]]:
    """Folders with figures of several studies → the studies, in order.

    Raises:
        UserError: the list is missing, or names a study that is not published.
    """
    found, origin = read_settings(str(published / LIST))
    listed: dict[str, list[str]] = {str(folder): [str(study) for study in studies] for folder, studies in found.items()}
    for study in (study for studies in listed.values() for study in studies):
        if not (published / study / "provenance.json").is_file():
            raise UserError(f"{origin} names {study}, which is not in {published}: correct the list.")
    return listed
