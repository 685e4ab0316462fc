"""A dataset of the Hugging Face hub from downloaded files."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from gqvae.config.block import setting
from gqvae.config.corpus_base import CorpusBase
from gqvae.corpus.local_files import documents_of, text_bytes
from gqvae.corpus.pinned import PinnedDataset, PinnedFile
from gqvae.corpus.separators import DEFAULT, Cut
from gqvae.corpus.sources import Source, downloaded
from gqvae.corpus.sources.text import FIELD, SEPARATOR
from gqvae.files import file_digest


class Settings(CorpusBase):
    """Files of a public dataset of the Hugging Face hub at one revision, fetched once and verified by SHA-256."""

    source: Literal["hub"] = setting("hub", "A public dataset of the Hugging Face hub.")
    dataset: str = setting(..., "Its name, such as `roneneldan/TinyStories`.", source="user", pattern=r"^[\w.-]+(/[\w.-]+)?$")
    revision: str = setting(
        ..., "The commit: 40 hexadecimal digits, from the page “Files” of the dataset.", source="user", pattern=r"^[0-9a-f]{40}$"
    )
    paths: tuple[str, ...] = setting(
        ..., "Its files to read: text, .jsonl or .parquet, as local files.", source="user", min_length=1
    )
    test_paths: tuple[str, ...] = setting((), "Further files to be the whole test split.", source="user")
    sha256: dict[str, Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]] = setting(
        {}, "Expected SHA-256 of files, by path; of others, that which the hub announces is verified and recorded.", source="user"
    )
    separator: str = setting(DEFAULT, SEPARATOR, source="TinyStories")
    field: str = setting("text", FIELD)

    heading: ClassVar[str] = "a dataset of the hub"
    fetched: ClassVar[tuple[str, ...]] = ("dataset", "revision", "paths", "test_paths", "sha256")

    @model_validator(mode="after")
    def _paths_are_files_of_the_dataset(self) -> Settings:
        chosen = (*self.paths, *self.test_paths)
        for path in chosen:
            if not path or path != str(PurePosixPath(path)) or path.startswith("/") or ".." in PurePosixPath(path).parts:
                raise ValueError(f"{path!r} is no path in a dataset: write it as on the hub, such as data/train.parquet")
        if len(set(chosen)) < len(chosen):
            raise ValueError("a path is given twice: the splits would share text")
        for path in self.sha256:
            if path not in chosen:
                raise ValueError(f"sha256 names {path!r}, which is not among the paths: add or correct it")
        return self

    @property
    def download(self) -> str:
        """A folder for each revision."""
        return f"resources/hub/{self.dataset}/{self.revision}"

    def files(self) -> list[str]:
        """The downloaded files."""
        return [f"{self.download}/{path}" for path in (*self.paths, *self.test_paths)]


def dataset(settings: Settings) -> PinnedDataset:
    """The files to fetch."""
    names = (*settings.paths, *settings.test_paths)
    return PinnedDataset(
        settings.dataset, settings.revision, tuple(PinnedFile(name, settings.sha256.get(name)) for name in names)
    )


def open_source(settings: Settings, downloads: Path | None = None) -> Source:
    """The downloaded files as a source; needs no internet connection.

    Raises:
        UserError: as `downloaded`.
    """
    found = downloaded(settings.dataset, (*settings.paths, *settings.test_paths), downloads)
    files, test = ([found[path] for path in paths] for paths in (settings.paths, settings.test_paths))
    cut = Cut(settings.separator)
    return Source(
        label=settings.dataset,
        synthetic=False,
        documents=documents_of(files, settings.field, cut),
        expected_bytes=text_bytes([*files, *test]),
        test_documents=documents_of(test, settings.field, cut) if test else None,
        cut=cut,
        sha256={path: file_digest(file) for path, file in found.items()},
    )
