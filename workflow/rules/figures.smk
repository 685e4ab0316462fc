# Figures: each has a separate rule and reads only tables, so that an edit redraws only one figure.

for name, plot in registry.plots().items():

    rule:
        name:
            name if plot.on_demand else f"plot_{name}"  # on-demand figures are targets
        input:
            corpus=f"{RESULTS}/corpus/corpus.json",
            tables=[table(needed) for needed in plot.tables],
            style=local(os.path.relpath(PACKAGE / "figures" / "style.mplstyle")),
        output:
            image=reported(f"{RESULTS}/figures/{name}.png", "figure", plot.section, plot.title, "figure"),
            print=f"{RESULTS}/figures/{name}.pdf",
            points=f"{RESULTS}/figures/{name}.csv",
        log:
            f"{LOGS}/plot_{name}.log",
        benchmark:
            f"{BENCHMARKS}/plot_{name}.tsv"
        localrule: True
        conda:
            "../envs/gqvae.yaml"
        resources:
            **growing(mem_mb=1000, runtime=10),
        params:
            code=code("figures.plot", also=[f"gqvae.figures.{name}"]),
            figure=name,
            caption=plot.caption,
            external=f"--external {' '.join(EXTERNAL_FILES)}" if EXTERNAL_FILES else "",
            tables=lambda wildcards, input: f"{Path(input.corpus).parents[1]}/tables",
            folder=subpath(output.image, parent=True),
        message:
            f"Figure: {plot.shows}."
        shell:
            "gqvae --log {log:q} plot {params.figure} --tables {params.tables:q} --corpus {input.corpus:q}"
            " {params.external} --out {params.folder:q}"
