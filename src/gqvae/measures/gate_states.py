"""Where a network's gates ended, in four states.

The states and their thresholds are those that another reproduction of the paper planned, so that results can be compared. The last
gate of a pre-token, which ends it in any case, does not count here.
"""

from __future__ import annotations

MOST = 0.95  # share of the gates


def gate_state(nearly_closed: float, nearly_open: float) -> str:
    """The state, from the shares of gates below 0.1 and above 0.9.

    collapsed_zero: nearly all are closed, so tokens are whole pre-tokens. collapsed_one: nearly all are open, so tokens are single
    bytes. polarized: nearly all are closed or open. interior: all others.
    """
    if nearly_closed >= MOST:
        return "collapsed_zero"
    if nearly_open >= MOST:
        return "collapsed_one"
    return "polarized" if nearly_closed + nearly_open >= MOST else "interior"
