"""The jobs that the workflow's rules run, from files to files. Their command lines are in `gqvae.verbs`."""
