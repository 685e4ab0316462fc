"""The captions of the figures in the summary: what is drawn, in words that stand alone."""

from __future__ import annotations

CAPTIONS = {
    "claims": "Relative advantage of the first arm (right is better) for every claim, with its 95 % t-interval over seeds, not "
    "corrected. At the right: the verdict, the sign, and the p values of both after Holm's correction for the number of tests in the study. "
    "Dashed: how far behind still counts. Arrows: what lies beyond the axis is written beside it.",
    "compression": "Bytes per token on the test split against vocabulary size. Learned arms: solid with their gates and fallback "
    "(neural), dashed with the fewest tokens of the vocabulary (distilled). The dotted line joins the matched pair.",
    "breakdown": "Parts of the test loss by rank of the token in the training text, by its place in its pre-token and by its length: bits "
    "over the bytes of the whole text. The parts of a panel add up to an arm's bits per byte.",
    "tuning": "Validation bits per byte after the largest amount of training text against the peak learning rate: seeds (dots) and their mean. Circled: the rate "
    "that this arm's language models are trained with; the grid is the same for all arms.",
    "training": "The tokenizer networks while they train, measured on the most frequent validation pre-tokens: rate of the hard gates (solid) and of the soft ones (dashed), "
    "reconstruction, share of codes in use, share of exact tokens. One line per seed.",
    "rank_frequency": "Share of all training tokens against rank. One line per tokenizer.",
    "convergence": "Validation bits per byte while the language models with the most training text train, against bytes of text, tokens, "
    "floating-point operations and optimiser steps (the first steep steps are cut off). Thin: seeds; thick: their mean; band: lowest to "
    "highest. The line under the title gives the number of optimiser steps of whole runs.",
    "learnability": "Test bits per byte after training against the amount of training text, and against the parameters of the model "
    "(those of the vocabulary left out) after the most text. Small points: seeds; line: mean; bars, from three seeds on: 95 % t-interval. "
    "Under each amount of text: the optimiser steps of its runs. Hollow: too few steps to decide anything.",
    "advantage": "The same losses as shares of those of BPE at equal compression, seed by seed: above zero an arm needs fewer bits per byte. "
    "Left: validation split while the models train on the most text; middle and right: test split after training, by amount of text and by "
    "size. Small points: seeds; line: mean; bars, from three seeds on: 95 % t-interval of the paired difference. Arms at one "
    "amount are drawn side by side; what lies beyond the axis is cut off, and arms that end far from zero are named, not drawn. Under each amount of text: the "
    "optimiser steps of its runs. Hollow: too few steps to decide anything.",
}


def figure(name: str) -> str:
    """A figure in Markdown with its caption and links to its other forms."""
    return f"![{name}](figures/{name}.png)\n\n*{CAPTIONS[name]}* ([PDF](figures/{name}.pdf), [points](figures/{name}.csv))"
