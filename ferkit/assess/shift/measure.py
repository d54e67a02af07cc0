"""Classify changed images, and score the answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np

from ferkit.assess.classify import Classified, Classifier, Progress
from ferkit.assess.labels import Labelled
from ferkit.assess.result import Measure, NoFace, Prediction, Shift, ShiftLevel
from ferkit.assess.scores import count
from ferkit.assess.shift.effects import BOXES, Image, apply, cut_face
from ferkit.assess.shift.kinds import ALL, KINDS, read_kinds
from ferkit.assess.units import Units, find_units
from ferkit.data.crops import crop_detected
from ferkit.data.images import image_sha256, read_image
from ferkit.data.options import FaceOptions
from ferkit.evaluation.metrics.intervals import FEWEST, difference_interval, metric_of
from ferkit.interfaces import Detections, Sample
from ferkit.predict import Predictor

METRICS = ("accuracy", "mean_recall")
Setting = tuple[str, float]
"""Kind and level."""


@dataclass(frozen=True, slots=True, eq=False)
class Changed:
    """A changed image for the classifier.

    Attributes:
        setting: Kind and level of the change.
        place: Position of its prediction.
        image: (H, W, 3) uint8 RGB.
        found: Its face.
    """

    setting: Setting
    place: int
    image: Image
    found: Detections


def score_files(
    predictor: Predictor, images: Sequence[tuple[Path, str]], kinds: str | Sequence[str] = ALL
) -> tuple[Shift, ...]:
    """Score a predictor on changed image files.

    Args:
        predictor: The predictor.
        images: Path and label of each image.
        kinds: Names of KINDS. Default: all.

    Returns:
        For each kind, accuracy and UAR at each level. Images without a face count as wrong.

    Raises:
        DataError: A file cannot be read, or a kind is unknown.

    Example:
        >>> blur, = score_files(ferkit.Predictor(), [(Path("a.jpg"), "anger")], "blur")
        >>> [(one.level, one.scores["accuracy"]) for one in blur.levels]
    """
    chosen = read_kinds(kinds)
    labelled = [Labelled(Sample(path, label), label) for path, label in images]
    found = Classifier(predictor, predictor.labels).classify(labelled, _no_progress)
    return measure_shift(predictor, found, chosen)


def measure_shift(
    predictor: Predictor,
    found: Classified,
    kinds: Sequence[str],
    *,
    group: str | None = None,
    no_face: NoFace = "wrong",
    progress: Progress | None = None,
) -> tuple[Shift, ...]:
    """Score the answers to changed images. The face is that of the unchanged image.

    Args:
        predictor: The predictor of the unchanged images.
        found: The answers to the unchanged images.
        kinds: Names of KINDS, in its order.
        group: As for `evaluate`.
        no_face: As for `evaluate`. Images without a face are not changed.
        progress: Called with (task, images done, images in total).
    """
    if not kinds:
        return ()
    settings = [(kind, level) for kind in kinds for level in KINDS[kind].levels]
    answers = _classify(predictor, found, settings, progress or _no_progress)
    places = [place for place, one in enumerate(found.predictions) if one.probabilities or no_face == "wrong"]
    made = [found.predictions[place] for place in places]
    scorer = Scorer(made, found.labels, tuple(find_units(made, group)))
    faces = sum(one is not None for one in found.faces)
    shifts = []
    for kind in kinds:
        levels = []
        for level in KINDS[kind].levels:
            own = answers[kind, level]
            changed = [own.get(place, one.predicted) for place, one in zip(places, made, strict=True)]
            is_strongest = level == KINDS[kind].levels[-1]
            scores, changes = scorer.score(changed, has_intervals=is_strongest)
            levels.append(ShiftLevel(level, scores, changes, faces - len(own)))
        shifts.append(Shift(kind, KINDS[kind].unit, faces, tuple(levels)))
    return tuple(shifts)


def _classify(
    predictor: Predictor, found: Classified, settings: Sequence[Setting], progress: Progress
) -> dict[Setting, dict[int, str]]:
    """Return the predicted label of each changed face, by position. Faces that do not change are left out."""
    answers: dict[Setting, dict[int, str]] = {setting: {} for setting in settings}
    columns = [list(predictor.labels).index(label) for label in found.labels]
    views = _change_all(found, settings, predictor.description.faces, progress)
    while chunk := list(islice(views, predictor.batch_size)):
        rows = predictor.classify_faces([one.image for one in chunk], [one.found for one in chunk])
        for one, row in zip(chunk, rows, strict=True):
            answers[one.setting][one.place] = found.labels[int(row[columns].argmax())]
    return answers


def _change_all(
    found: Classified, settings: Sequence[Setting], options: FaceOptions, progress: Progress
) -> Iterator[Changed]:
    for place, (one, face) in enumerate(zip(found.predictions, found.faces, strict=True)):
        if face is not None:
            path = found.root / one.path
            sha256, image = image_sha256(path), read_image(path)
            for setting, changed, moved in change_face(image, face, settings, options, sha256):
                yield Changed(setting, place, changed, moved)
        progress("changed images", place + 1, len(found.predictions))


def change_face(
    image: Image, found: Detections, settings: Sequence[Setting], options: FaceOptions, sha256: str
) -> Iterator[tuple[Setting, Image, Detections]]:
    """Yield each change that alters the crop of a face.

    Args:
        image: (H, W, 3) uint8 RGB.
        found: The face.
        settings: Kinds and levels.
        options: Those of the crop.
        sha256: Hash of the image file. It seeds the random numbers, one seed for all levels of a kind.
    """
    crop = crop_detected(image, found, 0, options)
    near, face = cut_face(image, found, options)
    for kind, level in settings:
        rng = np.random.default_rng([int(sha256[:16], 16), *kind.encode()])
        source = (image, found) if kind in BOXES else (near, face)
        changed, moved = apply(kind, level, *source, rng)
        if not np.array_equal(crop_detected(changed, moved, 0, options), crop):
            yield (kind, level), changed, moved


@dataclass(frozen=True, slots=True)
class Scorer:
    """Scores of other predictions of the same images.

    Attributes:
        made: The predictions of the unchanged images.
        labels: The labels that compete.
        units: Units that the intervals draw.
    """

    made: Sequence[Prediction]
    labels: Sequence[str]
    units: Sequence[Units]

    def score(
        self, predicted: Sequence[str], *, has_intervals: bool
    ) -> tuple[dict[str, float], dict[str, Measure]]:
        """Return accuracy and UAR, and their changes if intervals are asked for."""
        changed = [replace(one, predicted=label) for one, label in zip(self.made, predicted, strict=True)]
        counts = {
            one.kind: (count(changed, self.labels, one.names), count(self.made, self.labels, one.names))
            for one in (self.units if has_intervals else self.units[-1:])
        }
        after, before = counts[self.units[-1].kind]
        scores = {metric: metric_of(after, metric) for metric in METRICS}
        if not has_intervals:
            return scores, {}
        numbers = {one.kind: len(set(one.names)) for one in self.units}
        changes = {}
        for metric in METRICS:
            drawn = {
                kind: difference_interval(*both, metric)
                for kind, both in counts.items()
                if numbers[kind] >= FEWEST
            }
            intervals = {kind: (one.low, one.high) for kind, one in drawn.items()}
            changes[metric] = Measure(scores[metric] - metric_of(before, metric), intervals)
        return scores, changes


def _no_progress(task: str, done: int, total: int) -> None:
    """Show no progress."""
