"""Downstream language models, one module per kind, whose `build(settings, vocab_size)` returns a `Model`. Pure torch modules."""
