r"""Score a model on a data set that it was not trained on, as `ferkit predict` uses it.

Every image goes from file to label. The model's detector finds the faces, and the first face is classified.
An image without a face counts as wrong. The 95% intervals are bootstrap intervals. With --group they draw
whole groups of that kind.

    python -m benchmarks.model_accuracy --data '{name="sfew", root="${FERKIT_DATA}/sfew"}' --group movie
    python -m benchmarks.model_accuracy --data '{name="image_folder", root="${FERKIT_DATA}/london"}' \\
        --rename smiling=happiness --between neutral,happiness
    python -m benchmarks.model_accuracy --data '{name="manifest", file="list.csv"}' --by gender

--by adds the scores of each group of that kind with at least ten images.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.script import describe_options
from ferkit import Predictor
from ferkit.components.build import build
from ferkit.components.discovery import load_plugins
from ferkit.components.part import Part
from ferkit.errors import DataError, FerkitError, Problem
from ferkit.evaluation.metrics.intervals import cluster_confusions, metric_of, score_interval
from ferkit.interfaces import Sample
from ferkit.recipe.parse import expand_variables
from ferkit.runtime.atomic_write import write_text

NO_FACE = "no face"
METRICS = ("accuracy", "mean_recall")
BATCH = 64
FEWEST = 10
"""Images of a group, below which an interval would be meaningless."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A sample, its label in the model's names, and the predicted label or NO_FACE."""

    sample: Sample
    label: str
    predicted: str


def read_data(text: str, part: str) -> Sequence[Sample]:
    """Load the images of a data set.

    Args:
        text: An inline table as in a recipe: {name = ..., options}.
        part: Split to load: "test", for example. "": all.
    """
    problems: list[Problem] = []
    try:
        table = expand_variables(tomllib.loads(f"data = {text}")["data"], problems)
        data = Part(**table)
    except (tomllib.TOMLDecodeError, TypeError, ValueError) as error:
        raise DataError(f'--data: expected a table like {{name="sfew", root="..."}}: {error}') from error
    if problems:
        raise DataError(f"--data: {problems[0].message}")
    samples = build(load_plugins(), "dataset", data).samples()
    chosen = [one for one in samples if not part or one.split == part]
    if not chosen:
        parts = ", ".join(sorted({one.split or "none" for one in samples}))
        raise DataError(f"--part {part}: no image is in that split. Available: {parts}")
    return chosen


def read_names(renamed: Sequence[str]) -> dict[str, str]:
    """Parse THEIRS=OURS into the model's label name by the data set's."""
    if wrong := [one for one in renamed if "=" not in one]:
        raise DataError(f"--rename {wrong[0]}: expected THEIRS=OURS")
    return dict(one.split("=", 1) for one in renamed)


def judge(
    predictor: Predictor, samples: Sequence[Sample], names: Mapping[str, str], between: Sequence[str]
) -> list[Judged]:
    """Classify the images whose label is one of `between` (empty: any label of the model)."""
    allowed = list(between) or list(predictor.labels)
    if unknown := sorted({*allowed} - {*predictor.labels}):
        raise DataError(
            f"--between: the model has no label {unknown[0]}. It has {', '.join(predictor.labels)}."
        )
    labelled = [(one, names.get(one.label, one.label)) for one in samples]
    strange = sorted({label for _, label in labelled} - {*predictor.labels})
    if strange and not between:
        raise DataError(
            f"The model has no label {', '.join(strange)}. It has {', '.join(predictor.labels)}. Map the "
            f"label: --rename {strange[0]}=LABEL"
        )
    known = [(one, label) for one, label in labelled if label in allowed]
    judged = []
    for first in range(0, len(known), BATCH):
        batch = known[first : first + BATCH]
        for (sample, label), rows in zip(
            batch, predictor.predict([one.path for one, _ in batch]), strict=True
        ):
            probabilities = rows[0].probabilities if rows else {}
            guess = max(allowed, key=lambda name: probabilities[name]) if probabilities else NO_FACE
            judged.append(Judged(sample, label, guess))
        print(f"\r{len(judged)} of {len(known)}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return judged


def score(judged: Sequence[Judged], group: str) -> dict[str, Any]:
    """Return the scores in percent, with their intervals."""
    truth, predicted = [one.label for one in judged], [one.predicted for one in judged]
    clusters = [one.sample.groups.get(group) or str(one.sample.path) for one in judged]
    labels = [*dict.fromkeys(truth), *sorted({*predicted} - {*truth})]
    confusions = cluster_confusions(truth, predicted, clusters, labels)
    found: dict[str, Any] = {
        "images": len(judged),
        "with a face": len(judged) - predicted.count(NO_FACE),
    }
    for metric in METRICS:
        interval = score_interval(confusions, metric)
        found[metric] = percent(metric_of(confusions, metric))
        found[f"{metric}, 95% interval"] = [percent(interval.low), percent(interval.high)]
    images = Counter(truth)
    right = Counter(label for label, guess in zip(truth, predicted, strict=True) if label == guess)
    found["recall"] = {label: percent(right[label] / count) for label, count in images.items()}
    found["groups"] = len(set(clusters))
    return found


def check_kind(judged: Sequence[Judged], kind: str, option: str) -> None:
    """Raise DataError if no image is in a group of that kind."""
    if not any(kind in one.sample.groups for one in judged):
        kinds = ", ".join(sorted({known for one in judged for known in one.sample.groups})) or "none"
        raise DataError(f"{option} {kind}: no image is in a group of that kind. Available: {kinds}")


def score_groups(judged: Sequence[Judged], group: str, kind: str) -> dict[str, dict[str, Any]]:
    """Score each group of a kind. Groups below FEWEST images are only counted."""
    parts: dict[str, list[Judged]] = {}
    for one in judged:
        parts.setdefault(one.sample.groups.get(kind, "unknown"), []).append(one)
    return {
        name: score(part, group) if len(part) >= FEWEST else {"images": len(part)}
        for name, part in sorted(parts.items())
    }


def percent(fraction: float) -> float:
    return round(100 * fraction, 2)


def show(found: Mapping[str, Any], indent: str = "") -> None:
    for name, value in found.items():
        if isinstance(value, dict) and name != "recall":
            print(f"{indent}{name}:")
            show(value, indent + "  ")
        else:
            print(f"{indent}{name}: {value}")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = describe_options(__doc__)
    add = parser.add_argument
    add("--model", help="a run's folder, a model file or a bundled model [default]")
    add("--data", required=True, metavar="TABLE", help="a data set as in a recipe")
    add("--part", default="", help="use only this split: test, for example")
    add(
        "--group",
        default="",
        help="the kind of group that intervals draw: movie, for example [none]",
    )
    add(
        "--rename",
        action="append",
        default=[],
        metavar="THEIRS=OURS",
        help="map a label of the data set; repeatable",
    )
    add("--between", default="", metavar="LABELS", help="compare only these labels, comma-separated")
    add("--by", default="", metavar="KIND", help="score each group of this kind too: gender, for example")
    add("--detector", help="another detector than the model's")
    add("--out", type=Path, metavar="FILE", help="write the scores as JSON")
    options = parser.parse_args(arguments)
    try:
        samples = read_data(options.data, options.part)
        predictor = Predictor(options.model, detector=options.detector)
        names = read_names(options.rename)
        between = [one for one in options.between.split(",") if one]
        judged = judge(predictor, samples, names, between)
        for option, kind in (("--group", options.group), ("--by", options.by)):
            if kind:
                check_kind(judged, kind, option)
        found = score(judged, options.group)
        if options.by:
            found[f"by {options.by}"] = score_groups(judged, options.group, options.by)
    except FerkitError as error:
        sys.exit(str(error))
    show(found)
    if options.out:
        write_text(options.out, json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
