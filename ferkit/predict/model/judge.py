"""The probabilities of faces, checked: a model file may compute anything."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ferkit.errors import FerkitError, RunError
from ferkit.messages import shorten
from ferkit.predict.model.classifiers import Classifier

TOLERANCE = 1e-3
"""Of a sum of probabilities, in float16 too."""
DAMAGED = "The file is damaged. Export it again."


def judge(
    classify: Classifier, faces: NDArray[np.float32], labels: Sequence[str], name: str
) -> NDArray[np.float64]:
    """Classify normalised faces (B, side, side, 3).

    Args:
        classify: The model.
        faces: The faces.
        labels: The labels, in the model's order.
        name: The name of the model in messages.

    Returns:
        Probabilities (B, labels). Each row adds up to 1.

    Raises:
        RunError: The model fails, or gives no probabilities.
    """
    try:
        found = classify(faces)
    except FerkitError:
        raise
    except Exception as error:
        raise RunError(
            f"Cannot classify faces with {name}: {shorten(error, 200)}. If memory is short, use a smaller "
            "batch size. Otherwise, export the model again."
        ) from error
    if found.shape != (len(faces), len(labels)):
        raise RunError(
            f"{name}: expected probabilities of shape {(len(faces), len(labels))} for the labels "
            f"{', '.join(labels)}, got {found.shape}. {DAMAGED}"
        )
    if not np.isfinite(found).all():
        raise RunError(f"{name}: its probabilities are not finite. {DAMAGED}")
    if (found < -TOLERANCE).any() or (abs(found.sum(axis=1) - 1) > TOLERANCE).any():
        odd = found[np.argmax(abs(found.sum(axis=1) - 1) - found.min(axis=1))]
        raise RunError(
            f"{name}: expected probabilities from 0 to 1 that add up to 1, got {odd.round(3).tolist()}. "
            f"{DAMAGED}"
        )
    return found
