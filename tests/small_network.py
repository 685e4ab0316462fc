"""A text of a few sentences and a network small enough to learn it within seconds."""

from __future__ import annotations

from gqvae.config import Network, NetworkRun, NetworkTraining

TEXT = (
    "The little fox walked to the river and talked to the old frog. “Hello,” said the fox, “it's a nice day!” "
    "The frog wasn't sure; frogs walk slowly, and foxes are talking all day — 12 hours or 34.\n\n"
    "Then the walking fox jumped over the café's wall, faster than the fastest dog.\tEnd\r\n"
)
RUN = NetworkRun(
    network=Network(
        width=32, head_width=16, encoder_layers=1, gater_layers=1, decoder_layers=1, codebook_size=64, max_pretoken_bytes=8
    ),
    training=NetworkTraining(
        steps=300, batch_pretokens=64, warmup_steps=5, unquantized_steps=150, revival_every=10, measure_every=20
    ),
)
