"""A loss's own state: changed by training batches only, once for each."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from ferkit.neural.options import Optimizer
from tests.neural.tiny import FACES, fit, tiny_estimator


class Counting(nn.CrossEntropyLoss):
    """Counts the images that it has seen in training mode."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        if self.training:
            self.seen += len(targets)
        return super().forward(logits, targets)


SAM = Optimizer(name="sam", lr=0.02, base={"name": "momentum"})


@pytest.mark.parametrize("optimizer", [Optimizer(lr=0.02), SAM], ids=lambda one: one.name)
def test_a_loss_learns_from_each_training_image_once_and_from_no_other(optimizer: Optimizer) -> None:
    loss = Counting()
    estimator = tiny_estimator(epochs=2, loss=loss, optimizer=optimizer)
    fit(estimator)
    assert loss.seen.item() == 2 * len(FACES)
    estimator.predict(FACES)
    assert loss.seen.item() == 2 * len(FACES)


def test_an_error_of_the_batch_in_a_resumed_step_is_told_as_it_is() -> None:
    class Fails(nn.CrossEntropyLoss):
        calls = 0

        def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
            self.calls += self.training
            if self.calls == 2:
                raise MemoryError("too large")
            return super().forward(logits, targets)

    estimator = tiny_estimator(loss=Fails(), optimizer=SAM)
    training = estimator.start_training(FACES)
    training.is_restored = True
    with pytest.raises(MemoryError, match="too large"):
        list(training.train_batches(1))
