"""From a trained network to tokenizers: its codes as strings, pruned to each vocabulary size, and the rate of its gates."""
