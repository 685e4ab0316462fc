from __future__ import annotations

from pathlib import Path

import pytest

from fabricated_study import fabricate, fabricated_settings
from gqvae.errors import UserError
from gqvae.files import read_json, write_json
from gqvae.report import pages
from gqvae.report.tables import block
from gqvae.study.collect import collect

PAGE = "# A page\n\n<!-- results: claims one two -->\nstale\n<!-- end of results -->\n\nProse with 3 numbers.\n"


def publish(folder: Path, name: str, size: int = 1024) -> None:
    """A finished study in the layout of results/published, with made-up numbers."""
    study = fabricated_settings(study=name)
    fabricate(study, folder / name, synthetic=False)
    collect(study, folder / name, folder / name / "tables")
    record = {
        "study": name,
        "corpus": read_json(folder / name / "corpus" / "corpus.json"),
        "config": study.model_dump(mode="json"),
    }
    record["config"]["vocabulary"]["size"] = size
    write_json(folder / name / "provenance.json", record)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    publish(folder, "one")
    publish(folder, "two", size=4096)
    return folder


def test_what_lies_between_markers_is_written_and_the_rest_stays(published: Path) -> None:
    text = pages.filled(PAGE, published)
    assert text.startswith("# A page\n\n<!-- results: claims one two -->\n| claim | `one` | `two` |")
    assert text.endswith("|\n<!-- end of results -->\n\nProse with 3 numbers.\n")
    assert "stale" not in text
    assert pages.filled(text, published) == text
    assert pages.without_blocks(text) == "# A page\n\n\n\nProse with 3 numbers.\n"


def test_a_stale_page_fails_the_check_until_it_is_written(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pages, "PUBLISHED", Path("published"))
    monkeypatch.setattr(pages, "PAGES", (Path("page.md"),))
    Path("published").symlink_to(published)
    Path("page.md").write_text(PAGE, encoding="utf-8")
    with pytest.raises(UserError, match=r"page\.md does not agree with published"):
        pages.check()
    assert pages.write() == [Path("page.md")]
    pages.check()
    assert pages.write() == []


def test_an_unknown_block_or_study_is_one_sentence(published: Path) -> None:
    with pytest.raises(UserError, match="no block of results 'effect'"):
        block("effect", ["one"], published)
    with pytest.raises(UserError, match=r"nowhere/provenance\.json does not exist"):
        block("effects", ["nowhere"], published)
