"""Recognise expressions in new images and videos.

Importing this package does not import torch. A name is imported on first access.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ferkit.predict.compat import as_deepface, as_fer, as_supervision
    from ferkit.predict.predicted import Predicted
    from ferkit.predict.predictor import Predictor
    from ferkit.predict.results import Faces, Results
    from ferkit.predict.row import Row
    from ferkit.predict.summary.summarise import summarise

__all__ = [
    "Faces",
    "Predicted",
    "Predictor",
    "Results",
    "Row",
    "as_deepface",
    "as_fer",
    "as_supervision",
    "summarise",
]
_PLACES = {
    "Faces": "results",
    "Predicted": "predicted",
    "Predictor": "predictor",
    "Results": "results",
    "Row": "row",
    "summarise": "summary.summarise",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES.get(name, 'compat')}"), name)
