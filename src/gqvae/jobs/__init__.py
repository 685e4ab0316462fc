"""What the rules of the workflow run, from files to files. The command lines that call it are in `gqvae.verbs`."""
