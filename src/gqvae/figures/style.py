"""One style for all figures: an arm has the same colour, marker and name in each of them.

Colours are those of Okabe and Ito, which are safe for common colour blindness. Where possible, names are at the ends of lines, so
that no legend is needed.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
import matplotlib.style
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from gqvae.errors import UserError
from gqvae.files import atomic_path, read_json, write_csv

STYLE_FILE = Path(__file__).with_name("style.mplstyle")
SYNTHETIC_NOTE = "synthetic stories — not a natural corpus"
NOTE_SIZE, NOTE_LINE = 7.5, 0.16  # font size and inches per line of what is below the title


class ArmStyle(NamedTuple):
    """How an arm is drawn and what it is called."""

    color: str
    marker: str
    name: str


_KNOWN = {
    "bytes": ArmStyle("#000000", "s", "bytes"),
    "bpe": ArmStyle("#0072B2", "o", "BPE"),
    "bpe_matched": ArmStyle("#56B4E9", "D", "BPE, matched"),
    "bpe_weak": ArmStyle("#CC79A7", "v", "BPE, weak"),
    "unigram": ArmStyle("#009E73", "^", "unigram"),
    "fixed": ArmStyle("#E69F00", "P", "fixed length"),
    "gqvae": ArmStyle("#D55E00", "o", "GQ-VAE"),
    "gqvae_paper": ArmStyle("#882255", "X", "GQ-VAE, paper"),
    # Beyond Okabe and Ito's eight: as distinct as possible for normal and for red-green colour-blind vision.
    "gqvae_distilled": ArmStyle("#5533EE", "h", "GQ-VAE, distilled"),
    "fixed_4": ArmStyle("#9988FF", "<", "fixed length, 4"),
    "fixed_6": ArmStyle("#55DDAA", "d", "fixed length, 6"),
    "fixed_8": ArmStyle("#661100", ">", "fixed length, 8"),
    "dictionary": ArmStyle("#99CC77", "p", "dictionary"),
    "bpe_tinystories": ArmStyle("#332288", "v", "BPE of TinyStories"),
    "gqvae_tinystories": ArmStyle("#DD1155", "^", "GQ-VAE of TinyStories"),
    "pathpiece": ArmStyle("#006633", "s", "PathPiece (no network)"),
    "pathpiece_matched": ArmStyle("#330044", "d", "PathPiece, matched"),
    "pathpiece_bpe": ArmStyle("#CC7744", "<", "PathPiece from BPE"),
    "pathpiece_substrings": ArmStyle("#0000AA", "p", "PathPiece from substrings"),
    "dictionary_pruned": ArmStyle("#00DDDD", "X", "dictionary, pruned"),
    # Drawn beside most of the above, not beside all: as distinct as possible from those.
    "bpe_matched_paper": ArmStyle("#0088EE", "v", "BPE, matched, paper"),
    "pathpiece_matched_paper": ArmStyle("#AAAA66", "<", "PathPiece, matched, paper"),
    "gqvae_paper_3": ArmStyle("#C020B0", "v", "GQ-VAE, paper, α = 3"),
    "gqvae_paper_3_forced": ArmStyle("#999933", "^", "GQ-VAE, paper, α = 3, forced"),
    "gqvae_forced": ArmStyle("#882255", "^", "GQ-VAE, paper, forced"),
    "bpe_matched_forced": ArmStyle("#56B4E9", "D", "BPE, matched"),
    "pathpiece_matched_forced": ArmStyle("#330044", "d", "PathPiece, matched"),
    "paper_fixed_4": ArmStyle("#6600AA", "*", "fixed length, 4, paper"),
    "paper_fixed_8": ArmStyle("#6600AA", "H", "fixed length, 8, paper"),
}
# For other arms: dark enough for text and distinct from the table above.
_OTHER_COLORS = ("#C020B0", "#999933", "#AA4499", "#44AA99", "#6B6B6B", "#8A6D00")
_OTHER_MARKERS = ("v", "<", ">", "^", "p", "h", "d", "*")

# For series that are not arms: no colour is that of an arm.
_SERIES_COLORS = ("#0000FF", "#CCAA11", "#550011", "#88AAEE", "#336677", "#AA2200", "#AAAA88", "#002266", "#0077FF")
_SERIES_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "h")


def arm_style(arm: str) -> ArmStyle:
    """The style of an arm: fixed for known names, chosen by a digest of the name for others (`fixed_2` is "fixed length, 2")."""
    if arm in _KNOWN:
        return _KNOWN[arm]
    digest = hashlib.sha256(arm.encode()).digest()
    kin = [known for known in _KNOWN if arm.startswith(f"{known}_")]
    name = arm.replace("_", " ")
    if kin:
        closest = max(kin, key=len)
        name = f"{_KNOWN[closest].name}, {arm[len(closest) + 1 :].replace('_', ' ')}"
    return ArmStyle(_OTHER_COLORS[digest[0] % len(_OTHER_COLORS)], _OTHER_MARKERS[digest[1] % len(_OTHER_MARKERS)], name)


def series_style(place: int) -> tuple[str, str]:
    """Colour and marker of the series at this place, for series that are not arms."""
    return _SERIES_COLORS[place % len(_SERIES_COLORS)], _SERIES_MARKERS[place % len(_SERIES_MARKERS)]


class CorpusFacts(NamedTuple):
    """What a figure says about its corpus."""

    label: str
    synthetic: bool
    external: tuple[str, ...] = ()  # arms in the figure whose pre-tokens are their own

    @classmethod
    def read(cls, path: Path) -> CorpusFacts:
        """Read them from `corpus.json`, or from a study's `provenance.json`, which holds it."""
        facts = read_json(path)
        try:
            arms = facts.get("config", {}).get("arms", {})
            facts = facts.get("corpus", facts)
            external = tuple(name for name, arm in sorted(arms.items()) if arm.get("kind") == "external")
            return cls(str(facts["label"]), bool(facts["synthetic"]), external)
        except (KeyError, TypeError, AttributeError):
            raise UserError(f"{path} lacks 'label' or 'synthetic': delete the corpus folder and run again.") from None


def arms_in(points: pd.DataFrame) -> list[str]:
    """Arms in the order of their first rows, which is the order of the tables."""
    return list(dict.fromkeys(points["arm"].tolist()))


def write_heading(figure: Figure, title: str, corpus: CorpusFacts, note: str) -> None:
    """Write a bold title and below it the corpus, a note such as split and number of seeds, and external arms; mark a synthetic corpus in red.

    The heading makes room above the axes and shares their left edge: call it after setting the other margins. The note is broken
    where it would leave the figure.
    """
    inch = 1 / figure.get_figheight()
    left = figure.subplotpars.left
    if corpus.external:
        note += f" · own pre-tokens: {', '.join(arm_style(arm).name for arm in corpus.external)}"
    figure.text(left, 1 - 0.08 * inch, title, fontsize=9.5, fontweight="bold", va="top", ha="left")
    look: dict[str, Any] = {"fontsize": NOTE_SIZE, "va": "top", "ha": "left"}
    written = figure.text(left, 1 - 0.27 * inch, f"{corpus.label} · {note}", color="#444444", **look)
    lines = break_lines(written, (0.99 - left) * figure.get_figwidth())
    below = 0.27 + NOTE_LINE * lines
    if corpus.synthetic:
        figure.text(left, 1 - below * inch, SYNTHETIC_NOTE, color="#B00020", fontstyle="italic", **look)
        below += NOTE_LINE
    figure.subplots_adjust(top=1 - (below + 0.09) * inch)


def break_lines(text: Text, width: float) -> int:
    """Break a text between words so that it is at most `width` inches wide, as far as its words allow; returns its lines."""
    figure = text.get_figure()
    assert figure is not None
    lines: list[str] = []
    for word in text.get_text().split(" "):
        text.set_text(f"{lines[-1]} {word}" if lines else word)
        if lines and text.get_window_extent().width <= width * figure.dpi:
            lines[-1] = text.get_text()
        else:
            lines.append(word)
    text.set_text("\n".join(lines))
    return len(lines)


def new_figure(width: float, height: float) -> Figure:
    """A figure of this size in inches, outside pyplot's global state."""
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    return figure


def draw_nothing(corpus: CorpusFacts) -> Figure:
    """The figure drawn when the study has no arm of the kind that a figure shows."""
    figure = new_figure(5.0, 1.2)
    write_heading(figure, "Nothing to draw", corpus, "the study has no arm of the kind that this figure shows")
    return figure


@contextlib.contextmanager
def styled() -> Iterator[None]:
    """Apply the style file on top of matplotlib's defaults; the user's matplotlibrc has no effect."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.style.use(STYLE_FILE)
        yield


def save(figure: Figure, points: pd.DataFrame, folder: Path, name: str) -> None:
    """Write `name`.png, `name`.pdf and `name`.csv (exactly the points drawn); the same input gives the same bytes."""
    write_csv(points, Path(folder) / f"{name}.csv")
    save_pictures(figure, Path(folder), name)


def save_pictures(figure: Figure, folder: Path, name: str) -> None:
    """Write only `name`.png and `name`.pdf, for a figure whose points are elsewhere."""
    with atomic_path(folder / f"{name}.png") as temporary:
        figure.savefig(temporary, format="png", metadata={"Software": None})
    with atomic_path(folder / f"{name}.pdf") as temporary:
        figure.savefig(temporary, format="pdf", metadata={"CreationDate": None, "Producer": None, "Creator": None})


def describe_seeds(points: pd.DataFrame) -> str:
    """ "3 seeds" or "1 seed", counted from the rows that have one."""
    count = points["seed"].dropna().nunique() if "seed" in points else 0
    if not count:
        return "the same at every seed"
    return f"{count} seed" + ("" if count == 1 else "s")


def describe_points(points: pd.DataFrame) -> str:
    """The seeds, and that small points show them if there are several."""
    seeds = describe_seeds(points)
    return f"{seeds} (small points)" if seeds.endswith("seeds") else seeds
