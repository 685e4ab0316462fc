"""The verbs of the command line, one module for each stage; heavy libraries are imported only when a verb runs."""
