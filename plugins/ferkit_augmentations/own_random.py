"""Random numbers of torch from a generator of one's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

DRAWING = frozenset(
    {
        torch.rand,
        torch.randn,
        torch.randint,
        torch.randperm,
        torch.normal,
        torch.bernoulli,
        torch.multinomial,
        torch._sample_dirichlet,
        torch._standard_gamma,
        torch.Tensor.uniform_,
        torch.Tensor.normal_,
        torch.Tensor.random_,
        torch.Tensor.bernoulli_,
        torch.Tensor.exponential_,
        torch.Tensor.bernoulli,
        torch.Tensor.multinomial,
    }
)
"""Functions that take a generator."""
LIKE: dict[Any, Callable[..., Any]] = {torch.rand_like: torch.rand, torch.randn_like: torch.randn}
"""Functions that take none in torch 2.4, and those that replace them."""


class OwnRandom(TorchFunctionMode):
    """Draws the random numbers of this thread on the CPU from a generator.

    The global generator of torch belongs to all threads. The training draws from it while another thread
    prepares batches, so a transform must not seed it.

    Args:
        seed: Seed of the generator.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.generator = torch.Generator().manual_seed(seed)

    def __torch_function__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        options = dict(kwargs or {})
        if func in LIKE:
            like = args[0]
            options = {"dtype": like.dtype, "device": like.device, **options}
            options.pop("memory_format", None)
            func, args = LIKE[func], (like.shape,)
        if func in DRAWING:
            options.setdefault("generator", self.generator)
        return func(*args, **options)
