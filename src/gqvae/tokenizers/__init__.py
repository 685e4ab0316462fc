"""The tokenizers of all arms, behind one interface."""
