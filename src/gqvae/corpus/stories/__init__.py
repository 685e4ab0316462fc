"""The embedded corpus: a seeded grammar of simple stories."""
