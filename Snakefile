# The study of GQ-VAE: text -> tokenizers -> matched compression -> language models -> figures.
#
#   snakemake -n                                             what would be done, and why
#   snakemake --cores all                                    the default study, into results/default/
#   snakemake --cores all --configfile configs/smoke.yaml    another one
#   snakemake --report results/default/report.zip            the report of what has been computed
#
# configs/ defines what is studied (see configs/README.md), profiles/ where and how it runs.

from pathlib import Path

from snakemake.utils import min_version

min_version("9.19")

# A given config file replaces the default. If they were merged, the default's corpus and arms would mix with its settings. Here
# Snakemake learns only which file is used; `gqvae.config` reads and merges (workflow/rules/common.smk).
DEFAULT_CONFIG = Path(workflow.current_basedir.join("configs/default.yaml").get_path_or_uri(secret_free=True))
if not workflow.overwrite_configfiles:

    configfile: DEFAULT_CONFIG


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/common_models.smk"
include: "workflow/rules/corpus.smk"
include: "workflow/rules/tokenizers.smk"
include: "workflow/rules/matching.smk"
include: "workflow/rules/language_models.smk"
include: "workflow/rules/analysis.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/rates.smk"
include: "workflow/rules/ablations.smk"


if STUDY.corpus.shards > 1:

    include: "workflow/rules/shards.smk"


onstart:
    # Its limit of jobs per second makes Snakemake look for jobs again a second after every look, for each job so far. This takes a
    # tenth of two cores. On this machine, jobs are limited by cores.
    if workflow.local_exec and hasattr(workflow.scheduler, "job_rate_limiter"):
        workflow.scheduler.job_rate_limiter = None


# Results go to the working folder (--directory), wherever this file is. Braces would be read as wildcards.
FINISHED = str(Path(placed(RESULTS)).absolute()).replace("{", "{{").replace("}", "}}")


rule all:
    default_target: True
    input:
        figures=expand(f"{RESULTS}/figures/{{figure}}.{{form}}", figure=registry.plots_of(STUDY), form=["png", "pdf", "csv"]),
        tables=[table(name) for name in TABLES],
        explorer=f"{RESULTS}/figures/explorer.html",
        summary=f"{RESULTS}/summary.md",
        page=f"{RESULTS}/summary.html",
        provenance=f"{RESULTS}/provenance.json",
    message:
        f"Study {STUDY.study!r} is complete: see {FINISHED}/summary.md and {FINISHED}/figures/."
