"""Wrong augmentations, optimizers, schedulers and callbacks."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

import numpy as np
from torch import Tensor, nn

from ferkit.plugin import Epoch, TrainingSetup
from tests.testing.wrong.case import fails
from tests.testing.wrong.right import (
    RightAugmentation,
    RightBatchAugmentation,
    RightCallback,
    RightClosureOptimizer,
    RightOptimizer,
    RightScheduler,
)


@fails("augmentation", "gives_an_image")
class GivesFloats(RightAugmentation):
    def __call__(self, images: Any, seed: int) -> Any:
        return super().__call__(images, seed) / 255


@fails("augmentation", "stays_in_range")
class Overflows(RightBatchAugmentation):
    def __call__(self, images: Tensor, seed: int) -> Tensor:
        return images + 0.5


@fails("augmentation", "accepts_a_uniform_image")
class StretchesByTheRange(RightBatchAugmentation):
    def __call__(self, images: Tensor, seed: int) -> Tensor:
        low, high = images.amin(), images.amax()
        return (images - low) / (high - low)


@fails("augmentation", "depends_on_its_seed_alone", "leaves_the_global_generators_alone")
class DrawsGlobally(RightAugmentation):
    def __call__(self, images: Any, seed: int) -> Any:
        return images[:, ::-1] if random.random() < 0.5 else images


@fails("augmentation", "leaves_the_global_generators_alone")
class SeedsGlobally(RightAugmentation):
    def __call__(self, images: Any, seed: int) -> Any:
        np.random.seed(seed)
        return images[:, ::-1] if np.random.random() < 0.5 else images


@fails("optimizer", "is_an_optimizer")
class IsAlone:
    """Gradient descent. scale: of the steps."""

    def __init__(self, params: list[dict[str, Any]], lr: float, scale: float = 1.0) -> None:
        self.param_groups = params


@fails("optimizer", "keeps_the_groups", "uses_the_rate_of_each_group")
class HasOneRate(RightOptimizer):
    def __init__(self, params: list[dict[str, Any]], lr: float, scale: float = 1.0) -> None:
        super().__init__([{"params": [one for group in params for one in group["params"]]}], lr, scale)

    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        super().step()


@fails("optimizer", "uses_the_rate_of_each_group")
class RemembersTheRate(RightOptimizer):
    def __init__(self, params: list[dict[str, Any]], lr: float, scale: float = 1.0) -> None:
        super().__init__(params, lr, scale)
        self.rate = lr

    def rate_of(self, group: dict[str, Any]) -> float:
        return self.rate


@fails("optimizer", "reduces_a_convex_loss")
class Climbs(RightOptimizer):
    def __init__(self, params: list[dict[str, Any]], lr: float, scale: float = 1.0) -> None:
        super().__init__(params, lr, -scale)


@fails("optimizer", "leaves_parameters_without_a_gradient")
class NeedsEveryGradient(RightOptimizer):
    def gradient(self, parameter: Tensor) -> Tensor | None:
        assert parameter.grad is not None
        return parameter.grad


@fails("optimizer", "continues_from_its_state")
class HidesItsMomentum(RightOptimizer):
    def __init__(self, params: list[dict[str, Any]], lr: float, scale: float = 1.0) -> None:
        super().__init__(params, lr, scale)
        self.hidden: dict[Tensor, dict[str, Any]] = {}

    def memory(self, parameter: Tensor) -> dict[str, Any]:
        return self.hidden.setdefault(parameter, {})


@fails("optimizer", "calls_its_closure")
class ForgetsItsClosure(RightClosureOptimizer):
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        RightOptimizer.step(self)


@fails("optimizer", "returns_to_the_parameters", "uses_the_rate_of_each_group")
class StaysAway(RightClosureOptimizer):
    def back(self, moved: list[tuple[Tensor, Tensor]]) -> None:
        pass


@fails("scheduler", "has_the_methods_of_a_scheduler")
class HasNoState(RightScheduler):
    state_dict = None  # type: ignore[assignment]


@fails("scheduler", "rates_are_finite")
class FallsBelowZero(RightScheduler):
    def factor(self) -> float:
        return 1 - 2 * self.updates / self.total


@fails("scheduler", "keeps_the_proportion_of_the_groups")
class HasOneRateForAll(RightScheduler):
    def set_rates(self) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = self.factor() * self.rates[0]


@fails("scheduler", "accepts_the_training_loss")
class DividesByTheDecrease(RightScheduler):
    def end_epoch(self, train_loss: float) -> None:
        self.best = min(train_loss, getattr(self, "best", 9.0))
        if train_loss > self.best:
            raise ZeroDivisionError


@fails("scheduler", "continues_from_its_state")
class StartsAgain(RightScheduler):
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        pass


@fails("callback", "is_a_callback")
class IsNone:
    """Nothing. decay: of the average."""

    def __init__(self, decay: float = 0.9) -> None:
        self.decay = decay


@fails("callback", "keeps_the_shape_of_images")
class DropsAnImage(RightCallback):
    def change_batch(self, images: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        return images[: len(images) // 2 * 2 or 1], targets


@fails("callback", "targets_are_labels_or_distributions")
class DoublesTheTargets(RightCallback):
    def change_batch(self, images: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        return images, 2 * targets if targets.dim() == 2 else targets


@fails("callback", "leaves_targets_alone")
class RotatesTheTargets(RightCallback):
    def change_batch(self, images: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        targets.copy_(targets.flip(0))
        return images.flip(0), targets


@fails("callback", "end_epoch_returns_a_bool")
class ReturnsNothing(RightCallback):
    def end_epoch(self, epoch: Epoch, accuracy: float) -> bool:
        return None  # type: ignore[return-value]


@fails("callback", "evaluates_a_network_that_can_be_loaded")
class WrapsTheAverage(RightCallback):
    def evaluated_network(self) -> nn.Module:
        return nn.Sequential(self.average)


@fails("callback", "continues_from_its_state")
class ForgetsTheAverage(RightCallback):
    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        pass


@fails("callback", "continues_from_its_state")
class SavesTheNetwork(RightCallback):
    """An average. decay: of the average."""

    def begin(self, setup: TrainingSetup) -> None:
        super().begin(setup)
        self.extra = copy.deepcopy(setup.network)

    def state_dict(self) -> dict[str, Any]:
        return {"average": self.average}


@fails("callback", "keeps_the_shape_of_images")
class NormalisesTheBatch(RightCallback):
    def change_batch(self, images: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        return images / images.std(dim=0, keepdim=True) if len(images) == 1 else images, targets
