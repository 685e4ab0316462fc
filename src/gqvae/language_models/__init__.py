"""The downstream language models, a module for each kind: `build(settings, vocab_size)` gives a `Model`. Pure modules of torch."""
