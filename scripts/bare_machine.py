"""Run a study, or a part of it, on a machine that has Python, torch and little else, and no network; a GPU node for an hour, say.

Where there is a network, and the project is installed, gather the packages that the study needs (torch and what it pins left out):

    python scripts/bare_machine.py collect --wheels wheels --python 3.12

Carry the folder of the project there, wheels and data included, and run. What the machine has already, in a version that pyproject.toml
allows, is used; the rest is unpacked beside the wheels, nothing is installed. Arguments after -- go to Snakemake.

    python3 scripts/bare_machine.py run --wheels wheels --config configs/gpu-sample.yaml --out out --minutes 50 -- --until train_network

When the time is over, trainings save their state and stop. The same command goes on from there: on the same machine by itself, on
another one from `--archive FILE`, a .tar that is unpacked first if it exists, and written last. Tables, records and figures (.csv, .json, .md,
.png, .pdf) are copied to `--out` whatever happens. Needs nothing but Python's own library.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHOWN = {".csv", ".json", ".md", ".png", ".pdf"}
MACHINES_OWN = re.compile(r"torch|triton|nvidia-.*|cuda-.*")  # a build of torch belongs to its machine
PATIENCE_SECONDS = 60  # to save a state


def canonical(name: str) -> str:
    """The name of a package as the lock file spells it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def needed() -> set[str]:
    """Every package that the installed project needs to run, by what the installed packages say of each other."""
    from packaging.requirements import Requirement

    found, waiting = set(), [("gqvae", frozenset[str]())]
    seen = set(waiting)
    while waiting:
        name, extras = waiting.pop()
        found.add(name)
        for line in importlib.metadata.requires(name) or []:
            requirement = Requirement(line)
            marker = requirement.marker
            if marker and not any(marker.evaluate({"extra": extra}) for extra in extras or {""}):
                continue
            entry = (canonical(requirement.name), frozenset(requirement.extras))
            if entry not in seen and not MACHINES_OWN.fullmatch(entry[0]):
                seen.add(entry)
                waiting.append(entry)
    return found - {"gqvae"}


def collect(wheels: Path, python: str, present: Path | None) -> None:
    """Download the wheels for Linux on x86-64; what has none is built, which works for packages in pure Python."""
    there = present.read_text(encoding="utf-8").split() if present else []
    packages = re.split(r"^(?=[a-z])", (ROOT / "requirements.lock").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    wanted = needed() - {canonical(line.partition("==")[0]) for line in there}
    wheels.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-m", "pip"]
    version = python.replace(".", "")
    platform = ["--only-binary=:all:", "--implementation=cp", f"--python-version={python}"]
    platform += [f"--abi={abi}" for abi in (f"cp{version}", "abi3", "none")]
    platform += [f"--platform={system}_x86_64" for system in ("manylinux_2_28", "manylinux_2_17", "manylinux2014", "manylinux1")]
    listed = wheels / "wanted.txt"
    for package in packages:
        if canonical(package.partition("==")[0]) not in wanted:
            continue
        listed.write_text(package, encoding="utf-8")
        place = ["--quiet", "--no-deps", "--require-hashes", "--requirement", str(listed)]
        if subprocess.run(
            [*pip, "download", "--dest", str(wheels), *platform, *place], capture_output=True, check=False
        ).returncode:
            subprocess.run([*pip, "wheel", "--wheel-dir", str(wheels), *place], check=True)
    listed.unlink(missing_ok=True)
    found = sorted(wheels.glob("*.whl"))
    print(f"{len(found)} wheels, {sum(path.stat().st_size for path in found) / 2**20:.0f} MiB, in {wheels}")


def unpack(wheels: Path) -> Path:
    """Unpack what this machine lacks, or has in a version that will not do; → the folder to put before its own packages."""
    from pip._vendor.packaging.requirements import Requirement

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    ranges = {canonical(one.name): one.specifier for one in map(Requirement, project["dependencies"])}
    site = wheels / f"site-{sys.version_info.major}.{sys.version_info.minor}"
    sys.path.insert(0, str(site))  # what an earlier call unpacked is there
    missing = []
    for wheel in sorted(wheels.glob("*.whl")):
        name = canonical(wheel.name.partition("-")[0])
        try:
            fits = importlib.metadata.version(name) in ranges.get(name, [importlib.metadata.version(name)])
        except importlib.metadata.PackageNotFoundError:
            fits = False
        if not fits:
            missing.append(str(wheel))
    if missing:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
        subprocess.run([*pip, "--upgrade", "--target", str(site), *missing], check=True)
    (site / "bin").mkdir(parents=True, exist_ok=True)
    program = site / "bin" / "gqvae"  # what the rules call
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gqvae "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return site


def run(options: argparse.Namespace) -> int:
    """Run Snakemake, stop it when the time is over, leave what it made; → its exit code."""
    site = unpack(options.wheels.resolve())
    environment = dict(os.environ)
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT / "src"), str(site), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment["PATH"] = f"{site / 'bin'}{os.pathsep}{os.environ['PATH']}"
    python = [sys.executable, "-m"]
    config = str(options.config.resolve())
    checked = subprocess.run(
        [*python, "gqvae", "check-config", config], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=False
    )
    if checked.returncode:  # it has said why
        return checked.returncode
    study = checked.stdout.strip()
    if options.archive and options.archive.exists():
        with tarfile.open(options.archive) as archive:
            archive.extractall(ROOT, filter="data")
    # No retries: a training that was stopped must not be started again.
    command = [*python, "snakemake", "--cores", "all", "--configfile", config, "--rerun-incomplete", "--keep-going",
               "--retries", "0", *options.arguments]  # fmt: skip
    process = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True)
    try:
        code = process.wait(options.minutes and 60 * options.minutes)
    except subprocess.TimeoutExpired:
        print(f"{options.minutes} minutes are over: saving what is being trained", file=sys.stderr)
        os.killpg(process.pid, signal.SIGTERM)
        try:
            code = process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            code = process.wait()
        subprocess.run([*command, "--unlock"], cwd=ROOT, env=environment, check=False, capture_output=True)
    results = ROOT / "results" / study
    for path in results.rglob("*"):
        if path.suffix in SHOWN and path.is_file() and ".state" not in path.parts:
            target = options.out / path.relative_to(results.parent)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
    if options.archive:
        with tarfile.open(f"{options.archive}.new", "w") as archive:
            for part in (results, ROOT / ".snakemake" / "metadata", ROOT / ".snakemake" / "incomplete"):
                if part.exists():
                    archive.add(part, part.relative_to(ROOT))
        os.replace(f"{options.archive}.new", options.archive)
    return code


def main() -> int:
    """Read the options."""
    given = sys.argv[1:]
    place = given.index("--") if "--" in given else len(given)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    gather = verbs.add_parser("collect", help="gather wheels, where there is a network")
    gather.add_argument("--wheels", type=Path, required=True, help="folder for them")
    gather.add_argument("--python", default="3.12", help="version of the bare machine's Python (%(default)s)")
    gather.add_argument(
        "--present", type=Path, help="what `pip freeze` says there: left out (default: carry everything but torch)"
    )
    start = verbs.add_parser("run", help="run the study, where there is none")
    start.add_argument("--wheels", type=Path, required=True, help="folder of wheels")
    start.add_argument("--config", type=Path, required=True, help="the study")
    start.add_argument("--out", type=Path, required=True, help="folder for tables, records and figures")
    start.add_argument("--minutes", type=float, help="stop after this long (default: at the end)")
    start.add_argument("--archive", type=Path, help=".tar of everything made, to go on elsewhere")
    options = parser.parse_args(given[:place])
    if options.verb == "collect":
        collect(options.wheels, options.python, options.present)
        return 0
    options.arguments = given[place + 1 :]
    return run(options)


if __name__ == "__main__":
    sys.exit(main())
