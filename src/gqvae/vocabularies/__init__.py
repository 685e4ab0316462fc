"""Vocabularies from pre-token counts: candidate strings, pruning, and segmentation into the fewest tokens."""
