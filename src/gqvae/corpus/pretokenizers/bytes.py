"""No pre-tokens: tokens may be any bytes of a document, across words and lines.

Documents are cut after every `LONGEST` characters, so that work and memory for one piece have a bound. A stream that is encoded as one
text has no border, so all of it is held in memory.
"""

from __future__ import annotations

from collections.abc import Callable

from gqvae.corpus.pretokenizers import Pretokenizer

LONGEST = 1 << 12  # characters; the engine of tiktoken does not compile 16,384


class Bytes(Pretokenizer):
    """See the module."""

    name = "bytes"

    def expression(self, escape: Callable[[int], str]) -> str:
        """Any characters."""
        return rf"[\s\S]{{1,{LONGEST}}}"


PRETOKENIZER = Bytes()
