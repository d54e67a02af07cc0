"""Select the test images that the report shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ferkit.evaluation.run_files import Predictions

MISTAKES = 12
EXPLAINED = 8


@dataclass(frozen=True, slots=True)
class Guess:
    """One prediction for one image.

    Attributes:
        path: The image file.
        true: The true label.
        predicted: The predicted label.
        probability: Probability of the predicted label, 0..1.
        repeat: Repeat, from 0.
        fold: Fold, from 0.
    """

    path: str
    true: str
    predicted: str
    probability: float
    repeat: int
    fold: int

    @property
    def is_right(self) -> bool:
        return self.true == self.predicted


def list_guesses(made: Sequence[Sequence[Predictions]]) -> Iterator[Guess]:
    """Yield the predictions of an epoch selection, given by repeat and fold."""
    for repeat, run in enumerate(made):
        for fold, one in enumerate(run):
            surest = one.probabilities.max(axis=1).tolist()
            for path, true, predicted, probability in zip(
                one.paths, one.truth, one.predicted, surest, strict=True
            ):
                yield Guess(path, true, predicted, probability, repeat, fold)


def surest_mistakes(guesses: Sequence[Guess], count: int = MISTAKES) -> list[Guess]:
    """Return the wrong predictions with the highest probability, one per image."""
    surest: dict[str, Guess] = {}
    for one in sorted(guesses, key=lambda one: -one.probability):
        if not one.is_right:
            surest.setdefault(one.path, one)
    return list(surest.values())[:count]


def varied_faces(guesses: Sequence[Guess], labels: Sequence[str], count: int = EXPLAINED) -> list[Guess]:
    """Select one image per true class, then a second one, alternately right and wrong.

    The order of the list decides, so the selection is not biased by appearance.
    """
    left = {label: [one for one in guesses if one.true == label] for label in labels}
    chosen: list[Guess] = []
    for turn in range(count):
        for number, label in enumerate(labels):
            if not left[label] or len(chosen) == count:
                continue
            wanted = (turn + number) % 2 == 0
            one = next((one for one in left[label] if one.is_right == wanted), left[label][0])
            left[label].remove(one)
            chosen.append(one)
    return chosen
