"""Score a finished run again, also one of an older version of ferkit."""

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
    """Compute the scores in summary.json again from the predictions, and write the file.

    Raises:
        RunError: The run is not finished, its files are broken, or another process is writing to it.
    """
    old = read_summary(run_dir)
    scores = evaluate(run_dir, old.protocol, old.labels)
    # The warnings about the old scores are replaced.
    kept = [one for one in old.warnings if one not in _warnings_of(old.scores)]
    changes = {
        "paper": _read_paper(run_dir),
        "scores": scores,
        "warnings": (*kept, *_warnings_of(scores)),
        "weights": old.weights,  # summaries of older versions may not have these two
        "backbone_sha256": old.backbone_sha256,
    }
    summary = old.model_copy(update=changes)
    with RunDir.resume(run_dir, (run_dir / "recipe.toml").read_text(encoding="utf-8")) as folder:
        folder.write_summary(summary)
    return summary


def _warnings_of(scores: Mapping[str, Score]) -> list[str]:
    return [*describe_permutation(scores), *describe_temperatures(scores)]


def _read_paper(run_dir: Path) -> dict[str, Any] | None:
    """Read the section [paper] of the run's recipe."""
    table = read_resolved(run_dir).get("paper")
    if not table:
        return None
    try:
        return Paper.model_validate(table).as_printed()
    except ValidationError as error:
        raise RunError(f"{run_dir / 'recipe.toml'}: its [paper] can't be read: {error}. {AGAIN}") from error
