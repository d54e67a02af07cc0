"""ferkit: facial expression recognition by recipes and plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferkit.version import __version__ as __version__

if TYPE_CHECKING:
    from ferkit.predict import Predictor as Predictor


def __getattr__(name: str) -> Any:
    """`ferkit.Predictor`, which takes torch, only where it is asked for."""
    if name != "Predictor":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ferkit.predict.predictor import Predictor

    return Predictor
