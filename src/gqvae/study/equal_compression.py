"""What a matched arm would measure at exactly the compression of its target.

Vocabulary sizes are whole numbers and are matched on the validation split, so some difference is left on the test split. It is
removed by linear interpolation in bytes per token between the matched arm and the same kind of tokenizer at the study's size.
"""

from __future__ import annotations

from gqvae.config import CountedArm, Study

FARTHEST = 0.5  # of the way to the other size, in either direction: beyond, its noise would weigh more than the difference


def beside(study: Study, arm: str) -> tuple[str, str] | None:
    """The target of a matched arm, and the arm of the study's vocabulary size that is made like it; None if there are not both."""
    chosen = study.arms[arm]
    if not isinstance(chosen, CountedArm) or chosen.match is None:
        return None
    alike = chosen.model_copy(update={"match": None})
    other = next((name for name, other in sorted(study.arms.items()) if other == alike), None)
    return None if other is None else (chosen.match, other)


def share(target: float, matched: float, other: float) -> float | None:
    """Where the target lies on the way from the matched arm (0) to the other (1), in bytes per token; None: too far to tell."""
    if target == matched:
        return 0.0
    found = (target - matched) / (other - matched) if other != matched else FARTHEST + 1
    return found if abs(found) <= FARTHEST else None


def interpolate(matched: float, other: float, share: float) -> float:
    """The value at this share of the way from the matched arm's value to the other's."""
    return matched + share * (other - matched)
