"""The loss of a training batch: the recipe's loss, and the auxiliary losses of a head."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from ferkit.neural.network import Network


@dataclass(frozen=True, slots=True)
class BatchLoss:
    """The loss of a batch, by parts.

    Attributes:
        logits: (B, K), of the network.
        main: The recipe's loss, a scalar.
        total: The sum to minimise, a scalar.
        auxiliary: Name to auxiliary loss, a scalar. Cross entropies are stated without their weight.
    """

    logits: Tensor
    main: Tensor
    total: Tensor
    auxiliary: Mapping[str, Tensor]

    @property
    def diverged(self) -> str:
        """The name of an auxiliary loss that is not finite, or ""."""
        return next((name for name, value in self.auxiliary.items() if not value.isfinite()), "")


def needs_embeddings(loss: object) -> bool:
    """Return the optional attribute `needs_embeddings` of a loss. Default: False."""
    return bool(getattr(loss, "needs_embeddings", False))


def call_loss(loss: nn.Module, logits: Tensor, targets: Tensor, network: Network) -> Tensor:
    """Call the recipe's loss, with the embeddings of the network's last call if it needs them."""
    more = (network.take_embeddings(),) if needs_embeddings(loss) else ()
    found: Tensor = loss(logits, targets, *more)
    return found


def batch_loss(answer: Any, targets: Tensor, loss: nn.Module, network: Network) -> BatchLoss:
    """Compute the loss of a batch.

    Args:
        answer: Of a network in training mode: logits (B, K), or a tuple of logits and auxiliary values.
            A scalar is an auxiliary loss, and is added as it is. (B, K) are auxiliary logits: their cross
            entropy is multiplied by the head's `auxiliary_weight` and added.
        targets: (B,) int64 labels, or (B, K) soft targets.
        loss: The recipe's loss.
        network: The network that gave the answer.
    """
    logits, values = answer if isinstance(answer, tuple) else (answer, {})
    main = total = call_loss(loss, logits, targets.clone(), network)  # a loss may write into what it is given
    losses = {}
    for name, value in values.items():
        is_loss = value.dim() == 0
        losses[name] = value if is_loss else F.cross_entropy(value.float(), targets)
        total = total + (1.0 if is_loss else network.auxiliary_weight) * losses[name]
    return BatchLoss(logits, main, total, losses)


@dataclass
class AuxiliaryMeans:
    """Means of auxiliary losses over the images of an epoch.

    Attributes:
        totals: Name to sum over the images.
        images: Number of images.
    """

    totals: dict[str, float] = field(default_factory=dict)
    images: int = 0

    def add(self, found: BatchLoss) -> None:
        """Add a batch."""
        self.images += len(found.logits)
        for name, value in found.auxiliary.items():
            self.totals[name] = self.totals.get(name, 0.0) + value.item() * len(found.logits)

    def details(self) -> dict[str, float]:
        """Return the means, for `Epoch.details`."""
        return {f"auxiliary_{name}": total / self.images for name, total in self.totals.items()}
