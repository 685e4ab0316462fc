# Text: downloaded or generated, split by document before any training, and cut into pre-tokens that no token crosses.

# Files of the user are where the config says, also for a module with `prefix:`, which moves what the workflow makes.
DOWNLOADS = placed(STUDY.corpus.download) if STUDY.corpus.download else ""
CORPUS_FILES = TEXT_FILES if DOWNLOADS else [local(file) for file in TEXT_FILES]

if DOWNLOADS:

    rule download_corpus:
        output:
            files=CORPUS_FILES,
        log:
            f"{LOGS}/download_corpus.log",
        benchmark:
            f"{BENCHMARKS}/download_corpus.tsv"
        retries: 3
        conda:
            "../envs/gqvae.yaml"
        resources:
            **growing(mem_mb=500, runtime=120),
        params:
            # Only the pins, not the downloader: an edit to it must not discard two gigabytes of verified text.
            code=code_state("gqvae.corpus.pinned"),
            # The files are the same for every study, whatever part of them the study reads.
            settings=STUDY.corpus.download_settings(),
            folder=DOWNLOADS,
        message:
            f"Fetch the text ({STUDY.corpus.source}) at its pinned revision and verify it by SHA-256."
        shell:
            "gqvae --log {log:q} download-corpus --settings {params.settings:q} --out {params.folder:q}"


rule prepare_corpus:
    input:
        files=CORPUS_FILES,
    output:
        **CORPUS,
    log:
        f"{LOGS}/prepare_corpus.log",
    benchmark:
        f"{BENCHMARKS}/prepare_corpus.tsv"
    conda:
        "../envs/gqvae.yaml"
    resources:
        **growing(mem_mb=1500, runtime=120),
    params:
        code=code("corpus.prepare_corpus", also=[f"gqvae.corpus.sources.{STUDY.corpus.source}"]),
        settings=lambda wildcards: STUDY.corpus.canonical(),
        downloads=f"--downloads {shlex.quote(DOWNLOADS)}" if DOWNLOADS else "",
        folder=subpath(output.corpus, parent=True),
    message:
        f"Split the text of the study ({STUDY.corpus.source}) by document into train, valid and test."
    shell:
        "gqvae --log {log:q} prepare-corpus --settings {params.settings:q} {params.downloads} --out {params.folder:q}"


rule count_pretokens:
    input:
        **CORPUS,
    output:
        **PRETOKENS,
    log:
        f"{LOGS}/count_pretokens.log",
    benchmark:
        f"{BENCHMARKS}/count_pretokens.tsv"
    conda:
        "../envs/gqvae.yaml"
    resources:
        **growing(mem_mb=1500, runtime=240),
    params:
        code=code("corpus.count_pretokens", also=PRETOKENIZER),
        pretokenizer=lambda wildcards: STUDY.pretokenizer,
        corpus=subpath(input.corpus, parent=True),
        folder=subpath(output.train, parent=True),
    message:
        f"Cut every document into pre-tokens ({PRETOKENIZER_IN_WORDS}) and count the distinct ones of each split."
    shell:
        "gqvae --log {log:q} count-pretokens --corpus {params.corpus:q} --pretokenizer {params.pretokenizer:q}"
        " --out {params.folder:q}"


rule count_shuffled_pretokens:
    input:
        **CORPUS,
    output:
        counts=f"{RESULTS}/pretokens/shuffled/{{arm}}.npz",
    log:
        f"{LOGS}/count_shuffled_pretokens/{{arm}}.log",
    benchmark:
        f"{BENCHMARKS}/count_shuffled_pretokens/{{arm}}.tsv"
    wildcard_constraints:
        arm=one_of(SHUFFLED_ARMS),
    conda:
        "../envs/gqvae.yaml"
    resources:
        **growing(mem_mb=1500, runtime=240),
    params:
        code=code("corpus.count_shuffled_pretokens", also=PRETOKENIZER),
        corpus=subpath(input.corpus, parent=True),
        share=lambda wildcards: STUDY.arms[wildcards.arm].shuffled_share,
        seed=STUDY.corpus.seed,
        pretokenizer=lambda wildcards: STUDY.pretokenizer,
    message:
        "Arm {wildcards.arm}: count pre-tokens of the training text with the characters of some documents shuffled."
    shell:
        "gqvae --log {log:q} count-shuffled-pretokens --corpus {params.corpus:q} --share {params.share} --seed {params.seed}"
        " --pretokenizer {params.pretokenizer:q} --out {output.counts:q}"
