from __future__ import annotations

import pytest

from gqvae.measures.gate_states import STATES, gate_state


@pytest.mark.parametrize(
    ("closed", "opened", "state"),
    [
        (0.95, 0.05, 0),
        (1.0, 0.0, 0),
        (0.0, 0.95, 1),
        (0.6, 0.36, 2),
        (0.94, 0.01, 2),
        (0.94, 0.0, 3),
        (0.3, 0.3, 3),
        (0.0, 0.0, 3),
    ],
)
def test_states_begin_at_their_thresholds(closed: float, opened: float, state: int) -> None:
    assert gate_state(closed, opened) == STATES[state]
