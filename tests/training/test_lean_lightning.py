"""Training imports no package that it does not use, and what it leaves out is there for whoever needs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
UNUSED = ("torchmetrics", "scipy", "matplotlib", "transformers", "tensorboard", "tensorboardX", "torchvision", "sympy", "pandas")


def output_of(program: str, *arguments: object) -> str:
    """What a program prints in a new process."""
    command = [sys.executable, "-c", program, *map(str, arguments)]
    done = subprocess.run(command, cwd=TESTS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


TRAINED = """
import sys
from pathlib import Path
from gqvae.training.resume import RunState
from toy_run import ToyRun, train

with RunState(Path(sys.argv[1]), "toy") as state:
    train(ToyRun(), state, 3)
import gqvae.jobs.lm_training, gqvae.training.language_model, gqvae.training.network
print(*sorted({name.partition(".")[0] for name in sys.modules}), *(name for name in sys.modules if name.startswith("torch._dynamo.")))
"""


LATER = """
import torch
with torch.compiler.set_stance("force_eager"):
    print(torch.compile(lambda value: value + 1, backend="eager")(torch.ones(1)).item())
import torch._dynamo.config
print(type(torch._dynamo).__name__, torch._dynamo.config is sys.modules["torch._dynamo.config"], "symbolic_convert" in dir(torch._dynamo))
import torchmetrics
print(torchmetrics.Metric.__module__)
"""


def test_a_training_imports_nothing_that_it_does_not_use_and_all_of_it_works_later(tmp_path: Path) -> None:
    imported, *later = output_of(TRAINED + LATER, tmp_path / "state").splitlines()
    assert {"torch", "lightning"} <= set(imported.split())
    assert not set(imported.split()) & set(UNUSED) and not [
        name for name in imported.split() if name.startswith("torch._dynamo.")
    ]
    assert later == ["2.0", "module True True", "torchmetrics.metric"]


def test_a_submodule_of_the_compiler_is_whole() -> None:
    program = "import gqvae.training.runner, sys; from torch._dynamo.eval_frame import OptimizedModule as it, torch; "
    assert (
        output_of(program + "print(it is torch._dynamo.OptimizedModule, sys.modules[it.__module__].OptimizedModule is it)")
        == "True True"
    )


def test_a_lightning_that_uses_more_is_imported_plainly() -> None:
    program = """
import sys, torch
from importlib.abc import MetaPathFinder

class Demanding(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "lightning.pytorch" and not hasattr(sys.modules.get("torchmetrics"), "Accuracy"):
            raise ImportError("cannot import name 'Accuracy' from 'torchmetrics'")

sys.meta_path.insert(0, Demanding())
from gqvae.training import runner
import torchmetrics
print(runner.pl.Trainer.__module__, torchmetrics.Metric.__module__, type(sys.modules["torch._dynamo"]).__name__)
"""
    assert output_of(program) == "lightning.pytorch.trainer.trainer torchmetrics.metric module"
