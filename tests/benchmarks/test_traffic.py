"""Counted bytes against what is known of single operations and of a whole step."""

from __future__ import annotations

import pytest
import torch
from counts.traffic import Traffic


def test_a_product_reads_both_operands_and_writes_its_result_in_either_precision() -> None:
    for dtype in (torch.float32, torch.bfloat16):
        left, right = torch.randn(7, 5).to(dtype), torch.randn(5, 3).to(dtype)
        with Traffic() as traffic:
            left @ right
        assert traffic.bytes == (7 * 5 + 5 * 3 + 7 * 3) * dtype.itemsize


def test_views_move_nothing_and_operations_in_place_read_and_write_unless_they_overwrite() -> None:
    tensor = torch.randn(6, 4)
    with Traffic() as traffic:
        tensor.view(4, 6).transpose(0, 1)[1:].unsqueeze(0)
        torch.empty(1000)
    assert traffic.bytes == 0
    with Traffic() as traffic:
        tensor.mul_(2.0)
    assert traffic.bytes == 2 * 24 * 4
    with Traffic() as traffic:
        tensor.zero_()
    assert traffic.bytes == 24 * 4


def test_a_lookup_reads_the_rows_it_returns_and_not_the_table() -> None:
    table, ids = torch.randn(1000, 8), torch.arange(5)
    with Traffic() as traffic:
        torch.nn.functional.embedding(ids, table)
    assert traffic.bytes == 2 * 5 * 8 * 4 + 5 * 8


def test_what_is_made_or_scattered_into_is_not_read_as_a_whole() -> None:
    table, ids, rows = torch.zeros(1000, 8), torch.arange(5), torch.ones(5, 8)
    with Traffic() as traffic:
        table.new_zeros(10)
    assert traffic.bytes == 10 * 4
    with Traffic() as traffic:
        table.index_put_((ids,), rows)
    assert traffic.bytes == 3 * 5 * 8 * 4 + 5 * 8
    with Traffic() as traffic:
        torch.ones(1, 8).expand(100, 8).sum()
    assert traffic.bytes == 8 * 4 + 8 * 4 + 4  # written, then read once however often it is repeated; the sum


def test_a_training_step_is_the_sum_of_its_passes_and_of_the_optimiser() -> None:
    layer, inputs = torch.nn.Linear(32, 16, bias=False), torch.randn(8, 32)
    optimizer = torch.optim.AdamW(layer.parameters(), fused=True)
    layer(inputs).sum().backward()
    optimizer.step()  # makes its state
    weights, rows, outputs = 32 * 16, 8 * 32, 8 * 16
    with Traffic() as traffic:
        loss = layer(inputs)
    assert traffic.bytes == 4 * (rows + weights + outputs)
    ones = torch.ones(8, 16)
    with Traffic() as traffic:
        loss.backward(ones)  # into the gradient that is there
    assert traffic.bytes == 4 * (outputs + rows + weights + 3 * weights)  # product; read, read and write of the sum
    with Traffic() as traffic:
        optimizer.step()
    state = pytest.approx(4 * 7 * weights, abs=32)  # weights and both moments read and written, the gradient read; and the step
    assert traffic.bytes == state
