"""The three domains of a fold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from ferkit.plugin import DataError, Dataset, Face
from ferkit_cycleat.domains import match_labels, to_pixels
from ferkit_cycleat.options import Color

Crop = Callable[[str, Dataset], Sequence[Face]]


@dataclass(frozen=True, slots=True, eq=False)
class Domains:
    """Images of the domains.

    Attributes:
        source: (N, 3, side, side) uint8.
        classes: (N,) int64, the classes of the source.
        auxiliary: (M, 3, side, side) uint8, without labels.
        warnings: Warnings about skipped faces.
    """

    source: Tensor
    classes: Tensor
    auxiliary: Tensor
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class Origins:
    """Data sets of the domains. Without an auxiliary data set, the target's training faces are used alone."""

    crop: Crop
    source: Dataset
    auxiliary: Dataset | None
    with_target: bool

    def gather(
        self, train: Sequence[Face], labels: Sequence[str], side: int, color: Color = "rgb"
    ) -> Domains:
        """Return the domains of a fold. Labels of the training fold are not read. Raises DataError."""
        source, classes, warnings = match_labels(self.crop("source", self.source), labels)
        unlabelled: list[Face] = []
        if self.auxiliary is not None:
            unlabelled = list(self.crop("auxiliary", self.auxiliary))
            if not unlabelled:
                raise DataError(
                    "estimator.auxiliary: expected images of faces, got none. Use another data set, or "
                    "remove the option to use the training fold's faces."
                )
        if self.auxiliary is None or self.with_target:
            unlabelled += train
        if not unlabelled:
            raise DataError("estimator 'cycleat': expected training faces, got none in the fold")
        pixels, others = to_pixels(source, side, color), to_pixels(unlabelled, side, color)
        _check_varied(pixels, "the labelled source's")
        _check_varied(others, "the unlabelled")
        return Domains(pixels, classes, others, warnings)


def _check_varied(pixels: Tensor, whose: str) -> None:
    """Raise DataError if several images are all equal."""
    if len(pixels) > 1 and bool((pixels == pixels[0]).all()):
        raise DataError(
            f"estimator 'cycleat': expected faces that differ, got {len(pixels)} times the same image for "
            f"{whose} faces. Check the images and their crops."
        )
