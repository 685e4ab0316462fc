"""One small interface and every arm behind it: bytes, BPE, fixed-length and GQ-VAE tokenizers."""
