"""The training loop."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from numpy.typing import NDArray
from torch import Tensor, nn

from ferkit.errors import RunError
from ferkit.interfaces import Epoch
from ferkit.neural.auxiliary import AuxiliaryMeans, BatchLoss, batch_loss, call_loss, needs_embeddings
from ferkit.neural.batches import FaceImages, make_loader
from ferkit.neural.network import Network
from ferkit.neural.optim import make_optimizer, make_scheduler
from ferkit.neural.options import Fit
from ferkit.runtime.prefetch import iterate_ahead

DIVERGED = 'Reduce fit.optimizer.lr, or set fit.precision to "float32".'


@dataclass(frozen=True, slots=True)
class BatchReport:
    """Progress within an epoch.

    Attributes:
        epoch: Number of the epoch, from 1.
        batch: Number of the batch, from 1.
        batches: Number of batches in an epoch.
        loss: Mean loss of the epoch so far.
        accuracy: Accuracy of the epoch so far, 0 to 1.
    """

    epoch: int
    batch: int
    batches: int
    loss: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch for evaluation: images, or feature maps of a frozen backbone, and targets."""

    images: Tensor | None
    features: Mapping[str, Tensor] | None
    targets: Tensor


def count_right(logits: Tensor, targets: Tensor) -> int:
    """Count correct predictions. The label of a soft target is its largest value."""
    labels = targets if targets.dim() == 1 else targets.argmax(dim=1)
    return int((logits.argmax(dim=1) == labels).sum())


class Training:
    """A network with its loss, optimizer and batches: everything that changes during training."""

    def __init__(
        self,
        network: Network,
        loss: nn.Module,
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
        self.network = network.to(memory_format=torch.channels_last)
        self.network.keeps_embeddings = needs_embeddings(loss)
        optimizer = make_optimizer(self.network, options.optimizer)
        loader, self.sampler = make_loader(images, options.batch_size, options.workers, seed)
        self.loss = loss.to(accelerator.device)
        self.wrapped, self.optimizer, self.loader = accelerator.prepare(self.network, optimizer, loader)
        self.scheduler = make_scheduler(optimizer, options.schedule, options.epochs, len(self.loader))

    def run_epoch(
        self, number: int, monitored: Iterable[Batch], on_batch: Callable[[BatchReport], None] | None
    ) -> Epoch:
        """Train on all images once, then evaluate the monitored images."""
        started = time.perf_counter()
        rate = self.optimizer.param_groups[-1]["lr"]
        last = BatchReport(number, 0, 0, 0.0, 0.0)
        for last in self._train(number):
            if on_batch:
                on_batch(last)
        probabilities, loss = self.evaluate(monitored)
        seconds = time.perf_counter() - started
        details = self.auxiliary.details()
        return Epoch(number, last.loss, last.accuracy, loss, probabilities, rate, seconds, details)

    def _train(self, number: int) -> Iterator[BatchReport]:
        self.wrapped.train()
        self.sampler.epoch = number
        total, right, seen, self.auxiliary = 0.0, 0, 0, AuxiliaryMeans()
        batches = self.loader if self.options.workers else iterate_ahead(self.loader, 1)
        for batch, (images, targets) in enumerate(batches, start=1):
            where = f"epoch {number}, batch {batch}"
            answer = self.wrapped(images.contiguous(memory_format=torch.channels_last))
            found = batch_loss(answer, targets, self.loss, self.network)
            right += count_right(found.logits, targets)
            if not np.isfinite(value := found.total.item()):
                raise self._diverged(value, found, where)
            self.auxiliary.add(found)
            self.optimizer.zero_grad()
            self.accelerator.backward(found.total)
            self._check_gradients(where)
            self._step()
            total += (found.main.item() if found.auxiliary else value) * len(targets)
            seen += len(targets)
            yield BatchReport(number, batch, len(self.loader), total / seen, right / seen)

    def _step(self) -> None:
        """Update the parameters. Raises RunError if a restored state does not match the optimizer."""
        try:
            self.optimizer.step()
            self.scheduler.step()
        except Exception as error:
            if not self.is_restored:
                raise
            raise RunError(
                f"Cannot resume: the optimizer's state does not match ({type(error).__name__}: {error}). "
                "Delete the fold's state.pt to restart the fold."
            ) from error
        self.is_restored = False

    def _check_gradients(self, where: str) -> None:
        """Raises RunError with the first parameter whose gradient is not finite."""
        named = {name: one.grad for name, one in self.network.named_parameters() if one.grad is not None}
        if torch.stack([gradient.norm() for gradient in named.values()]).isfinite().all():
            return
        for name, gradient in named.items():
            if not gradient.isfinite().all():
                raise RunError(f"the gradient of {name} is no longer finite in {where}. {DIVERGED}")

    def _diverged(self, value: float, found: BatchLoss, where: str) -> RunError:
        """Describe the divergence. If the logits are finite, the cause may be the loss."""
        event = f"the loss became {value} in {where}"
        if not torch.isfinite(found.logits).all():
            return RunError(f"{event}: the network's outputs are no longer finite. {DIVERGED}")
        if found.diverged:
            head = type(self.network.head).__name__
            return RunError(
                f"{event}: the auxiliary loss {found.diverged!r} of {head} is not finite. {DIVERGED}"
            )
        kind = type(self.loss)
        return RunError(
            f"{event}, but the network's outputs are finite. Check the loss, {kind.__name__} of "
            f"{kind.__module__}, and its options. If it overflowed: {DIVERGED}"
        )

    def keep(self, images: FaceImages) -> Callable[[], Iterable[Batch]]:
        """Return a function that yields the batches of images. A frozen backbone runs only once."""
        if not self.network.is_backbone_frozen:
            return lambda: self._batches(images)
        kept = list(self._batches(images))
        return lambda: kept

    @torch.inference_mode()
    def _batches(self, images: FaceImages) -> Iterator[Batch]:
        self.wrapped.eval()
        loader, _ = make_loader(images, self.options.batch_size, 0, seed=None)
        for pixels, targets in iterate_ahead(loader, 1):
            pixels = pixels.to(self.accelerator.device, memory_format=torch.channels_last)
            targets = targets.to(self.accelerator.device)
            if self.network.is_backbone_frozen:
                with self.accelerator.autocast():
                    yield Batch(None, self.network.features(pixels), targets)
            else:
                yield Batch(pixels, None, targets)

    @torch.inference_mode()
    def evaluate(self, batches: Iterable[Batch]) -> tuple[NDArray[np.float64], float]:
        """Return (images, K) probabilities and the mean loss."""
        self.wrapped.eval()
        probabilities, total, seen = [], 0.0, 0
        for batch in batches:
            with self.accelerator.autocast():
                logits = self.network(batch.images, batch.features).float()
            total += call_loss(self.loss, logits, batch.targets, self.network).item() * len(batch.targets)
            seen += len(batch.targets)
            if not torch.isfinite(logits).all():
                raise RunError(f"the network's outputs are no longer finite. {DIVERGED}")
            probabilities.append(logits.double().softmax(dim=1).cpu().numpy())
        return np.concatenate(probabilities), total / seen

    def state(self) -> dict[str, Any]:
        """Return the state that the next epoch needs, without frozen tensors."""
        frozen = "backbone." if self.network.is_backbone_frozen else None
        tensors = self.network.state_dict()
        return {
            "network": {n: t for n, t in tensors.items() if not (frozen and n.startswith(frozen))},
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "loss": self.loss.state_dict(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Load a state. It may raise any exception if the state does not match the network."""
        complete = {**self.network.state_dict(), **state["network"]}
        self.network.load_state_dict(complete)
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])
        self.loss.load_state_dict(state["loss"])
        float(self.optimizer.param_groups[-1]["lr"])
        self.is_restored = True
