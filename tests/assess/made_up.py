"""Predictions without images, and images with spots and a model that looks at them."""

from __future__ import annotations

from collections.abc import Sequence

from ferkit.assess.classify import Classified
from ferkit.assess.data import Data
from ferkit.assess.evaluate import score_predictions
from ferkit.assess.result import NO_FACE, Evaluation, NoFace, Prediction

LABELS = ("happiness", "neutral")


def predict(label: str, predicted: str, count: int, **groups: str) -> list[Prediction]:
    """Equal predictions of `count` images, with confidence 0.9."""
    probabilities = None
    if predicted != NO_FACE:
        probabilities = tuple(0.9 if one == predicted else 0.1 for one in LABELS)
    paths = (f"{label}_{predicted}_{'_'.join(groups.values())}_{number}.png" for number in range(count))
    return [Prediction(path, label, predicted, probabilities, groups) for path in paths]


def evaluate_made(
    made: Sequence[Prediction],
    *,
    by: Sequence[str] = (),
    group: str | None = None,
    is_skipped: bool = False,
    is_recorded: bool = True,
    labels: Sequence[str] = LABELS,
) -> Evaluation:
    found = Classified(tuple(made), labels, is_recorded=is_recorded)
    no_face: NoFace = "skip" if is_skipped else "wrong"
    return score_predictions(
        found, "made up", Data("made", ()), dropped={}, by=by, group=group, no_face=no_face
    )
