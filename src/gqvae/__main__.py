"""`python -m gqvae` is `gqvae`."""

import sys

from gqvae.cli import main

sys.exit(main())
