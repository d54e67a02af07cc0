"""The recipe section [protocol], for each protocol."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, field_validator

from ferkit.components.part import Section

UNGROUPED = "none"
NEAR_DUPLICATES = "near_duplicates"
"""Kind of group that a run derives from the images: near duplicates are in one group."""
Measure = Literal["accuracy", "mean_recall", "nll"]
ProtocolName = Literal["paper", "grouped", "nested", "holdout"]
"""Names of the protocols, in the order of a table's columns."""


class _Repeated(Section):
    """Repeated training.

    Attributes:
        repeats: Number of trainings of each fold, with different random numbers.
        seed: Seed of the folds. Together with repeat and fold, it is also the seed of the training.
    """

    repeats: int = Field(default=3, ge=1)
    seed: int = Field(default=0, ge=0)


class _Folded(_Repeated):
    """Cross-validation: each fold is the test fold once.

    Attributes:
        folds: Number of folds.
        new_folds: True draws new folds for each repeat. False only changes the seed of the training.
    """

    folds: int = Field(default=2, ge=2)
    new_folds: bool = False


class _Grouped(_Folded):
    """Folds that keep all images of a group together.

    Attributes:
        by: Kind of group, such as "movie", "clip" or "person". Default: the coarsest kind of the dataset.
            "near_duplicates" groups images that look alike, by the measures of `ferkit audit`.
        split: A file that lists the groups of each fold, or the name of a bundled one. Default: a local
            search balances the classes.
    """

    by: str | None = None
    split: str | None = None


class _Validated(Section):
    """Selection of the epoch on validation images.

    Attributes:
        inner_folds: The training images are divided into this many parts. One of them is for validation only.
            If a recipe names no protocol and the data are few, there are 3 or 2 parts.
        choose_by: Measure on the validation images: accuracy, mean_recall (UAR) or nll (lowest).
    """

    inner_folds: int = Field(default=4, ge=2)
    choose_by: Measure = "accuracy"


class PaperProtocol(_Folded):
    """The evaluation of the paper (section 2.6): stratified folds, best epoch selected on the test fold."""

    name: Literal["paper"] = "paper"


class GroupedProtocol(_Grouped):
    """As "paper", with groups kept together. The score of the last epoch is not selected on test images."""

    name: Literal["grouped"]

    @field_validator("by")
    @classmethod
    def _is_grouped(cls, by: str | None) -> str | None:
        if by == UNGROUPED:
            raise ValueError('expected a kind of group, such as "movie". Without groups, use "paper"')
        return by


class NestedProtocol(_Grouped, _Validated):
    """Select the epoch and the values of `[grid]` inside the training fold, and score the test fold once.

    This is the default. Folds and validation images keep groups together if the dataset has groups.
    `by = "none"` ignores groups.
    """

    name: Literal["nested"] = "nested"


class HoldoutProtocol(_Repeated, _Validated):
    """The splits that the dataset defines.

    Attributes:
        validation: If the dataset has no validation images: "inner" takes them from the training images, and
            "none" uses none. The best epoch is then selected on test images.
        by: Kind of group that validation images of "inner" keep together, or "none".
    """

    name: Literal["holdout"]
    validation: Literal["inner", "none"] = "inner"
    by: str | None = None


def _tag(value: Any) -> Any:
    """Return the name of the protocol. The default is "nested"."""
    if isinstance(value, dict):
        return value.get("name", "nested")
    return getattr(value, "name", "nested")


Protocol = Annotated[
    Annotated[PaperProtocol, Tag("paper")]
    | Annotated[GroupedProtocol, Tag("grouped")]
    | Annotated[NestedProtocol, Tag("nested")]
    | Annotated[HoldoutProtocol, Tag("holdout")],
    Discriminator(_tag),
]
