# Shared by the rules of language models: their runs, files and settings. No rules here.


def code_of_models(job, also=()):
    """The code of a job with language models, whose module is imported by name."""
    return code(job, also=[f"gqvae.language_models.{STUDY.language_model.kind}", *also])


def language_model_settings(run):
    """The settings of one run from the block `language_model`. Figures show curve and contexts of the main runs only."""
    own = STUDY.language_model.of_run(run.size, run.train_bytes)
    if not run.main:
        own = own.model_copy(update={"evaluations": settings.FEWEST_EVALUATIONS})
    return own.canonical()


def tuning_settings(rate):
    """The settings of a run that tries a learning rate."""
    model = STUDY.language_model
    return model.of_run(model.name, runs.tuning_bytes(STUDY), rate).canonical()


# The language models of one arm and seed, which one job trains and another measures. Names have the wildcards of the arm and the seed.
RUNS = runs.runs_of_one_seed(STUDY)
LANGUAGE_MODELS = [f"language_models/{{arm}}-s{{seed}}-{run.within_seed}" for run in RUNS]
RATES = STUDY.language_model.learning_rates
AMOUNTS = f"{RESULTS}/language_models/amounts.json"  # of training text: bytes of whole documents, by what was asked for
TRIALS = [os.path.relpath(runs.tuning_path(RESULTS, "{arm}", "{seed}", rate), RESULTS) for rate in RATES]


def files_of_models(names, others=True):
    """The files of the main language models of an arm and seed, and (`others`) of its others, as outputs by name."""
    models = [model for model, run in zip(LANGUAGE_MODELS, RUNS) if run.main or others]
    return {name.partition(".")[0]: [f"{RESULTS}/{model}/{name}" for model in models] for name in names}


def state_of(names, kind=""):
    """Folders of the state of each run, or with a suffix those that keep its results."""
    return lambda wildcards: [f"{STATE}/{name}{kind}".format(**wildcards) for name in names]


def chosen_rate(wildcards):
    """The file with an arm's learning rate, if rates are tuned."""
    return [str(runs.chosen_rate_path(RESULTS, wildcards.arm))] if layout.tuned_arms(STUDY) else []


def tokens_of_run(wildcards):
    """The training data of a language model: the corpus in the tokens of its arm and seed."""
    return files_of_tokens(layout.tokens_path(RESULTS, *layout.used_tokenizer(STUDY, wildcards.arm, int(wildcards.seed))))


def tried(wildcards):
    """The command-line option that names the trials of an arm and seed, one of which may have trained the same language model."""
    if not layout.tuned_arms(STUDY) or int(wildcards.seed) not in runs.tuning_seeds(STUDY):
        return ""
    return f"--tried {shlex.join(state_of(TRIALS, '.kept')(wildcards))}"


def trials(arm):
    """The runs that an arm's learning rate is chosen from."""
    return [f"{RESULTS}/{path}" for path in expected.trial_files(STUDY, arm)]
