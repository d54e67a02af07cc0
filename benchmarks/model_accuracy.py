"""How often a model is right on a data set that it was not trained on, as `ferkit predict` uses it.

Every image goes from file to label: the model's detector finds the faces, the first of them is judged,
and an image in which none is found counts as wrong. Intervals (95%, bootstrap) draw whole groups where
the data set has groups of the kind that --group names.

    python -m benchmarks.model_accuracy --data '{name="sfew", root="${FERKIT_DATA}/sfew"}' --group movie
    python -m benchmarks.model_accuracy --data '{name="image_folder", root="${FERKIT_DATA}/london"}' \\
        --rename smiling=happiness --between neutral,happiness
    python -m benchmarks.model_accuracy --data '{name="manifest", file="list.csv"}' --by gender

With --by, once more for the images of each group of that kind that are at least ten.
"""

from __future__ import annotations

import argparse
import json
import sys
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
"""Images of a group of people; of fewer an interval would say nothing."""


@dataclass(frozen=True, slots=True)
class Judged:
    """predicted: a label, or NO_FACE."""

    sample: Sample
    label: str
    predicted: str


def read_data(text: str, part: str) -> Sequence[Sample]:
    """text: a data set as in a recipe, {name = ..., its options}; part: "", or only those of this part."""
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
        raise DataError(f"--part {part}: no image is of that part; there are: {parts}")
    return chosen


def read_names(renamed: Sequence[str]) -> dict[str, str]:
    """THEIRS=OURS -> the model's name of a label, by the data set's."""
    if wrong := [one for one in renamed if "=" not in one]:
        raise DataError(f"--rename {wrong[0]}: expected THEIRS=OURS")
    return dict(one.split("=", 1) for one in renamed)


def judge(
    predictor: Predictor, samples: Sequence[Sample], names: Mapping[str, str], between: Sequence[str]
) -> list[Judged]:
    """between: the labels that are compared, all where there is none; images of others are left out."""
    allowed = list(between) or list(predictor.labels)
    if unknown := sorted({*allowed} - {*predictor.labels}):
        raise DataError(
            f"--between: the model has no label {unknown[0]}; it has {', '.join(predictor.labels)}"
        )
    labelled = [(one, names.get(one.label, one.label)) for one in samples]
    strange = sorted({label for _, label in labelled} - {*predictor.labels})
    if strange and not between:
        raise DataError(
            f"the model has no label {', '.join(strange)}; it has {', '.join(predictor.labels)}. Say which "
            f"is meant: --rename {strange[0]}=LABEL"
        )
    known = [(one, label) for one, label in labelled if label in allowed]
    judged = []
    for first in range(0, len(known), BATCH):
        batch = known[first : first + BATCH]
        for (sample, label), rows in zip(
            batch, predictor.predict([one.path for one, _ in batch]), strict=True
        ):
            shares = rows[0].probabilities if rows else {}
            guess = max(allowed, key=lambda name: shares[name]) if shares else NO_FACE
            judged.append(Judged(sample, label, guess))
        print(f"\r{len(judged)} of {len(known)}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return judged


def come_to(judged: Sequence[Judged], group: str) -> dict[str, Any]:
    """Scores in percent, with their intervals."""
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
    """Raises DataError where no image is in a group of that kind."""
    if not any(kind in one.sample.groups for one in judged):
        kinds = ", ".join(sorted({known for one in judged for known in one.sample.groups})) or "none"
        raise DataError(f"{option} {kind}: no image is in a group of that kind; there are: {kinds}")


def come_to_by(judged: Sequence[Judged], group: str, kind: str) -> dict[str, dict[str, Any]]:
    """The same for each group of a kind; those of fewer than FEWEST images are counted alone."""
    parts: dict[str, list[Judged]] = {}
    for one in judged:
        parts.setdefault(one.sample.groups.get(kind, "unknown"), []).append(one)
    return {
        name: come_to(part, group) if len(part) >= FEWEST else {"images": len(part)}
        for name, part in sorted(parts.items())
    }


def percent(share: float) -> float:
    return round(100 * share, 2)


def show(found: Mapping[str, Any], indent: str = "") -> None:
    for name, value in found.items():
        if isinstance(value, dict) and name != "recall":
            print(f"{indent}{name}:")
            show(value, indent + "  ")
        else:
            print(f"{indent}{name}: {value}")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--model", help="a run's folder, a model file, or the name of one that ferkit brings [default]")
    add("--data", required=True, metavar="TABLE", help="a data set as in a recipe")
    add("--part", default="", help="only its images of this part: test, say")
    add("--group", default="", help="the kind of group that intervals draw: movie, say [single images]")
    add("--rename", action="append", default=[], metavar="THEIRS=OURS", help="a label of the data set's")
    add("--between", default="", metavar="LABELS", help="compare these alone, with commas")
    add("--by", default="", metavar="KIND", help="score each group of this kind on its own too: gender, say")
    add("--detector", help="another one than the model's")
    add("--out", type=Path, metavar="FILE", help="write the figures as JSON")
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
        found = come_to(judged, options.group)
        if options.by:
            found[f"by {options.by}"] = come_to_by(judged, options.group, options.by)
    except FerkitError as error:
        sys.exit(str(error))
    show(found)
    if options.out:
        write_text(options.out, json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
