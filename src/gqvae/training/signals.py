"""SIGTERM and SIGINT as a flag that a run reads at step boundaries, where it can save its state.

A process often receives a signal twice, from its process group and from the workflow manager. So repetitions are ignored for a
while. A later signal stops the run at once, without saving.
"""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType
from typing import Any

from gqvae.training.resume import Interrupted

REPEATED_SIGNAL_SECONDS = 2.0


class Signals:
    """Context manager that handles SIGTERM and SIGINT; see the module."""

    def __init__(self) -> None:
        self.received: int | None = None
        self._received_at = 0.0
        self._before: dict[int, Any] = {}

    def install(self) -> None:
        """Set the handlers."""
        for number in self._before:
            signal.signal(number, self._handle)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self.received is None:
            self.received, self._received_at = number, now
        elif now - self._received_at > REPEATED_SIGNAL_SECONDS:
            raise Interrupted(number)

    def stop_if_received(self) -> None:
        """Raise `Interrupted` if a signal has arrived."""
        if self.received is not None:
            raise Interrupted(self.received)

    def __enter__(self) -> Signals:
        if threading.current_thread() is threading.main_thread():  # the only one that may set handlers
            self._before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
        self.install()
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
