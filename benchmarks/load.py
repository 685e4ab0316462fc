"""Cost of a study of thousands of jobs: planning it, running it, and finding that nothing is left to do.

Runs a tiny study with many seeds in a copy of the repository and samples Snakemake while it plans and runs: seconds, memory, open
files, and the locks and unfinished files left behind. Takes at least half an hour on two cores.

    python benchmarks/load.py --seeds 66 --csv load.csv

`--config FILE` runs the study of that file instead, unchanged.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml
from measuring import children, memory_mb, write_rows

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "workflow"))

from workflow_runs import copy_of_repository  # noqa: E402

POLL_SECONDS = 1.0
COLUMNS = ("stage", "seconds", "jobs_done", "memory_mb", "open_files", "children")


def tiny_study(seeds: int) -> dict[str, Any]:
    """The study of the fault tests, with borrowed arms added until a seed has thirty jobs."""
    study: dict[str, Any] = yaml.safe_load((ROOT / "tests" / "faults" / "tiny.yaml").read_text(encoding="utf-8"))
    again = {"kind": "borrowed", "arm": "gqvae", "encoder": "distilled", "language_model": False}
    arms = {name: study["arms"][name] for name in ("bpe", "gqvae")} | {f"again_{number}": again for number in range(8)}
    for block in ("training", "language_model"):
        study[block].pop("checkpoint_seconds")  # saving after every step is for faults
    return study | {"study": "load", "seeds": list(range(seeds)), "arms": arms}


def state_of(process: int) -> dict[str, float]:
    """Memory, open files and live children of a process; empty once it has ended."""
    memory = memory_mb(process, peak=False)
    if math.isnan(memory):  # ended, perhaps not waited for yet
        return {}
    try:
        open_files = sum(1 for _ in Path(f"/proc/{process}/fd").iterdir())
    except OSError:
        return {}
    return {"memory_mb": memory, "open_files": open_files, "children": len(children(process))}


def watch(stage: str, folder: Path, config: Path, *arguments: str) -> list[dict[str, Any]]:
    """Run Snakemake and sample it every second; the last row has the total time."""
    log = folder / f"{stage}.log"
    command = [sys.executable, "-m", "snakemake", "--nocolor", "--configfile", str(config), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(folder / "src"), "OMP_NUM_THREADS": "1"}
    rows: list[dict[str, Any]] = []
    start = time.perf_counter()
    with log.open("w", encoding="utf-8") as stream:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=stream, stderr=stream)
        ended = False
        while not ended:
            found = state_of(process.pid)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(POLL_SECONDS)
                ended = True
            done = re.findall(r"^(\d+) of \d+ steps", log.read_text(encoding="utf-8"), flags=re.MULTILINE)
            found = found or {key: rows[-1][key] for key in COLUMNS[3:]}
            rows.append(
                {"stage": stage, "seconds": time.perf_counter() - start, "jobs_done": int(done[-1]) if done else 0, **found}
            )
    if process.returncode:
        raise SystemExit(f"{stage} failed:\n{log.read_text(encoding='utf-8')[-4000:]}")
    peak = max(row["memory_mb"] for row in rows)
    print(
        f"{stage:18s}{rows[-1]['seconds']:8.1f} s {rows[-1]['jobs_done']:6d} jobs  memory {peak:6.0f} MB"
        f"  open files {max(row['open_files'] for row in rows):.0f}",
        flush=True,
    )
    return rows


def grown(rows: list[dict[str, Any]]) -> str:
    """Mean memory and open files in the second and in the last but one tenth of a run."""
    tenth = max(1, len(rows) // 10)
    parts = (rows[tenth : 2 * tenth], rows[-2 * tenth : -tenth])  # without its start and its end
    memory, files = ([sum(row[key] for row in part) / len(part) for part in parts] for key in ("memory_mb", "open_files"))
    return f"from the second tenth to the last but one: memory {memory[0]:.0f} -> {memory[1]:.0f} MB, open files {files[0]:.1f} -> {files[1]:.1f}"


def left_behind(folder: Path) -> dict[str, int]:
    """Files that should not outlast a run: locks of Snakemake, states, unfinished files, marks of unfinished jobs."""
    inside = folder / ".snakemake"
    return {
        "locks": sum(1 for path in (inside / "locks").rglob("*") if path.is_file()),
        "unfinished jobs": sum(1 for path in (inside / "incomplete").rglob("*") if path.is_file()),
        "unfinished files": sum(1 for path in (folder / "results").rglob(".*.tmp")),
        "states": sum(1 for path in (folder / "results").rglob(".state/**/*") if path.is_file() and path.suffix != ".lock"),
    }


def main() -> None:
    """Plan, run, run again, and count what is left behind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=66, help="of the tiny study: thirty jobs each (%(default)s)")
    parser.add_argument("--config", type=Path, help="a study to run in place of the tiny one")
    parser.add_argument("--cores", default="2", help="jobs at a time (%(default)s)")
    parser.add_argument("--csv", type=Path, help="write every sample")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        folder, temporary = Path(directory) / "study", Path(directory) / "tmp"
        temporary.mkdir()
        os.environ["TMPDIR"] = str(temporary)
        copy_of_repository(folder)
        config = folder / "load.yaml"
        if arguments.config:
            shutil.copy2(arguments.config, config)
        else:
            config.write_text(yaml.safe_dump(tiny_study(arguments.seeds), sort_keys=False), encoding="utf-8")
        rows = watch("plan", folder, config, "--dry-run", "--quiet")
        run = watch("run", folder, config, "--cores", arguments.cores)
        again = watch("nothing to do", folder, config, "--cores", arguments.cores)
        print(grown(run))
        left = left_behind(folder) | {"temporary files": sum(1 for path in temporary.rglob("*") if path.is_file())}
        print("left behind: " + ", ".join(f"{count} {what}" for what, count in left.items()))
    write_rows(arguments.csv, COLUMNS, rows + run + again)


if __name__ == "__main__":
    main()
