"""One study: its arms, runs and files, the tables that are collected from them, and the verdicts on its claims."""
