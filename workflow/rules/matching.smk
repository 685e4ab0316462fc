# Compression: match vocabularies to the compression of a learned tokenizer, and measure bytes per token of every tokenizer.


rule match_compression:
    input:
        **PRETOKENS,
        target=match_target,
        documents=lambda wildcards: documents_for(STUDY.arms[arm_of(wildcards)].match),
    output:
        tokenizer=tokenizer_file("{family}", layout.MATCHED),
        record=f"{RESULTS}/tokenizers/{{family}}/{layout.MATCHED}/matching.json",
    log:
        f"{LOGS}/match_compression/{{family}}.log",
    benchmark:
        f"{BENCHMARKS}/match_compression/{{family}}.tsv"
    wildcard_constraints:
        family=one_of(layout.matched_families(STUDY)),
    conda:
        "../envs/gqvae.yaml"
    resources:
        **growing(mem_mb=1800, runtime=120),
        gpu=GPU,
    params:
        code=code_of_matched("tokenizers.match_compression"),
        settings=matching_settings,
        target=subpath(input.target, parent=True),
        corpus=corpus_option,
        pretokens=subpath(input.train, parent=True),
        folder=subpath(output.tokenizer, parent=True),
    message:
        "{wildcards.family}: find the vocabulary size that compresses validation text like its target."
    shell:
        "gqvae --log {log:q} match-compression --settings {params.settings:q} --target {params.target:q}"
        " --pretokens {params.pretokens:q} {params.corpus} --out {params.folder:q}"


rule measure_compression:
    input:
        **PRETOKENS,
        tokenizers=variants_of_family,
        documents=lambda wildcards: documents_for(arm_of(wildcards)),
    output:
        table=f"{RESULTS}/compression/{{family}}.csv",
    log:
        f"{LOGS}/measure_compression/{{family}}.log",
    benchmark:
        f"{BENCHMARKS}/measure_compression/{{family}}.tsv"
    conda:
        "../envs/gqvae.yaml"
    resources:
        **growing(mem_mb=1800, runtime=120),
        gpu=lambda wildcards: GPU if downstream_encoder(wildcards) else 0,
    params:
        code=code_of_tokenizer("tokenizers.measure_compression"),
        arm=arm_and_seed,
        tokenizers=folders_of_tokenizers,
        corpus=corpus_option,
        pretokens=subpath(input.train, parent=True),
    message:
        "{wildcards.family}: bytes per token on validation and test text, fallbacks included."
    shell:
        "gqvae --log {log:q} measure-compression {params.arm} --tokenizers {params.tokenizers:q} --pretokens {params.pretokens:q}"
        " {params.corpus} --out {output.table:q}"
