from __future__ import annotations

from collections import Counter

import pytest

from gqvae.corpus.shuffling import shuffled

DOCUMENTS = [f"Story {number}: the café was open all day, and nobody came.".encode() for number in range(400)]


@pytest.mark.parametrize("share", [0.0, 0.7, 1.0])
def test_a_share_of_the_documents_is_shuffled_and_no_character_lost(share: float) -> None:
    found = list(shuffled(DOCUMENTS, share, 0))
    changed = [after != before for before, after in zip(DOCUMENTS, found, strict=True)]
    assert sum(changed) == pytest.approx(share * len(DOCUMENTS), abs=0.08 * len(DOCUMENTS))
    assert share not in (0.0, 1.0) or sum(changed) == share * len(DOCUMENTS)
    for before, after in zip(DOCUMENTS, found, strict=True):
        assert Counter(before.decode()) == Counter(after.decode())


def test_what_is_shuffled_depends_on_the_document_and_the_seed_alone() -> None:
    assert list(shuffled(DOCUMENTS[::-1], 0.7, 3)) == list(shuffled(DOCUMENTS, 0.7, 3))[::-1]
    assert list(shuffled(DOCUMENTS, 0.7, 3)) != list(shuffled(DOCUMENTS, 0.7, 4))
