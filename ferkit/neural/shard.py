"""The part of each batch that a process computes, if several processes train one network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.utils.data import Sampler

from ferkit.errors import RunError
from ferkit.neural.device import derive_seed
from ferkit.neural.network import Network
from ferkit.neural.options import Fit
from ferkit.neural.sync_batch_norm import synchronise
from ferkit.runtime.processes import joined


@dataclass(frozen=True, slots=True)
class Shard:
    """Rows of each batch: one contiguous part for each process, with sizes that differ by 1 at most.

    The loss is computed of the whole batch in each process: the other processes' logits have no gradient
    there. The sum of the gradients is then that of one process, for any loss.

    Attributes:
        index: Number of this process, from 0.
        count: Number of processes.
        least: Smallest number of images of a process. Smaller batches are not divided: a batch norm cannot
            train on one image.
    """

    index: int = 0
    count: int = 1
    least: int = 1

    def divides(self, total: int) -> bool:
        """Return True if a batch is divided. Otherwise, each process computes all of it."""
        return self.count > 1 and total >= self.least * self.count

    def rows(self, total: int) -> slice:
        """Return the rows of this process in a batch of `total` images."""
        if not self.divides(total):
            return slice(0, total)
        edges = self._edges(total)
        return slice(edges[self.index], edges[self.index + 1])

    def _edges(self, total: int) -> list[int]:
        return [total * place // self.count for place in range(self.count + 1)]

    def factor(self, total: int) -> int:
        """Return the factor of the loss that undoes the mean of the gradients over the processes."""
        return self.count if self.divides(total) else 1

    def prepare(self, network: Network, options: Fit, device: torch.device) -> None:
        """Convert the batch norms of a network before it is trained. Raises RunError for small batches."""
        if self.count == 1:
            return
        if not self.divides(options.batch_size):
            raise RunError(
                f"fit.batch_size is {options.batch_size} for {self.count} processes. Use a batch size of at "
                f"least {self.least * self.count}, or fewer processes."
            )
        if options.sync_batch_norm is not False:
            synchronise(network, device)

    def seed_dropout(self, seed: int) -> None:
        """Seed torch's random numbers so that processes do not drop the same units."""
        if self.index:
            torch.manual_seed(derive_seed(seed, self.index))

    @contextmanager
    def equal_random(self, seed: int) -> Iterator[None]:
        """Give all processes the same random numbers of torch in the block."""
        if self.count == 1:
            yield
            return
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            yield

    def join(self, own: Tensor, total: int) -> Tensor:
        """Return the (total, ...) rows of all processes, in order. Only this process's have a gradient."""
        if not self.divides(total):
            return own
        sizes = [stop - start for start, stop in pairwise(self._edges(total))]
        padded = own.new_zeros((max(sizes), *own.shape[1:]))
        padded[: len(own)] = own.detach()
        parts = [torch.empty_like(padded) for _ in sizes]
        distributed.all_gather(parts, padded)
        rows = [part[:size] for part, size in zip(parts, sizes, strict=True)]
        rows[self.index] = own
        return torch.cat(rows)

    def join_answer(self, answer: Any, network: Network, total: int) -> Any:
        """Join what a network returned for its rows: logits, auxiliary values and kept embeddings.

        An auxiliary loss is taken as the mean over the images.
        """
        if not self.divides(total):
            return answer
        if network.keeps_embeddings:
            network.keep_embeddings(self.join(network.take_embeddings(), total))
        if not isinstance(answer, tuple):
            return self.join(answer, total)
        logits, values = answer
        rows = len(logits)
        return self.join(logits, total), {
            name: self._mean(value, rows, total) if value.dim() == 0 else self.join(value, total)
            for name, value in values.items()
        }

    def _mean(self, own: Tensor, rows: int, total: int) -> Tensor:
        """Return the mean of the processes' scalars, weighted by their rows."""
        weighted = own * rows / total
        whole = weighted.detach().clone()
        distributed.all_reduce(whole)
        return weighted + (whole - weighted.detach())

    @torch.no_grad()
    def agree(self, module: nn.Module) -> None:
        """Make the buffers of all processes the same: means of batch norm statistics, others of the main."""
        if self.count == 1:
            return
        for name, buffer in module.named_buffers():
            if name.endswith(("running_mean", "running_var")):
                distributed.all_reduce(buffer)
                buffer /= self.count
            else:
                main = buffer.contiguous().clone()
                distributed.broadcast(main, 0)
                if not torch.equal(main, buffer):
                    buffer.copy_(main)


def current_shard(options: Fit) -> Shard:
    """Return the shard of this process."""
    return Shard(joined().index, joined().count, least=2 if options.sync_batch_norm is False else 1)


class ShardSampler(Sampler[list[Any]]):
    """The keys of a process's rows, for each batch.

    Args:
        batches: The keys of whole batches.
        shard: The rows.
    """

    def __init__(self, batches: Sampler[list[Any]], shard: Shard) -> None:
        self.batches = batches
        self.shard = shard

    def __len__(self) -> int:
        return len(self.batches)  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[list[Any]]:
        for keys in self.batches:
            yield keys[self.shard.rows(len(keys))]
