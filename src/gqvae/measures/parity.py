"""Whether a tokenizer treats the parts of a text alike, e.g. its languages: what each part costs in tokens.

The cost of a part is its tokens ÷ its size. What size is fair depends on the text:

* `document`: the parts are translations of each other, document by document, so the same content counts. The only unit in which
  languages can be compared (Petrov et al. 2023, arXiv 2305.15425, who call the ratio of two costs a premium).
* `character`: for parts that are not parallel. Scripts differ in what a character says: a Chinese one stands for a syllable.
* `byte`: tells how well a part is compressed. UTF-8 takes one byte for a Latin letter and two or three for others, so scripts of
  long letters seem cheap. Fair within one script, e.g. to domains.
"""

from __future__ import annotations

from collections.abc import Sequence

UNITS = ("document", "character", "byte")


def premiums(costs: Sequence[float]) -> list[float]:
    """The cost of each part ÷ that of the cheapest. Costs are above 0."""
    return [cost / min(costs) for cost in costs]


def parity(costs: Sequence[float]) -> float:
    """The cost of the dearest part ÷ that of the cheapest; 1: all cost the same."""
    return max(premiums(costs))


def gini(costs: Sequence[float]) -> float:
    """Gini coefficient of the costs, each part counted once: mean difference of two parts ÷ twice the mean cost.

    0: all cost the same; it stays below 1 − 1/n for n parts. Foroutan et al. 2025 (arXiv 2508.04796) compare tokenizers by it.
    """
    differences = sum(abs(one - other) for one in costs for other in costs)
    return differences / (2 * len(costs) * sum(costs))
