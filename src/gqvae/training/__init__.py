"""The only package that knows Lightning: training runs that resume, for networks and language models."""
