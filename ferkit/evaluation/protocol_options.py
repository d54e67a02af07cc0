"""What `[protocol]` of a recipe may say, for each protocol that there is."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, field_validator

from ferkit.components.part import Section

UNGROUPED = "none"
Measure = Literal["accuracy", "mean_recall", "nll"]
ProtocolName = Literal["paper", "grouped", "nested", "holdout"]
"""In the order of a table's columns."""


class _Repeated(Section):
    """repeats: how often each fold is trained, with other random numbers.

    seed: of the folds and, with the repeat and the fold, of everything random in training.
    """

    repeats: int = Field(default=3, ge=1)
    seed: int = Field(default=0, ge=0)


class _Folded(_Repeated):
    """Each fold is the test fold once.

    new_folds: whether each repeat draws its own folds (otherwise only its own training seeds).
    """

    folds: int = Field(default=2, ge=2)
    new_folds: bool = False


class _Grouped(_Folded):
    """Folds that no group crosses.

    by: the kind of group ("movie", "clip", "person"), or, left out, the coarsest that the data set gives;
    split: a file that says which groups make up each fold, or the name of one that ferkit ships; without it,
    folds are balanced by class through a local search.
    """

    by: str | None = None
    split: str | None = None


class _Validated(Section):
    """choose_by: the measure on the validation images: accuracy, UAR (balanced accuracy) or lowest NLL.

    inner_folds: one part in so many of the training images validates, none of them seen in training.
    """

    inner_folds: int = Field(default=4, ge=2)
    choose_by: Measure = "accuracy"


class PaperProtocol(_Folded):
    """The paper's evaluation (section 2.6): stratified folds, the best epoch chosen on the test fold."""

    name: Literal["paper"] = "paper"


class GroupedProtocol(_Grouped):
    """Like the paper's, with folds that no group crosses; the last epoch's score is the one not selected."""

    name: Literal["grouped"]

    @field_validator("by")
    @classmethod
    def _is_grouped(cls, by: str | None) -> str | None:
        if by == UNGROUPED:
            raise ValueError('a kind of group, e.g. "movie", is expected; folds without groups are "paper"')
        return by


class NestedProtocol(_Grouped, _Validated):
    """The epoch, and the recipe's `[grid]` if any, are chosen inside the training fold; the test fold is
    scored once.

    Folds are grouped where the data set gives groups, and so is the inner split; by = "none" ignores groups.
    """

    name: Literal["nested"]


class HoldoutProtocol(_Repeated, _Validated):
    """The data set's own training, validation and test images.

    Where it gives no validation images, validation = "inner" takes them out of the training images
    (grouped as `by` says), and "none" goes without: then the epoch can only be chosen on the test images.
    """

    name: Literal["holdout"]
    validation: Literal["inner", "none"] = "inner"
    by: str | None = None


def _tag(value: Any) -> Any:
    """The protocol that a table names; the paper's where it names none."""
    if isinstance(value, dict):
        return value.get("name", "paper")
    return getattr(value, "name", "paper")


Protocol = Annotated[
    Annotated[PaperProtocol, Tag("paper")]
    | Annotated[GroupedProtocol, Tag("grouped")]
    | Annotated[NestedProtocol, Tag("nested")]
    | Annotated[HoldoutProtocol, Tag("holdout")],
    Discriminator(_tag),
]
