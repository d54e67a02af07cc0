"""A bound on the memory of a network that is built from a file's description."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from ferkit.errors import RunError

FACTORIES = (torch.empty, torch.zeros, torch.ones, torch.full, torch.rand, torch.randn, torch.eye)
FACTOR, SLACK = 4, 200_000_000
"""A network may be built with parts that are cut off: elements per stored one, and elements in any case."""


class LimitedTensors(TorchFunctionMode):
    """Refuse to make more elements than a file's tensors give reason for.

    Args:
        stored: Elements in the file.
    """

    def __init__(self, stored: int) -> None:
        super().__init__()
        self.left = FACTOR * stored + SLACK

    @property
    def is_exceeded(self) -> bool:
        return self.left < 0

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if func in FACTORIES:
            self.left -= _elements(func, args, kwargs or {})
            if self.is_exceeded:
                raise RunError("the network is much larger than the tensors of its file")
        return func(*args, **(kwargs or {}))


def _elements(func: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> int:
    sizes: Iterable[Any] = args[:1] if func is torch.full else args
    count = 1
    for size in [*sizes, kwargs.get("size", ())]:
        for one in size if isinstance(size, list | tuple) else [size]:
            if isinstance(one, int):
                count *= max(one, 0)
    return count * count if func is torch.eye and len(args) == 1 else count
