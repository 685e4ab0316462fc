# Language models: the corpus as tokens, once per tokenizer; then one small transformer, the same for every arm.


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
        mem_mb=1800,
        runtime=240,
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


rule train_lm:
    input:
        unpack(inputs_of_run),
        **CORPUS,
        code=tokenizer_code("language_models", "train-lm"),
    output:
        curve=f"{RESULTS}/language_models/{{arm}}-s{{seed}}-b{{train_bytes}}/curve.csv",
        result=f"{RESULTS}/language_models/{{arm}}-s{{seed}}-b{{train_bytes}}/result.json",
    log:
        f"{LOGS}/train_lm/{{arm}}-s{{seed}}-b{{train_bytes}}.log",
    benchmark:
        f"{BENCHMARKS}/train_lm/{{arm}}-s{{seed}}-b{{train_bytes}}.tsv"
    # A retry goes on from the state that the failed attempt left.
    retries: 1
    conda:
        "../envs/gqvae.yaml"
    threads: 1
    resources:
        gpu=GPU,
        mem_mb=1800,
        runtime=1440,
    params:
        settings=language_model_settings,
        state=f"{STATE}/language_models/{{arm}}-s{{seed}}-b{{train_bytes}}",
        tokenizer=subpath(input.tokenizer, parent=True),
        tokens=subpath(input.record, parent=True),
        corpus=subpath(input.corpus, parent=True),
        folder=subpath(output.result, parent=True),
    message:
        "Arm {wildcards.arm}, seed {wildcards.seed}: train the language model on {wildcards.train_bytes} bytes of text,"
        " measured in bits per byte."
    shell:
        """
        gqvae --log {log:q} train-lm --settings {params.settings:q} --arm {wildcards.arm} --seed {wildcards.seed} \
            --train-bytes {wildcards.train_bytes} --tokenizer {params.tokenizer:q} --tokens {params.tokens:q} \
            --corpus {params.corpus:q} --out {params.folder:q} --state {params.state:q} --threads {threads}
        """
