"""Every plugin of ferkit's own passes the checks that strangers' are to pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from ferkit.components.discovery import load_plugins
from ferkit.testing import LABELS, parametrize_with_checks
from tests.testing import miniatures

SMALL_SOURCE = {"name": "synthetic", "per_class": 2, "people": 2, "image_size": 64, "labels": list(LABELS)}
SMALL_CYCLEAT = {
    "image_size": 32,
    "width": 4,
    "blocks": 1,
    "classifier": "small",
    "classifier_width": 8,
    "epochs": 1,
    "warmup_epochs": 1,
    "steps_per_epoch": 1,
    "batch_size": 4,
}
ONE_VIEW = [{"name": "lbp", "grid": 3}]
OPTIONS: dict[str, dict[str, object] | Callable[[Path], dict[str, Any]]] = {
    "augmentation.albumentations": {"transform": "HorizontalFlip"},
    "augmentation.kornia": {"transform": "RandomHorizontalFlip"},
    "augmentation.torchvision": {"transform": "RandAugment"},
    "backbone.timm": {"model": "resnet10t"},
    **miniatures.OPTIONS,
    "dataset.synthetic": {"per_class": 2, "people": 2, "image_size": 64},
    "estimator.cycleat": {"source": SMALL_SOURCE, **SMALL_CYCLEAT},
    "estimator.ds_gplvm": {
        "descriptors": ONE_VIEW,
        "image_size": 64,
        "latent_dims": [2],
        "prior_weights": [1.0],
        "cycles": 2,
    },
    "estimator.svm": {
        "descriptors": ONE_VIEW,
        "image_size": 64,
        "C": [1.0],
        "gamma": [1.0],
        "inner_folds": 2,
    },
    "optimizer.sam": {"base": {"name": "sgd"}},
    "scheduler.multi_step": {"after": [1, 2]},
    "loss.arcface": {"scale": 1000.0},
    "head.covpool": {"bimap": [4], "hidden": [8]},
    "head.multiscale": {"stage": "deep", "widths": [8, 4, 4]},
}


EXPECTED_FAILURES = {
    f"augmentation.{name}.refuses_unknown_options": "the options are those of the transform"
    for name in ("albumentations", "kornia", "torchvision")
}
if find_spec("retinaface") is None:
    needed = "the package retinaface-pytorch, an extra, is not installed"
    EXPECTED_FAILURES["detector.retinaface.is_built_from_its_options"] = needed


@pytest.fixture(autouse=True, scope="module")
def _empty_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Some data sets draw their images into it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@parametrize_with_checks("ferkit", options=OPTIONS, expected_failures=EXPECTED_FAILURES)
def test_conformance(check: Callable[[], None]) -> None:
    check()


def test_every_data_set_has_its_miniature() -> None:
    wanted = {name for name in load_plugins().names("dataset") if name != "synthetic"}
    assert {key.removeprefix("dataset.") for key in miniatures.OPTIONS} >= wanted
