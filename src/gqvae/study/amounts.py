"""How much training text language models read. They read whole documents, so it can be more than was asked for."""

from __future__ import annotations

import pandas as pd

MORE = 0.05  # beyond this share of what was asked for, the difference is told


def amounts_read(runs: pd.DataFrame) -> pd.Series[int]:
    """The amount of text of each run, in bytes, that figures and tables state: what was asked for, unless more was used.

    `runs` has the columns `train_bytes` and `train_bytes_used`. Nearly equal amounts of several studies stay equal in this way.
    """
    asked, used = runs["train_bytes"], runs["train_bytes_used"]
    return asked.where(used <= (1 + MORE) * asked, used)
