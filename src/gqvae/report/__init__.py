"""Results in words and tables for the documentation of the project."""
