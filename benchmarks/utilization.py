"""Share of the device's speed that a study's trainings reach, and where their time goes.

First it measures the ceilings of the device: one large matrix product, in the precision of the run, and a copy. Then it takes
optimiser steps at the sizes of a study: every network, unquantized and quantized, and every size of language model, on random
ids. It reports seconds and operations per step (`counts.flops`, which a test compares with torch's count; real positions only,
except for the paper's objective, which sees padding as text), their ratio to the ceiling, memory, and time by kind of operation.

`--bytes` instead counts the bytes that a step moves (`counts.traffic`), on a CPU but in bf16 as on a GPU. With the ceilings of a
device they tell what would limit it there.

    python benchmarks/utilization.py --config configs/gpu-sample.yaml --text data/tinystories_train.txt.xz --json utilization.json

To check on a CPU that the sizes train: `--steps 1 --warm-up 0` (minutes per step at the paper's width).
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
import yaml
from by_hand import ByHand, LanguageModelSteps, NetworkSteps, timed
from counts.flops import training_flops
from counts.traffic import Traffic
from torch import Tensor
from torch.nn import functional

from gqvae.config import LanguageModel, NetworkRun, PaperObjective, Study, parse
from gqvae.corpus.pretokens import PretokenCounts, count_pretokens
from gqvae.corpus.sources import open_source
from gqvae.corpus.sources.python_stdlib import Settings as PythonCorpus
from gqvae.corpus.sources.text import Settings as TextCorpus
from gqvae.devices import resolve_device, resolve_precision
from gqvae.models.blocks import Attention
from gqvae.models.network import Gater
from gqvae.training.pretoken_batches import PretokenStream
from gqvae.training.windows import Windows

KINDS = {  # of operations, by parts of their names
    "attention": ("attention", "flash", "fmha"),
    "products of matrices": ("mm", "linear", "convolution", "conv1d", "gemm", "nvjet", "cutlass", "xmma"),
    "optimiser": ("adam", "foreach", "multi_tensor", "addcdiv", "addcmul", "lerp"),
    "softmax and losses": ("softmax", "cross_entropy", "nll_loss"),
    "gather, scatter, sort": ("index", "gather", "scatter", "sort", "unique", "cumsum", "topk", "embedding", "cat"),
    "copies": ("copy", "memcpy", "memset", "fill", "zero"),
    "element by element": ("elementwise", "triton", "reduce", "norm"),
}


OPERATIONS = 20  # listed by name


def ceilings(device: torch.device, precision: str) -> dict[str, float]:
    """Peak rates of the device: operations of one large product, and bytes read and written by a copy, per second."""
    half = resolve_precision(precision) == "bf16-mixed"
    size, elements = (8192, 1 << 28) if device.type == "cuda" else (2048, 1 << 26)
    left = torch.randn(size, size, device=device, dtype=torch.bfloat16 if half else torch.float32)
    source, target = (torch.empty(elements, device=device) for _ in range(2))
    source.zero_()
    product = min(timed(lambda: left @ left, device) for _ in range(8))
    copy = min(timed(lambda: target.copy_(source), device) for _ in range(8))
    return {"flops_per_s": 2 * size**3 / product, "bytes_per_s": 2 * source.nbytes / copy}


def networks(study: Study, counts: PretokenCounts, device: torch.device, steps: int) -> Iterator[tuple[str, ByHand, float]]:
    """Every distinct network of a study in both phases: name, training, mean operations of the next `steps` steps."""
    seen: set[str] = set()
    for arm in study.arms:
        if study.arms[arm].kind not in ("gqvae", "fixed"):
            continue
        run = study.network_run(arm)
        if run.identity() in seen:
            continue
        seen.add(run.identity())
        for quantize in (False, True):
            module = _network(run, counts, quantize)
            module.start(device, run.training.precision, run.training.gradient_clip)
            yield f"{arm}, {'quantized' if quantize else 'unquantized'}", module, _network_flops(module, steps, quantize)


def _network(run: NetworkRun, counts: PretokenCounts, quantize: bool) -> NetworkSteps:
    """A training at the start of its unquantized or quantized phase, without measurement or revival."""
    quiet = {"measure_every": 10**9, "revival_every": 0}
    run = run.model_copy(update={"training": run.training.model_copy(update=quiet)})
    training = run.training
    stream = PretokenStream(counts, run.network.max_pretoken_bytes, training.sampling_exponent, training.weighting_exponent)
    module = NetworkSteps(run, stream, stream, seed=0)
    module.step = training.unquantized_steps if quantize else 0
    return module


def _network_flops(module: NetworkSteps, steps: int, quantize: bool) -> float:
    """Mean operations of a step; the paper's objective includes padding."""
    run, stream = module.run, module.train_stream
    paper = isinstance(run.objective, PaperObjective)
    network = run.network.model_copy(update={"rates": None}) if paper else run.network
    total = 0
    for step in range(module.step, module.step + steps):
        lengths = stream.batch(0, step, run.training.batch_pretokens).lengths
        lengths = np.full_like(lengths, stream.data.shape[1]) if paper else lengths
        total += training_flops(network, lengths.tolist(), len(stream.alphabet) + 1, quantize, run.chunk_bytes)
    return total / steps


def language_models(study: Study, device: torch.device, steps: int) -> Iterator[tuple[str, ByHand, float]]:
    """Every size of language model at the study's vocabulary size: name, training, operations of a full step."""
    for size in study.language_model.sizes:
        settings = study.language_model.model_copy(
            update={"layers": size.layers, "width": size.width, "heads": size.heads, "evaluations": 2}
        )
        assert isinstance(settings, LanguageModel)
        rows = settings.batch_windows * (steps + 1)
        ids = np.random.default_rng(0).integers(257, study.vocabulary.size, rows * settings.context + 1, dtype=np.int32)
        windows = Windows(
            ids, np.ones(study.vocabulary.size, dtype=np.int64), context=settings.context, batch=settings.batch_windows,
            epochs=10**4, seed=0,
        )  # fmt: skip
        module = LanguageModelSteps(settings, study.vocabulary.size, windows, 0, lambda *_: 0.0)
        module.start(device, settings.precision, settings.gradient_clip)
        name = f"language model, {module.model.parameter_counts().non_embedding / 1e6:.1f} M"
        yield name, module, float(module.flops_per_token * settings.batch_windows * settings.context)


def shares(module: ByHand, device: torch.device) -> dict[str, Any]:
    """Busy seconds of the device per step, and their shares by kind of operation and for the slowest operations."""
    activities = [torch.profiler.ProfilerActivity.CPU]
    if device.type == "cuda":
        activities.append(torch.profiler.ProfilerActivity.CUDA)
    steps = 2 if device.type == "cuda" else 1
    with torch.profiler.profile(activities=activities) as profiler:
        timed(lambda: module.take(steps), device)
    times = dict.fromkeys((*KINDS, "else"), 0.0)
    single: dict[str, float] = {}
    for event in profiler.key_averages():
        if device.type == "cuda" and event.device_type != torch.autograd.DeviceType.CUDA:
            continue  # its kernels are counted
        if event.key.startswith("Optimizer.step#"):
            continue  # a range, not a kernel
        own = event.self_device_time_total if device.type == "cuda" else event.self_cpu_time_total
        single[event.key] = own
        name = event.key.lower()
        kind = next((kind for kind, marks in KINDS.items() if any(mark in name for mark in marks)), "else")
        times[kind] += own
    total = sum(times.values())
    most = sorted(single, key=lambda key: -single[key])[:OPERATIONS]
    return {
        "busy_seconds": total / 1e6 / steps,
        "shares": {kind: own / total for kind, own in times.items() if total},
        "operations": {key: single[key] / total for key in most},
    }


def measure(
    name: str, module: ByHand, flops: float, peak: float, options: argparse.Namespace, device: torch.device
) -> dict[str, Any]:
    """Time whole steps one by one."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    module.take(options.warm_up)
    loss = float("nan")

    def step() -> None:
        nonlocal loss
        loss = module.take(1)

    seconds = [timed(step, device) for _ in range(options.steps)]
    if not np.isfinite(loss):
        raise SystemExit(f"{name}: the loss is {loss}")
    held = (
        torch.cuda.max_memory_allocated()
        if device.type == "cuda"
        else 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # of the process so far
    )
    middle = statistics.median(seconds)
    row: dict[str, Any] = {
        "training": name, "seconds": seconds, "flops": flops, "utilization": flops / middle / peak, "memory_bytes": held,
        "loss": loss, "busy_seconds": None, "shares": {}, "operations": {},
    }  # fmt: skip
    if not options.no_profile:
        row |= shares(module, device)
    parts = ", ".join(
        f"{100 * share:.0f} % {kind}" for kind, share in sorted(row["shares"].items(), key=lambda item: -item[1])[:4]
    )
    print(
        f"{name:28s}{1000 * middle:10.1f} ms ({1000 * min(seconds):.1f}–{1000 * max(seconds):.1f}){flops / 1e12:8.3f} TFLOP"
        f"{100 * row['utilization']:7.1f} %{held / 2**30:7.1f} GiB  {parts}",
        flush=True,
    )
    return row


def with_all(study: Study, **own: Any) -> Study:
    """The study with these settings for networks and language models."""
    blocks = {"training": study.training, "language_model": study.language_model}
    return study.model_copy(update={name: block.model_copy(update=own) for name, block in blocks.items()})


def count_bytes(name: str, module: ByHand, flops: float) -> dict[str, Any]:
    """Count the bytes of one step, after one that creates the optimiser's state, with operations like those of a GPU.

    There pre-tokens are padded, a norm is one operation (here layer norm, which moves as much), and so is the optimiser's step.
    """

    def norm(x: Tensor, shape: list[int], weight: Tensor | None = None, eps: float | None = None) -> Tensor:
        return functional.layer_norm(x, shape, weight, None, eps or 1e-5)

    for group in module.optimizers().param_groups:
        group["fused"] = True
    with (
        patch.object(Gater, "_convolve_groups", Gater._convolve_padded),
        patch.object(Attention, "_mix_groups", Attention._mix_padded),
        patch.object(functional, "rms_norm", norm),
    ):
        module.take(1)
        with Traffic() as traffic:
            module.take(1)
    most = traffic.by_operation.most_common(OPERATIONS)
    parts = ", ".join(f"{100 * count / traffic.bytes:.0f} % {operation}" for operation, count in most[:5])
    print(
        f"{name:28s}{flops / 1e12:8.3f} TFLOP{traffic.bytes / 1e9:8.1f} GB{flops / traffic.bytes:8.0f} FLOP/byte  {parts}",
        flush=True,
    )
    return {"training": name, "flops": flops, "bytes": traffic.bytes, "operations": dict(most)}


def main() -> None:
    """Measure ceilings, then every training of the configuration."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, default=Path("configs/gpu-sample.yaml"), help="a study (%(default)s)")
    parser.add_argument("--text", type=Path, help="text whose pre-tokens the networks read (default: Python's library)")
    parser.add_argument("--steps", type=int, default=20, help="timed steps of each training (%(default)s)")
    parser.add_argument("--warm-up", type=int, default=5, help="untimed steps before them (%(default)s)")
    parser.add_argument("--only", nargs="*", default=[""], help="trainings whose name begins with one of these")
    parser.add_argument(
        "--compile", choices=["as configured", "no", "yes"], default="as configured", help="layers, on a GPU (%(default)s)"
    )
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--no-profile", action="store_true", help="leave out the shares of time")
    parser.add_argument("--bytes", action="store_true", help="count the bytes a step moves, on a CPU, instead of timing")
    parser.add_argument("--json", type=Path, help="write every measurement")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    study = parse(Study, yaml.safe_load(options.config.read_text(encoding="utf-8")), options.config.name)
    source = open_source(PythonCorpus() if options.text is None else TextCorpus(path=str(options.text)))
    if options.compile != "as configured":
        study = with_all(study, compile=options.compile == "yes")
    if options.bytes:
        options.warm_up, options.steps = 1, 1
        study = with_all(study, precision="bf16")
    counts, device = count_pretokens(source.documents), torch.device("cpu") if options.bytes else resolve_device()
    where = torch.cuda.get_device_name() if device.type == "cuda" else f"CPU, {options.threads} threads"
    top = None if options.bytes else ceilings(device, study.training.precision)
    print(f"{where}, {resolve_precision(study.training.precision)}, torch {torch.__version__}")
    if top is not None:
        print(f"at best {top['flops_per_s'] / 1e12:.2f} TFLOP/s, {top['bytes_per_s'] / 1e9:.0f} GB/s", flush=True)
    steps = options.warm_up + options.steps
    rows = []
    for trainings in (networks(study, counts, device, steps), language_models(study, device, steps)):
        for name, module, flops in trainings:
            if name.startswith(tuple(options.only)):
                rows.append(
                    count_bytes(name, module, flops)
                    if top is None
                    else measure(name, module, flops, top["flops_per_s"], options, device)
                )
    if options.json is not None:
        facts = {"study": study.study, "device": where, "torch": torch.__version__, "ceilings": top, "trainings": rows}
        options.json.write_text(json.dumps(facts, indent=2, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
