# Tokenizers, one family per arm (and seed, if it depends on one), each at every vocabulary size of the study.


rule make_bytes:
    output:
        tokenizer=tokenizer_file("{arm}", f"v{settings.RESERVED_IDS}"),
    log:
        f"{LOGS}/make_bytes/{{arm}}.log",
    benchmark:
        f"{BENCHMARKS}/make_bytes/{{arm}}.tsv"
    wildcard_constraints:
        arm=one_of(name for name, arm in STUDY.arms.items() if arm.kind == "bytes"),
    conda:
        "../envs/gqvae.yaml"
    resources:
        **growing(mem_mb=500, runtime=10),
    params:
        code=code("tokenizers.make_bytes"),
        folder=subpath(output.tokenizer, ancestor=2),
    message:
        "Arm {wildcards.arm}: one token per byte."
    shell:
        "gqvae --log {log:q} make-bytes --out {params.folder:q}"


rule train_counted:
    input:
        pretokens=counts_of_training_text,
    output:
        tokenizer=tokenizer_file("{arm}", f"v{STUDY.vocabulary.size}"),
        others=[tokenizer_file("{arm}", f"v{size}") for size in OTHER_SIZES],
    log:
        f"{LOGS}/train_counted/{{arm}}.log",
    benchmark:
        f"{BENCHMARKS}/train_counted/{{arm}}.tsv"
    wildcard_constraints:
        arm=one_of(COUNTED_ARMS),
    conda:
        "../envs/gqvae.yaml"
    resources:
        **growing(mem_mb=1500, runtime=60),
    params:
        code=code_of_counted("tokenizers.train_counted"),
        settings=counted_settings,
        folder=subpath(output.tokenizer, ancestor=2),
    message:
        "Arm {wildcards.arm}: tokenizers from the counts of pre-tokens, at every vocabulary size."
    shell:
        "gqvae --log {log:q} train-counted --settings {params.settings:q} --pretokens {input.pretokens:q} --out {params.folder:q}"


rule train_network:
    input:
        **PRETOKENS,
    output:
        # Files that every kind of network writes; the rest of the folder depends on the kind.
        record=f"{RESULTS}/networks/{{arm}}-s{{seed}}/network.json",
        history=f"{RESULTS}/networks/{{arm}}-s{{seed}}/history.csv",
    log:
        f"{LOGS}/train_network/{{arm}}-s{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/train_network/{{arm}}-s{{seed}}.tsv"
    wildcard_constraints:
        arm=one_of(NETWORK_ARMS),
    priority: 10
    # A retry resumes from the state of the failed attempt.
    conda:
        "../envs/gqvae.yaml"
    resources:
        **growing(mem_mb=1800, runtime=720),
        gpu=GPU,
    params:
        code=code_of_network("networks.train_network"),
        network=network_of_arm,
        settings=network_settings,
        state=f"{STATE}/networks/{{arm}}-s{{seed}}",
        pretokens=subpath(input.train, parent=True),
        folder=subpath(output.record, parent=True),
    message:
        "Arm {wildcards.arm}, seed {wildcards.seed}: train encoder, quantizer, gates and decoder on pre-tokens, weighted by frequency."
    shell:
        "gqvae --log {log:q} train-network --network {params.network} --settings {params.settings:q} --label {wildcards.arm}"
        " --seed {wildcards.seed} --pretokens {params.pretokens:q} --out {params.folder:q} --state {params.state:q}"
        " --threads {threads}"


rule make_tokenizers:
    input:
        **PRETOKENS,
        record=rules.train_network.output.record,
    output:
        tokenizer=tokenizer_file("{arm}-s{seed}", f"v{STUDY.vocabulary.size}"),
        others=[tokenizer_file("{arm}-s{seed}", f"v{size}") for size in OTHER_SIZES],
    log:
        f"{LOGS}/make_tokenizers/{{arm}}-s{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/make_tokenizers/{{arm}}-s{{seed}}.tsv"
    wildcard_constraints:
        arm=one_of(arm for arm in NETWORK_ARMS if STUDY.has_tokens(arm)),
    priority: 10
    conda:
        "../envs/gqvae.yaml"
    resources:
        **growing(mem_mb=1800, runtime=240),
        gpu=GPU,
    params:
        code=code_of_network("networks.make_tokenizers"),
        network=network_of_arm,
        settings=distillation_settings,
        trained=subpath(input.record, parent=True),
        pretokens=subpath(input.train, parent=True),
        folder=subpath(output.tokenizer, ancestor=2),
    message:
        "Arm {wildcards.arm}, seed {wildcards.seed}: decode the codes to strings and prune them to a vocabulary of each size."
    shell:
        "gqvae --log {log:q} make-tokenizers --network {params.network} --settings {params.settings:q}"
        " --trained {params.trained:q} --pretokens {params.pretokens:q} --out {params.folder:q}"


rule import_tokenizer:
    input:
        file=lambda wildcards: EXTERNAL_FILES[wildcards.arm],
        documents=lambda wildcards: documents_for(wildcards.arm) if STUDY.arms[wildcards.arm].language_model else [],
    output:
        tokenizer=tokenizer_file("{arm}", settings.EXTERNAL),
    log:
        f"{LOGS}/import_tokenizer/{{arm}}.log",
    benchmark:
        f"{BENCHMARKS}/import_tokenizer/{{arm}}.tsv"
    wildcard_constraints:
        arm=one_of(EXTERNAL_FILES),
    # Before all other jobs: text that does not come back is refused before anything is trained.
    priority: 20
    localrule: True
    conda:
        "../envs/gqvae.yaml"
    resources:
        **growing(mem_mb=1500, runtime=10),
    params:
        code=code("tokenizers.import_tokenizer"),
        pattern=lambda wildcards: STUDY.arms[wildcards.arm].pattern or "",
        corpus=corpus_option,
        folder=subpath(output.tokenizer, parent=True),
    message:
        "Arm {wildcards.arm}: copy the tokenizer of another program from {input.file}."
    shell:
        "gqvae --log {log:q} import-tokenizer --tokenizer {input.file:q} --pattern={params.pattern:q} {params.corpus}"
        " --out {params.folder:q}"


rule borrow_tokenizer:
    input:
        tokenizer=lambda wildcards: lender_file(wildcards.family),
    output:
        tokenizer=tokenizer_file("{family}", f"v{STUDY.vocabulary.size}"),
    log:
        f"{LOGS}/borrow_tokenizer/{{family}}.log",
    benchmark:
        f"{BENCHMARKS}/borrow_tokenizer/{{family}}.tsv"
    wildcard_constraints:
        family=one_of(layout.borrowed_families(STUDY)),
    localrule: True
    conda:
        "../envs/gqvae.yaml"
    resources:
        **growing(mem_mb=500, runtime=10),
    params:
        code=code_of_tokenizer("tokenizers.borrow_tokenizer"),
        lender=subpath(input.tokenizer, parent=True),
        encoder=chosen_encoder,
        folder=subpath(output.tokenizer, parent=True),
    message:
        "{wildcards.family}: copy the tokenizer from {params.lender}."
    shell:
        "gqvae --log {log:q} borrow-tokenizer --tokenizer {params.lender:q} {params.encoder} --out {params.folder:q}"
