"""Wrong in what holds for components of every kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from ferkit.components.component import Component
from tests.testing.wrong.case import CASES, SUMMARY, Case, fails
from tests.testing.wrong.right import RightHead

CASES.append(Case(Component("head", "wrong", f"{__name__}:NotThere", SUMMARY), "can_be_loaded"))


@fails("head", "can_be_loaded")
class NamesWhatIsNotThere(RightHead):
    def __init__(self, in_channels: int, num_classes: int, dropout: Dropout = 0.5) -> None:  # type: ignore[name-defined]  # noqa: F821
        super().__init__(in_channels, num_classes, dropout)


@fails("head", "has_a_summary", summary="Two\nlines")
class Unsaid(RightHead):
    pass


@fails("head", "is_documented", "explains_its_options")
class Undocumented(RightHead):
    __doc__ = ""


@fails("head", "explains_its_options")
class Unexplained(RightHead):
    """The mean of each channel, then one linear layer."""


@fails("head", "refuses_unknown_options")
class TakesAnything(RightHead):
    def __init__(self, in_channels: int, num_classes: int, **options: Any) -> None:
        super().__init__(in_channels, num_classes)


@fails("head", "annotates_its_options")
class Unannotated(RightHead):
    def __init__(self, in_channels: int, num_classes: int, dropout=0.5) -> None:  # type: ignore[no-untyped-def]
        super().__init__(in_channels, num_classes, dropout)


@fails("head", "annotates_its_options", "has_defaults_that_fit")
class WantsAFunction(RightHead):
    """The mean of each channel, then what a function makes of it. dropout: a tensor."""

    def __init__(self, in_channels: int, num_classes: int, dropout: Tensor | None = None) -> None:
        super().__init__(in_channels, num_classes)


@fails("head", "has_defaults_that_fit")
class DefaultsOtherwise(RightHead):
    def __init__(self, in_channels: int, num_classes: int, dropout: float = "half") -> None:  # type: ignore[assignment]
        super().__init__(in_channels, num_classes, 0.5)


@fails("head", "is_built_from_its_options")
class NeedsAnOption(RightHead):
    def __init__(self, in_channels: int, num_classes: int, dropout: float) -> None:
        super().__init__(in_channels, num_classes, dropout)


@fails("head", "is_built_from_its_options")
class CannotBeBuilt(RightHead):
    def __init__(self, in_channels: int, num_classes: int, dropout: float = 2.0) -> None:
        raise ValueError(f"dropout: expected a fraction, got {dropout}")


@fails("head", "can_be_pickled")
class HoldsALambda(RightHead):
    def __init__(self, in_channels: int, num_classes: int, dropout: float = 0.5) -> None:
        super().__init__(in_channels, num_classes, dropout)
        self.scale: Callable[[Tensor], Tensor] = lambda logits: 2 * logits
