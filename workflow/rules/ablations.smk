# Ablations: compare the learned arms of a study. Made on demand (`snakemake ablations`, `snakemake bistability`), not by `all`.


rule ablations:
    input:
        measured=[f"{RESULTS}/{path}" for path in expected.ablation_files(STUDY)],
    output:
        table=reported(f"{RESULTS}/tables/ablations.csv", "ablations", "5. Ablations", "Learned arms, every seed", "table"),
        means=reported(f"{RESULTS}/tables/ablation_means.csv", "ablations", "5. Ablations", "Learned arms, over seeds", "table"),
    log:
        f"{LOGS}/ablations.log",
    benchmark:
        f"{BENCHMARKS}/ablations.tsv"
    localrule: True
    conda:
        "../envs/gqvae.yaml"
    resources:
        **growing(mem_mb=1000, runtime=10),
    params:
        code=code("tables.collect_ablations"),
        settings=lambda wildcards: STUDY.canonical(),
        results=subpath(output.table, ancestor=2),
        folder=subpath(output.table, parent=True),
    message:
        "Compare the learned arms: compression, exactness, codes, gates, reconstruction, time."
    shell:
        "gqvae --log {log:q} collect-ablations --settings {params.settings:q} --results {params.results:q}"
        " --out {params.folder:q}"
