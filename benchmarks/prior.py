"""Score the bundled model with other adjustments for the prior of its training images.

The output `logit_adjustment` of a network answers softmax((z - further * log(prior) + bias) / T). The script
computes the answers of the bundled model for other values of `further` and of the bias of neutral, from the
probabilities that `ferkit evaluate` has written. No image is read. Images without a face count as wrong.

    ferkit evaluate default DATA --out scores
    python -m benchmarks.prior scores --further 0.25,0.5 --neutral=-0.5,-1

Menon et al. (2021), "Long-tail learning via logit adjustment", ICLR.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from safetensors.numpy import load_file
from sklearn.metrics import recall_score

from benchmarks.script import describe_options
from ferkit.errors import DataError
from ferkit.predict.model.bundled import DEFAULT
from ferkit.predict.model.load import read_description
from ferkit.runtime.shipped import MODELS

SMALLEST = 1e-12
NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class Adjusted:
    """A network with the output `logit_adjustment`.

    Attributes:
        labels: The labels, in order.
        temperature: T.
        log_prior: (K,) logarithm of each label's fraction of the training images.
        further: τ that its answers remove.
        neutral: Bias of neutral in its answers.
    """

    labels: tuple[str, ...]
    temperature: float
    log_prior: NDArray[np.float64]
    further: float
    neutral: float

    def change(self, further: float, neutral: float) -> NDArray[np.float64]:
        """Return (K,) numbers that are added to the logits for other values."""
        added = (self.further - further) * self.log_prior
        added[self.labels.index(NEUTRAL)] += neutral - self.neutral
        return added


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers to a data set.

    Attributes:
        name: Its name in the table.
        truth: (N,) positions of the labels.
        logits: (N, K) logits up to a constant for each image; NaN without a face.
    """

    name: str
    truth: NDArray[np.intp]
    logits: NDArray[np.float64]

    def score(self, added: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Return accuracy, and the recall of each label that has images (NaN for the others)."""
        found = ~np.isnan(self.logits).any(axis=1)
        predicted = np.where(found, np.nan_to_num(self.logits + added).argmax(axis=1), -1)
        labels = np.arange(self.logits.shape[1])
        recalls = recall_score(self.truth, predicted, labels=labels, average=None, zero_division=np.nan)
        return float((predicted == self.truth).mean()), np.asarray(recalls)


def read_bundled() -> Adjusted:
    """Return the bundled model."""
    path = MODELS / f"{DEFAULT}.safetensors"
    description, tensors = read_description(path), load_file(path)
    output = description.model.output.model_dump()
    log_prior = tensors["output.adjustment"].astype(np.float64) / output["tau"]
    bias = output.get("bias", {}).get(NEUTRAL, 0.0)
    return Adjusted(description.labels, description.temperature, log_prior, output.get("further", 0.0), bias)


def read_answers(folder: Path, model: Adjusted) -> Answers:
    """Return the answers in `predictions.csv` of a folder of `ferkit evaluate --out`.

    Labels that did not compete (`--among`) are never the answer.

    Raises:
        DataError: The file is missing, has no rows, or has a label that the model lacks.
    """
    path = folder / "predictions.csv"
    if not path.is_file():
        raise DataError(f"There is no file {path}. Write it: ferkit evaluate default DATA --out {folder}")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows or (unknown := {row.get("label") for row in rows} - set(model.labels)):
        got = f"the labels {sorted(map(str, unknown))}" if rows else "no rows"
        raise DataError(f"{path}: expected labels of the bundled model, {', '.join(model.labels)}, got {got}")
    given = [[float(row.get(f"p_{label}", "0") or "nan") for label in model.labels] for row in rows]
    truth = np.array([model.labels.index(row["label"]) for row in rows])
    logits = model.temperature * np.log(np.maximum(given, SMALLEST))
    return Answers(folder.name, truth, logits)


def numbers(text: str) -> list[float]:
    """Parse numbers that are separated by commas."""
    return [float(one) for one in text.split(",")]


def main(arguments: Sequence[str] | None = None) -> None:
    parser: argparse.ArgumentParser = describe_options(__doc__)
    parser.add_argument("folders", type=Path, nargs="+", help="folders of ferkit evaluate --out")
    parser.add_argument("--further", type=numbers, help="values of further [the model's]")
    parser.add_argument("--neutral", type=numbers, help="values of the bias of neutral [the model's]")
    options = parser.parse_args(arguments)
    model = read_bundled()
    try:
        sets = [read_answers(folder, model) for folder in options.folders]
    except DataError as error:
        sys.exit(str(error))
    table = Table("further", "neutral", "data", "accuracy", "UAR", *model.labels, title="in percent")
    for further in options.further or [model.further]:
        for neutral in options.neutral or [model.neutral]:
            for one in sets:
                accuracy, recalls = one.score(model.change(further, neutral))
                shown = [f"{number:.1%}"[:-1] for number in (accuracy, np.nanmean(recalls))]
                each = ["" if np.isnan(number) else f"{number:.0%}"[:-1] for number in recalls]
                table.add_row(f"{further:g}", f"{neutral:g}", one.name, *shown, *each)
    Console(width=150).print(table)


if __name__ == "__main__":
    main()
