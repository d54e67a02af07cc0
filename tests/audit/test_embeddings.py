"""Embeddings by the recipe's backbone, only where its weights are here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ferkit.audit.embeddings import embed_faces, why_no_embeddings
from ferkit.components.part import Part
from ferkit.components.registry import Registry
from ferkit.interfaces import Face, Sample
from ferkit.recipe.load import load_table
from ferkit.recipe.schema import Recipe


def load(tmp_path: Path, backbone: dict[str, Any], size: int = 24, **more: Any) -> tuple[Recipe, Registry]:
    table = {
        "name": "own",
        "plugins": ["tests.plugins_for_tests.tiny_plugin", "tests.audit.plugin"],
        "data": {"name": "squares", "root": str(tmp_path)},
        "model": {"image_size": size, "backbone": backbone, "head": {"name": "linear"}},
        "fit": {"device": "cpu"},
        **more,
    }
    return load_table("own", table)


def face(*colour: int, side: int = 24) -> Face:
    image = np.full((side, side, 3), colour, np.uint8)
    return Face(Sample(Path("a"), "sad"), image, (0.0, 0.0, 1.0, 1.0), 1.0, "")


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    file = tmp_path / "torch" / "checkpoints" / "audit.pt"
    file.parent.mkdir(parents=True)
    return file


def test_absent_weights_are_named_and_never_fetched(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "ferkit.components.weights.fetch.fetch", lambda *_: pytest.fail("something was fetched")
    )
    recipe, registry = load(tmp_path, {"name": "mean"})
    reason = why_no_embeddings(recipe, registry)
    assert reason == "the weights 'audit_faces' are not in the cache. Run: ferkit weights fetch audit_faces"
    weights.touch()
    assert why_no_embeddings(recipe, registry) == ""


@pytest.mark.parametrize(
    ("backbone", "reason"),
    [
        ({"name": "mean", "weights": "none"}, "random weights"),
        ({"name": "downloading"}, "may download pretrained weights"),
        ({"name": "downloading", "pretrained": False}, "random weights"),
    ],
)
def test_backbones_that_know_nothing_or_may_download_are_not_used(
    tmp_path: Path, backbone: dict[str, Any], reason: str
) -> None:
    assert reason in why_no_embeddings(*load(tmp_path, backbone))


def test_an_estimator_has_no_backbone(tmp_path: Path) -> None:
    recipe, registry = load(tmp_path, {"name": "mean"}, estimator={"name": "majority"})
    assert "the estimator 'majority' instead of a network" in why_no_embeddings(recipe, registry)


@pytest.mark.parametrize("is_flat", [False, True])
def test_the_default_stage_is_averaged_over_its_map_without_dropout(tmp_path: Path, is_flat: bool) -> None:
    recipe, registry = load(tmp_path, {"name": "mean"})
    # No head of ferkit's own takes flat features, so that a recipe with them would be refused.
    model = recipe.model.model_copy(update={"backbone": Part(name="mean", is_flat=is_flat)})
    recipe = recipe.model_copy(update={"model": model})
    calls: list[tuple[str, int, int]] = []
    faces = [face(0, 100, 200)] * 33 + [face(255, 255, 255)]
    rows = embed_faces(recipe, registry, faces, lambda *call: calls.append(call))
    expected = (np.array([[0, 100, 200]] * 33 + [[255] * 3]) - 127.5) / 128
    assert rows == pytest.approx(expected, abs=1e-5)
    assert calls == [("embeddings", 32, 34), ("embeddings", 34, 34)]


@pytest.mark.parametrize(("size", "only", "seen"), [(24, 0, 24), (350, 0, 160), (200, 200, 200)])
def test_faces_are_no_larger_than_160_pixels_unless_the_backbone_takes_no_other_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, only: int, seen: int
) -> None:
    from ferkit.audit import embeddings

    sides = []

    class Watched(embeddings.FaceImages):
        def __init__(self, faces: Any, labels: Any, side: int, normalize: str, *, color: str) -> None:
            sides.append(side)
            super().__init__(faces, labels, side, normalize, color=color)

    monkeypatch.setattr(embeddings, "FaceImages", Watched)
    recipe, registry = load(tmp_path, {"name": "mean", "side": only}, size)
    embed_faces(recipe, registry, [face(1, 2, 3)])
    assert sides == [seen]
