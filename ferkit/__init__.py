"""ferkit: facial expression recognition by recipes and plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ferkit.predict import Predictor as Predictor

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """`ferkit.Predictor`, which takes torch, only where it is asked for."""
    if name != "Predictor":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ferkit.predict.predictor import Predictor

    return Predictor
