# Shared by all rules: the validated study, its paths, and the code that a rule depends on. No rules here.

import json
import os
import shlex
import shutil
import sys
from pathlib import Path

try:
    from gqvae import config as settings
    from gqvae.errors import UserError
    from gqvae.figures import registry
    from gqvae.code_state import PACKAGE, code_state
    from gqvae.corpus.pretokenizers import module_of
    from gqvae.study import expected, inputs, layout, runs
    from gqvae.study.columns import TABLES
except ModuleNotFoundError as error:
    sys.exit(f"{error}: install this project into the environment that runs snakemake (pip install -e .).")

# Jobs call the `gqvae` of the environment that runs snakemake, activated or not.
os.environ.update(PATH=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))


def given_settings():
    """What defines the study: the files of --configfile, or else the default one, and --config; or the config of a module."""
    if workflow.modifier.skip_configfile:  # this is a module, whose `config:` replaces all files
        return settings.given_value(config, "config of the module", DEFAULT_CONFIG.parent)
    files = workflow.config_settings.configfiles or [DEFAULT_CONFIG]
    here = [path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path for path in files]
    command_line = workflow.config_settings.config_args or workflow.config_settings.config
    return settings.given_study(here, command_line, DEFAULT_CONFIG.parent)


def placed(path):
    """Where a path is that is no input or output: a module's `prefix:` moves it as well."""
    return str(workflow.modifier.modify_path(path))


try:
    GIVEN = given_settings()
    STUDY = inputs.read_study(GIVEN)
    TEXT_FILES = inputs.text_files(STUDY, GIVEN)
    external = inputs.external_files(STUDY, GIVEN, read=workflow.is_main_process)  # not again in every job
    EXTERNAL_FILES = {arm: local(file) for arm, file in external.items()}
    inputs.check_lenders(STUDY, GIVEN, placed)
except UserError as error:
    sys.exit(f"gqvae: error: {error}")

RESULTS = f"results/{STUDY.study}"
LOGS = f"{RESULTS}/logs"
BENCHMARKS = f"{RESULTS}/benchmarks"
# Not a declared output: Snakemake would remove it with a killed job, and trainings resume from it.
STATE = placed(f"{RESULTS}/.state")

PRETOKENIZER = [module_of(STUDY.pretokenizer)]
PRETOKENIZER_IN_WORDS = STUDY.pretokenizer.partition(":")[0]  # braces of a pattern would be read as wildcards
SPLITS = ("train", "valid", "test")
CORPUS = {
    "corpus": f"{RESULTS}/corpus/corpus.json",
    "documents": [f"{RESULTS}/corpus/{split}.{part}" for split in SPLITS for part in ("txt", "offsets.npy")],
}
PRETOKENS = {split: f"{RESULTS}/pretokens/{split}.npz" for split in SPLITS}

# Vocabulary sizes for the figure of compression only; language models use the main one.
OTHER_SIZES = [size for size in STUDY.vocabulary.sizes if size != STUDY.vocabulary.size]

# Jobs that run a network take a GPU if this machine has one. A login node has none, so profiles/slurm sets it.
GPU = int(shutil.which("nvidia-smi") is not None)


def growing(**amounts):
    """Scale resources with each retry."""
    return {name: lambda wildcards, attempt, first=first: attempt * first for name, first in amounts.items()}


def arm_of(wildcards):
    """The arm of a family."""
    return layout.split_family(wildcards.family)[0]


def downstream_encoder(wildcards):
    """The encoder of a family's arm; empty if it has no network."""
    return STUDY.arms[arm_of(wildcards)].downstream_encoder


def code(job, also=(), without=()):
    """The code of a job, a line for each module. As a parameter of its rule, it makes edits rerun the jobs that depend on it."""
    return code_state(f"gqvae.jobs.{job}", also, without)


def code_of_tokenizer(job, also=()):
    """The code of a job that reads any tokenizer. Arms without a network do not depend on the network's code."""

    def of_arm(wildcards):
        modules = [*also, *PRETOKENIZER, *modules_of(arm_of(wildcards))]
        return code(job, modules, without=() if downstream_encoder(wildcards) else ("gqvae.tokenizers.learned",))

    return of_arm


def code_of_counted(job):
    """The code of a job that makes an arm's tokenizers from counts."""
    return lambda wildcards: code(job, also=modules_of(wildcards.arm))


def code_of_matched(job):
    """The code of a job that matches a family to another: of both arms."""

    def of_family(wildcards):
        arm = arm_of(wildcards)
        return code(job, also=[*modules_of(arm), *modules_of(STUDY.arms[arm].match)])

    return of_family


def measures_of(level):
    """The modules of the measures of a level, which jobs import by name."""
    return [f"gqvae.measures.{name}" for name in settings.measures(level)]


def modules_of(arm):
    """The modules of an arm's tokenizers that jobs import by name, if there are any."""
    if arm in EXTERNAL_FILES:
        return ["gqvae.tokenizers.external", "gqvae.corpus.pretokenizers._whole"]
    name = STUDY.arms[arm].module
    return [f"gqvae.tokenizers.{name}"] if name else []


def code_of_tokenizers(job, arms):
    """The code of a job that reads the tokenizers of several arms."""
    network = any(STUDY.arms[arm].downstream_encoder for arm in arms)
    also = [*PRETOKENIZER, *(module for arm in dict.fromkeys(arms) for module in modules_of(arm))]
    return code(job, also, without=() if network else ("gqvae.tokenizers.learned",))


# Tokenizers that are timed, BPE of the same size first, if there is one.
TIMED = runs.timed_tokenizers(STUDY)

# Arms by what makes their tokenizers.
COUNTED_ARMS = [name for name, arm in STUDY.arms.items() if arm.module and not layout.is_matched(STUDY, name)]
SHUFFLED_ARMS = [name for name in COUNTED_ARMS if STUDY.arms[name].shuffled_share]
NETWORK_ARMS = list(layout.learned_arms(STUDY))


def one_of(values):
    """A regular expression that matches any of these values, or nothing if there are none."""
    return "|".join(str(value) for value in values) or "(?!)"


def tokenizer_file(family, variant):
    return f"{layout.tokenizer_path(RESULTS, family, variant)}/gqvae.json"


def reported(path, caption, category, shows, form):
    """An output that the report shows."""
    return report(path, caption=f"../report/{caption}.rst", category=category, labels={"shows": shows, "form": form})


def folders_of_tokenizers(wildcards, input):
    return folders_of(input.tokenizers)


def table(name):
    return str(layout.table_path(RESULTS, name))


def network_of_arm(wildcards):
    """The module that trains the network of an arm."""
    return STUDY.arms[wildcards.arm].network


def code_of_network(job):
    """The code of a job with networks, whose function of the same name is in a module that is imported by name."""
    function = job.rpartition(".")[2]
    return lambda wildcards: code(job, also=[f"gqvae.networks.{network_of_arm(wildcards)}.{function}"])


def network_settings(wildcards):
    """Settings of a network. GQ-VAE uses the shared sizes with the arm's choices; other networks use the arm's keys."""
    arm = STUDY.arms[wildcards.arm]
    if isinstance(arm, settings.NetworkArm):
        return json.dumps(arm.settings, sort_keys=True)
    return STUDY.network_run(wildcards.arm).canonical()


def distillation_settings(wildcards):
    """The downstream encoder, all sizes, and the arm's requested rate, if it has one."""
    arm = STUDY.arms[wildcards.arm]
    request = arm.model_dump(include={"bytes_per_token", "tokens_per_pretoken"})
    encoder = arm.downstream_encoder or "neural"
    return settings.Distillation(encoder=encoder, sizes=STUDY.vocabulary.sizes, **request).canonical()


def counted_settings(wildcards):
    """The module that makes an arm's tokenizers, its settings, and every size of the study."""
    arm = STUDY.arms[wildcards.arm]
    return settings.CountedTraining(tokenizer=arm.kind, settings=arm.settings, sizes=STUDY.vocabulary.sizes).canonical()


def matching_settings(wildcards):
    """The module that makes tokenizers of any size, its settings, and the tolerance of the match."""
    arm, tolerance = STUDY.arms[arm_of(wildcards)], STUDY.vocabulary.match_tolerance
    return settings.Matching(tokenizer=arm.kind, settings=arm.settings, match_tolerance=tolerance).canonical()


def counts_of_training_text(wildcards):
    """The pre-token counts that an arm is trained on: those of the training split, with shuffled documents for some arms."""
    shuffled = wildcards.arm in SHUFFLED_ARMS
    return f"{RESULTS}/pretokens/shuffled/{wildcards.arm}.npz" if shuffled else PRETOKENS["train"]


def folders_of(paths):
    return [str(Path(path).parent) for path in paths]


def match_target(wildcards):
    """The tokenizer that a matched arm is matched to."""
    return tokenizer_file(*layout.match_target(STUDY, wildcards.family))


def documents_for(arm):
    """The files of the corpus, if an arm's tokenizer reads whole documents; else none."""
    return [CORPUS["corpus"], *CORPUS["documents"]] if arm in EXTERNAL_FILES else []


def corpus_option(wildcards, input):
    """The command-line option that names the corpus, if a job reads documents."""
    return f"--corpus {shlex.quote(str(Path(input.documents[0]).parent))}" if input.documents else ""


def lender_file(family):
    """The tokenizer that a borrowed family is a copy of."""
    study, theirs, variant = layout.lender(STUDY, family)
    return f"{layout.tokenizer_path(f'results/{study}', theirs, variant)}/gqvae.json"


def chosen_encoder(wildcards):
    """The command-line option that sets a borrowed tokenizer's encoder, if it has one to set."""
    return f"--encoder {downstream_encoder(wildcards)}" if downstream_encoder(wildcards) else ""


def variants_of_family(wildcards):
    """All tokenizers of a family: one, or one for each vocabulary size."""
    return [tokenizer_file(wildcards.family, variant) for variant in layout.variants(STUDY, arm_of(wildcards))]


def arm_and_seed(wildcards):
    """Command-line options that name the arm and, where its tokenizer depends on it, the seed of a family."""
    arm, seed = layout.split_family(wildcards.family)
    return f"--arm {arm}" if seed is None else f"--arm {arm} --seed {seed}"


def files_of_tokens(folder):
    """The files of an encoded corpus."""
    tokens = [f"{folder}/{split}.{part}" for split in SPLITS for part in ("bin", "offsets.npy")]
    return {"record": f"{folder}/tokens.json", "tokens": tokens}


def of_all_shards(path):
    """The files of every shard of the text, in order; other wildcards stay."""
    return expand(path, shard=range(1, STUDY.corpus.shards + 1), allow_missing=True)


wildcard_constraints:
    arm=one_of(STUDY.arms),
    family=one_of(layout.families(STUDY)),
    seed=one_of(STUDY.seeds),
    variant=rf"v\d+|{layout.MATCHED}|{settings.EXTERNAL}",
