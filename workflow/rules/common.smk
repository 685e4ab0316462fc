# Names that every stage uses: the validated study, where its results go, and which code a rule depends on. No rules here.

import os
import shutil
import sys
from pathlib import Path

try:
    from gqvae import config as settings
    from gqvae import layout
    from gqvae.errors import UserError
    from gqvae.source_files import source_files
except ModuleNotFoundError as error:
    sys.exit(f"{error}: install this project into the environment that runs snakemake (pip install -e .).")

# Jobs call `gqvae` of the environment that runs snakemake, activated or not.
os.environ.update(PATH=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))


def parse_study():
    """The config as a typed study; what is wrong with it is one sentence and the end."""
    origin = ", ".join(os.path.relpath(path) for path in workflow.configfiles)
    try:
        return settings.parse(settings.Study, config, origin or "--config")
    except UserError as error:
        sys.exit(f"gqvae: error: {error}")


STUDY = parse_study()
RESULTS = f"results/{STUDY.study}"
# Not declared as output, so that Snakemake keeps it when a job is killed: what a training needs to go on where it was.
STATE = f"{RESULTS}/.state"
LOGS = f"{RESULTS}/logs"
BENCHMARKS = f"{RESULTS}/benchmarks"
SPLITS = ("train", "valid", "test")
# Trainings ask for a GPU where there is one; profiles/slurm asks for it on behalf of a login node without.
GPU = int(shutil.which("nvidia-smi") is not None)


def arms_of(kind, matched=False):
    """Names of the arms of one kind; for bpe, those with or without a target to match."""
    return [name for name, arm in STUDY.arms.items() if arm.kind == kind and (getattr(arm, "match", None) is not None) == matched]


def one_of(names):
    """A regular expression for a wildcard that stands for one of these names, or for nothing where there are none."""
    return "|".join(sorted(names)) or "(?!)"


LEARNED_ARMS = one_of(arms_of("fixed") + arms_of("gqvae"))
FAMILIES = one_of(layout.families(STUDY))

wildcard_constraints:
    arm=one_of(STUDY.arms),
    family=FAMILIES,
    seed="|".join(str(seed) for seed in STUDY.seeds),
    variant=rf"v\d+|{layout.MATCHED}",
    train_bytes="|".join(str(size) for size in STUDY.language_model.train_bytes),
