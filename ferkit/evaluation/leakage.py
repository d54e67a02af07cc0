"""How much of the test images is in the training images already, in another frame of the same scene."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ferkit.data.groups import group_kinds
from ferkit.evaluation.protocol import Fold
from ferkit.interfaces import Sample


def leaked_fraction(train: Sequence[str], test: Sequence[str]) -> float:
    """The fraction (0..1) of test images whose group has an image in training; the group of each image."""
    seen = set(train)
    return float(np.mean([name in seen for name in test])) if len(test) else 0.0


def crossing(folds: Sequence[Fold], samples: Sequence[Sample], kind: str) -> float:
    """The mean over folds of the fraction of test images whose group of that kind is trained or chosen on."""
    names = [sample.groups[kind] for sample in samples]
    shares = [
        leaked_fraction(
            [names[one] for part in (fold.train, fold.validation) if part is not None for one in part],
            [names[one] for one in fold.test],
        )
        for fold in folds
    ]
    return float(np.mean(shares))


def describe_leaks(folds: Sequence[Fold], samples: Sequence[Sample]) -> list[str]:
    """A sentence for each kind of group that crosses from training to test images."""
    warnings = []
    for kind in group_kinds(samples):
        if fraction := crossing(folds, samples, kind):
            warnings.append(
                f"{100 * fraction:.1f}% of the test images have another image of the same {kind} in "
                "training: what is tested is partly known"
            )
    return warnings
