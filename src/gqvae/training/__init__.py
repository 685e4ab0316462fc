"""Resumable training of networks and language models; the only package that uses Lightning."""
