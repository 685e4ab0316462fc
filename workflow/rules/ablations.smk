# Ablations: the learned arms of a study side by side. Made on demand (`snakemake ablations`, `snakemake bistability`), not by `all`.


localrules:
    ablations,
    bistability,


rule ablations:
    input:
        networks=[
            f"{layout.network_path(RESULTS, family)}/{name}"
            for family in layout.learned_families(STUDY)
            for name in ("network.json", "history.csv")
        ],
        compression=[str(layout.compression_path(RESULTS, family)) for family in layout.compared_families(STUDY)],
        code=code("evaluation", "collect-ablations"),
    output:
        table=report(
            f"{RESULTS}/tables/ablations.csv",
            caption="../report/ablations.rst",
            category="Ablations",
            labels={"shows": "Learned arms, every seed", "form": "table"},
        ),
        means=report(
            f"{RESULTS}/tables/ablation_means.csv",
            caption="../report/ablations.rst",
            category="Ablations",
            labels={"shows": "Learned arms, over seeds", "form": "table"},
        ),
    log:
        f"{LOGS}/ablations.log",
    benchmark:
        f"{BENCHMARKS}/ablations.tsv"
    conda:
        "../envs/gqvae.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings=STUDY.canonical(),
        results=subpath(output.table, ancestor=2),
        folder=subpath(output.table, parent=True),
    message:
        "Put the learned arms side by side: compression, exactness, codes, gates, reconstruction, time."
    shell:
        """
        gqvae --log {log:q} collect-ablations --settings {params.settings:q} --results {params.results:q} \
            --out {params.folder:q}
        """


rule bistability:
    input:
        corpus=f"{RESULTS}/corpus/corpus.json",
        ablations=rules.ablations.output.table,
        rates=f"{RESULTS}/tables/rates.csv",
        code=figure_code("bistability"),
    output:
        image=report(
            f"{RESULTS}/figures/bistability.png",
            caption="../report/bistability.rst",
            category="Ablations",
            labels={"shows": "Gates against what is asked of them", "form": "figure"},
        ),
        print=f"{RESULTS}/figures/bistability.pdf",
        points=f"{RESULTS}/figures/bistability.csv",
    log:
        f"{LOGS}/bistability.log",
    benchmark:
        f"{BENCHMARKS}/bistability.tsv"
    conda:
        "../envs/gqvae.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        tables=subpath(input.ablations, parent=True),
        folder=subpath(output.image, parent=True),
    message:
        "Figure: open gates against the weight of the paper's gate loss, and against the rate that is asked for."
    shell:
        """
        gqvae --log {log:q} plot bistability --tables {params.tables:q} --corpus {input.corpus:q} \
            --out {params.folder:q}
        """
