from __future__ import annotations

import pytest

from gqvae.measures.gate_states import gate_state


@pytest.mark.parametrize(
    ("closed", "opened", "state"),
    [
        (0.95, 0.05, "collapsed_zero"),
        (1.0, 0.0, "collapsed_zero"),
        (0.0, 0.95, "collapsed_one"),
        (0.6, 0.36, "polarized"),
        (0.94, 0.01, "polarized"),
        (0.94, 0.0, "interior"),
        (0.3, 0.3, "interior"),
        (0.0, 0.0, "interior"),
    ],
)
def test_states_begin_at_their_thresholds(closed: float, opened: float, state: str) -> None:
    assert gate_state(closed, opened) == state
