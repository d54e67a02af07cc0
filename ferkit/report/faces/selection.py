"""Which test images the page shows, where images are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ferkit.evaluation.run_files import Predictions

MISTAKES = 12
EXPLAINED = 8


@dataclass(frozen=True, slots=True)
class Guess:
    """One prediction of one image. probability: of the predicted label; repeat and fold count from 0."""

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
    """made: an epoch selection's predictions, by repeat and fold."""
    for repeat, run in enumerate(made):
        for fold, one in enumerate(run):
            surest = one.probabilities.max(axis=1).tolist()
            for path, true, predicted, probability in zip(
                one.paths, one.truth, one.predicted, surest, strict=True
            ):
                yield Guess(path, true, predicted, probability, repeat, fold)


def surest_mistakes(guesses: Sequence[Guess], count: int = MISTAKES) -> list[Guess]:
    """The wrong ones with the highest probability, each image once, by the surest of its repeats."""
    surest: dict[str, Guess] = {}
    for one in sorted(guesses, key=lambda one: -one.probability):
        if not one.is_right:
            surest.setdefault(one.path, one)
    return list(surest.values())[:count]


def varied_faces(guesses: Sequence[Guess], labels: Sequence[str], count: int = EXPLAINED) -> list[Guess]:
    """One image of each true class, then a second of each; right and wrong by turns where there are both.

    The first in the list's order: whichever looked best would show nothing.
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
