"""Features of faces are computed once for each network and crop."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from accelerate import Accelerator

from ferkit.neural import feature_cache
from ferkit.neural.batches import FaceImages
from ferkit.neural.feature_cache import cached_features
from ferkit.neural.stage_features import StagePool, pool_images
from ferkit.runtime.cache_dirs import cache_dir
from tests.builders import LABELS, make_faces
from tests.neural.tiny import tiny_network

STAGES = ["default", "logits"]
FACES = make_faces(per_class=3, side=16)


def compute(pool: StagePool, first: int = 0, last: int | None = None, color: str = "rgb") -> list[np.ndarray]:
    images = FaceImages(FACES[first:last], LABELS, 16, "facenet", color=color)
    return cached_features(pool, images, Accelerator(cpu=True), 4)


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> StagePool:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return StagePool(tiny_network().eval(), STAGES, 1)


def refuse(*given: object) -> None:
    raise AssertionError("the features are computed again")


def test_features_are_those_of_the_network_in_the_order_of_the_faces(pool: StagePool) -> None:
    compute(pool, 2, 5)  # some are cached before
    images = FaceImages(FACES, LABELS, 16, "facenet")
    expected = pool_images(pool, images, Accelerator(cpu=True), 4)
    for got, wanted in zip(compute(pool), expected, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-6)


def test_the_second_call_computes_nothing(pool: StagePool, monkeypatch: pytest.MonkeyPatch) -> None:
    first = compute(pool)
    monkeypatch.setattr(feature_cache, "pool_images", refuse)
    for got, wanted in zip(compute(pool), first, strict=True):
        np.testing.assert_array_equal(got, wanted)


def test_another_network_or_colour_has_its_own_features(pool: StagePool) -> None:
    rgb = compute(pool)[0]
    assert not np.allclose(rgb, compute(pool, color="grey")[0])
    for tensor in pool.network.parameters():
        tensor.data += 0.1
    assert not np.allclose(rgb, compute(pool)[0])


def test_a_damaged_file_is_computed_again(pool: StagePool) -> None:
    first = compute(pool)
    files = sorted(cache_dir("features").rglob("*.npz"))
    assert len(files) == len({face.image.tobytes() for face in FACES})
    for number, file in enumerate(files):
        file.write_bytes([b"", b"PK\x03\x04", file.read_bytes()[:-40]][number % 3])
    for got, wanted in zip(compute(pool), first, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-6)


def test_without_logits_another_head_shares_the_features(
    pool: StagePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    maps = StagePool(pool.network, ["default"], 1)
    first = compute(maps)
    for tensor in pool.network.head.parameters():
        tensor.data += 0.1
    monkeypatch.setattr(feature_cache, "pool_images", refuse)
    np.testing.assert_array_equal(compute(maps)[0], first[0])
