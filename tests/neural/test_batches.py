from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.utils.data import default_collate

from ferkit.components.discovery import load_plugins
from ferkit.neural.augment import Augmentation
from ferkit.neural.batches import EpochSampler, FaceImages, make_loader
from tests.builders import LABELS, make_faces
from tests.neural.tiny import FACES, FLIPS


def test_a_last_batch_of_one_image_is_left_out_of_training_only() -> None:
    images = FaceImages(FACES[:9], LABELS, 24, "facenet")
    training, _ = make_loader(images, 4, 0, seed=1)
    testing, _ = make_loader(images, 4, 0, seed=None)
    assert [len(targets) for _, targets in training] == [4, 4]
    assert [len(targets) for _, targets in testing] == [4, 4, 1]


def test_worker_processes_change_no_image() -> None:
    def batches(workers: int) -> list[torch.Tensor]:
        images = FaceImages(FACES, LABELS, 24, "facenet", Augmentation(FLIPS, 24, load_plugins()), seed=3)
        loader, sampler = make_loader(images, 5, workers, seed=3)
        sampler.epoch = 2
        return [pixels for pixels, _ in loader]

    assert all(torch.equal(a, b) for a, b in zip(batches(0), batches(2), strict=True))


def test_each_epoch_has_its_own_order() -> None:
    sampler = EpochSampler(20, seed=1)
    first = [position for _, position in sampler]
    sampler.epoch = 1
    second = [position for _, position in sampler]
    assert first != second
    assert sorted(first) == sorted(second) == list(range(20))


def test_a_face_is_square_before_it_is_altered_and_after() -> None:
    tall = [replace(face, image=face.image[:, :12].copy()) for face in FACES]
    seen: list[tuple[int, ...]] = []

    class Watching(Augmentation):
        def __call__(self, image: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
            seen.append(image.shape)
            return super().__call__(image, seed)[:10]

    images = FaceImages(tall, LABELS, 20, "facenet", Watching(FLIPS, 20, load_plugins()))
    assert images[(1, 0)][0].shape == (3, 20, 20)
    assert seen == [(20, 20, 3)]


@pytest.mark.parametrize(
    ("normalize", "level"), [("facenet", 127.5 / 128), ("imagenet", (255 - 123.675) / 58.395)]
)
def test_images_are_normalised_as_the_recipe_says(normalize: str, level: float) -> None:
    face = make_faces(1)[0]
    white = type(face)(face.sample, np.full((8, 8, 3), 255, np.uint8), None, None, "")
    pixels, index = FaceImages([white], LABELS, 24, normalize)[0, 0]
    assert pixels.shape == (3, 24, 24)
    assert pixels[0, 0, 0].item() == pytest.approx(level)
    assert index == 0


def test_a_batch_is_what_torch_would_stack_with_the_channels_last() -> None:
    images = FaceImages(FACES, LABELS, 24, "facenet")
    keys = [(0, position) for position in range(5)]
    pixels, targets = images.stack(keys)
    their_pixels, their_targets = default_collate([images[key] for key in keys])
    assert torch.equal(pixels, their_pixels)
    assert pixels.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(targets, their_targets)
    assert targets.dtype == their_targets.dtype
