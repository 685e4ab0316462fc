# Analysis: one tidy table per question, figures that read only those tables, a summary and the record of how it all came about.


localrules:
    collect_results,
    explore,
    plot_compression,
    plot_training,
    plot_rank_frequency,
    plot_convergence,
    plot_learnability,
    plot_claims,
    plot_tuning,
    plot_breakdown,
    summarize,
    write_provenance,


rule collect_results:
    input:
        **MEASUREMENTS,
        corpus=CORPUS["corpus"],
        code=code("evaluation", "collect"),
    output:
        tables=[f"{RESULTS}/tables/{table}.csv" for table in layout.TABLES if table != "results"],
        results=report(
            f"{RESULTS}/tables/results.csv",
            caption="../report/summary.rst",
            category="Results",
            labels={"shows": "All arms and seeds", "form": "table"},
        ),
    log:
        f"{LOGS}/collect_results.log",
    benchmark:
        f"{BENCHMARKS}/collect_results.tsv"
    conda:
        "../envs/gqvae.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        settings=STUDY.canonical(),
        results=subpath(output.results, ancestor=2),
        folder=subpath(output.results, parent=True),
    message:
        "Gather every measurement of the study into tidy tables; a missing run is an error."
    shell:
        """
        gqvae --log {log:q} collect --settings {params.settings:q} --results {params.results:q} \
            --out {params.folder:q}
        """


rule explore:
    input:
        tokenizers=[
            tokenizer_file(layout.family(STUDY, arm, STUDY.seeds[0]), layout.variant(STUDY, arm))
            for arm in layout.tokenizer_arms(STUDY)
        ],
        template=os.path.relpath(PACKAGE / "figures" / "explorer.html"),
        code=code("product", "explore"),
    output:
        page=report(
            f"{RESULTS}/figures/explorer.html",
            caption="../report/explorer.rst",
            category="Tokenizers",
            labels={"shows": "One text under every arm", "form": "page"},
        ),
    log:
        f"{LOGS}/explore.log",
    benchmark:
        f"{BENCHMARKS}/explore.tsv"
    conda:
        "../envs/gqvae.yaml"
    threads: 1
    resources:
        mem_mb=1800,
        runtime=10,
    params:
        tokenizers=folders_of_tokenizers,
    message:
        "Page: one text under every arm, side by side, to read and to type into."
    shell:
        """
        gqvae --log {log:q} tokenizer explore --tokenizers {params.tokenizers:q} --out {output.page:q}
        """


rule plot_compression:
    input:
        corpus=f"{RESULTS}/corpus/corpus.json",
        table=f"{RESULTS}/tables/compression.csv",
        matching=f"{RESULTS}/tables/matching.csv",
        code=figure_code("compression"),
    output:
        image=report(
            f"{RESULTS}/figures/compression.png",
            caption="../report/compression.rst",
            category="Tokenizers",
            labels={"shows": "Compression against vocabulary size", "form": "figure"},
        ),
        print=f"{RESULTS}/figures/compression.pdf",
        points=f"{RESULTS}/figures/compression.csv",
    log:
        f"{LOGS}/plot_compression.log",
    benchmark:
        f"{BENCHMARKS}/plot_compression.tsv"
    conda:
        "../envs/gqvae.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        tables=subpath(input.table, parent=True),
        folder=subpath(output.image, parent=True),
    message:
        "Figure: bytes per token against vocabulary size."
    shell:
        """
        gqvae --log {log:q} plot compression --tables {params.tables:q} --corpus {input.corpus:q} \
            --out {params.folder:q}
        """


rule plot_training:
    input:
        corpus=f"{RESULTS}/corpus/corpus.json",
        table=f"{RESULTS}/tables/training.csv",
        code=figure_code("training"),
    output:
        image=report(
            f"{RESULTS}/figures/training.png",
            caption="../report/training.rst",
            category="Tokenizers",
            labels={"shows": "Training of the networks", "form": "figure"},
        ),
        print=f"{RESULTS}/figures/training.pdf",
        points=f"{RESULTS}/figures/training.csv",
    log:
        f"{LOGS}/plot_training.log",
    benchmark:
        f"{BENCHMARKS}/plot_training.tsv"
    conda:
        "../envs/gqvae.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        tables=subpath(input.table, parent=True),
        folder=subpath(output.image, parent=True),
    message:
        "Figure: rate, reconstruction and codebook use while the networks train."
    shell:
        """
        gqvae --log {log:q} plot training --tables {params.tables:q} --corpus {input.corpus:q} \
            --out {params.folder:q}
        """


rule plot_rank_frequency:
    input:
        corpus=f"{RESULTS}/corpus/corpus.json",
        table=f"{RESULTS}/tables/rank_frequency.csv",
        code=figure_code("rank_frequency"),
    output:
        image=report(
            f"{RESULTS}/figures/rank_frequency.png",
            caption="../report/rank_frequency.rst",
            category="Tokenizers",
            labels={"shows": "Rank and frequency of tokens", "form": "figure"},
        ),
        print=f"{RESULTS}/figures/rank_frequency.pdf",
        points=f"{RESULTS}/figures/rank_frequency.csv",
    log:
        f"{LOGS}/plot_rank_frequency.log",
    benchmark:
        f"{BENCHMARKS}/plot_rank_frequency.tsv"
    conda:
        "../envs/gqvae.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        tables=subpath(input.table, parent=True),
        folder=subpath(output.image, parent=True),
    message:
        "Figure: token counts by rank."
    shell:
        """
        gqvae --log {log:q} plot rank_frequency --tables {params.tables:q} --corpus {input.corpus:q} \
            --out {params.folder:q}
        """


rule plot_convergence:
    input:
        corpus=f"{RESULTS}/corpus/corpus.json",
        table=f"{RESULTS}/tables/convergence.csv",
        code=figure_code("convergence"),
    output:
        image=report(
            f"{RESULTS}/figures/convergence.png",
            caption="../report/convergence.rst",
            category="Language models",
            labels={"shows": "Convergence", "form": "figure"},
        ),
        print=f"{RESULTS}/figures/convergence.pdf",
        points=f"{RESULTS}/figures/convergence.csv",
    log:
        f"{LOGS}/plot_convergence.log",
    benchmark:
        f"{BENCHMARKS}/plot_convergence.tsv"
    conda:
        "../envs/gqvae.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        tables=subpath(input.table, parent=True),
        folder=subpath(output.image, parent=True),
    message:
        "Figure: validation bits per byte while the language models train."
    shell:
        """
        gqvae --log {log:q} plot convergence --tables {params.tables:q} --corpus {input.corpus:q} \
            --out {params.folder:q}
        """


rule plot_learnability:
    input:
        corpus=f"{RESULTS}/corpus/corpus.json",
        table=f"{RESULTS}/tables/learnability.csv",
        code=figure_code("learnability"),
    output:
        image=report(
            f"{RESULTS}/figures/learnability.png",
            caption="../report/learnability.rst",
            category="Language models",
            labels={"shows": "Learnability", "form": "figure"},
        ),
        print=f"{RESULTS}/figures/learnability.pdf",
        points=f"{RESULTS}/figures/learnability.csv",
    log:
        f"{LOGS}/plot_learnability.log",
    benchmark:
        f"{BENCHMARKS}/plot_learnability.tsv"
    conda:
        "../envs/gqvae.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        tables=subpath(input.table, parent=True),
        folder=subpath(output.image, parent=True),
    message:
        "Figure: final bits per byte against the amount of training text."
    shell:
        """
        gqvae --log {log:q} plot learnability --tables {params.tables:q} --corpus {input.corpus:q} \
            --out {params.folder:q}
        """


rule plot_claims:
    input:
        corpus=f"{RESULTS}/corpus/corpus.json",
        table=f"{RESULTS}/tables/claims.csv",
        code=figure_code("claims"),
    output:
        image=report(
            f"{RESULTS}/figures/claims.png",
            caption="../report/claims.rst",
            category="Claims",
            labels={"shows": "Claims and verdicts", "form": "figure"},
        ),
        print=f"{RESULTS}/figures/claims.pdf",
        points=f"{RESULTS}/figures/claims.csv",
    log:
        f"{LOGS}/plot_claims.log",
    benchmark:
        f"{BENCHMARKS}/plot_claims.tsv"
    conda:
        "../envs/gqvae.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        tables=subpath(input.table, parent=True),
        folder=subpath(output.image, parent=True),
    message:
        "Figure: every claim with its effect, interval and verdict."
    shell:
        """
        gqvae --log {log:q} plot claims --tables {params.tables:q} --corpus {input.corpus:q} \
            --out {params.folder:q}
        """


rule plot_tuning:
    input:
        corpus=f"{RESULTS}/corpus/corpus.json",
        table=f"{RESULTS}/tables/tuning.csv",
        code=figure_code("tuning"),
    output:
        image=report(
            f"{RESULTS}/figures/tuning.png",
            caption="../report/tuning.rst",
            category="Language models",
            labels={"shows": "Learning rates", "form": "figure"},
        ),
        print=f"{RESULTS}/figures/tuning.pdf",
        points=f"{RESULTS}/figures/tuning.csv",
    log:
        f"{LOGS}/plot_tuning.log",
    benchmark:
        f"{BENCHMARKS}/plot_tuning.tsv"
    conda:
        "../envs/gqvae.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        tables=subpath(input.table, parent=True),
        folder=subpath(output.image, parent=True),
    message:
        "Figure: validation bits per byte against learning rate."
    shell:
        """
        gqvae --log {log:q} plot tuning --tables {params.tables:q} --corpus {input.corpus:q} \
            --out {params.folder:q}
        """


rule plot_breakdown:
    input:
        corpus=f"{RESULTS}/corpus/corpus.json",
        table=f"{RESULTS}/tables/breakdown.csv",
        code=figure_code("breakdown"),
    output:
        image=report(
            f"{RESULTS}/figures/breakdown.png",
            caption="../report/breakdown.rst",
            category="Language models",
            labels={"shows": "Where the bits go", "form": "figure"},
        ),
        print=f"{RESULTS}/figures/breakdown.pdf",
        points=f"{RESULTS}/figures/breakdown.csv",
    log:
        f"{LOGS}/plot_breakdown.log",
    benchmark:
        f"{BENCHMARKS}/plot_breakdown.tsv"
    conda:
        "../envs/gqvae.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        tables=subpath(input.table, parent=True),
        folder=subpath(output.image, parent=True),
    message:
        "Figure: test bits by frequency, place and length of tokens."
    shell:
        """
        gqvae --log {log:q} plot breakdown --tables {params.tables:q} --corpus {input.corpus:q} \
            --out {params.folder:q}
        """


rule summarize:
    input:
        corpus=f"{RESULTS}/corpus/corpus.json",
        tables=rules.collect_results.output.tables,
        results=rules.collect_results.output.results,
        code=code("evaluation", "summarize"),
    output:
        summary=report(
            f"{RESULTS}/summary.md",
            caption="../report/summary.rst",
            category="Results",
            labels={"shows": "Summary", "form": "text"},
        ),
    log:
        f"{LOGS}/summarize.log",
    benchmark:
        f"{BENCHMARKS}/summarize.tsv"
    conda:
        "../envs/gqvae.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings=STUDY.canonical(),
        results=subpath(output.summary, parent=True),
    message:
        "Write the summary: compression and bits per byte of every arm, in words and tables."
    shell:
        """
        gqvae --log {log:q} summarize --settings {params.settings:q} --results {params.results:q} \
            --out {output.summary:q}
        """


rule write_provenance:
    input:
        corpus=f"{RESULTS}/corpus/corpus.json",
        results=rules.collect_results.output.results,
        code=code("evaluation", "provenance"),
    output:
        record=f"{RESULTS}/provenance.json",
    log:
        f"{LOGS}/write_provenance.log",
    benchmark:
        f"{BENCHMARKS}/write_provenance.tsv"
    conda:
        "../envs/gqvae.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings=STUDY.canonical(),
        results=subpath(output.record, parent=True),
    message:
        "Record configuration, digests, versions and devices behind the results."
    shell:
        """
        gqvae --log {log:q} provenance --settings {params.settings:q} --results {params.results:q} \
            --out {output.record:q}
        """
