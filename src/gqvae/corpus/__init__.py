"""Where text comes from: named sources, pre-tokenization, splits by document."""
