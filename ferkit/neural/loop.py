"""The training loop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.data_loader import prepare_data_loader
from numpy.typing import NDArray
from torch import Tensor, nn

from ferkit.errors import DivergenceError, FerkitError, RunError
from ferkit.interfaces import Callback, Epoch, Optimizer, Scheduler, TrainingSetup
from ferkit.neural.auxiliary import AuxiliaryMeans, BatchLoss, batch_loss, call_loss, needs_embeddings
from ferkit.neural.batches import FaceImages, make_loader
from ferkit.neural.callbacks import Callbacks
from ferkit.neural.device import derive_seed
from ferkit.neural.divergence import DIVERGED, check_gradients, describe_divergence, note_error
from ferkit.neural.evaluation_batches import Batch, count_right, evaluation_batches
from ferkit.neural.held_state import held_buffers, held_statistics
from ferkit.neural.network import Network
from ferkit.neural.options import Fit
from ferkit.neural.shard import current_shard
from ferkit.neural.workers import choose_workers
from ferkit.runtime.prefetch import iterate_ahead

OF_BATCHES = 1
"""Separates the seeds of batches from those of images."""


@dataclass(frozen=True, slots=True)
class BatchReport:
    """Progress within an epoch.

    Attributes:
        epoch: Number of the epoch, from 1.
        batch: Number of the batch, from 1.
        batches: Number of batches in an epoch.
        loss: Mean loss of the epoch so far.
        accuracy: Accuracy of the epoch so far, 0 to 1.
        batch_loss: Loss of the batch before its update, without auxiliary losses.
    """

    epoch: int
    batch: int
    batches: int
    loss: float
    accuracy: float
    batch_loss: float = math.nan


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a training besides the network.

    Attributes:
        loss: The loss.
        optimizer: Builds the optimizer of a network.
        scheduler: Builds the scheduler from the optimizer and the number of updates in an epoch.
        callbacks: The callbacks, in order.
    """

    loss: nn.Module
    optimizer: Callable[[Network], Optimizer]
    scheduler: Callable[[Optimizer, int], Scheduler]
    callbacks: Sequence[Callback] = ()


class Training:
    """A network with its loss, optimizer and batches: everything that changes during training."""

    def __init__(
        self,
        network: Network,
        parts: Parts,
        options: Fit,
        accelerator: Accelerator,
        images: FaceImages,
        seed: int,
    ) -> None:
        if not len(images):
            raise RunError("Cannot train: there is no training face. Check the data and the protocol.")
        self.is_restored = False
        self.options = options
        self.accelerator = accelerator
        self.shard = current_shard(options)
        self.network = network.to(memory_format=torch.channels_last)
        self.network.keeps_embeddings = needs_embeddings(parts.loss)
        self.callbacks = Callbacks(parts.callbacks)
        self.callbacks.prepare(self.network)
        self.shard.prepare(self.network, options, accelerator.device)
        optimizer = parts.optimizer(self.network)
        self.needs_closure = getattr(optimizer, "needs_closure", False)
        self.workers = choose_workers(options, images.side, images.has_image_steps)
        loader, self.sampler = make_loader(
            images, options.batch_size, self.workers, seed, options.balance, self.shard
        )
        self.seed, self.prepare = seed, images.on_device(accelerator.device)
        self.loss = parts.loss.to(accelerator.device)
        self.wrapped, self.optimizer = accelerator.prepare(self.network, optimizer)
        # The batches are already those of this process.
        self.loader = prepare_data_loader(loader, accelerator.device, 1, 0, put_on_device=True)
        steps = -(-len(self.loader) // options.accumulate)
        self.scheduler = parts.scheduler(optimizer, steps)
        self.callbacks.begin(TrainingSetup(self.network, optimizer, options.epochs, steps))
        self.is_ended = False

    def run_epoch(
        self, number: int, monitored: Iterable[Batch], on_batch: Callable[[BatchReport], None] | None
    ) -> Epoch:
        """Train on all images once, then evaluate the monitored images."""
        started = time.perf_counter()
        rate = self.optimizer.param_groups[-1]["lr"]
        last = BatchReport(number, 0, 0, 0.0, 0.0)
        for last in self.train_batches(number):
            if on_batch:
                on_batch(last)
        if end_epoch := getattr(self.scheduler, "end_epoch", None):
            end_epoch(last.loss)
        probabilities, loss, accuracy = self.evaluate(monitored)
        seconds = time.perf_counter() - started
        details = self.auxiliary.details()
        epoch = Epoch(number, last.loss, last.accuracy, loss, probabilities, rate, seconds, details)
        self.is_ended = self.callbacks.end_epoch(epoch, accuracy)
        return epoch

    def train_batches(self, number: int) -> Iterator[BatchReport]:
        """Train on all images once, and yield after each batch."""
        self._set_training_mode()
        self.sampler.epoch = number
        self.callbacks.begin_epoch(number)
        summed, right, seen, self.auxiliary = 0.0, 0, 0, AuxiliaryMeans()
        batches = self.loader if self.workers else iterate_ahead(self.loader, 1)
        every, count = self.options.accumulate, len(self.loader)
        for batch, (images, targets) in enumerate(batches, start=1):
            where = f"epoch {number}, batch {batch}"
            first = (batch - 1) // every * every
            if batch == first + 1:
                self.optimizer.zero_grad()
            total = min(self.options.batch_size, len(self.sampler) - (batch - 1) * self.options.batch_size)
            given = self._change(images, targets, total, derive_seed(self.seed, number, batch, OF_BATCHES))
            found = self._backward(*given, min(every, count - first), where)
            if batch % every == 0 or batch == count:
                self._update(given, where)
            self.auxiliary.add(found)
            right += count_right(found.logits, given[1])
            loss = found.main.item()
            summed += loss * total
            seen += total
            yield BatchReport(number, batch, count, summed / seen, right / seen, loss)
        self.shard.agree(self.network)
        self.shard.agree(self.evaluated)

    def step_on(self, images: Tensor, targets: Tensor) -> None:
        """Train on one batch that is on the device."""
        self._set_training_mode()
        self.optimizer.zero_grad()
        given = self._change(images, targets, len(targets), self.seed)
        self._backward(*given, 1, "the batch")
        self._update(given, "the batch")

    def _change(self, images: Tensor, targets: Tensor, total: int, seed: int) -> tuple[Tensor, Tensor]:
        """Augment and change the images of this process, of a batch of `total` images.

        Returns:
            (images of this process, targets of the whole batch).
        """
        targets = self.shard.join(targets, total)
        is_whole = bool(self.prepare) or self.callbacks.changes_batches
        if is_whole:
            images = self.shard.join(images, total)
        if self.prepare:
            images = self.prepare(images, seed)
        with self.shard.equal_random(seed):
            images, targets = self.callbacks.change_batch(images, targets)
        return images[self.shard.rows(len(images))] if is_whole else images, targets

    def _set_training_mode(self) -> None:
        self.wrapped.train()
        self.loss.train()

    def _backward(self, images: Tensor, targets: Tensor, parts: int, where: str) -> BatchLoss:
        """Add the gradients of a batch, one of `parts` of an update."""
        answer = self.wrapped(images.contiguous(memory_format=torch.channels_last))
        answer = self.shard.join_answer(answer, self.network, len(targets))
        found = batch_loss(answer, targets, self.loss, self.network)
        if not found.total.isfinite():
            raise describe_divergence(found, self.loss, self.network.head, where)
        divisor = parts / self.shard.factor(len(targets))
        self.accelerator.backward(found.total if divisor == 1 else found.total / divisor)
        return found

    def _update(self, batch: tuple[Tensor, Tensor], where: str) -> None:
        """Update the parameters with the gradients that are there."""
        if self.accelerator.scaler is None:  # which leaves out the updates whose gradients overflow
            check_gradients(self.network, where)
        self._clip()
        if self.needs_closure:
            self._step(partial(self._again, batch, where))
        else:
            self._step()
        if not self.optimizer.step_was_skipped:
            self.callbacks.end_step()

    def _clip(self) -> None:
        if self.options.clip_norm:
            self.accelerator.clip_grad_norm_(self.network.parameters(), self.options.clip_norm)

    def _again(self, batch: tuple[Tensor, Tensor], where: str) -> float:
        """Compute the gradients of a batch again, with parameters that the optimizer has changed."""
        self.optimizer.zero_grad()
        with held_statistics(self.network), held_buffers(self.loss):
            found = self._backward(*batch, 1, where)
        check_gradients(self.network, where)
        self._clip()
        return found.total.item()

    def _step(self, *closures: Callable[[], float]) -> None:
        """Update the parameters. Raises RunError if a restored state does not match the optimizer."""
        own: list[BaseException] = []  # errors of the batch, not of the optimizer
        try:
            self.optimizer.step(*(partial(note_error, own, one) for one in closures))
            if not self.optimizer.step_was_skipped:
                self.scheduler.step()
        except Exception as error:
            if not self.is_restored or own or isinstance(error, FerkitError):
                raise
            raise RunError(
                f"Cannot resume: the optimizer's state does not match ({type(error).__name__}: {error}). "
                "Delete the fold's state.pt to restart the fold."
            ) from error
        self.is_restored = False

    def batches(self, images: FaceImages) -> Iterator[Batch]:
        """Yield the batches of images, for `evaluate`."""
        size = self.options.batch_size
        yield from evaluation_batches(self.network, images, size, self.accelerator, self.shard)

    @property
    def evaluated(self) -> Network:
        """The network that is evaluated and saved: the trained one, or the one of a callback."""
        other = self.callbacks.evaluated_network()
        return self.network if other is None else other  # type: ignore[return-value]

    @torch.inference_mode()
    def evaluate(self, batches: Iterable[Batch]) -> tuple[NDArray[np.float64], float, float]:
        """Return (images, K) probabilities, mean loss and accuracy. Without images: (0, 0), and NaN."""
        self.wrapped.eval()
        self.loss.eval()
        network = self.evaluated.eval()
        probabilities, total, right, seen = [], 0.0, 0, 0
        for batch in batches:
            with self.accelerator.autocast():
                logits = network(batch.images, batch.features).float()
            logits = self.shard.join_answer(logits, network, len(batch.targets))
            total += call_loss(self.loss, logits, batch.targets, network).item() * len(batch.targets)
            right += count_right(logits, batch.targets)
            seen += len(batch.targets)
            if not torch.isfinite(logits).all():
                raise DivergenceError(f"the network's outputs are no longer finite. {DIVERGED}")
            probabilities.append(logits.double().softmax(dim=1).cpu().numpy())
        if not seen:
            return np.zeros((0, 0)), math.nan, math.nan
        return np.concatenate(probabilities), total / seen, right / seen

    def state(self) -> dict[str, Any]:
        """Return the state that the next epoch needs, without frozen tensors."""
        frozen = "backbone." if self.network.is_backbone_frozen else None
        tensors = self.network.state_dict()
        return {
            "network": {n: t for n, t in tensors.items() if not (frozen and n.startswith(frozen))},
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "loss": self.loss.state_dict(),
            "callbacks": self.callbacks.state(),
            "is_ended": self.is_ended,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Load a state. It may raise any exception if the state does not match the network."""
        complete = {**self.network.state_dict(), **state["network"]}
        self.network.load_state_dict(complete)
        self.optimizer.load_state_dict(state["optimizer"])
        float(self.optimizer.param_groups[-1]["lr"])
        self.scheduler.load_state_dict(state["scheduler"])
        self.loss.load_state_dict(state["loss"])
        self.callbacks.restore(state["callbacks"])
        self.is_ended = bool(state["is_ended"])
        self.is_restored = True
