"""Distils tokenizers from a trained network: its code strings, pruned to each vocabulary size, and the rate of its gates."""
