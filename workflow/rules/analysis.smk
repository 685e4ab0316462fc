# Analysis: tidy tables, the token explorer, the summary and the provenance.

# At the main vocabulary size and the first seed.
TOKENIZER_OF_EACH_ARM = [
    tokenizer_file(layout.family(STUDY, arm, STUDY.seeds[0]), layout.variant(STUDY, arm)) for arm in layout.tokenizer_arms(STUDY)
]


if TIMED:

    rule measure_speed:
        input:
            **CORPUS,
            tokenizers=[tokenizer_file(*timed) for timed in TIMED],
        output:
            table=str(layout.speed_path(RESULTS)),
        log:
            f"{LOGS}/measure_speed.log",
        benchmark:
            f"{BENCHMARKS}/measure_speed.tsv"
        conda:
            "../envs/gqvae.yaml"
        resources:
            **growing(mem_mb=1800, runtime=60),
        params:
            code=code_of_tokenizers("tokenizers.measure_speed", [layout.split_family(family)[0] for family, _ in TIMED]),
            tokenizers=folders_of_tokenizers,
            baseline=lambda wildcards, input: (
                f"--baseline {shlex.quote(str(Path(input.tokenizers[0]).parent))}" if layout.has_baseline(STUDY) else ""
            ),
            corpus=subpath(input.corpus, parent=True),
        message:
            "Time how fast the tokenizers of the language models encode test text, all in one process."
        shell:
            "gqvae --log {log:q} measure-speed --tokenizers {params.tokenizers:q} {params.baseline} --corpus {params.corpus:q}"
            " --out {output.table:q}"


rule collect_results:
    input:
        measured=[f"{RESULTS}/{path}" for path in expected.collected_files(STUDY)],
        corpus=CORPUS["corpus"],
    output:
        claims=reported(table("claims"), "claims", "1. Claims", "Claims and verdicts", "table (CSV, is downloaded)"),
        tables=[table(name) for name in TABLES if name not in ("claims", "results")],
        results=reported(
            table("results"), "summary", "4. Results and provenance", "All arms and seeds", "table (CSV, is downloaded)"
        ),
    log:
        f"{LOGS}/collect_results.log",
    benchmark:
        f"{BENCHMARKS}/collect_results.tsv"
    localrule: True
    conda:
        "../envs/gqvae.yaml"
    resources:
        **growing(mem_mb=1000, runtime=30),
    params:
        code=code("tables.collect"),
        settings=lambda wildcards: STUDY.canonical(),
        results=subpath(output.results, ancestor=2),
        folder=subpath(output.results, parent=True),
    message:
        "Gather every measurement of the study into tidy tables; a missing run is an error."
    shell:
        "gqvae --log {log:q} collect --settings {params.settings:q} --results {params.results:q} --out {params.folder:q}"


rule segment_sentence:
    input:
        **CORPUS,
        pretokens=PRETOKENS["train"],
        tokenizers=TOKENIZER_OF_EACH_ARM,
    output:
        table=table("segmentations"),
    log:
        f"{LOGS}/segment_sentence.log",
    benchmark:
        f"{BENCHMARKS}/segment_sentence.tsv"
    localrule: True
    conda:
        "../envs/gqvae.yaml"
    resources:
        **growing(mem_mb=1800, runtime=10),
    params:
        code=code_of_tokenizers("tokenizers.segment_sentence", layout.tokenizer_arms(STUDY)),
        tokenizers=folders_of_tokenizers,
        corpus=subpath(input.corpus, parent=True),
        pretokens=subpath(input.pretokens, parent=True),
    message:
        "Split one sentence of the test split with the tokenizer of every arm."
    shell:
        "gqvae --log {log:q} segment-sentence --tokenizers {params.tokenizers:q} --corpus {params.corpus:q}"
        " --pretokens {params.pretokens:q} --out {output.table:q}"


rule explore:
    input:
        tokenizers=TOKENIZER_OF_EACH_ARM,
        template=local(os.path.relpath(PACKAGE / "figures" / "explorer.html")),
    output:
        page=reported(f"{RESULTS}/figures/explorer.html", "explorer", "2. Tokenizers", "One text under every arm", "page"),
    log:
        f"{LOGS}/explore.log",
    benchmark:
        f"{BENCHMARKS}/explore.tsv"
    localrule: True
    conda:
        "../envs/gqvae.yaml"
    resources:
        **growing(mem_mb=1800, runtime=10),
    params:
        code=code("product.explore"),
        tokenizers=folders_of_tokenizers,
    message:
        "Make the page that shows one text under every arm, side by side."
    shell:
        "gqvae --log {log:q} tokenizer explore --tokenizers {params.tokenizers:q} --out {output.page:q}"


rule summarize:
    input:
        corpus=f"{RESULTS}/corpus/corpus.json",
        claims=rules.collect_results.output.claims,
        tables=rules.collect_results.output.tables,
        results=rules.collect_results.output.results,
    output:
        summary=f"{RESULTS}/summary.md",
    log:
        f"{LOGS}/summarize.log",
    benchmark:
        f"{BENCHMARKS}/summarize.tsv"
    localrule: True
    conda:
        "../envs/gqvae.yaml"
    resources:
        **growing(mem_mb=1000, runtime=10),
    params:
        code=code("tables.summarize"),
        captions=[plot.caption for plot in registry.plots_of(STUDY).values()],
        settings=lambda wildcards: STUDY.canonical(),
        results=subpath(output.summary, parent=True),
    message:
        "Write the summary: compression and bits per byte of every arm, in words and tables."
    shell:
        "gqvae --log {log:q} summarize --settings {params.settings:q} --results {params.results:q} --out {output.summary:q}"


rule present_summary:
    input:
        summary=rules.summarize.output.summary,
        figures=expand(f"{RESULTS}/figures/{{figure}}.{{form}}", figure=registry.plots_of(STUDY), form=["png", "csv"]),
        template=os.path.relpath(PACKAGE / "report" / "page.html"),
    output:
        page=reported(f"{RESULTS}/summary.html", "summary", "0. Summary", "What was found", "page"),
    log:
        f"{LOGS}/present_summary.log",
    benchmark:
        f"{BENCHMARKS}/present_summary.tsv"
    localrule: True
    conda:
        "../envs/gqvae.yaml"
    resources:
        **growing(mem_mb=1000, runtime=10),
    params:
        code=code("tables.summary_page"),
    message:
        "Write the summary as a page that holds its figures and their points."
    shell:
        "gqvae --log {log:q} summary-page --summary {input.summary:q} --out {output.page:q}"


rule write_provenance:
    input:
        corpus=f"{RESULTS}/corpus/corpus.json",
        networks=[f"{layout.network_path(RESULTS, family)}/network.json" for family in layout.learned_families(STUDY)],
        external=[tokenizer_file(arm, settings.EXTERNAL) for arm in EXTERNAL_FILES],
        results=rules.collect_results.output.results,
    output:
        record=reported(
            f"{RESULTS}/provenance.json", "provenance", "4. Results and provenance", "Provenance", "record (JSON, is downloaded)"
        ),
    log:
        f"{LOGS}/write_provenance.log",
    benchmark:
        f"{BENCHMARKS}/write_provenance.tsv"
    localrule: True
    conda:
        "../envs/gqvae.yaml"
    resources:
        **growing(mem_mb=1000, runtime=10),
    params:
        code=code("tables.provenance"),
        settings=lambda wildcards: STUDY.canonical(),
        results=subpath(output.record, parent=True),
    message:
        "Record configuration, digests, versions and devices behind the results."
    shell:
        "gqvae --log {log:q} provenance --settings {params.settings:q} --results {params.results:q} --out {output.record:q}"
