from __future__ import annotations

import copy
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gqvae.config import Distillation
from gqvae.corpus import pretokens
from gqvae.corpus.pretokens import PretokenCounts
from gqvae.distillation import rates as module
from gqvae.distillation.codebook import exact_uses, prune_codebook
from gqvae.distillation.distill import distill
from gqvae.distillation.rates import RateDial
from gqvae.errors import UserError
from gqvae.measures.bytes_per_token import count_tokens
from gqvae.models.network import GQVAE
from gqvae.report.comparison import COLUMNS, compare, table
from gqvae.report.inspection import report
from gqvae.tokenizers.base import Tokenizer
from gqvae.tokenizers.learned import LearnedTokenizer
from gqvae.tokenizers.load import load_tokenizer
from gqvae.tokenizers.network_files import NetworkFile, trained_strings
from gqvae.tokenizers.spans import gated_spans, served_rates


def learned(tokenizers: dict[str, Tokenizer]) -> LearnedTokenizer:
    found = tokenizers["neural"]
    assert isinstance(found, LearnedTokenizer)
    return found


def test_the_dial_counts_what_the_tokenizer_emits(tokenizers: dict[str, Tokenizer], counts: PretokenCounts) -> None:
    tokenizer = learned(tokenizers)
    dial = RateDial(tokenizer.network, tokenizer.codes, counts)
    for rate in served_rates(tokenizer.network, 3):
        emitted = count_tokens(tokenizer.at_rate(rate), counts)
        found = dial.at(tokenizer.strings, rate)
        assert found.tokens_per_pretoken == pytest.approx(emitted / counts.total)
        quality = tokenizer.at_rate(rate).gate_quality(list(zip(counts.pretokens, counts.counts.tolist(), strict=True)))
        assert (found.fallback_rate, found.exact_token_accuracy) == pytest.approx(quality)


def test_the_default_is_the_rate_of_fewest_tokens(tokenizers: dict[str, Tokenizer], counts: PretokenCounts) -> None:
    tokenizer = learned(tokenizers)
    tokens = {rate: count_tokens(tokenizer.at_rate(rate), counts) for rate in served_rates(tokenizer.network, 9)}
    assert len(set(tokens.values())) > 1
    assert tokens[tokenizer.rate] == min(tokens.values())


def test_the_best_rate_is_found_without_cutting_all_text_at_every_rate(
    tokenizers: dict[str, Tokenizer], counts: PretokenCounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer, cut = learned(tokenizers), list[bytes]()
    rates = served_rates(tokenizer.network, 9)

    def watched(network: GQVAE, pieces: list[bytes], *more: Any) -> Any:
        cut.extend(pieces)
        return gated_spans(network, pieces, *more)

    for strings in (tokenizer.strings, tokenizer.strings[:3], []):
        measured = RateDial(tokenizer.network, tokenizer.codes, counts)
        expected = min((measured.at(strings, rate) for rate in rates), key=lambda found: found.tokens_per_pretoken)
        with monkeypatch.context() as patch:
            patch.setattr(module, "gated_spans", watched)
            cut.clear()
            dial = RateDial(tokenizer.network, tokenizer.codes, counts)
            assert dial.best(strings) == expected
            assert len(dial.counts) <= len(cut) < len(rates) * len(dial.counts)
            assert dial.cut(expected.rate) == measured.cut(expected.rate)


def test_a_requested_compression_is_reached(
    network_folder: Path, tokenizers: dict[str, Tokenizer], counts: PretokenCounts, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    tokenizer = learned(tokenizers)
    reached = {
        rate: counts.total_bytes / count_tokens(tokenizer.at_rate(rate), counts) for rate in served_rates(tokenizer.network, 9)
    }
    wanted = sorted(reached.values())[len(reached) // 2]  # that of a grid point
    (_, found), *_ = distill(network_folder, Distillation(sizes=(280,), bytes_per_token=wanted), counts)
    assert counts.total_bytes / count_tokens(found, counts) == pytest.approx(wanted, rel=0.02)
    assert "is the nearest that this network reaches" not in caplog.text
    assert found.compression == (wanted, pytest.approx(wanted, rel=0.02))


@pytest.mark.parametrize("request_", [{"bytes_per_token": 50.0}, {"tokens_per_pretoken": 1.0}, {"bytes_per_token": 1.0}])
def test_a_compression_out_of_reach_is_told_and_stored(
    network_folder: Path, counts: PretokenCounts, caplog: pytest.LogCaptureFixture, tmp_path: Path, request_: dict[str, float]
) -> None:
    caplog.set_level(logging.WARNING)
    length = counts.total_bytes / counts.total
    asked = request_.get("bytes_per_token", length)
    (_, found), *_ = distill(network_folder, Distillation(sizes=(280,), **request_), counts)
    reached = counts.total_bytes / count_tokens(found, counts)
    assert found.compression == (pytest.approx(asked), pytest.approx(reached))
    advice = "ask for less, train longer or make the vocabulary larger" if asked > reached else "ask for more, or widen"
    said = f"{asked:.3f} bytes per token asked for, but {reached:.3f} is the nearest that this network reaches: {advice}"
    assert said in caplog.text
    found.save(tmp_path / "x")
    loaded = load_tokenizer(tmp_path / "x")
    assert loaded.compression == found.compression
    assert f"set to {asked:.3f} bytes per token, of which they reach {reached:.3f}" in report(loaded)
    rows, _ = compare({"x": loaded}, {"text": [b"The little fox walked."]})
    assert [(row["asked"], row["reached"]) for row in rows] == [loaded.compression, ("", "")]
    head, neural, distilled = table(rows, COLUMNS).splitlines()
    assert "asked  reached" in head and f"{asked:.3f}" in neural and "–" in distilled
    assert "asked" not in table(compare({"x": loaded.with_encoder("distilled")}, {"text": [b"fox"]})[0][1:], COLUMNS)


def test_rate_and_tokenizer_come_back_from_disk(tokenizers: dict[str, Tokenizer], counts: PretokenCounts, tmp_path: Path) -> None:
    tokenizer = learned(tokenizers).at_rate(2.5)
    tokenizer.save(tmp_path / "t")
    loaded = load_tokenizer(tmp_path / "t")
    assert isinstance(loaded, LearnedTokenizer) and loaded.rate == 2.5
    assert count_tokens(loaded, counts) == count_tokens(tokenizer, counts)


def test_spans_do_not_depend_on_company(tokenizers: dict[str, Tokenizer], counts: PretokenCounts) -> None:
    network = learned(tokenizers).network
    pieces = [piece for piece in counts.pretokens if len(piece) <= 8]
    together = gated_spans(network, pieces, 1.5)
    assert all(gated_spans(network, [piece], 1.5)[piece] == together[piece] for piece in pieces)
    assert all(b"".join(text for text, _ in spans) == piece for piece, spans in together.items())


def test_pruned_codebooks_lose_no_exact_span(network_folder: Path, counts: PretokenCounts) -> None:
    """With two copies of each code, the copies and the codes without exact uses are dropped; exact spans stay exact."""
    network = NetworkFile.of(network_folder).network
    pieces = [piece for piece in counts.pretokens if len(piece) <= 8]
    once = dict.fromkeys(pieces, 1)
    doubled = copy.deepcopy(network)
    places = list(range(network.settings.codebook_size)) * 2
    doubled.keep_codes(torch.tensor(places))
    before = sum(exact_uses(doubled, once))
    kept = prune_codebook(doubled, once)
    strings = doubled.code_strings()
    assert len(kept) == len(strings) <= network.settings.codebook_size
    assert len(set(strings)) == len(strings)
    assert sum(exact_uses(doubled, once)) >= before
    assert all(exact_uses(doubled, once))


def test_strings_of_dropped_codes_are_candidates_too(network_folder: Path, counts: PretokenCounts, tmp_path: Path) -> None:
    trained, kept = trained_strings(network_folder), NetworkFile.of(network_folder).network.code_strings()
    assert len(trained) == 64 > len(kept) and set(kept) <= set(trained)
    damaged = tmp_path / "codebook.csv"
    for content in ("code\n1\n", "trained_code,string\n0,\u4e2d\n"):
        damaged.write_text(content, encoding="utf-8")
        with pytest.raises(UserError, match="train the network again"):
            trained_strings(tmp_path)
    damaged.unlink()
    with pytest.raises(UserError, match="missing or damaged"):
        trained_strings(tmp_path)


def test_of_a_very_long_pretoken_the_beginning_is_measured(
    network_folder: Path, counts: PretokenCounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pretokens, "LONGEST_TRAINED", 20)
    long = "the fox’s “frogs” walk " * 3
    more = PretokenCounts([*counts.pretokens, long.encode()], np.array([*counts.counts, 1]))
    (_, tokenizer), *_ = distill(network_folder, Distillation(sizes=(280,)), more)
    remembered = set(tokenizer.remembered())
    assert "the fox’s “frogs"[:14] in {text[:14] for text in remembered} and max(len(text.encode()) for text in remembered) <= 20
    assert tokenizer.decode(tokenizer.encode(long)) == long
