"""Byte-level BPE and unigram by sentencepiece, trained on pre-token counts (`bpe.py`, `unigram.py`).

sentencepiece sees pre-tokens in the byte-level alphabet (one printable character per byte). So its TSV input can hold tabs and
newlines, its normalisation changes nothing, no character is unknown, and pieces stay within the pre-tokens of all arms.
"""

from __future__ import annotations

import contextlib
import io
import re
import signal
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, Self

import sentencepiece

from gqvae.config import BYTE_VALUES, RESERVED_IDS, Block, setting
from gqvae.corpus.pretokens import LONGEST_TRAINED, PretokenCounts
from gqvae.errors import UserError, VocabularyTooLargeError
from gqvae.files import atomic_open
from gqvae.tokenizers.base import Tokenizer
from gqvae.tokenizers.byte_level import CHARACTERS, to_bytes, to_text

MODEL = "sentencepiece.model"
LONGEST_PIECE = 16  # bytes, as in the paper's BPE
LARGEST = 10**8  # vocabulary size; sentencepiece takes long to refuse larger ones, and near 2**31 it fails or never ends
LONGEST_LINE = 2 * LONGEST_TRAINED  # bytes; sentencepiece skips longer ones with only a warning
SHARES = 1 << 25  # 1 minus a share below 1 / SHARES is 1 in 32 bits


class Settings(Block):
    """Settings of an arm trained by sentencepiece."""

    max_token_bytes: int = setting(LONGEST_PIECE, "Longest piece.", "bytes", "paper", ge=1, le=512)


class SentencePieceTokenizer(Tokenizer):
    """A tokenizer that runs a serialised sentencepiece model of either type over the byte-level alphabet."""

    def __init__(self, model: bytes, requested_size: int | None = None) -> None:
        self._model = model
        self._processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        self._ids: list[int] = []  # sentencepiece's id → ours
        strings: list[bytes] = []
        for place in range(self._processor.get_piece_size()):
            if self._processor.is_unknown(place):
                self._ids.append(-1)  # cannot occur: every byte is in the alphabet
                continue
            piece = to_bytes(self._processor.id_to_piece(place))
            self._ids.append(piece[0] if len(piece) == 1 else RESERVED_IDS + len(strings))
            strings += [piece] if len(piece) > 1 else []
        super().__init__(strings, requested_size)

    def segment(self, pretokens: Sequence[bytes]) -> Iterable[Sequence[int]]:
        """Segment with the sentencepiece model."""
        encoded = self._processor.encode([*map(to_text, pretokens)], num_threads=1)
        return ([self._ids[place] for place in row] for row in encoded)

    def write_files(self, folder: Path) -> list[str]:
        """The sentencepiece model."""
        with atomic_open(folder / MODEL, "wb") as stream:
            stream.write(self._model)
        return [MODEL]

    @classmethod
    def from_parts(cls, strings: list[bytes], settings: dict[str, Any], folder: Path) -> Self:
        """Read the sentencepiece model."""
        return cls((folder / MODEL).read_bytes())


def train_model(counts: PretokenCounts, vocab_size: int, model_type: Literal["bpe", "unigram"], max_token_bytes: int) -> bytes:
    """Train a model of a total vocabulary size (256 bytes and the end of a document included).

    Returns:
        The serialised model.

    Raises:
        VocabularyTooLargeError: the corpus does not support the size.
        UserError: the size leaves no room for strings, or is above LARGEST.
    """
    if vocab_size <= RESERVED_IDS:
        raise UserError(
            f"vocabulary size {vocab_size} is too small: it must exceed {RESERVED_IDS} (256 bytes and the end of a document)."
        )
    if vocab_size > LARGEST:
        raise UserError(f"vocabulary size {vocab_size} is too large: set it to {LARGEST:,} or less.")
    model = io.BytesIO()
    try:
        with _signals_end_the_process():
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=_lines(counts),
                input_format="tsv",
                model_writer=model,
                model_type=model_type,
                vocab_size=vocab_size,  # the unknown symbol takes the place of our end of a document
                character_coverage=1.0,
                max_sentencepiece_length=max_token_bytes,
                max_sentence_length=LONGEST_LINE,
                normalization_rule_name="identity",
                add_dummy_prefix=False,
                remove_extra_whitespaces=False,
                split_by_whitespace=False,
                split_by_unicode_script=False,
                split_by_number=False,
                unk_id=0,
                bos_id=-1,
                eos_id=-1,
                pad_id=-1,
                num_threads=1,  # stored in the model: a fixed number gives the same file everywhere
                minloglevel=2,
            )
    except RuntimeError as error:
        largest = re.search(r"value <= (\d+)", str(error))
        if largest:
            raise VocabularyTooLargeError(vocab_size, int(largest.group(1))) from None
        raise
    return model.getvalue()


@contextlib.contextmanager
def _signals_end_the_process() -> Iterator[None]:
    """Python runs its handlers of signals only after the library has returned, which may take minutes: do without them until then."""
    own = threading.current_thread() is threading.main_thread()  # the only thread that may set handlers
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT) if own}
    replaced = {number: handler for number, handler in handlers.items() if callable(handler)}  # one that is ignored stays so
    for number in replaced:
        signal.signal(number, signal.SIG_DFL)
    try:
        yield
    finally:
        for number, handler in replaced.items():
            signal.signal(number, handler)


def _lines(counts: PretokenCounts) -> Iterator[str]:
    # Every byte as a single character: this puts it in the alphabet and makes no pair. Once is enough for all but large texts, of
    # which sentencepiece takes the rarest characters for none, since it computes their share in 32 bits.
    times = 1 + (counts.total_bytes + BYTE_VALUES) // (SHARES - BYTE_VALUES)
    yield from (f"{character}\t{times}" for character in CHARACTERS)
    for pretoken, count in counts.in_parts().pairs():
        yield f"{to_text(pretoken)}\t{count}"
