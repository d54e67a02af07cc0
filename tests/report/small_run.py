"""A run's folder with numbers that can be worked out by hand.

Four images of two classes in two folds. Best epochs: one of four is wrong. Last epochs: two are.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

LABELS = ["anger", "fear"]
FOLD_0 = "a.png,anger,anger,0.8,0.2\nb.png,fear,anger,0.6,0.4\n"
BEST = (FOLD_0, "c.png,anger,anger,0.9,0.1\nd.png,fear,fear,0.3,0.7\n")
LAST = (FOLD_0, "c.png,anger,anger,0.9,0.1\nd.png,fear,anger,0.6,0.4\n")


def _score(title: str, is_selected: bool, folds: list[float], epoch: int) -> dict[str, Any]:
    accuracy = sum(folds) / 2
    known = {"title": title, "selected_on_test": is_selected, "accuracy": accuracy, "mean_recall": accuracy}
    return {**known, "repeats": [accuracy], "folds": [folds], "epochs": [[epoch] * 2], "deviation": None}


def _details(classes: list[tuple[str, float, float, float]], **others: Any) -> dict[str, Any]:
    rows = [dict(zip(("label", "precision", "recall", "f1"), one, strict=True)) for one in classes]
    drawn = {"accuracy": [0.41, 0.62], "mean_recall": [0.4, 0.6], "macro_f1": [0.3, 0.5]}
    wide = {"accuracy": [0.312, 0.717], "mean_recall": [0.3, 0.7], "macro_f1": [0.2, 0.6]}
    return {
        **others,
        "classes": [{**row, "images": 2} for row in rows],
        "permuted": {},
        "intervals": {"movie": wide, "image": drawn},
        "clusters": {"movie": 8, "image": 4},
    }


BEST_SCORE = _score("Best epoch", True, [0.5, 1.0], 1) | _details(
    [("anger", 2 / 3, 1.0, 0.8), ("fear", 1.0, 0.5, 2 / 3)],
    macro_f1=2 / 3,
    nll=0.4004,
    brier=0.25,
    ece=0.3,
    confusion=[[2, 0], [1, 1]],
)
LAST_SCORE = _score("Last epoch", False, [0.5, 0.5], 2) | _details(
    [("anger", 0.5, 1.0, 2 / 3), ("fear", 0.0, 0.0, 0.0)],
    macro_f1=1 / 3,
    nll=0.5403,
    brier=0.385,
    ece=0.375,
    confusion=[[2, 0], [2, 0]],
)
SUMMARY: dict[str, Any] = {
    "name": "a<b",
    "description": "Five & <six>",
    "demo": False,
    "status": "complete",
    "labels": LABELS,
    "warnings": ["1 image is a byte-for-byte duplicate of another"],
    "paper": {
        "row": "A row",
        "number": 54.19,
        "metric": "accuracy",
        "protocol": "paper",
        "folds": None,
        "data": None,
        "source": "Somebody",
    },
    "data": {
        "name": "sfew",
        "images": 5,
        "faces_found": 3,
        "whole_images": 1,
        "skipped": [{"path": "x/<broken>.png", "problem": "truncated"}],
        "per_class": {"anger": 2, "fear": 2},
    },
    "protocol": {"name": "paper", "folds": 2, "repeats": 1, "seed": 0, "new_folds": False},
    "scores": {
        "best_epoch": BEST_SCORE,
        "best_common_epoch": _score("Best common epoch", True, [0.5, 1.0], 1),
        "last_epoch": LAST_SCORE,
    },
    "parameters": {"total": 22_800_000, "trained": 899},
    "weights": [
        {"name": "msceleb1m", "file": "f.h5", "sha256": "6acd", "trained_on": "faces", "licence": "MIT"}
    ],
    "backbone_sha256": "77f3",
    "seconds": 95.0,
}
RECIPE = 'name = "<recipe>"\n[paper]\nrow = "A row"\naccuracy = 54.19\nsource = "Somebody"\n'


def write_run(folder: Path, summary: dict[str, Any] = SUMMARY, repeats: int = 1) -> Path:
    """The folder, each repeat like the first."""
    rows = [
        {"repeat": repeat, "fold": fold, "epoch": epoch, "watched": "test", "seconds": 1.0}
        | {"train_loss": 1 / epoch, "validation_loss": 1.5 / epoch, "train_accuracy": 0.25 * epoch}
        | {"accuracy": accuracy, "mean_recall": accuracy, "nll": 0.5}
        for repeat in range(repeats)
        for fold, epoch, accuracy in ((0, 1, 0.5), (0, 2, 0.5), (1, 1, 1.0), (1, 2, 0.5))
    ]
    write_metrics(folder, rows)
    (folder / "summary.json").write_text(json.dumps(summary))
    (folder / "environment.json").write_text(json.dumps({"torch": "2.14.1", "gpu": None}))
    (folder / "recipe.toml").write_text(RECIPE)
    header = "path,label,groups,sha256,box,score,problem\n"
    lines = [f"{name}.png,{label},movie={movie},,,,\n" for name, label, movie in IMAGES]
    (folder / "manifest.csv").write_text(header + "".join(lines))
    for repeat in range(repeats):
        for fold in (0, 1):
            place = folder / "folds" / f"repeat{repeat}_fold{fold}"
            place.mkdir(parents=True)
            for which, tables in (("best", BEST), ("last", LAST)):
                text = "path,label,predicted,anger,fear\n" + tables[fold]
                (place / f"predictions_{which}.csv").write_text(text)
    return folder


IMAGES = (("a", "anger", "M"), ("b", "fear", "M"), ("c", "anger", "N"), ("d", "fear", "N"))


def write_metrics(folder: Path, rows: list[dict[str, Any]]) -> None:
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def write_old_run(folder: Path) -> Path:
    """As the first ferkit left it: no intervals, no details, and fewer numbers of each epoch."""
    kept = ("title", "selected_on_test", "accuracy", "mean_recall", "repeats", "folds", "epochs", "deviation")
    scores = {key: {name: one[name] for name in kept} for key, one in SUMMARY["scores"].items()}
    paper = {"row": "A row", "accuracy": 54.19, "source": "Somebody"}
    write_run(folder, {**SUMMARY, "paper": paper, "scores": scores})
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    write_metrics(folder, [{k: v for k, v in row.items() if k not in ("watched", "nll")} for row in rows])
    return folder
