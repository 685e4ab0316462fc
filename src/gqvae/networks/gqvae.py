"""The network of the paper, for GQ-VAE and for fixed-length tokenizers."""

from __future__ import annotations

from gqvae.config import NetworkRun as Settings
from gqvae.distillation.distill import distill as make_tokenizers
from gqvae.training.network import train_network

__all__ = ["Settings", "make_tokenizers", "train_network"]
