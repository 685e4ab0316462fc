"""Estimates for 1 TB of text: CPU hours from measured slopes, FLOPs from the network's shapes, memory per distinct pre-token.

Nothing here has been run at that size. Every assumption is a constant below; `scaling_report.py` writes the table.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import torch
from counts.flops import segmentation_flops, training_flops

from gqvae.config import Network, Study, parse
from gqvae.config.block import read_settings
from gqvae.distillation.codebook import RATES
from gqvae.distillation.rates import GRID, MEASURED_PRETOKENS
from gqvae.models.network import GQVAE

CONFIGS = Path(__file__).resolve().parents[1] / "configs"
TEXT_BYTES = 1e12
DOCUMENT_BYTES = 4_000.0  # a web page's text
BYTES_PER_TOKEN = 4.0  # BPE and GQ-VAE reach 4.0 at V = 4,096 on TinyStories (results/published/stories-4096)
ID_BYTES = 2  # V up to 65,536
DRAWN_BYTES = 8  # length of a pre-token drawn by the square root of its count
SYMBOLS = 257  # all bytes occur, and padding
STREAM_PRETOKEN_BYTES = 4  # length of a pre-token in running text
DEVICE_FLOPS = 989e12  # peak of an H100 SXM, bf16 without sparsity (NVIDIA's data sheet)
UTILISATION = {"paper": 0.3, "tokenizers": 0.02}  # of D = 1,024 and D = 128: assumed, not measured
LANGUAGE_MODEL = 1e9  # parameters, for comparison: 6 FLOPs per parameter and token
ADAM_COPIES = 5  # weights, gradients, three moments of AMSGrad, 32 bit
PLAIN, RICH = "tinystories_train", "python_stdlib"  # texts whose Heaps' law gives the low and the high end


def web_scale(fits: pd.DataFrame, laws: pd.DataFrame) -> pd.DataFrame:
    """A row per quantity: for the plainest and the richest text (low, high).

    Args:
        fits: `scaling_report.exponents`.
        laws: `scaling_report.heaps_fits`.
    """
    distinct = [float(laws.loc[laws["text"] == text, "distinct_at_1_tb"].iloc[0]) for text in (PLAIN, RICH)]
    rows: list[dict[str, object]] = []

    def add(what: str, unit: str, values: list[float], how: str) -> None:
        rows.append({"what": what, "unit": unit, "low": values[0], "high": values[-1], "how": how})

    def slope(source: str, stage: str, column: str) -> float:
        return float(fits.loc[(fits["source"] == source) & (fits["stage"] == stage), column].iloc[0])

    add("distinct pre-tokens", "pre-tokens", distinct, f"Heaps' laws of {PLAIN} and {RICH}")
    add("text on disk", "TB", [(TEXT_BYTES + 8 * TEXT_BYTES / DOCUMENT_BYTES) / 1e12], "the bytes, and an offset a document")
    add("token ids on disk", "TB", [ID_BYTES * TEXT_BYTES / BYTES_PER_TOKEN / 1e12], f"{BYTES_PER_TOKEN:g} bytes per token")
    for stage in ("prepare", "count", "encode"):
        hours = slope("synthetic", stage, "cpu_seconds_per_mb") * TEXT_BYTES / 1e6 / 3600
        add(f"{stage}, CPU", "core hours", [hours], "measured seconds per MB, synthetic stories")
    for stage in ("codes", "distill"):
        per_pretoken = slope("python_stdlib", stage, "cpu_ms_per_distinct") / 1000
        how = "measured seconds per distinct pre-token, Python library, network of the benchmark"
        add(f"{stage}, CPU", "core hours", [per_pretoken * number / 3600 for number in distinct], how)
    for stage in ("count", "distill"):
        per_pretoken = max(0.0, slope("python_stdlib", stage, "memory_bytes_per_distinct"))
        add(
            f"{stage}, memory",
            "GB",
            [per_pretoken * number / 1e9 for number in distinct],
            "measured bytes per distinct pre-token",
        )
    for name in UTILISATION:
        rows += network_rows(name, distinct)
    flops = 6 * LANGUAGE_MODEL * TEXT_BYTES / BYTES_PER_TOKEN
    hours = flops / (DEVICE_FLOPS * UTILISATION["paper"]) / 3600
    add("a language model of 10⁹ parameters, one pass", "FLOPs", [flops], "6 per parameter and token: for comparison")
    add("the same", "GPU hours", [hours], f"{UTILISATION['paper']:.0%} of the peak")
    return pd.DataFrame(rows)


def shapes() -> pd.DataFrame:
    """Training FLOPs per byte of a distinct pre-token, one of the paper's sizes changed at a time, and their ratio to the base.

    Pre-tokens have `DRAWN_BYTES` bytes, except when T changes: then they have T.
    """
    base = Study.model_validate(read_settings(str(CONFIGS / "paper.yaml"))[0]).network_run("gqvae").network
    changes: dict[str, tuple[str, tuple[int, ...]]] = {
        "T": ("max_pretoken_bytes", (8, 16, 24, 64, 256)),
        "L": ("max_token_bytes", (4, 7, 10, 16)),
        "K": ("codebook_size", (1024, 10_240, 50_000, 200_000)),
        "D": ("width", (128, 256, 512, 1024)),
    }
    whole = training_flops(base, [DRAWN_BYTES], SYMBOLS) / DRAWN_BYTES
    rows = []
    for letter, (key, values) in changes.items():
        for value in values:
            length = value if letter == "T" else DRAWN_BYTES
            flops = training_flops(base.model_copy(update={key: value}), [length], SYMBOLS) / length
            rows.append({"changed": letter, "value": value, "flops_per_byte": flops, "ratio_to_paper": flops / whole})
    return pd.DataFrame(rows)


def network_rows(name: str, distinct: list[float]) -> list[dict[str, object]]:
    """FLOPs, GPU hours and memory of the network of a config in `configs/`."""
    value, origin = read_settings(str(CONFIGS / f"{name}.yaml"))
    run = parse(Study, value, origin).network_run("gqvae")
    network, training = run.network, run.training
    batch = [DRAWN_BYTES] * training.batch_pretokens
    early = training.unquantized_steps
    steps = early * training_flops(network, batch, SYMBOLS, quantize=False)
    steps += (training.steps - early) * training_flops(network, batch, SYMBOLS)
    once = segmentation_flops(network, [DRAWN_BYTES])
    seen = [RATES * number + GRID * min(number, MEASURED_PRETOKENS) for number in distinct]
    stream = TEXT_BYTES / STREAM_PRETOKEN_BYTES * training_flops(network, [STREAM_PRETOKEN_BYTES], SYMBOLS)
    with torch.device("meta"):
        weights = sum(weight.numel() for weight in untabled(network).parameters())
    search = 4 * network.codebook_size * DRAWN_BYTES * training.batch_pretokens
    reservoir = 4 * network.width * training.reservoir_vectors
    utilisation = UTILISATION[name]
    label = f"network D = {network.width:,}, K = {network.codebook_size:,}"
    rows = []
    for what, values, how in (
        (f"train, {training.steps:,} steps", [float(steps)], f"{training.batch_pretokens:,} distinct pre-tokens of {DRAWN_BYTES} bytes a step"),
        ("drop codes, set the rate, remember", [once * number for number in seen], f"{RATES} rates on all distinct pre-tokens, {GRID} on {MEASURED_PRETOKENS:,}"),
        ("not done: one pass over the stream, every position", [stream], f"pre-tokens of {STREAM_PRETOKEN_BYTES} bytes, none merged, none padded"),
    ):  # fmt: skip
        rows.append({"what": f"{label}: {what}", "unit": "FLOPs", "low": values[0], "high": values[-1], "how": how})
        hours = [number / (DEVICE_FLOPS * utilisation) / 3600 for number in values]
        how = f"{utilisation:.0%} of {DEVICE_FLOPS / 1e12:.0f} TFLOP/s"
        rows.append({"what": f"{label}: {what}", "unit": "GPU hours", "low": hours[0], "high": hours[-1], "how": how})
    memory = (4 * ADAM_COPIES * weights + search + reservoir) / 1e9
    how = f"{weights / 1e6:.0f} million weights × {ADAM_COPIES}, distances to all codes, reservoir; activations left out"
    return [*rows, {"what": f"{label}: memory of the device", "unit": "GB", "low": memory, "high": memory, "how": how}]


def untabled(network: Network) -> GQVAE:
    """A network of these sizes with every byte in its alphabet."""
    return GQVAE(network, list(range(SYMBOLS - 1)))
