"""Tables and numbers as Markdown."""

from __future__ import annotations

from gqvae.report.markdown import filled_table, markdown_table


def test_a_bar_does_not_end_a_cell() -> None:
    assert markdown_table(["claim", "n"], [["a | b", "3"]]).splitlines() == ["| claim | n |", "|---|---:|", "| a \\| b | 3 |"]


def test_rows_and_columns_without_a_value_are_left_out() -> None:
    table = filled_table(["arm", "x", "y"], [["a", "1", "–"], ["b", "–", "–"]])
    assert table.splitlines() == ["| arm | x |", "|---|---:|", "| a | 1 |"]
