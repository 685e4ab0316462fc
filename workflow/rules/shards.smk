# A corpus in shards: several jobs count pre-tokens and encode, each a range of documents of the same files. Merging gives the files that
# one job would write, byte for byte. The number of shards is in the paths of their files, so that no other division is merged.

SHARDS = STUDY.corpus.shards
SHARD = f"{{shard}}-of-{SHARDS}"
COUNTED_SHARD = {split: f"{RESULTS}/shards/pretokens/{SHARD}/{split}.npz" for split in SPLITS}
ENCODED_SHARD = files_of_tokens(f"{RESULTS}/shards/tokens/{{family}}/{{variant}}/{SHARD}")


wildcard_constraints:
    shard=one_of(range(1, SHARDS + 1)),


ruleorder: merge_counts > count_pretokens
ruleorder: merge_tokens > encode_corpus


rule count_shard:
    input:
        **CORPUS,
    output:
        **{split: temp(path) for split, path in COUNTED_SHARD.items()},
    log:
        f"{LOGS}/count_shard/{SHARD}.log",
    benchmark:
        f"{BENCHMARKS}/count_shard/{SHARD}.tsv"
    conda:
        "../envs/gqvae.yaml"
    resources:
        **growing(mem_mb=1500, runtime=240),
    params:
        code=code("corpus.count_pretokens", also=PRETOKENIZER),
        pretokenizer=lambda wildcards: STUDY.pretokenizer,
        shard=f"{{shard}}/{SHARDS}",
        corpus=subpath(input.corpus, parent=True),
        folder=subpath(output.train, parent=True),
    message:
        f"Shard {{wildcards.shard}} of {SHARDS}: cut documents into pre-tokens ({PRETOKENIZER_IN_WORDS}) and count the distinct ones of each split."
    shell:
        "gqvae --log {log:q} count-pretokens --corpus {params.corpus:q} --pretokenizer {params.pretokenizer:q}"
        " --shard {params.shard} --out {params.folder:q}"


rule merge_counts:
    input:
        **CORPUS,
        **{split: of_all_shards(path) for split, path in COUNTED_SHARD.items()},
    output:
        **PRETOKENS,
    log:
        f"{LOGS}/merge_counts.log",
    benchmark:
        f"{BENCHMARKS}/merge_counts.tsv"
    conda:
        "../envs/gqvae.yaml"
    resources:
        **growing(mem_mb=1500, runtime=240),
    params:
        code=code("corpus.merge_counts"),
        corpus=subpath(input.corpus, parent=True),
        parts=lambda wildcards, input: folders_of(input.train),
        folder=subpath(output.train, parent=True),
    message:
        f"Add the pre-token counts of {SHARDS} shards."
    shell:
        "gqvae --log {log:q} merge-counts --corpus {params.corpus:q} --parts {params.parts:q} --out {params.folder:q}"


rule encode_shard:
    input:
        **CORPUS,
        tokenizer=tokenizer_file("{family}", "{variant}"),
    output:
        record=temp(ENCODED_SHARD["record"]),
        tokens=[temp(path) for path in ENCODED_SHARD["tokens"]],
    log:
        f"{LOGS}/encode_shard/{{family}}-{{variant}}-{SHARD}.log",
    benchmark:
        f"{BENCHMARKS}/encode_shard/{{family}}-{{variant}}-{SHARD}.tsv"
    conda:
        "../envs/gqvae.yaml"
    resources:
        **growing(mem_mb=1800, runtime=240),
        gpu=lambda wildcards: GPU if downstream_encoder(wildcards) == "neural" else 0,
    params:
        code=code_of_tokenizer("tokenizers.encode_corpus"),
        tokenizer=subpath(input.tokenizer, parent=True),
        shard=f"{{shard}}/{SHARDS}",
        corpus=subpath(input.corpus, parent=True),
        folder=subpath(output.record, parent=True),
    message:
        f"{{wildcards.family}}, {{wildcards.variant}}, shard {{wildcards.shard}} of {SHARDS}: encode documents, each distinct pre-token once."
    shell:
        "gqvae --log {log:q} encode-corpus --tokenizer {params.tokenizer:q} --corpus {params.corpus:q} --shard {params.shard}"
        " --out {params.folder:q}"


rule merge_tokens:
    input:
        **CORPUS,
        records=of_all_shards(ENCODED_SHARD["record"]),
        tokens=of_all_shards(ENCODED_SHARD["tokens"]),
    output:
        **files_of_tokens(f"{RESULTS}/tokens/{{family}}/{{variant}}"),
    log:
        f"{LOGS}/merge_tokens/{{family}}-{{variant}}.log",
    benchmark:
        f"{BENCHMARKS}/merge_tokens/{{family}}-{{variant}}.tsv"
    conda:
        "../envs/gqvae.yaml"
    resources:
        **growing(mem_mb=1500, runtime=240),
    params:
        code=code("tokenizers.merge_tokens"),
        corpus=subpath(input.corpus, parent=True),
        parts=lambda wildcards, input: folders_of(input.records),
        folder=subpath(output.record, parent=True),
    message:
        f"{{wildcards.family}}, {{wildcards.variant}}: join the token ids of {SHARDS} shards."
    shell:
        "gqvae --log {log:q} merge-tokens --corpus {params.corpus:q} --parts {params.parts:q} --out {params.folder:q}"
