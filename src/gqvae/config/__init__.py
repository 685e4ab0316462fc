"""The typed configuration of a study: the only place that defines defaults, units and sources of values.

`configs/README.md` and `workflow/schemas/config.schema.yaml` are generated from these models (`gqvae config-docs`).
Rules pass one block each to `gqvae <verb> --settings`, as canonical JSON.
"""

from gqvae.config.arms import (
    ARM_KINDS,
    EXTERNAL,
    MATCHED,
    NETWORKS,
    Arm,
    ArmBase,
    BorrowedArm,
    BytesArm,
    CountedArm,
    ExternalArm,
    FixedArm,
    GQVAEArm,
    LearnedArm,
    NetworkArm,
)
from gqvae.config.block import (
    BYTE_VALUES,
    END_OF_DOCUMENT,
    MODULE_NAME,
    RESERVED_IDS,
    Block,
    load_settings,
    parse,
    read_settings,
    setting,
)
from gqvae.config.claims import DEFAULT_CLAIMS, PAPER_OBJECTIVES, Claim, Measure, measures
from gqvae.config.corpus import SOURCES, Corpus, load_corpus
from gqvae.config.corpus_base import CorpusBase
from gqvae.config.language_models import FEWEST_EVALUATIONS, REPEAT_SEEDS, LanguageModel, ModelSize
from gqvae.config.layers import Given, given_study, given_value
from gqvae.config.networks import (
    CountedTokenizer,
    CountedTraining,
    Distillation,
    Matching,
    Network,
    NetworkRun,
    NetworkTraining,
    Objective,
    PaperObjective,
    RateControlledObjective,
    RequestedRate,
)
from gqvae.config.pretokenizers import OwnPretokenizer
from gqvae.config.study import Study, Vocabulary

__all__ = [
    "ARM_KINDS", "BYTE_VALUES", "DEFAULT_CLAIMS", "END_OF_DOCUMENT", "EXTERNAL", "FEWEST_EVALUATIONS", "MATCHED", "MODULE_NAME", "NETWORKS", "PAPER_OBJECTIVES", "REPEAT_SEEDS", "RESERVED_IDS",
    "SOURCES", "Arm", "ArmBase", "Block", "BorrowedArm", "BytesArm", "Claim", "Corpus", "CorpusBase", "CountedArm",
    "CountedTokenizer", "CountedTraining", "Distillation", "ExternalArm", "FixedArm", "GQVAEArm", "Given", "LanguageModel", "LearnedArm",
    "Matching", "Measure", "ModelSize", "Network", "NetworkArm", "NetworkRun", "NetworkTraining", "Objective", "OwnPretokenizer",
    "PaperObjective", "RateControlledObjective", "RequestedRate", "Study", "Vocabulary", "given_study", "given_value",
    "load_corpus", "load_settings", "measures", "parse", "read_settings", "setting",
]  # fmt: skip
