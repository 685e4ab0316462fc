"""Measures: pure functions of token ids, counts, losses and tables. They know nothing of studies, arms or files."""
