"""How vocabularies come about from counts of pre-tokens: candidate strings, pruning, and the fewest tokens of a text."""
