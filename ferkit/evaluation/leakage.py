"""Leakage: test images that have another image of the same group, such as a scene, in training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ferkit.data.groups import group_kinds
from ferkit.evaluation.protocol import Fold
from ferkit.interfaces import Sample


def leaked_fraction(train: Sequence[str], test: Sequence[str]) -> float:
    """Return the fraction (0 to 1) of test images whose group is in training, from the groups of images."""
    seen = set(train)
    return float(np.mean([name in seen for name in test])) if len(test) else 0.0


def crossing(folds: Sequence[Fold], samples: Sequence[Sample], kind: str) -> float:
    """Return the mean over folds of `leaked_fraction`, with validation images as part of training."""
    names = [sample.groups[kind] for sample in samples]
    fractions = [
        leaked_fraction(
            [names[one] for part in (fold.train, fold.validation) if part is not None for one in part],
            [names[one] for one in fold.test],
        )
        for fold in folds
    ]
    return float(np.mean(fractions))


def describe_leaks(folds: Sequence[Fold], samples: Sequence[Sample]) -> list[str]:
    """Return a sentence for each kind of group that is in both training and test images."""
    warnings = []
    for kind in group_kinds(samples):
        if fraction := crossing(folds, samples, kind):
            warnings.append(
                f"{100 * fraction:.1f}% of the test images have another image of the same {kind} in "
                "training: the score may be too high"
            )
    return warnings
