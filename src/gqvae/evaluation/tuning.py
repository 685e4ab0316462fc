"""The learning rate of an arm's language models, chosen on the validation split from the grid that all arms share.

Larger vocabularies prefer other rates, so one rate for all arms would favour some of them.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from pathlib import Path

from gqvae.errors import UserError
from gqvae.files import read_json, write_json

logger = logging.getLogger("gqvae")


def choose_learning_rate(results: Sequence[Path], out: Path) -> None:
    """Write the rate whose run has the lowest validation loss, and nothing else; at the edge of the grid the log says so.

    Args:
        results: `result.json` of the runs.
        out: file to write: the same for another grid if its choice is the same, so that nothing runs again.

    Raises:
        UserError: every run diverged, or a file is no result.
    """
    records = [read_json(path) for path in results]
    for path, record in zip(results, records, strict=True):
        if not isinstance(record, dict) or not {"arm", "learning_rate", "valid_bpb"} <= record.keys():
            raise UserError(f"{path} is not the result of a language model: delete it and run again.")
    tried = sorted((record["learning_rate"], record["valid_bpb"]) for record in records)
    usable = [(loss, rate) for rate, loss in tried if isinstance(loss, float) and math.isfinite(loss)]
    if not usable:
        raise UserError(
            f"Every learning rate that was tried for {records[0]['arm']} diverged: put lower ones into learning_rates."
        )
    _, chosen = min(usable)
    if len(tried) > 1 and chosen in (tried[0][0], tried[-1][0]):
        logger.warning(
            "%s: the best learning rate, %g, is at the edge of the grid: a wider one may hold a better", records[0]["arm"], chosen
        )
    write_json(out, {"arm": records[0]["arm"], "learning_rate": chosen})
