"""Warnings where images are normalised otherwise than the initial weights were trained with."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ferkit.neural.checkpoint import save_network
from ferkit.recipe.check import normalize_warnings
from ferkit.recipe.load import load_recipe, load_table

TIMM = {"name": "timm", "model": "test_resnet", "pretrained": True}
FACES = {"name": "inception_resnet_v1", "weights": "vggface2"}


def warnings(**model: object) -> list[str]:
    table = {
        "name": "a",
        "data": {"name": "synthetic", "per_class": 8},
        "detector": {"name": "whole_image"},
        "model": {"image_size": 80, **model},
    }
    return normalize_warnings(*load_table("a", table))


@pytest.mark.parametrize(
    ("backbone", "normalize", "expected"),
    [
        (TIMM, "facenet", ["facenet", "timm", "mean 0.5, 0.5, 0.5"]),
        (TIMM, "imagenet", ["imagenet", "timm", "mean 0.5, 0.5, 0.5"]),
        (FACES, "imagenet", ["imagenet", "inception_resnet_v1", "trained with facenet"]),
        (FACES, {"mean": [0.5] * 3, "std": [0.25] * 3}, ["mean 0.5", "inception_resnet_v1", "facenet"]),
    ],
)
def test_another_normalisation_than_that_of_the_weights_is_warned_of(
    backbone: dict[str, object], normalize: object, expected: list[str]
) -> None:
    (warning,) = warnings(backbone=backbone, normalize=normalize)
    assert all(text in warning for text in [*expected, "pretrained"])


@pytest.mark.parametrize(
    "model",
    [
        {"backbone": TIMM},
        {"backbone": TIMM, "normalize": "pretrained"},
        {"backbone": TIMM, "normalize": {"mean": [0.5] * 3, "std": [0.5] * 3}},
        {"backbone": {**TIMM, "pretrained": False}, "normalize": "facenet"},
        {"backbone": FACES, "normalize": "facenet"},
        {"backbone": FACES},
        {"backbone": {**FACES, "weights": "none"}, "normalize": "imagenet"},
    ],
)
def test_the_values_of_the_weights_and_random_weights_have_no_warning(model: dict[str, object]) -> None:
    assert warnings(**model) == []


def test_an_earlier_network_is_compared_instead_of_the_backbones_weights(tmp_path: Path) -> None:
    file = tmp_path / "m.safetensors"
    settings = {"backbone": TIMM, "initial": str(file), "initial_part": "backbone"}
    recipe, registry = load_recipe("quickstart")

    def found(normalize: str) -> list[str]:
        model = recipe.model.model_copy(update={**settings, "initial": file, "normalize": normalize})
        return normalize_warnings(recipe.model_copy(update={"model": model}), registry)

    save_network(file, {"a": torch.zeros(1)}, ["a", "b"], normalize="imagenet")
    assert found("imagenet") == found("pretrained") == []
    (warning,) = found("facenet")
    assert "model.initial" in warning
    assert "trained with imagenet" in warning
    save_network(file, {"a": torch.zeros(1)}, ["a", "b"])
    assert found("imagenet") == []
    (warning,) = found("pretrained")
    assert "does not record its normalisation" in warning
