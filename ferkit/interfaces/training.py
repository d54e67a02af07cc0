"""Interfaces of the parts of a training: augmentation, optimizer, scheduler and callback."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from ferkit.interfaces.values import Epoch

if TYPE_CHECKING:
    from torch import Tensor, nn


class Augmentation(Protocol):
    """A random transformation of training images, built with its options.

    It is also built with `side`, if the constructor names it: width and height of the network's input, in
    pixels. It must be picklable: worker processes may apply it.

    Optional members of the class:

    - `is_batched = True`: it gets batches on the device of the training. In a recipe, all augmentations of
      single images come before those of batches.
    - An option `p`: the probability of the transformation. `ferkit check` tries the augmentation with p = 1.
    - `problems(side, **options)`, a static method: returns a mapping of options to problems, for `ferkit
      check`. It gets options of the right types. The key "" is for the augmentation as a whole.

    `ferkit check` also builds the augmentation and applies it to black images.
    """

    def __call__(self, images: Any, seed: int) -> Any:
        """Return the transformed image or batch. The same seed gives the same result.

        Args:
            images: (H, W, 3) uint8 RGB, and the result is (H', W', 3) uint8. If `is_batched`: (B, 3, H, W)
                float32 tensor, 0 to 1, and the result has the same shape.
            seed: Differs between images and epochs. If `is_batched`: between batches and epochs.
        """


class Optimizer(Protocol):
    """A `torch.optim.Optimizer`, built with `params` and its options.

    `params` is a list of groups: mappings with `params`, `lr` and `weight_decay`. The constructor also gets
    `lr` and `weight_decay` of the recipe, if it names them.

    Two optional class attributes:

    - `needs_closure = True`: `step` is called with a function that computes loss and gradients of the batch
      again and returns the loss, as SAM needs it. Gradients are computed before the call too.
    - `manifolds = True`: it supports parameters on a manifold (geoopt).
    """

    param_groups: list[dict[str, Any]]

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update the parameters."""

    def zero_grad(self) -> None:
        """Delete the gradients."""

    def state_dict(self) -> dict[str, Any]:
        """Return the state: tensors, numbers, strings, lists and dictionaries."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load a state."""


class Scheduler(Protocol):
    """A learning rate schedule, such as those of `torch.optim.lr_scheduler`, built with its options.

    It is also built with `optimizer`, and with those of `epochs` (`int`) and `steps_per_epoch` (`int`, number
    of updates) that the constructor names.

    Optional method: `end_epoch(train_loss)` is called after each epoch.
    """

    def step(self) -> None:
        """Set the rates of the next update. Called after each update, not after each epoch."""

    def state_dict(self) -> dict[str, Any]:
        """Return the state: tensors, numbers, strings, lists and dictionaries."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load a state."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainingSetup:
    """The training that a callback accompanies.

    Attributes:
        network: The network that is trained, on its device.
        optimizer: Its optimizer.
        epochs: Number of epochs.
        steps_per_epoch: Number of updates of the parameters in each epoch.
    """

    network: nn.Module
    optimizer: Any
    epochs: int
    steps_per_epoch: int


class Callback:
    """An addition to the training of a network. Subclasses override the methods that they need.

    It is built with its options, and with those of `labels` (`Sequence[str]`) and `num_classes` that the
    constructor names. All callbacks of a recipe are called in its order. The random generators of Python,
    numpy and torch are seeded before each epoch: a callback may use them, and a resumed training is the same.
    If several processes train a network, each calls the callbacks, with the same values. Only torch's random
    numbers differ.

    Attributes:
        needs_validation: True if the callback uses `end_epoch` to change the training. ferkit refuses it
            where only test images are monitored.
    """

    needs_validation: ClassVar[bool] = False

    def prepare(self, network: nn.Module) -> None:
        """Called once, before the optimizer is built. It may change which parameters are trained.

        Args:
            network: The initial network, with the modules `backbone`, `head` and `output`.
        """

    def begin(self, setup: TrainingSetup) -> None:
        """Called once, before the first epoch, and before the state of an interrupted training is loaded."""

    def begin_epoch(self, number: int) -> None:
        """Called before an epoch. `number` counts from 1."""

    def change_batch(self, images: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Return images and targets to train on.

        Args:
            images: (B, 3, H, W) float, normalised as the recipe says. It may be changed in place.
            targets: (B,) int64 labels, or (B, K) soft targets. The result may be either.
        """
        return images, targets

    def end_step(self) -> None:
        """Called after each update of the parameters."""

    def end_epoch(self, epoch: Epoch, accuracy: float) -> bool:
        """Called after an epoch and its evaluation.

        Args:
            epoch: Results of the epoch.
            accuracy: Accuracy on the monitored images, 0 to 1.

        Returns:
            True to end the training.
        """
        return False

    def evaluated_network(self) -> nn.Module | None:
        """Return the network that is evaluated and saved, such as an average. None: the trained one.

        Its parameters have the names of the network before `prepare`. Only one callback of a recipe may have
        such a network.
        """
        return None

    def state_dict(self) -> dict[str, Any]:
        """Return the state: tensors, numbers, strings, lists and dictionaries."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load a state."""
