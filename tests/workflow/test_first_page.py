"""The first page of the report says what was found, and how the study works only after that."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import docutils.core
import jinja2
import pytest

ROOT = Path(__file__).parents[2]
SUMMARY = """<h1>Study <code>x</code></h1>
<p>Corpus: some text.</p>
<nav><a href="#claims">Claims</a></nav>
{claims}<section id="compression">
<h2>Compression</h2>
</section>
"""
PICTURE = "data:image/png;base64," + 9000 * "aaaa\n"
CLAIMS = f'<section id="claims">\n<h2>Claims</h2>\n<p><strong>Supported:</strong> C1.</p>\n<img src="{PICTURE}">\n</section>\n'


def rendered(folder: Path, summary: str | None) -> str:
    """As Snakemake renders it."""
    results = []
    if summary is not None:
        (folder / "summary.html").write_text(summary, encoding="utf-8")
        results.append(SimpleNamespace(name="summary.html", path=folder / "summary.html"))
    text = (ROOT / "workflow" / "report" / "workflow.rst").read_text(encoding="utf-8")
    text = jinja2.Environment().from_string(text).render(files=results, categories={})
    return str(docutils.core.publish_parts(text, writer_name="html", settings_overrides={"halt_level": 2})["html_body"])


def test_claims_come_first_then_the_method_and_the_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    page = rendered(tmp_path, SUMMARY.format(claims=CLAIMS))
    places = [
        page.index(text) for text in ("Study <code>x", "Supported:", "How the study works", "Text is split by document", "<svg")
    ]
    assert places == sorted(places)
    assert f"results['{tmp_path / 'summary.html'}'].data_uri" in page and "Compression</h2>" not in page


def test_a_study_without_claims_and_a_folder_without_the_picture_have_a_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for summary in (SUMMARY.format(claims=""), None):
        page = rendered(tmp_path, summary)
        assert "Text is split by document" in page and "<svg" not in page and "Supported:" not in page
