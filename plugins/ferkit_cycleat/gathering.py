"""The three domains, as a fold of a protocol has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from ferkit.plugin import DataError, Dataset, Face
from ferkit_cycleat.domains import match_labels, to_pixels

Crop = Callable[[str, Dataset], Sequence[Face]]


@dataclass(frozen=True, slots=True, eq=False)
class Domains:
    """source: (N, 3, side, side) uint8 with classes (N,) int64; auxiliary: (M, 3, side, side), no labels."""

    source: Tensor
    classes: Tensor
    auxiliary: Tensor
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class Origins:
    """Where the domains come from. auxiliary: None for the target's training faces alone."""

    crop: Crop
    source: Dataset
    auxiliary: Dataset | None
    with_target: bool

    def gather(self, train: Sequence[Face], labels: Sequence[str], side: int) -> Domains:
        """The domains of a fold. Of the training fold's faces no label is read. Raises DataError."""
        source, classes, warnings = match_labels(self.crop("source", self.source), labels)
        unlabelled: list[Face] = []
        if self.auxiliary is not None:
            unlabelled = list(self.crop("auxiliary", self.auxiliary))
            if not unlabelled:
                raise DataError(
                    "estimator.auxiliary: expected images of faces, got none. Name a data set that has "
                    "some, or leave it out for the training fold's own faces."
                )
        if self.auxiliary is None or self.with_target:
            unlabelled += train
        if not unlabelled:
            raise DataError("estimator 'cycleat': expected faces to train with, got none in the fold")
        pixels, others = to_pixels(source, side), to_pixels(unlabelled, side)
        _check_varied(pixels, "the labelled source's")
        _check_varied(others, "the unlabelled")
        return Domains(pixels, classes, others, warnings)


def _check_varied(pixels: Tensor, whose: str) -> None:
    """Raises DataError where several images are all the same: no translation of them can be learned."""
    if len(pixels) > 1 and bool((pixels == pixels[0]).all()):
        raise DataError(
            f"estimator 'cycleat': expected faces that differ, got {len(pixels)} times the same image for "
            f"{whose} faces. Look at the images, and at what the detector crops of them."
        )
