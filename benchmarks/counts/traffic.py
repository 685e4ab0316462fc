"""Bytes moved if every operation reads its operands from memory and writes its results there once.

Fused operations move less, because intermediate results stay on the chip; kernels that read something twice move more. Divided by
the speed of a copy, the bytes show which steps memory limits, not products: the other half of a roofline is `counts.flops`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

# Of the first operand, these read only as much as they return,
GATHERING = {"embedding", "index", "gather", "index_select", "nll_loss_forward"}
MAKING = {"new_zeros", "new_ones", "new_full", "zeros_like", "ones_like", "full_like"}  # these nothing,
SCATTERING = {"index_put_": "values", "index_add_": "source", "scatter_add_": "src"}  # these as much as they write.
OVERWRITING = {"copy_", "fill_", "zero_", "normal_", "uniform_", "bernoulli_", "_foreach_copy_", "_foreach_zero_"}
UNWRITTEN = {"_unsafe_view", "empty", "empty_like", "empty_strided", "new_empty", "new_empty_strided"}


class Traffic(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch does not type its hooks
    """Within the context, `by_operation` sums the bytes that tensor operations read and write, including backward and optimiser.

    Views move nothing. An operation in place reads and writes its operand. Composite operations count as their parts on this
    device: a fused kernel once, its replacement by parts.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # likewise
        self.by_operation: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Compute, and count."""
        kwargs = kwargs or {}
        found = func(*args, **kwargs)
        if not func.is_view and func.overloadpacket.__name__ not in UNWRITTEN:
            self.by_operation[func.overloadpacket.__name__] += _moved(func, args, kwargs, found)
        return found

    @property
    def bytes(self) -> int:
        """Sum over all operations."""
        return self.by_operation.total()


def _moved(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], found: Any) -> int:
    """Bytes that one operation reads and writes."""
    kind = func.overloadpacket.__name__
    names = [argument.name for argument in func._schema.arguments]
    given = dict(zip(names, args, strict=False)) | kwargs
    written = {
        argument.name for argument in func._schema.arguments if argument.alias_info is not None and argument.alias_info.is_write
    } - {"grads"}  # fused optimisers only write them with a scaler
    overwriting = kind in OVERWRITING or func._overloadname.endswith("out")
    results = 0 if written else _bytes(found)
    total = results
    for place, (name, value) in enumerate(given.items()):
        if place == 0 and kind in GATHERING:
            total += results
        elif place == 0 and kind in SCATTERING:
            total += 2 * _bytes(given[SCATTERING[kind]])
        elif place > 0 or kind not in MAKING:
            total += _bytes(value) * (2 if name in written and not overwriting else 1)
    return total


def _bytes(value: Any) -> int:
    """Bytes of all tensors in `value`; what a view repeats counts once."""
    return sum(min(tensor.numel() * tensor.element_size(), tensor.untyped_storage().nbytes()) for tensor in _tensors(value))


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Iterable) and not isinstance(value, str):
        for part in value:
            yield from _tensors(part)
