"""Ways in which files get damaged, as a hypothesis strategy."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hypothesis import strategies as st


@dataclass(frozen=True)
class Damage:
    """What happens to one file of a folder; numbers are shares, so that they fit files of any size."""

    file: float
    kind: str
    place: float
    other: float
    data: bytes

    def applied(self, folder: Path, to: Path) -> str:
        """Copy a folder and do it there; what was done, for the message of a failure."""
        shutil.copytree(folder, to)
        files = sorted(path for path in to.rglob("*") if path.is_file())
        path = files[int(self.file * len(files))]
        content = path.read_bytes()
        place, end = sorted((int(self.place * len(content)), int(self.other * len(content))))
        path.unlink()  # it may be a link to a file elsewhere
        if self.kind != "deleted":
            path.write_bytes(_KINDS[self.kind](content, place, end, self.data))
        return f"{path.relative_to(to)} {self.kind} at {place}"


def _flip(content: bytes, place: int, end: int, data: bytes) -> bytes:
    return content[:place] + bytes([content[place] ^ (data[0] or 1)]) + content[place + 1 :] if place < len(content) else b"?"


_KINDS: dict[str, Callable[[bytes, int, int, bytes], bytes]] = {
    "flipped": _flip,
    "cut": lambda content, place, end, data: content[:place],
    "grown": lambda content, place, end, data: content[:place] + data + content[place:],
    "with a hole": lambda content, place, end, data: content[:place] + content[end:],
    "zeroed": lambda content, place, end, data: content[:place] + bytes(end - place) + content[end:],
    "replaced": lambda content, place, end, data: data,
}
share = st.floats(0, 1, exclude_max=True)
damages = st.builds(Damage, share, st.sampled_from(["deleted", *_KINDS]), share, share, st.binary(min_size=1, max_size=40))
