# Language models: the corpus as tokens, once per tokenizer; then one small transformer, the same for every arm but for a learning rate
# that is chosen from one grid.


localrules:
    choose_learning_rate,


rule encode_corpus:
    input:
        **CORPUS,
        tokenizer=tokenizer_file("{family}", "{variant}"),
        code=tokenizer_code("tokenizers", "encode-corpus"),
    output:
        record=f"{RESULTS}/tokens/{{family}}/{{variant}}/tokens.json",
        tokens=[f"{RESULTS}/tokens/{{family}}/{{variant}}/{split}.{part}" for split in SPLITS for part in ("bin", "offsets.npy")],
    log:
        f"{LOGS}/encode_corpus/{{family}}-{{variant}}.log",
    benchmark:
        f"{BENCHMARKS}/encode_corpus/{{family}}-{{variant}}.tsv"
    conda:
        "../envs/gqvae.yaml"
    threads: 1
    resources:
        gpu=gpu_of_encoder,
        mem_mb=growing(1800),
        runtime=growing(240),
    params:
        tokenizer=subpath(input.tokenizer, parent=True),
        corpus=subpath(input.corpus, parent=True),
        folder=subpath(output.record, parent=True),
    message:
        "{wildcards.family}, {wildcards.variant}: encode every document, each distinct pre-token once."
    shell:
        """
        gqvae --log {log:q} encode-corpus --tokenizer {params.tokenizer:q} --corpus {params.corpus:q} \
            --out {params.folder:q}
        """


rule tune_lm:
    input:
        unpack(inputs_of_run),
        **CORPUS,
        code=tokenizer_code("language_models", "train-lm"),
    output:
        result=f"{RESULTS}/language_models/tuning/{{arm}}-s{{seed}}-r{{rate}}/result.json",
    log:
        f"{LOGS}/tune_lm/{{arm}}-s{{seed}}-r{{rate}}.log",
    benchmark:
        f"{BENCHMARKS}/tune_lm/{{arm}}-s{{seed}}-r{{rate}}.tsv"
    conda:
        "../envs/gqvae.yaml"
    threads: 1
    resources:
        gpu=GPU,
        mem_mb=growing(1800),
        runtime=growing(1440),
    params:
        settings=tuning_settings,
        train_bytes=runs.tuning_bytes(STUDY),
        state=f"{STATE}/language_models/tuning/{{arm}}-s{{seed}}-r{{rate}}",
        tokenizer=subpath(input.tokenizer, parent=True),
        tokens=subpath(input.record, parent=True),
        corpus=subpath(input.corpus, parent=True),
        folder=subpath(output.result, parent=True),
    message:
        "Arm {wildcards.arm}, seed {wildcards.seed}: try the learning rate {wildcards.rate}, of the grid that all arms share."
    shell:
        """
        gqvae --log {log:q} train-lm --settings {params.settings:q} --arm {wildcards.arm} --seed {wildcards.seed} \
            --train-bytes {params.train_bytes} --tokenizer {params.tokenizer:q} --tokens {params.tokens:q} \
            --corpus {params.corpus:q} --out {params.folder:q} --state {params.state:q} --extent trial --threads {threads}
        """


rule choose_learning_rate:
    input:
        runs=lambda wildcards: trials(wildcards.arm),
        code=code("language_models", "choose-learning-rate"),
    output:
        chosen=f"{RESULTS}/language_models/tuning/{{arm}}.json",
    log:
        f"{LOGS}/choose_learning_rate/{{arm}}.log",
    benchmark:
        f"{BENCHMARKS}/choose_learning_rate/{{arm}}.tsv"
    conda:
        "../envs/gqvae.yaml"
    threads: 1
    resources:
        mem_mb=growing(500),
        runtime=growing(10),
    message:
        "Arm {wildcards.arm}: choose the learning rate that is best on the validation split."
    shell:
        """
        gqvae --log {log:q} choose-learning-rate --runs {input.runs:q} --out {output.chosen:q}
        """


rule train_lm:
    input:
        unpack(inputs_of_run),
        **CORPUS,
        rate=chosen_rate,
        code=tokenizer_code("language_models", "train-lm"),
    output:
        measured=[
            f"{RESULTS}/language_models/{{arm}}-s{{seed}}-b{{train_bytes}}-{{model}}/{name}"
            for name in runs.RUN_FILES
            if name != "result.json"
        ],
        result=f"{RESULTS}/language_models/{{arm}}-s{{seed}}-b{{train_bytes}}-{{model}}/result.json",
    log:
        f"{LOGS}/train_lm/{{arm}}-s{{seed}}-b{{train_bytes}}-{{model}}.log",
    benchmark:
        f"{BENCHMARKS}/train_lm/{{arm}}-s{{seed}}-b{{train_bytes}}-{{model}}.tsv"
    # A retry goes on from the state that the failed attempt left.
    conda:
        "../envs/gqvae.yaml"
    threads: 1
    resources:
        gpu=GPU,
        mem_mb=growing(1800),
        runtime=growing(1440),
    params:
        settings=language_model_settings,
        extent=extent_of_run,
        state=f"{STATE}/language_models/{{arm}}-s{{seed}}-b{{train_bytes}}-{{model}}",
        tokenizer=subpath(input.tokenizer, parent=True),
        tokens=subpath(input.record, parent=True),
        corpus=subpath(input.corpus, parent=True),
        folder=subpath(output.result, parent=True),
        rate=lambda wildcards, input: f"--learning-rate {input.rate}" if input.rate else "",
    message:
        "Arm {wildcards.arm}, seed {wildcards.seed}: train the language model {wildcards.model} on {wildcards.train_bytes} bytes of"
        " text, measured in bits per byte."
    shell:
        """
        gqvae --log {log:q} train-lm --settings {params.settings:q} --arm {wildcards.arm} --seed {wildcards.seed} \
            --train-bytes {wildcards.train_bytes} --tokenizer {params.tokenizer:q} --tokens {params.tokens:q} \
            --corpus {params.corpus:q} --out {params.folder:q} --state {params.state:q} {params.rate} --extent {params.extent} \
            --threads {threads}
        """
