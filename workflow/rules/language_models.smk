# Language models: encode the corpus once per tokenizer, then train the same small transformer for every arm, with a learning rate
# from one grid. Training and measuring are separate rules, so that a new measure retrains nothing. One job has all runs of an arm and
# seed, because a process takes seconds to start. It computes only runs whose settings, data or code have changed.


rule encode_corpus:
    input:
        **CORPUS,
        tokenizer=tokenizer_file("{family}", "{variant}"),
    output:
        **files_of_tokens(f"{RESULTS}/tokens/{{family}}/{{variant}}"),
    log:
        f"{LOGS}/encode_corpus/{{family}}-{{variant}}.log",
    benchmark:
        f"{BENCHMARKS}/encode_corpus/{{family}}-{{variant}}.tsv"
    conda:
        "../envs/gqvae.yaml"
    resources:
        **growing(mem_mb=1800, runtime=240),
        gpu=lambda wildcards: GPU if downstream_encoder(wildcards) == "neural" else 0,
    params:
        code=code_of_tokenizer("tokenizers.encode_corpus"),
        tokenizer=subpath(input.tokenizer, parent=True),
        corpus=subpath(input.corpus, parent=True),
        folder=subpath(output.record, parent=True),
    message:
        "{wildcards.family}, {wildcards.variant}: encode every document, each distinct pre-token once."
    shell:
        "gqvae --log {log:q} encode-corpus --tokenizer {params.tokenizer:q} --corpus {params.corpus:q} --out {params.folder:q}"


rule measure_distribution:
    input:
        **files_of_tokens(f"{RESULTS}/tokens/{{family}}/{{variant}}"),
        **CORPUS,
        tokenizer=tokenizer_file("{family}", "{variant}"),
    output:
        ranks=f"{RESULTS}/distribution/{{family}}-{{variant}}/rank_frequency.csv",
        facts=f"{RESULTS}/distribution/{{family}}-{{variant}}/distribution.json",
    log:
        f"{LOGS}/measure_distribution/{{family}}-{{variant}}.log",
    benchmark:
        f"{BENCHMARKS}/measure_distribution/{{family}}-{{variant}}.tsv"
    conda:
        "../envs/gqvae.yaml"
    resources:
        **growing(mem_mb=1800, runtime=60),
    params:
        code=code_of_tokenizer("tokenizers.measure_distribution", measures_of("tokens")),
        tokens=subpath(input.record, parent=True),
        tokenizer=subpath(input.tokenizer, parent=True),
        corpus=subpath(input.corpus, parent=True),
        folder=subpath(output.ranks, parent=True),
    message:
        "{wildcards.family}, {wildcards.variant}: measure how tokens are distributed, how well bigrams predict them, and what small edits change."
    shell:
        "gqvae --log {log:q} measure-distribution --tokens {params.tokens:q} --tokenizer {params.tokenizer:q}"
        " --corpus {params.corpus:q} --out {params.folder:q}"


rule check_amounts:
    input:
        **CORPUS,
    output:
        amounts=AMOUNTS,
    log:
        f"{LOGS}/check_amounts.log",
    benchmark:
        f"{BENCHMARKS}/check_amounts.tsv"
    priority: 20  # it may refuse the study, which is better done before networks are trained
    localrule: True
    conda:
        "../envs/gqvae.yaml"
    resources:
        **growing(mem_mb=1000, runtime=10),
    params:
        code=code("language_models.check_amounts"),
        train_bytes=STUDY.language_model.train_bytes,
        corpus=subpath(input.corpus, parent=True),
    message:
        "Find out how much text each amount of training text takes, in whole documents."
    shell:
        "gqvae --log {log:q} check-amounts --corpus {params.corpus:q} --train-bytes {params.train_bytes} --out {output.amounts:q}"


if RATES:

    rule try_learning_rate:
        input:
            unpack(tokens_of_run),
            **CORPUS,
            amounts=AMOUNTS,
        output:
            results=[f"{RESULTS}/{trial}/result.json" for trial in TRIALS],
        log:
            f"{LOGS}/try_learning_rate/{{arm}}-s{{seed}}.log",
        benchmark:
            f"{BENCHMARKS}/try_learning_rate/{{arm}}-s{{seed}}.tsv"
        # A retry resumes from the state of the failed attempt.
        conda:
            "../envs/gqvae.yaml"
        resources:
            **growing(mem_mb=1800, runtime=1440),
            gpu=GPU,
        params:
            code=code_of_models("language_models.try_learning_rate"),
            settings=[tuning_settings(rate) for rate in RATES],
            train_bytes=[runs.tuning_bytes(STUDY)] * len(RATES),
            state=state_of(TRIALS),
            kept=state_of(TRIALS, ".kept"),
            tokens=subpath(input.record, parent=True),
            corpus=subpath(input.corpus, parent=True),
        message:
            f"Arm {{wildcards.arm}}, seed {{wildcards.seed}}: try the learning rates {', '.join(map(str, RATES))}, which all arms share."
        shell:
            "gqvae --log {log:q} try-learning-rate --settings {params.settings:q} --arm {wildcards.arm} --seed {wildcards.seed}"
            " --train-bytes {params.train_bytes} --tokens {params.tokens:q} --corpus {params.corpus:q} --out {output.results:q}"
            " --state {params.state:q} --kept {params.kept:q} --threads {threads}"


rule choose_learning_rate:
    input:
        runs=lambda wildcards: trials(wildcards.arm),
    output:
        chosen=f"{RESULTS}/language_models/tuning/{{arm}}.json",
    log:
        f"{LOGS}/choose_learning_rate/{{arm}}.log",
    benchmark:
        f"{BENCHMARKS}/choose_learning_rate/{{arm}}.tsv"
    localrule: True
    conda:
        "../envs/gqvae.yaml"
    resources:
        **growing(mem_mb=500, runtime=10),
    params:
        code=code("language_models.choose_learning_rate"),
    message:
        "Arm {wildcards.arm}: choose the learning rate that is best on the validation split."
    shell:
        "gqvae --log {log:q} choose-learning-rate --runs {input.runs:q} --out {output.chosen:q}"


rule train_lm:
    input:
        unpack(tokens_of_run),
        **CORPUS,
        amounts=AMOUNTS,
        rate=chosen_rate,
    output:
        **files_of_models(runs.TRAINED_FILES),
    log:
        f"{LOGS}/train_lm/{{arm}}-s{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/train_lm/{{arm}}-s{{seed}}.tsv"
    # A retry resumes from the state of the failed attempt.
    conda:
        "../envs/gqvae.yaml"
    resources:
        **growing(mem_mb=1800, runtime=1440),
        gpu=GPU,
    params:
        code=code_of_models("language_models.train_lm"),
        settings=[language_model_settings(run) for run in RUNS],
        train_bytes=[run.train_bytes for run in RUNS],
        seeds=lambda wildcards: runs.model_seeds(STUDY, int(wildcards.seed)),
        state=state_of(LANGUAGE_MODELS),
        kept=state_of(LANGUAGE_MODELS, ".kept"),
        tried=tried,
        tokens=subpath(input.record, parent=True),
        corpus=subpath(input.corpus, parent=True),
        folders=lambda wildcards, output: folders_of(output.training),
        rate=lambda wildcards, input: f"--learning-rate {input.rate}" if input.rate else "",
    message:
        f"Arm {{wildcards.arm}}, seed {{wildcards.seed}}: train the language models {', '.join(dict.fromkeys(f'{run.size} on {run.train_bytes} bytes' for run in RUNS))}."
    shell:
        "gqvae --log {log:q} train-lm --settings {params.settings:q} --arm {wildcards.arm} --seed {params.seeds}"
        " --train-bytes {params.train_bytes} --tokens {params.tokens:q} --corpus {params.corpus:q} --out {params.folders:q}"
        " --state {params.state:q} --kept {params.kept:q} {params.tried} {params.rate} --threads {threads}"


rule measure_lm:
    input:
        unpack(tokens_of_run),
        **CORPUS,
        tokenizer=lambda wildcards: tokenizer_file(*layout.used_tokenizer(STUDY, wildcards.arm, int(wildcards.seed))),
        weights=rules.train_lm.output.model,
        training=rules.train_lm.output.training,
    output:
        **files_of_models(runs.MEASURED_FILES),
        **files_of_models(runs.MAIN_FILES, others=False),
    log:
        f"{LOGS}/measure_lm/{{arm}}-s{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/measure_lm/{{arm}}-s{{seed}}.tsv"
    conda:
        "../envs/gqvae.yaml"
    resources:
        **growing(mem_mb=1800, runtime=240),
        gpu=GPU,
    params:
        code=code_of_models("language_models.measure_lm", [*PRETOKENIZER, *measures_of("losses")]),
        models=lambda wildcards, input: folders_of(input.training),
        kept=state_of(LANGUAGE_MODELS, ".measured"),
        tokens=subpath(input.record, parent=True),
        corpus=subpath(input.corpus, parent=True),
        folders=lambda wildcards, output: folders_of(output.result),
        main=lambda wildcards, output: folders_of(output.samples),
        tokenizer=subpath(input.tokenizer, parent=True),
    message:
        "Arm {wildcards.arm}, seed {wildcards.seed}: measure the language models on test text, in bits per byte."
    shell:
        "gqvae --log {log:q} measure-lm --model {params.models:q} --tokens {params.tokens:q} --corpus {params.corpus:q}"
        " --out {params.folders:q} --main {params.main:q} --tokenizer {params.tokenizer:q} --kept {params.kept:q} --threads {threads}"
