"""Measures: pure functions of token ids, counts, losses and tables. They know nothing of studies, arms or files.

A module with `MEASURE` is a measure that claims can name. Its level (`gqvae.config.claims`) decides what its `of` is given:
"tokens" an `EncodedText`, "losses" a `TokenCosts`; the value becomes a column of the tables. The other modules hold what several
measures or tables share. docs/extending.md adds a measure of each of these two levels.
"""
