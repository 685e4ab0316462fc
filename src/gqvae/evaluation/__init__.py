"""What is measured: compression, bits per byte, distributions, and the tidy tables made from them."""
