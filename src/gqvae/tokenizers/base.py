"""The interface of all tokenizers: lossless encoding within pre-tokens, and self-describing folders.

Ids: 0 … 255 are the bytes, 256 is the end of a document (never the result of `encode`), 257 and up are learned strings.
Each pre-token is encoded separately, and only once (`encoding.py`).
"""

from __future__ import annotations

import io
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Literal, Self, TypeVar

import numpy as np

from gqvae.config import BYTE_VALUES, MODULE_NAME, RESERVED_IDS
from gqvae.corpus.batches import batches
from gqvae.corpus.pretokenizers import DEFAULT, pretokenizer
from gqvae.corpus.text_blocks import text_blocks
from gqvae.errors import UserError
from gqvae.files import file_digest, json_digest, read_json, write_json
from gqvae.kernels.packing import Packed, pack, pack_ids
from gqvae.tokenizers.byte_level import to_bytes, to_text
from gqvae.tokenizers.decoding import Decoder
from gqvae.tokenizers.encoding import Encoder
from gqvae.tokenizers.threads import in_order

FORMAT = "gqvae-tokenizer"
FORMAT_VERSION = 2  # 1 did not name the pre-tokenizer, which was gpt2
MANIFEST = "gqvae.json"
EXPORTED = "tokenizer.json"  # the file of Hugging Face's `tokenizers`, see export.py

Result = TypeVar("Result")


class Tokenizer(ABC):
    """Text ↔ token ids.

    Args:
        strings: the learned strings, in the order of their ids from 257.
        requested_size: the requested vocabulary size; `vocab_size` may be smaller.
    """

    kind: ClassVar[str]
    kinds: ClassVar[dict[str, type[Tokenizer]]] = {}
    pretokenizer: str = DEFAULT  # name of the pre-tokenizer
    encoder: str = ""  # name of the encoder, for kinds with several
    lossless: ClassVar[bool] = True  # every text comes back from its tokens
    prefix: bytes = b""  # what the bytes of a text's tokens begin with before the text
    compression: tuple[float, float] | None = None  # bytes per token asked of the gates, and reached on the training text
    segmentation: Literal["fewest", "merges", "own"] = "own"  # the fewest tokens, merges in order of ids, or any other way

    def __init__(self, strings: Sequence[bytes] = (), requested_size: int | None = None) -> None:
        self.token_bytes: list[bytes] = [*(bytes([value]) for value in range(BYTE_VALUES)), b"", *strings]
        self.requested_size = requested_size or self.vocab_size
        self._idle: list[Encoder] = []

    def __init_subclass__(cls) -> None:
        if "kind" in cls.__dict__:  # a class without it is the base of several kinds
            Tokenizer.kinds[cls.kind] = cls

    @property
    def vocab_size(self) -> int:
        """Number of ids V: 256 bytes, the end of a document, learned strings."""
        return len(self.token_bytes)

    @property
    def strings(self) -> list[bytes]:
        """The learned strings."""
        return self.token_bytes[RESERVED_IDS:]

    def split(self, text: str) -> list[str]:
        """The pre-tokens of a text."""
        return pretokenizer(self.pretokenizer).split(text)

    @abstractmethod
    def segment(self, pretokens: Sequence[bytes]) -> Iterable[Sequence[int]]:
        """Token ids of each of the given distinct pre-tokens; the tokens' bytes, joined, must equal the pre-token's."""

    def cuts(self, pretokens: Sequence[bytes], segmented: Iterable[Sequence[int]] | None = None) -> Iterable[Sequence[int]]:
        """Bytes of each token of each of the given distinct pre-tokens; `segmented` is what `segment` gives, if it is known."""
        rows = self.segment(pretokens) if segmented is None else segmented
        return ([len(self.token_bytes[one]) for one in ids] for ids in rows)

    def segment_packed(self, pretokens: Packed) -> Packed:
        """`segment` for packed pre-tokens; kinds with a kernel override it."""
        return pack_ids(self.segment(pretokens.strings()))

    def remembered(self) -> dict[str, tuple[int, ...]]:
        """Ids of pre-tokens that are known in advance, as a new dictionary."""
        return {}

    def to(self, device: str) -> Self:
        """Run the network, if there is one, on a device ("cpu", "cuda", "auto"); returns this tokenizer."""
        return self

    def encoders(self) -> list[Tokenizer]:
        """This vocabulary with each of its encoders."""
        return [self]

    def scores(self) -> list[float] | None:
        """Log-probability of each id if the tokenizer takes the most probable segmentation, else None."""
        return None

    def gate_quality(self, pretokens: Sequence[tuple[bytes, int]]) -> tuple[float, float] | None:
        """Fallback rate and exact-token accuracy on (pre-token, count) pairs if gates cut the tokens, else None."""
        return None

    def encode(self, text: str) -> list[int]:
        """Token ids of a text.

        Raises:
            UserError: the text holds lone surrogates, which no UTF-8 text can.
            TypeError: it is no `str`.
        """
        if not isinstance(text, str):
            raise TypeError(
                f"encode takes one text as str, not {type(text).__name__}: call it for each text, or encode_documents with UTF-8 bytes."
            )
        try:
            return self._by_encoder(Encoder.encode_text, text)
        except UnicodeEncodeError as error:
            raise UserError(
                f"The text holds a lone surrogate ({error.object[error.start]!r}), so it is not Unicode text: replace or remove it."
            ) from None

    def load_kernels(self) -> None:
        """Load compiled code now, in most of a second, and not with the first long text."""
        self._by_encoder(Encoder.load_kernels)
        self._decoder.load_kernels()

    def encode_batches(self, documents: Iterable[bytes], threads: int = 1) -> Iterator[Packed]:
        """Token ids of UTF-8 documents, in batches with a row for each document, in bounded memory.

        Raises:
            UserError: a document is not UTF-8.
        """
        return in_order(self._encode, batches(documents), threads)

    def encode_documents(self, documents: Iterable[bytes], threads: int = 1) -> Iterator[np.ndarray]:
        """Token ids of each UTF-8 document, (tokens,) uint32; the same as `encode_batches`, one by one."""
        for batch in self.encode_batches(documents, threads):
            yield from batch.arrays()

    def encode_stream(self, stream: BinaryIO, name: str = "the input", threads: int = 1) -> Iterator[np.ndarray]:
        """Token ids of a UTF-8 stream, encoded as one text in bounded memory: (tokens,) uint32 for each block.

        Raises:
            UserError: the stream is not UTF-8; `name` is what the message calls it.
            TypeError: it is no binary stream.
        """
        if isinstance(stream, io.TextIOBase) or not hasattr(stream, "read"):
            raise TypeError(f"encode_stream takes a file opened in binary mode, not {type(stream).__name__}: open it with 'rb'.")
        blocks = text_blocks(stream, name, pretokenizer_name=self.pretokenizer)
        return in_order(lambda block: self._encode(pack([block.encode("utf-8")])).values, blocks, threads)

    def _by_encoder(self, method: Callable[..., Result], *arguments: Any) -> Result:
        """Call a method of an encoder that no other thread uses now."""
        try:
            encoder = self._idle.pop()
        except IndexError:
            encoder = Encoder(self)
        result = method(encoder, *arguments)
        self._idle.append(encoder)  # not after an error, which may have left it half done
        return result

    def _encode(self, documents: Packed) -> Packed:
        return self._by_encoder(Encoder.encode, documents)

    def decode_bytes(self, ids: Iterable[int] | np.ndarray) -> bytes:
        """The bytes of token ids; the end of a document has none.

        Raises:
            UserError: an id is outside this vocabulary.
            TypeError: it is no row of whole numbers.
        """
        return self._decoder.decode(ids)

    @cached_property
    def _decoder(self) -> Decoder:
        return Decoder(self.token_bytes)

    def decode(self, ids: Iterable[int] | np.ndarray) -> str:
        """The text of token ids; bytes that are not UTF-8, as in part of a text, become U+FFFD."""
        return self.decode_bytes(ids).decode("utf-8", errors="replace")

    def decode_documents(self, documents: Iterable[Iterable[int] | np.ndarray]) -> Iterator[str]:
        """The text of each document's ids, in batches: the same as `decode`, one by one."""
        return self._decoder.decode_documents(documents)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_idle": []}  # without caches

    # Folders

    def settings(self) -> dict[str, Any]:
        """JSON values that `from_parts` needs besides the strings."""
        return {}

    def write_files(self, folder: Path) -> list[str]:
        """Write what does not fit into the manifest; returns the names of the files."""
        return []

    @classmethod
    def from_parts(cls, strings: list[bytes], settings: dict[str, Any], folder: Path) -> Tokenizer:
        """Build from a folder whose manifest has been checked; by default, `settings()` gives the arguments of the class."""
        return cls(strings, **settings)

    def save(self, folder: Path) -> None:
        """Write a folder that `load_tokenizer` reads; the manifest comes last, so an incomplete folder is refused."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        manifest = {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            "kind": self.kind,
            "pretokenizer": self.pretokenizer,
            "requested_size": self.requested_size,
            "vocab_size": self.vocab_size,
            "strings": [to_text(string) for string in self.strings],
            "settings": self.settings(),
            "files": {name: file_digest(folder / name) for name in self.write_files(folder)},
        }
        write_json(folder / MANIFEST, {**manifest, "digest": json_digest(manifest)})


def load_tokenizer(folder: Path | str) -> Tokenizer:
    """Load any saved tokenizer.

    Raises:
        UserError: the folder is not a tokenizer, is of a newer version, or is damaged.
    """
    given, folder = folder, Path(folder).absolute()  # some files are read later, when the working directory may differ
    if not (folder / MANIFEST).exists():
        _explain(Path(given))
    manifest = read_json(folder / MANIFEST)
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise UserError(f"{folder / MANIFEST} is not a {FORMAT}: give the folder of a tokenizer made by this program.")
    unknown = UserError(f"{folder / MANIFEST} is of a version or kind this program does not know: use the version that wrote it.")
    if manifest.get("version") not in (1, FORMAT_VERSION) or not isinstance(manifest.get("kind"), str):
        raise unknown
    digest = manifest.pop("digest", None)
    if digest != json_digest(manifest):
        raise UserError(f"{folder / MANIFEST} is damaged (its digest differs): delete the folder and make the tokenizer again.")
    kind = _kind(manifest["kind"])
    if kind is None:
        raise unknown
    try:
        for name, expected in sorted(manifest["files"].items()):
            path = folder / Path(name).name  # never outside the folder
            if not path.is_file() or file_digest(path) != expected:
                raise UserError(f"{path} is missing or damaged: delete the folder and make the tokenizer again.")
        strings = [to_bytes(text) for text in manifest["strings"]]
        tokenizer = kind.from_parts(strings, manifest["settings"], folder)
        if tokenizer.strings != strings or b"" in strings:
            raise ValueError("other strings")
        if type(manifest["requested_size"]) is not int or manifest["requested_size"] < 1:
            raise ValueError("no size")
        tokenizer.requested_size = manifest["requested_size"]
        tokenizer.pretokenizer = pretokenizer(manifest.get("pretokenizer", DEFAULT)).name
    except (KeyError, ValueError, TypeError, AttributeError, RuntimeError, ArithmeticError) as error:
        raise UserError(
            f"{folder / MANIFEST} does not hold a tokenizer of kind {manifest['kind']} ({type(error).__name__}):"
            " use the version that wrote it, or make the tokenizer again."
        ) from None
    return tokenizer


def _explain(folder: Path) -> None:
    """Raise a `UserError` that says what to give in place of a path that holds no tokenizer, if that can be seen."""
    if folder.is_file():
        raise UserError(f"{folder} is a file: give the folder of a tokenizer{f', {folder.parent}' * (folder.name == MANIFEST)}.")
    if (folder / EXPORTED).exists():
        raise UserError(
            f"{folder} holds an exported tokenizer only: load it with transformers.AutoTokenizer, or give the original folder."
        )
    inner = sorted((path.parent for path in folder.glob(f"*/{MANIFEST}")), key=lambda path: (len(path.name), path.name))
    if inner:
        raise UserError(f"{folder} holds tokenizers in its folders: give {' or '.join(map(str, inner))}.")


def _kind(name: str) -> type[Tokenizer] | None:
    """The class of a kind; imports the module of that name in this package if necessary."""
    if name not in Tokenizer.kinds and re.fullmatch(MODULE_NAME, name) and find_spec(f"{__package__}.{name}"):
        import_module(f"{__package__}.{name}")
    return Tokenizer.kinds.get(name)


def tokenizer_digest(folder: Path) -> str:
    """The digest of a saved tokenizer."""
    return str(read_json(Path(folder) / MANIFEST)["digest"])
