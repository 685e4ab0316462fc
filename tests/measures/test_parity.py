"""Parity and the Gini coefficient against values known by hand and the formula over ranks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gqvae.measures.parity import gini, parity, premiums

COSTS = st.lists(st.floats(0.01, 100), min_size=1, max_size=20)


def test_values_known_by_hand() -> None:
    assert (premiums([0.5, 0.25, 1.0]), parity([0.5, 0.25, 1.0])) == ([2, 1, 4], 4)
    assert (parity([3.0, 3.0]), gini([3.0, 3.0])) == (1, 0)
    assert gini([1.0, 3.0]) == 0.25  # |1 − 3| is half of the mean difference 1, which is a quarter of twice the mean
    assert gini([1e-9, 1e-9, 1e-9, 1.0]) == pytest.approx(3 / 4)


@given(COSTS, st.floats(0.1, 10))
def test_the_coefficient_is_that_of_the_ranks_and_has_no_unit(costs: list[float], unit: float) -> None:
    ranked = sum(rank * cost for rank, cost in enumerate(sorted(costs), start=1))
    expected = 2 * ranked / (len(costs) * sum(costs)) - (len(costs) + 1) / len(costs)
    assert gini(costs) == pytest.approx(expected, abs=1e-9) == gini([unit * cost for cost in costs])
    assert 0 <= gini(costs) < 1 and parity(costs) >= 1
