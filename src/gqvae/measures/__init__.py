"""Measures: pure functions of token ids, counts, losses and tables. They know nothing of studies or of how files are laid out.

A module with `MEASURE` is a measure that claims can name. Its level (`gqvae.config.claims`) sets the argument of its function
`of`: an `EncodedText` for "tokens", a `TokenCosts` for "losses". The value becomes a column of the tables. The other modules hold
what several measures or tables share. docs/extending.md shows how to add a measure at each of these two levels.
"""
