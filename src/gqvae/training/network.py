"""Training of a GQ-VAE network (or its fixed-length form) under Lightning, and the files it writes.

The schedule is that of the authors' code: linear warm-up from a tenth of the rate, then cosine decay; the first steps are not
quantized. The objective's revival policy (`paper_revival.py`, `string_revival.py`) stores encodings and revives codes from them.
"""

from __future__ import annotations

import logging
import math
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gqvae.code_state import code_state
from gqvae.config import NetworkRun
from gqvae.corpus.pretokens import PretokenCounts
from gqvae.devices import autocast, claim_gpu, device_name, resolve_device, resolve_precision
from gqvae.distillation.codebook import prune_codebook
from gqvae.files import file_digest, json_digest, write_json, write_rows
from gqvae.models.network import GQVAE
from gqvae.models.objective_base import Losses
from gqvae.models.objectives import build_objective
from gqvae.models.quantizer import DEAD_SHARE
from gqvae.tokenizers.byte_level import to_text
from gqvae.tokenizers.network_files import CODEBOOK, DESCRIPTION, WEIGHTS, describe, save_weights
from gqvae.tokenizers.spans import served_rates
from gqvae.training.health import GATE_COLUMNS, diagnose, examples, gate_histogram, tokens_per_piece
from gqvae.training.pretoken_batches import Batch, PretokenStream
from gqvae.training.resume import RunState, fingerprint
from gqvae.training.runner import RunModule, fit

HISTORY = "history.csv"
COLUMNS = (
    "step", "hard_rate", "soft_rate", "gate_mean", "reconstruction", "exact_token_accuracy", "codes_used", "code_perplexity",
    "revived", "alpha", "loss", *GATE_COLUMNS,
)  # fmt: skip
MEASURED_PRETOKENS = 2048  # the most frequent of the validation split

logger = logging.getLogger("gqvae")


class NetworkTraining(RunModule):
    """Training of one network on the pre-tokens `train`, measured on `valid`; `seed` decides weights and batches."""

    def __init__(self, run: NetworkRun, train: PretokenStream, valid: PretokenStream, seed: int) -> None:
        super().__init__()
        self.run, self.train_stream, self.seed = run, train, seed
        self.measured = valid.head(MEASURED_PRETOKENS)
        torch.manual_seed(seed)
        settings = run.training
        self.objective = build_objective(run.objective)
        self.network = GQVAE(
            self.objective.network_settings(run.network),
            train.alphabet,
            run.chunk_bytes,
            settings.usage_decay,
            pads_as_text=self.objective.includes_padding,
            force_last_gate=run.objective.force_last_gate,
        )
        self.revival = self.objective.revival(settings, run.network.codebook_size, run.network.width)
        self.network.quantizer.codebook.requires_grad_(self.objective.trains_codebook)
        if self.network.condition is not None:
            self.network.condition.mean_length.fill_(train.mean_length)
        self.revived = 0
        self._losses: Losses | None = None
        self.compilable = self.network.repeated_layers() if settings.compile else []
        self.varying = True  # the number of unpadded positions changes from step to step

    def configure_optimizers(self) -> Any:
        """Adam as the authors configure it. A codebook trained by gradient has `codebook_rate_factor` times the learning rate."""
        settings = self.run.training
        codebook = self.network.quantizer.codebook
        others = [parameter for parameter in self.network.parameters() if parameter is not codebook]
        groups: list[dict[str, Any]] = [{"params": others, "lr": settings.learning_rate}]
        if codebook.requires_grad:
            groups.append({"params": [codebook], "lr": settings.learning_rate * settings.codebook_rate_factor})
        optimizer = torch.optim.Adam(
            groups,
            weight_decay=settings.weight_decay,
            amsgrad=settings.amsgrad,
            fused=self.device.type == "cuda" or None,  # one pass over the weights
        )
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, self._rate_factor)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    def _rate_factor(self, step: int) -> float:
        warm, steps = self.run.training.warmup_steps, self.run.training.steps
        if step < warm:
            return 0.1 + 0.9 * step / warm
        return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warm) / max(1, steps - warm))))

    def _quantizes(self, step: int) -> bool:
        return self.run.training.quantize and step >= self.run.training.unquantized_steps

    def _tensors(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        # On GPUs, always pad to T: memory and kernels depend on the shape.
        whole = self.objective.includes_padding or self.device.type == "cuda"
        longest = batch.data.shape[1] if whole else int(batch.lengths.max())
        symbols, lengths = self.network.symbols(batch.data[:, :longest], batch.lengths)
        return symbols, lengths, torch.from_numpy(batch.weights).to(symbols.device, non_blocking=True)

    def training_loss(self, step: int) -> Tensor:
        """The objective on the step's batch."""
        batch = self.train_stream.batch(self.seed, step, self.run.training.batch_pretokens)
        self.objective.schedule(self.network, step / self.run.training.steps)
        self._losses = self.objective(self.network, *self._tensors(batch), quantize=self._quantizes(step))
        return self._losses.total

    def after_step(self, step: int) -> None:
        """Count code usage, store encodings, initialise or revive codes, measure at intervals."""
        settings, losses = self.run.training, self._losses
        assert losses is not None
        encoded = losses.encoded
        if encoded.quantization is not None:
            self.network.quantizer.count_usage(encoded.quantization.indices, losses.emitted)
            self.objective.move_codes(self.network, losses)
        self.revival.observe(step, losses)
        self._losses = None
        if settings.quantize and step < settings.steps:  # a code revived after the last step would never be trained
            codes = self.revival.revive(step, self.network.quantizer)
            self._forget(codes)
            if step > settings.unquantized_steps:  # before that, moving a code initialises it
                self.revived += len(codes)
        if step % settings.measure_every == 0 or step == settings.steps:
            self.history.append(self.measure(step))

    def _forget(self, codes: Tensor) -> None:
        """Reset the optimiser's moments of codes (M,) that have moved."""
        if not len(codes):
            return
        optimizer = self.optimizers(use_pl_optimizer=False)
        for name, value in optimizer.state.get(self.network.quantizer.codebook, {}).items():  # type: ignore[union-attr]  # one optimiser, no list
            if name != "step":
                value[codes] = 0

    @torch.no_grad()
    def measure(self, step: int) -> dict[str, Any]:
        """A row of the training history, measured on validation pre-tokens at the lowest rate. Changes no buffer."""
        self.eval()
        symbols, lengths, weights = self._tensors(self.measured)
        with autocast(self.device, self.run.training.precision), torch.compiler.set_stance("force_eager"):
            losses: Losses = self.objective(self.network, symbols, lengths, weights, quantize=self._quantizes(step))
        self.train()
        usage = self.network.quantizer.usage
        counted = self.run.training.quantize and step > self.run.training.unquantized_steps  # before that, no code has been used
        share = usage / usage.sum().clamp(min=1e-9)
        row = {
            "step": step,
            "hard_rate": losses.hard_rate.item(),
            "soft_rate": losses.soft_rate.item(),
            "gate_mean": losses.gate_mean.item(),
            "reconstruction": losses.reconstruction.item(),
            "exact_token_accuracy": losses.exact_tokens.item(),
            "codes_used": (usage > DEAD_SHARE / len(usage)).float().mean().item() if counted else None,
            "code_perplexity": torch.exp(-(share * (share + 1e-12).log()).sum()).item() if counted else None,
            "revived": self.revived,
            "alpha": self.objective.weight_of_rate(),
            "loss": losses.total.item(),
            **gate_histogram(losses.encoded.gates, lengths.to(weights.device), weights),
        }
        self.revived = 0
        return row

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Also save the number of codes revived since the last measurement."""
        super().on_save_checkpoint(checkpoint)
        checkpoint["revived"] = self.revived

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """See `on_save_checkpoint`."""
        super().on_load_checkpoint(checkpoint)
        self.revived = checkpoint["revived"]

    def progress_note(self) -> str:
        """Rate, exactness and code use of the last measurement."""
        if not self.history:
            return ""
        last = self.history[-1]
        used = "codes not used yet" if last["codes_used"] is None else f"{100 * last['codes_used']:.0f} % of codes used"
        return f"{last['hard_rate']:.2f} tokens per pre-token, {100 * last['exact_token_accuracy']:.0f} % exact, {used}"


def train_network(
    run: NetworkRun, train: PretokenCounts, valid: PretokenCounts, *, seed: int, label: str, out: Path, state: Path, threads: int
) -> None:
    """Train one network, resuming an interrupted run, and write its folder.

    Writes the weights, `codebook.csv` (string and usage of each trained code, and its index if kept), `history.csv`,
    and last `network.json`.
    """
    claim_gpu()
    train, valid = train.beginnings(), valid.beginnings()
    longest = run.network.max_pretoken_bytes
    module = NetworkTraining(
        run,
        PretokenStream(train, longest, run.training.sampling_exponent, run.training.weighting_exponent),
        PretokenStream(valid, longest),
        seed,
    )
    data = json_digest(
        [[to_text(pretoken) for pretoken in counts.pretokens] + counts.counts.tolist() for counts in (train, valid)]
    )
    identity = fingerprint(f"{run.identity()} seed {seed}", data, json_digest(code_state("gqvae.training.network.train_network")))
    with RunState(state, identity) as held:
        fit(
            module,
            max_steps=run.training.steps,
            state=held,
            seed=seed,
            precision=run.training.precision,
            threads=threads,
            label=label,
            checkpoint_seconds=run.training.checkpoint_seconds,
            gradient_clip=run.training.gradient_clip,
        )
        module.to(resolve_device()).eval()  # Lightning leaves it on the CPU
        texts, quantized = module.train_stream.pieces, run.training.quantize
        counts = dict(zip(texts, module.train_stream.counts.tolist(), strict=True))
        trained = module.network.code_strings() if quantized else []  # without quantization no code was trained
        usage = module.network.quantizer.usage.tolist()
        for rate in served_rates(module.network, 2) if quantized else ():
            shown = "" if rate is None else f" at {rate:.2f}"
            logger.info("%s: examples%s: %s", label, shown, examples(module.network, texts, rate))
        highest = module.history[-1]["hard_rate"]
        if quantized:
            frequent = dict(islice(counts.items(), MEASURED_PRETOKENS))
            highest = tokens_per_piece(module.network, frequent, served_rates(module.network, 2)[-1])
        logger.info("%s: %s", label, diagnose(module.history[-1], trained, highest))
        kept = list(range(len(trained)))
        if quantized and module.objective.drops_codes:
            kept = prune_codebook(module.network, counts)
            gone = len(trained) - len(kept)
            logger.info("%s: dropped %d of %d codes that never decode exactly or repeat another", label, gone, len(trained))
        save_weights(module.network, out / WEIGHTS)
        write_rows(out / HISTORY, COLUMNS, module.history)
        places = {code: place for place, code in enumerate(kept)}
        rows = [
            {"trained_code": code, "string": to_text(string), "usage": f"{use:.6g}", "code": places.get(code)}
            for code, (string, use) in enumerate(zip(trained, usage, strict=False))
        ]
        write_rows(out / CODEBOOK, ("trained_code", "string", "usage", "code"), rows)
        record = {
            "label": label,
            "seed": seed,
            "seconds": module.seconds,
            "device": device_name(),
            "precision": resolve_precision(run.training.precision),
            "weights_sha256": file_digest(out / WEIGHTS),
            "description_sha256": json_digest(describe(module.network)),
            "codes_trained": len(trained),
            "distinct_strings_trained": len(set(trained)),
            "codes_kept": len(kept),
            "run": run.model_dump(mode="json"),
        }
        write_json(out / DESCRIPTION, {**describe(module.network), **record})
        held.clear()
