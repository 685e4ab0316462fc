"""Progress of long work: a bar on a terminal, a log line every few seconds elsewhere, with rate and time left."""

from __future__ import annotations

import logging
import sys
import time
from types import TracebackType

from tqdm import tqdm

from gqvae.units import counted

LINE_EVERY_SECONDS = 5.0

logger = logging.getLogger("gqvae")


class Progress:
    """Counts units of work towards `total` (None: unknown).

    Args:
        label: what is being done, e.g. "training gqvae".
        total: units of work in all, or None.
        unit: what is counted, in the singular, e.g. "step"; "B": bytes.
        done: units already done by an earlier run that is being resumed; they do not count towards the rate.
    """

    def __init__(self, label: str, total: int | None = None, unit: str = "it", done: int = 0) -> None:
        self.label, self.total, self.unit, self.done = label, total, unit, done
        self._first, self._start, self._last = done, time.monotonic(), time.monotonic()
        self._note = ""
        terminal = sys.stderr.isatty()
        self._bar = tqdm(desc=label, total=total, unit=unit, unit_scale=True, initial=done) if terminal else None

    def update(self, amount: int = 1, note: str = "") -> None:
        """Add `amount` units; `note` is a short text such as "loss 1.23" shown beside the count."""
        self.done += amount
        self._note = note or self._note
        if self._bar is not None:
            if note:
                self._bar.set_postfix_str(note, refresh=False)
            self._bar.update(amount)
        elif time.monotonic() - self._last >= LINE_EVERY_SECONDS:
            self._last = time.monotonic()
            logger.info(self.line())

    def line(self) -> str:
        """The state in one line: count, share, rate, time left, note."""
        rate = (self.done - self._first) / max(time.monotonic() - self._start, 1e-9)
        if self.total:
            done = counted(self.done, "B") if self.unit == "B" else f"{self.done:,}"
            text = f"{self.label}: {done} of {counted(self.total, self.unit)} ({100 * self.done / self.total:.0f} %)"
        else:
            text = f"{self.label}: {counted(self.done, self.unit)}"
        text += f", {counted(rate, self.unit)}/s"
        if self.total and self.done < self.total and rate > 0:
            text += f", {(self.total - self.done) / rate:,.0f} s left"
        return f"{text}, {self._note}" if self._note else text

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.close()
        elif kind is None:
            logger.info("%s, done in %.1f s", self.line(), time.monotonic() - self._start)
