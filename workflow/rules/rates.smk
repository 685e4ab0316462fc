# How closely gates follow requested rates: `snakemake rate_control --cores all --configfile configs/rate-control.yaml`.


rule rate_control:
    input:
        f"{RESULTS}/tables/rates.csv",


rule measure_rates:
    input:
        **PRETOKENS,
        tokenizers=[
            tokenizer_file(layout.learned_family(arm, seed), f"v{STUDY.vocabulary.size}")
            for arm in NETWORK_ARMS
            if STUDY.arms[arm].subject and STUDY.has_tokens(arm)
            for seed in STUDY.seeds
        ],
        bpe=tokenizer_file("bpe", f"v{STUDY.vocabulary.size}"),
    output:
        table=f"{RESULTS}/tables/rates.csv",
    log:
        f"{LOGS}/measure_rates.log",
    benchmark:
        f"{BENCHMARKS}/measure_rates.tsv"
    conda:
        "../envs/gqvae.yaml"
    resources:
        **growing(mem_mb=1800, runtime=120),
        gpu=GPU,
    params:
        code=code("networks.measure_rates"),
        tokenizers=folders_of_tokenizers,
        bpe=subpath(input.bpe, parent=True),
        pretokens=subpath(input.train, parent=True),
    message:
        "Measure how closely the gates follow requested rates and compressions."
    shell:
        "gqvae --log {log:q} measure-rates --tokenizers {params.tokenizers:q} --bpe {params.bpe:q}"
        " --pretokens {params.pretokens:q} --out {output.table:q}"
