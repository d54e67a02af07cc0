"""The YAML of a card, written by huggingface_hub."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from huggingface_hub import EvalResult, ModelCardData

from ferkit.evaluation.formatting import MARK, NAMES
from ferkit.evaluation.protocol_text import protocol_key
from ferkit.evaluation.run_files import REFIT
from ferkit.predict.card.facts import Facts

TASK = "image-classification"
METRICS: Mapping[str, tuple[str, Mapping[str, Any] | None]] = {
    "accuracy": ("accuracy", None),
    "mean_recall": ("recall", {"average": "macro"}),
    "macro_f1": ("f1", {"average": "macro"}),
    "nll": ("nll", None),
    "ece": ("ece", None),
}
"""Metric -> its name and options on the Hub. NLL and ECE have no name there, and keep theirs."""


def front_matter(facts: Facts) -> str:
    """Write YAML without its fences; without `model-index` if nothing was measured."""
    results = list(_results(facts))
    types = dict.fromkeys(one.metric_type for one in results)
    return ModelCardData(
        license=facts.licence,
        library_name="ferkit",
        pipeline_tag=TASK,
        tags=["ferkit", "facial-expression-recognition", facts.description.model.backbone.name],
        datasets=[facts.data] if facts.data else None,
        metrics=list(types) or None,
        model_name=facts.name,
        eval_results=results or None,
    ).to_yaml()


def _results(facts: Facts) -> Iterator[EvalResult]:
    """List the scores of the main epoch selection as fractions; marked if it used test images."""
    main = facts.main
    mark = f" ({MARK})" if main.get("selected_on_test") else ""
    mark += " (of the folds' networks)" if facts.fold in ("all", REFIT) else ""
    for metric, (kind, options) in METRICS.items():
        if metric in main:
            yield EvalResult(
                task_type=TASK,
                task_name="Facial expression recognition",
                dataset_type=facts.data or "unknown",
                dataset_name=facts.data or "unknown",
                dataset_config=_protocol(facts),
                dataset_split="test",
                metric_type=kind,
                metric_name=f"{NAMES[metric]}{mark}",
                metric_value=round(main[metric], 4),
                metric_args=dict(options) if options else None,
            )


def _protocol(facts: Facts) -> str:
    if facts.summary:
        return protocol_key(facts.summary.protocol)
    return str(facts.description.metrics.get("protocol", "unknown"))
