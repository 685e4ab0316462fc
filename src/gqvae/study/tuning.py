"""The learning rate of an arm's language models, chosen on the validation split from the grid that all arms share.

Larger vocabularies prefer different rates, so one rate for all arms would favour some of them.
"""

from __future__ import annotations

import logging
import math
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from gqvae.errors import UserError
from gqvae.files import read_json, write_json

logger = logging.getLogger("gqvae")


def choose_learning_rate(results: Sequence[Path], out: Path) -> None:
    """Write the rate whose runs have the lowest mean validation loss; warn if it is at the edge of the grid.

    Args:
        results: `result.json` of the runs, equally many for each rate.
        out: file to write; it contains only the choice, so that another grid with the same choice reruns nothing.

    Raises:
        UserError: every rate has a run that diverged, or a file is not a result.
    """
    records = [read_json(path) for path in results]
    for path, record in zip(results, records, strict=True):
        if not isinstance(record, dict) or not {"arm", "learning_rate", "valid_bpb"} <= record.keys():
            raise UserError(f"{path} is not the result of a language model: delete it and run again.")
    arm, losses = records[0]["arm"], defaultdict[float, list[float]](list)
    for record in records:
        loss = record["valid_bpb"]
        losses[record["learning_rate"]].append(loss if isinstance(loss, float) else math.nan)
    means = {rate: sum(found) / len(found) for rate, found in losses.items()}
    usable = [(mean, rate) for rate, mean in means.items() if math.isfinite(mean)]
    if not usable:
        raise UserError(f"Every learning rate of {arm} diverged: put lower ones into language_model.learning_rates.")
    _, chosen = min(usable)
    if len(means) > 1 and chosen in (min(means), max(means)):
        logger.warning("%s: the best learning rate, %g, is at the edge of the grid: try a wider grid", arm, chosen)
    write_json(out, {"arm": arm, "learning_rate": chosen})
