"""Facial expression recognition by recipes and plugins.

Importing ferkit does not import torch. A name is imported on first access.

Attributes:
    Predictor: Recognises expressions in images, videos and camera streams.
    Row: One face with its expression, as `Predictor` returns it.
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
    from ferkit.predict import Predictor, Row

__all__ = ["Predictor", "Row", "__version__"]


def __getattr__(name: str) -> Any:
    """Import a public name on first access, because `Predictor` imports torch."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ferkit import predict

    return getattr(predict, name)


def __dir__() -> list[str]:
    return list(__all__)
