"""Write the configuration of a model for other programs, next to the model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ferkit.data.align import template_points
from ferkit.neural.preprocessing import Normalisation
from ferkit.predict.model.description import Description
from ferkit.runtime.atomic_write import write_text
from ferkit.version import __version__

WHITE = 255
"""Value of a white pixel."""


def config_file(model: Path) -> Path:
    """Return the path of a model's configuration, named after the whole file."""
    return model.with_name(f"{model.name}.config.json")


def write_config(model: Path, known: Description) -> Path:
    """Write the configuration. An existing one is replaced, as the card is. Raises RunError."""
    file = config_file(model)
    write_text(file, json.dumps(describe_config(model, known), indent=2) + "\n")
    return file


def describe_config(model: Path, known: Description) -> dict[str, Any]:
    """Describe labels, preprocessing, inputs and outputs of an exported model.

    `id2label` and `label2id` are the keys of transformers. `mean` and `std` apply to RGB pixels 0..1, as in
    timm and torchvision.

    Args:
        model: The exported file. Its suffix is the format.
        known: Description of the model.

    Returns:
        A table for JSON.
    """
    labels, side = list(known.labels), known.model.image_size
    normalise = Normalisation(known.model.normalize, known.model.color)
    return {
        "ferkit_version": __version__,
        "file": model.name,
        "format": model.suffix.removeprefix("."),
        "labels": labels,
        "id2label": {str(number): label for number, label in enumerate(labels)},
        "label2id": {label: number for number, label in enumerate(labels)},
        "detector": known.detector.name,
        "margin": known.faces.margin,
        "landmarks": _describe_landmarks(known),
        "image_size": side,
        "keeps_aspect_ratio": False,
        "interpolation": {"library": "opencv", "larger": "INTER_AREA", "otherwise": "INTER_LINEAR"},
        "channel_order": "RGB",
        "is_grey": known.model.color == "grey",
        "rescale_factor": 1 / WHITE,
        "mean": [float(one) / WHITE for one in normalise.mean],
        "std": [float(one) / WHITE for one in normalise.deviation],
        "input": {"name": "images", "layout": "NCHW", "dtype": "float32", "shape": ["batch", 3, side, side]},
        "output": _describe_output(model, known),
    }


def _describe_landmarks(known: Description) -> list[list[float]] | None:
    """Return the points x y of the five landmarks in an aligned crop, in fractions of its side."""
    return None if known.faces.align == "none" else template_points(known.faces).round(6).tolist()


def _describe_output(model: Path, known: Description) -> dict[str, Any]:
    """Describe the output: the graphs apply temperature and softmax themselves, bare weights do not."""
    shape = ["batch", len(known.labels)]
    if model.suffix == ".safetensors":
        return {"name": "logits", "shape": shape, "temperature": known.temperature}
    return {"name": "probabilities", "shape": shape}
