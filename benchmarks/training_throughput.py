"""Training speed of a network: our batches against the padded, position-by-position stream of the paper.

The unit is a pre-token of the paper's stream, which consumes the corpus pre-token by pre-token, with repetitions. Whole optimiser
steps are timed (batch, forward, backward, clipping, Adam, code usage and moves, reservoir), without revival and measurement,
which are rare. Three ways to train one network:

padded   the paper's stream: 1,024 pre-tokens a step, equal ones not merged, each padded to T = 16; all positions are encoded,
         quantized and decoded to all L = 10 characters (the paper's objective; its code does not clip gradients).
merged   ours on the same distribution (τ = ω = 1): n draws with equal ones merged and weighted, real positions only. Merging
         does not change the loss, so a step equals n pre-tokens of the stream. Headline ratio.
default  ours with the default exponents and draws per step. It draws rare pre-tokens more often than the stream, so its draws are
         not pre-tokens of the stream: reported, but in no ratio.

The ratio grows with n and falls with the number of distinct pre-tokens, so it depends on the corpus (`--text`). The ways
alternate in every repetition, so that other load on the machine affects all of them; ratios are within a repetition.
"""

from __future__ import annotations

import argparse
import json
import statistics
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from by_hand import NetworkSteps, timed

from gqvae.config import CorpusBase, Network, NetworkRun, PaperObjective, RateControlledObjective
from gqvae.config import NetworkTraining as Settings
from gqvae.corpus.pretokens import PretokenCounts, count_pretokens
from gqvae.corpus.sources import open_source
from gqvae.corpus.sources.synthetic import Settings as SyntheticCorpus
from gqvae.corpus.sources.text import Settings as TextCorpus
from gqvae.devices import resolve_device, resolve_precision
from gqvae.training.pretoken_batches import Batch, PretokenStream

PADDED_DRAWS = 1024  # a step of the authors' code
MERGED_DRAWS = 8192
SECONDS_PER_REPETITION = 1.0  # of each way, in whole steps
WARM_UP_STEPS = {"cpu": 1, "cuda": 5}


class RepeatingStream(PretokenStream):
    """Draws of the stream, equal ones not merged."""

    def batch(self, seed: int, step: int, size: int) -> Batch:
        """`size` draws, each of weight 1."""
        merged = super().batch(seed, step, size)
        rows = np.repeat(np.arange(len(merged.lengths)), merged.weights.round().astype(np.int64))
        return replace(merged, data=merged.data[rows], lengths=merged.lengths[rows], weights=np.ones(len(rows), dtype=np.float32))


@dataclass
class Way:
    """One way to train, and its timings."""

    name: str
    draws: int  # per step
    distinct: int  # pre-tokens the network sees in a step
    positions: int  # the network sees in a step
    steps: int  # per repetition
    draws_per_second: list[float]  # of each repetition


def settings_of(objective: PaperObjective | RateControlledObjective, width: int, codes: int, **training: Any) -> NetworkRun:
    """Sizes of the authors' code at this width; training without measurement or revival."""
    paper = isinstance(objective, PaperObjective)
    endless = {"steps": 10**9, "unquantized_steps": 0, "warmup_steps": 0, "revival_every": 0, "measure_every": 10**9}
    return NetworkRun(
        objective=objective,
        network=Network(
            width=width,
            head_width=64,
            encoder_layers=4,
            gater_layers=2,
            decoder_layers=4,
            codebook_size=codes,
            rates=None if paper else Network().rates,
        ),
        training=Settings(**{**endless, **training}),
    )


def build(name: str, counts: PretokenCounts, width: int, codes: int, device: torch.device) -> NetworkSteps:
    """One of the three ways, ready to take steps."""
    if name == "padded":
        # Numbers of the authors' code; the learning rate does not affect speed.
        paper = {"learning_rate": 1e-4, "reservoir_vectors": 131_072, "reservoir_per_batch": 2500, "gradient_clip": None}
        run = settings_of(PaperObjective(), width, codes, batch_pretokens=PADDED_DRAWS, weight_decay=1e-4, **paper)
        stream: PretokenStream = RepeatingStream(counts, run.network.max_pretoken_bytes)
    else:
        changes = {"batch_pretokens": MERGED_DRAWS, "sampling_exponent": 1.0, "weighting_exponent": 1.0}
        # A low rate keeps weights finite over thousands of small steps.
        run = settings_of(RateControlledObjective(), width, codes, learning_rate=1e-4, **(changes if name == "merged" else {}))
        stream = PretokenStream(
            counts, run.network.max_pretoken_bytes, run.training.sampling_exponent, run.training.weighting_exponent
        )
    steps = NetworkSteps(run, stream, stream, seed=0)
    steps.start(device, run.training.precision, run.training.gradient_clip)
    return steps


def compare(counts: PretokenCounts, width: int, codes: int, repetitions: int, device: torch.device) -> list[Way]:
    """Time the three ways at one size, alternating."""
    ways: list[tuple[NetworkSteps, Way]] = []
    for name in ("padded", "merged", "default"):
        steps = build(name, counts, width, codes, device)
        batch = steps.train_stream.batch(0, 0, steps.run.training.batch_pretokens)
        positions = batch.data.size if name == "padded" else int(batch.lengths.sum())
        steps.take(WARM_UP_STEPS[device.type] - 1)
        seconds = timed(lambda steps=steps: steps.take(1), device)  # type: ignore[misc]
        often = max(1, round(SECONDS_PER_REPETITION / seconds))
        ways.append((steps, Way(name, steps.run.training.batch_pretokens, len(batch.lengths), positions, often, [])))
    for _ in range(repetitions):
        for steps, way in ways:
            seconds = timed(lambda steps=steps, way=way: steps.take(way.steps), device)  # type: ignore[misc]
            way.draws_per_second.append(way.draws * way.steps / seconds)
    return [way for _, way in ways]


def profile(counts: PretokenCounts, width: int, codes: int, device: torch.device) -> str:
    """Where the time of three merged steps goes, by operation."""
    steps = build("merged", counts, width, codes, device)
    steps.take(WARM_UP_STEPS[device.type])
    activities = [torch.profiler.ProfilerActivity.CPU]
    if device.type == "cuda":
        activities.append(torch.profiler.ProfilerActivity.CUDA)
    with torch.profiler.profile(activities=activities) as profiler:
        timed(lambda: steps.take(3), device)
    return profiler.key_averages().table(sort_by=f"self_{device.type}_time_total", row_limit=20, max_name_column_width=45)


def spread(values: list[float], digits: int = 0) -> str:
    """Median and range in words."""
    return f"{statistics.median(values):,.{digits}f} ({min(values):,.{digits}f}–{max(values):,.{digits}f})"


def report(width: int, codes: int, ways: list[Way], repetitions: int) -> dict[str, Any]:
    """Print the results of one size → its numbers."""
    padded, merged, _ = ways
    ratios = [ours / theirs for ours, theirs in zip(merged.draws_per_second, padded.draws_per_second, strict=True)]
    print(f"\nD = {width}, K = {codes:,} codes, L = 10, T = 16, layers 4/2/4; median (min–max) of {repetitions} repetitions")
    print(f"{'':9}{'draws':>7}{'distinct':>10}{'positions':>11}{'steps':>7}   draws per second")
    for way in ways:
        rate = spread(way.draws_per_second)
        print(f"{way.name:9}{way.draws:7,}{way.distinct:10,}{way.positions:11,}{way.steps * repetitions:7,}   {rate}")
    print(f"merged / padded, pre-tokens of the stream per second: {spread(ratios, 1)} ×", flush=True)
    return {"width": width, "codes": codes, "ways": [asdict(way) for way in ways], "ratios": ratios}


def main() -> None:
    """Read the options, time every size, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text", type=Path, help="a file of documents instead of the synthetic corpus")
    parser.add_argument("--sizes", nargs="+", default=["128:1024", "512:8192"], help="D:K")
    parser.add_argument("--repetitions", type=int, nargs="+", default=[5, 3], help="of each size")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--profile", action="store_true", help="print a profile of merged steps instead of timing")
    parser.add_argument("--json", type=Path, help="write the numbers to this file")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    device = resolve_device()
    corpus: CorpusBase = SyntheticCorpus() if options.text is None else TextCorpus(path=str(options.text))
    source = open_source(corpus)
    counts = count_pretokens(source.documents)
    where = torch.cuda.get_device_name() if device.type == "cuda" else f"CPU, {options.threads} threads"
    print(
        f"{source.label}: {counts.total:,} pre-tokens, {len(counts):,} distinct, {counts.total_bytes / counts.total:.2f} bytes each"
    )
    print(f"{where}, {resolve_precision('auto')}, torch {torch.__version__}", flush=True)
    found = []
    for place, size in enumerate(options.sizes):
        width, codes = (int(part) for part in size.split(":"))
        if options.profile:
            print(f"\nD = {width}, K = {codes:,}: three merged steps\n{profile(counts, width, codes, device)}")
            continue
        repetitions = options.repetitions[min(place, len(options.repetitions) - 1)]
        found.append(report(width, codes, compare(counts, width, codes, repetitions, device), repetitions))
    if options.json is not None:
        facts = {"corpus": source.label, "pretokens": counts.total, "distinct": len(counts), "device": where, "sizes": found}
        options.json.write_text(json.dumps(facts, indent=2, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
