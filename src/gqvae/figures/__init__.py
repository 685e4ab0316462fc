"""Figures. They read tidy CSVs only, so every figure can be drawn again without the study."""
