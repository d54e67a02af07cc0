"""A finished run, scored again by this ferkit: also one that an older ferkit made."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ferkit.errors import RunError
from ferkit.evaluation.paper import Paper
from ferkit.evaluation.run_files import AGAIN, read_resolved, read_summary
from ferkit.evaluation.scores import evaluate
from ferkit.evaluation.summary import Score, Summary
from ferkit.experiment.run_dir import RunDir
from ferkit.experiment.summary import describe_permutation, describe_temperatures


def renew(run_dir: Path) -> Summary:
    """Compute summary.json's scores again from the predictions, write it, and give it.

    Raises RunError where the run is not finished, its files are broken, or another ferkit is at work there.
    """
    old = read_summary(run_dir)
    scores = evaluate(run_dir, old.protocol, old.labels)
    # What the last scoring found out is found out again.
    kept = [one for one in old.warnings if one not in _told_by(old.scores)]
    changes = {
        "paper": _read_paper(run_dir),
        "scores": scores,
        "warnings": (*kept, *_told_by(scores)),
        "weights": old.weights,  # an older ferkit's summary may lack these two
        "backbone_sha256": old.backbone_sha256,
    }
    summary = old.model_copy(update=changes)
    with RunDir.resume(run_dir, (run_dir / "recipe.toml").read_text(encoding="utf-8")) as folder:
        folder.write_summary(summary)
    return summary


def _told_by(scores: Mapping[str, Score]) -> list[str]:
    return [*describe_permutation(scores), *describe_temperatures(scores)]


def _read_paper(run_dir: Path) -> dict[str, Any] | None:
    """What the run's recipe says of a paper, in the words of this ferkit."""
    table = read_resolved(run_dir).get("paper")
    if not table:
        return None
    try:
        return Paper.model_validate(table).as_printed()
    except ValidationError as error:
        raise RunError(
            f"{run_dir / 'recipe.toml'}: its [paper] can't be understood: {error}. {AGAIN}"
        ) from error
