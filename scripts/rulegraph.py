"""Draws docs/rulegraph.svg (`make rulegraph`): reads what `snakemake --rulegraph` prints and writes it for graphviz, with one node for all figures."""

from __future__ import annotations

import re
import sys


def simplified(graph: str) -> str:
    """The rules of a study from top to bottom, without the target `all`. All plot_… rules are one node."""
    names = dict(re.findall(r'(\d+)\[label = "(\w+)"', graph))
    shown = {number: re.sub("^plot_.*", "plot_…", name) for number, name in names.items() if name != "all"}
    edges = {(shown[first], shown[then]) for first, then in re.findall(r"(\d+) -> (\d+)", graph) if {first, then} <= shown.keys()}
    lines = [f'"{first}" -> "{then}";' for first, then in sorted(edges)]
    look = "bgcolor=white; ranksep=0.25; nodesep=0.15; edge[color=grey, arrowsize=0.7];"
    boxes = 'node[shape=box, style=rounded, height=0.3, margin="0.1,0.04", fontname=sans, fontsize=10, color="#0072b2"];'
    return "\n".join(["digraph rules {", look, boxes, *(f'"{name}";' for name in sorted(set(shown.values()))), *lines, "}"])


if __name__ == "__main__":
    sys.stdout.write(simplified(sys.stdin.read()))
