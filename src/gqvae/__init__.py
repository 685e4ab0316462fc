"""GQ-VAE: a gated quantized VAE for learning variable length tokens (arXiv 2512.21913), and the study around it."""

__version__ = "0.1.0"
