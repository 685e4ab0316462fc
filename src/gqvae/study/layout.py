"""Names and paths of the parts of a study under `results/<study>/`: pure functions of the configuration.

Shared by the rules and by `gqvae collect`, so both use the same paths.

A *family* is the result of one training: `bytes`, `bpe`, `bpe_matched-s0`, `gqvae-s1`. A *variant* is one tokenizer of a family:
`v1024` by its vocabulary size, `matched`, or `external`. Language models are in `gqvae.study.runs`.
"""

from __future__ import annotations

from pathlib import Path

from gqvae.config import MATCHED, BorrowedArm, Claim, CountedArm, ExternalArm, LearnedArm, Study
from gqvae.errors import UserError

REFERENCE = "bpe_matched"  # name of the BPE arm with the same compression as GQ-VAE
BASELINE = "bpe"  # the arm whose compression at the same vocabulary size is the denominator of ratios
DISTRIBUTION_FILES = ("rank_frequency.csv", "distribution.json")


def arm_names(study: Study) -> tuple[str, ...]:
    """All arms, sorted by kind and name: the order of keys in the configuration does not matter."""
    return tuple(sorted(study.arms, key=lambda arm: (study.arms[arm].rank, arm)))


def tokenizer_arms(study: Study) -> tuple[str, ...]:
    """The arms of `arm_names` that have a tokenizer."""
    return tuple(arm for arm in arm_names(study) if study.has_tokens(arm))


def decidable_claims(study: Study) -> dict[str, Claim]:
    """The claims whose arms are in the study, by name."""
    return {
        name: claim
        for name, claim in sorted(study.claims.items())
        if claim.first in study.measured_arms(claim) and study.opponents(claim)
    }


def is_matched(study: Study, arm: str) -> bool:
    """Whether the arm's vocabulary size is searched to match another arm's compression."""
    chosen = study.arms[arm]
    return isinstance(chosen, CountedArm) and chosen.match is not None


def differs_by_seed(study: Study, arm: str) -> bool:
    """Whether an arm's tokenizers depend on the seed: a matched arm's do if those of its target do."""
    chosen = study.arms[arm]
    target = chosen.match if isinstance(chosen, CountedArm) else None
    return study.arms[target or arm].seeded


def external_arms(study: Study) -> dict[str, ExternalArm]:
    """The arms whose tokenizers come from outside the study, in the order of `arm_names`."""
    return {name: arm for name in arm_names(study) if isinstance(arm := study.arms[name], ExternalArm)}


def learned_family(arm: str, seed: int) -> str:
    """The family of an arm whose tokenizer depends on the seed, e.g. `gqvae-s1`."""
    return f"{arm}-s{seed}"


def family(study: Study, arm: str, seed: int) -> str:
    """The family whose tokenizer this arm uses at this seed."""
    if arm not in study.arms:
        raise UserError(f"There is no arm {arm!r} in the study {study.study!r}: name one of {', '.join(arm_names(study))}.")
    return learned_family(arm, seed) if differs_by_seed(study, arm) else arm


def families(study: Study) -> list[str]:
    """All families with tokenizers, each once, by arm and then by seed."""
    return list(dict.fromkeys(family(study, arm, seed) for arm in tokenizer_arms(study) for seed in study.seeds))


def learned_families(study: Study) -> list[str]:
    """The families with a network, quantized or not."""
    return [family(study, arm, seed) for arm in learned_arms(study) for seed in study.seeds]


def learned_arms(study: Study) -> tuple[str, ...]:
    """The arms with a network, in the order of `arm_names`."""
    return tuple(arm for arm in arm_names(study) if study.arms[arm].network)


def matched_families(study: Study) -> list[str]:
    """The families matched to the compression of another."""
    return [name for name in families(study) if is_matched(study, split_family(name)[0])]


def ablated_families(study: Study) -> list[str]:
    """The families that the ablations compare: those with the paper's network, quantized or not."""
    return [name for name in learned_families(study) if isinstance(study.arms[split_family(name)[0]], LearnedArm)]


def compared_families(study: Study) -> list[str]:
    """Families whose compression is compared in the ablations: those of `ablated_families` with tokens, and BPE of the same size."""
    learned = [name for name in ablated_families(study) if study.has_tokens(split_family(name)[0])]
    return [BASELINE, *learned] if learned and has_baseline(study) else learned


def has_baseline(study: Study) -> bool:
    """Whether the study has BPE at the vocabulary size of the other arms."""
    return BASELINE in study.arms and study.arms[BASELINE].kind == "bpe" and not is_matched(study, BASELINE)


def split_family(name: str) -> tuple[str, int | None]:
    """The arm and seed of a family; the seed is None if the tokenizer has none. Arm names have no hyphen."""
    arm, _, seed = name.partition("-s")
    return arm, int(seed) if seed else None


def variant(study: Study, arm: str) -> str:
    """The variant of an arm that is compared downstream."""
    return study.arms[arm].variant(study.vocabulary.size)


def variants(study: Study, arm: str) -> tuple[str, ...]:
    """All variants of an arm, by ascending size."""
    return study.arms[arm].variants(study.vocabulary.sizes, study.vocabulary.size)


def used_tokenizer(study: Study, arm: str, seed: int) -> tuple[str, str]:
    """Family and variant of the tokenizer whose tokens the language models of an arm and seed read."""
    return family(study, arm, seed), variant(study, arm)


def network_path(results: Path | str, name: str) -> Path:
    """The folder of a trained network."""
    return Path(results) / "networks" / name


def tokenizer_path(results: Path | str, name: str, variant: str) -> Path:
    """The folder of one tokenizer: a variant of the family `name`."""
    return Path(results) / "tokenizers" / name / variant


def tokens_path(results: Path | str, name: str, variant: str) -> Path:
    """The folder of the corpus encoded by one tokenizer."""
    return Path(results) / "tokens" / name / variant


def distribution_path(results: Path | str, name: str, variant: str) -> Path:
    """The folder of `DISTRIBUTION_FILES` of one tokenizer."""
    return Path(results) / "distribution" / f"{name}-{variant}"


def compression_path(results: Path | str, name: str) -> Path:
    """The measured compression of one family."""
    return Path(results) / "compression" / f"{name}.csv"


def speed_path(results: Path | str) -> Path:
    """How fast tokenizers encode."""
    return Path(results) / "speed.csv"


def matching_path(results: Path | str, name: str) -> Path:
    """The record of the search for equal compression."""
    return tokenizer_path(results, name, MATCHED) / "matching.json"


def table_path(results: Path | str, name: str) -> Path:
    """The path of a table: under `tables/`, except the claims, which are directly in the folder of the study."""
    return Path(results) / (f"{name}.csv" if name == "claims" else f"tables/{name}.csv")


def match_target(study: Study, name: str) -> tuple[str, str]:
    """Family and variant that the matched family `name` is matched to: its target arm, at the same seed if that has any."""
    known = matched_families(study)
    if name not in known:
        raise UserError(f"The family {name!r} is not matched to another: name one of {', '.join(known)}.")
    arm, seed = split_family(name)
    chosen = study.arms[arm]
    assert isinstance(chosen, CountedArm) and chosen.match is not None
    return chosen.match if seed is None else learned_family(chosen.match, seed), variant(study, chosen.match)


def borrowed_families(study: Study) -> list[str]:
    """The families whose tokenizers are those of another arm."""
    return [name for name in families(study) if isinstance(study.arms[split_family(name)[0]], BorrowedArm)]


def lender(study: Study, name: str) -> tuple[str, str, str]:
    """Study, family and variant that the borrowed family `name` takes its tokenizer from: the other arm at the same seed."""
    arm, seed = split_family(name)
    chosen = study.arms.get(arm)
    if not isinstance(chosen, BorrowedArm):
        raise UserError(f"The family {name!r} is not borrowed: name one of {', '.join(borrowed_families(study))}.")
    theirs = chosen.arm if seed is None else learned_family(chosen.arm, seed)
    return chosen.study or study.study, theirs, variant(study, arm)


def tuned_arms(study: Study) -> tuple[str, ...]:
    """The arms whose learning rate is tuned: all with language models, if the study has a grid of rates."""
    if not study.language_model.learning_rates:
        return ()
    return tuple(arm for arm in arm_names(study) if study.arms[arm].language_model)


def downstream_tokenizers(study: Study) -> list[tuple[str, str]]:
    """Family and variant of every tokenizer that encodes the whole corpus: the main one of each arm, each once."""
    return [(name, variant(study, split_family(name)[0])) for name in families(study)]
