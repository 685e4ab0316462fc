"""The jobs that the workflow's rules run. Each reads files and writes files. Their command lines are in `gqvae.verbs`."""
