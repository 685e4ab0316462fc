"""Any bytes as a text and any damage to a corpus are refused in one sentence, or read unchanged."""

from __future__ import annotations

import gzip
import itertools
import lzma

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from damage import damages
from gqvae.corpus.documents import SPLITS, DocumentStore
from gqvae.corpus.sources import open_source
from gqvae.corpus.sources.synthetic import Settings as SyntheticCorpus
from gqvae.corpus.splits import write_corpus
from gqvae.corpus.text_file import read_documents
from gqvae.errors import UserError

fuzzed = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
COMPRESS = {"xz": lzma.compress, "gz": gzip.compress, "zst": zstandard.ZstdCompressor().compress, "txt": bytes}
numbers = itertools.count()


@pytest.mark.parametrize("suffix", COMPRESS)
@fuzzed
@given(content=st.binary(max_size=300), packed=st.booleans())
def test_any_bytes_are_a_text_or_refused(suffix, content, packed, tmp_path):
    path = tmp_path / f"{next(numbers)}.{suffix}"
    path.write_bytes(COMPRESS[suffix](content) if packed else content)
    try:
        documents = list(read_documents(path, "---"))
    except UserError as error:
        assert str(path) in str(error) and "\n" not in str(error)
        return
    assert all(isinstance(document.decode("utf-8"), str) for document in documents)
    if packed and b"---" not in content:
        assert b"".join(documents) == content


@fuzzed
@given(damage=damages)
def test_corpora(damage, tmp_path_factory):
    whole = tmp_path_factory.getbasetemp() / "whole-corpus"
    if not whole.exists():
        settings = SyntheticCorpus(bytes=5000, valid_fraction=0.2, test_fraction=0.2)
        write_corpus(whole, open_source(settings), settings)
    folder = tmp_path_factory.mktemp("damaged") / "corpus"
    done = damage.applied(whole, folder)
    for split in SPLITS:
        expected = list(DocumentStore.open(whole, split))
        try:
            found = list(DocumentStore.open(folder, split))
        except UserError as error:
            assert "\n" not in str(error), done
            continue
        assert found == expected, done
