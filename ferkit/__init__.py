"""Facial expression recognition by recipes and plugins.

Importing ferkit does not import torch. A name is imported on first access.

Attributes:
    Predictor: Recognises expressions in images, videos and camera streams.
    Row: One face with its expression, as `Predictor` returns it.
    Run: A finished run: scores, predictions and networks.
    train: Train and evaluate a recipe.
    evaluate: Score a model on labelled data.
    export: Write a model to a file.
    load_recipe: Load and check a recipe.
    load_model: Load a network as a `torch.nn.Module`.
    load_dataset: Load the samples of a dataset.
    list_components: List the installed components.
    create: Build a component from its options.
    metrics: Metrics of predictions, such as `ferkit.metrics.uar`.
    __version__: The installed version.

Example:
    >>> import ferkit
    >>> predictor = ferkit.Predictor()
    >>> for row in predictor.predict("face.jpg")[0]:
    ...     print(row.label, row.confidence)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferkit.version import __version__

if TYPE_CHECKING:
    from ferkit import metrics
    from ferkit.api import (
        Run,
        create,
        evaluate,
        export,
        list_components,
        load_dataset,
        load_model,
        load_recipe,
        train,
    )
    from ferkit.predict import Predictor, Row

__all__ = [
    "Predictor",
    "Row",
    "Run",
    "__version__",
    "create",
    "evaluate",
    "export",
    "list_components",
    "load_dataset",
    "load_model",
    "load_recipe",
    "metrics",
    "train",
]


def __getattr__(name: str) -> Any:
    """Import a public name on first access, because most import torch."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in ("Predictor", "Row"):
        from ferkit import predict

        return getattr(predict, name)
    if name == "metrics":
        from importlib import import_module

        return import_module("ferkit.metrics")
    from ferkit import api

    return getattr(api, name)


def __dir__() -> list[str]:
    return list(__all__)
