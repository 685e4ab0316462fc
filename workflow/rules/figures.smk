# Figures: each reads tables and nothing else, and has a rule of its own, so that an edit of one draws no other.

# Name: its tables, where it stands in the report (sections are shown by name, so that numbers order them) and under what title, what
# the log says of it.
PLOTS = {
    "claims": (["claims"], "1. Claims", "Claims and verdicts", "every claim with its effect, interval and verdict"),
    "compression": (
        ["compression", "matching"],
        "2. Tokenizers",
        "Compression against vocabulary size",
        "bytes per token against vocabulary size",
    ),
    "training": (
        ["training"],
        "2. Tokenizers",
        "Training of the networks",
        "rate, reconstruction and codebook use while the networks train",
    ),
    "rank_frequency": (["rank_frequency"], "2. Tokenizers", "Rank and frequency of tokens", "token counts by rank"),
    "tuning": (["tuning"], "3. Language models", "Learning rates", "validation bits per byte against learning rate"),
    "convergence": (
        ["convergence"],
        "3. Language models",
        "Convergence",
        "validation bits per byte while the language models train",
    ),
    "learnability": (
        ["learnability", "model_sizes"],
        "3. Language models",
        "Learnability",
        "final bits per byte against the amount of training text and the size of the model",
    ),
    "advantage": (
        ["convergence", "learnability", "model_sizes"],
        "3. Language models",
        "Advantage over matched BPE",
        "bits per byte saved over BPE at equal compression",
    ),
    "breakdown": (
        ["breakdown"],
        "3. Language models",
        "Where the bits go",
        "test bits by frequency, place and length of tokens",
    ),
    "bistability": (
        ["ablations", "rates"],
        "5. Ablations",
        "Gates against what is asked of them",
        "open gates against the weight of the paper's gate loss, and against the rate that is asked for",
    ),
}

for figure, (tables, category, title, shown) in PLOTS.items():

    rule:
        name:
            figure if figure in layout.ABLATION_FIGURES else f"plot_{figure}"  # the former are targets of their own
        input:
            corpus=f"{RESULTS}/corpus/corpus.json",
            tables=[table(name) for name in tables],
            style=os.path.relpath(PACKAGE / "figures" / "style.mplstyle"),
        output:
            image=report(
                f"{RESULTS}/figures/{figure}.png",
                caption=f"../report/{figure}.rst",
                category=category,
                labels={"shows": title, "form": "figure"},
            ),
            print=f"{RESULTS}/figures/{figure}.pdf",
            points=f"{RESULTS}/figures/{figure}.csv",
        log:
            f"{LOGS}/plot_{figure}.log",
        benchmark:
            f"{BENCHMARKS}/plot_{figure}.tsv"
        localrule: True
        conda:
            "../envs/gqvae.yaml"
        threads: 1
        resources:
            mem_mb=growing(1000),
            runtime=growing(10),
        params:
            code=code_of_figure(figure),
            figure=figure,
            tables=folder_of_tables,
            folder=subpath(output.image, parent=True),
        message:
            f"Figure: {shown}."
        shell:
            """
            gqvae --log {log:q} plot {params.figure} --tables {params.tables:q} --corpus {input.corpus:q} \
                --out {params.folder:q}
            """
