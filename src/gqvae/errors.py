"""The one exception that is meant for a reader: its message is a whole sentence that says what to do."""

from __future__ import annotations


class UserError(Exception):
    """Something the user can mend: a file, a key or a value. The command line prints it alone, without a traceback."""


class DivergedError(UserError):
    """A training whose loss or weights are no longer finite."""
