"""Augmentation of batches in a training: normalised as on the CPU, seeded, resumed bit for bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor

from ferkit.components.component import Component
from ferkit.components.discovery import load_plugins
from ferkit.components.part import Part
from ferkit.components.registry import Registry
from ferkit.errors import ComponentError
from ferkit.neural.augment import Augmentation
from ferkit.neural.batches import FaceImages
from tests.builders import LABELS, same_tensors
from tests.neural.tiny import FACES, fit, tiny_estimator

HERE = "tests.neural.test_batch_augmentation"
BATCHED = [
    Part(name="HorizontalFlip", p=0.5),
    Part(name="kornia", transform="RandomRotation", degrees=20.0, p=0.7),
    Part(name="cutout", holes=2, size=4),
]


class Unchanged:
    is_batched: ClassVar[bool] = True

    def __call__(self, images: Tensor, seed: int) -> Tensor:
        assert images.dtype == torch.float32
        assert 0 <= images.min() <= images.max() <= 1
        return images


class Halved(Unchanged):
    def __call__(self, images: Tensor, seed: int) -> Tensor:
        return images[:, :, ::2]


def registry() -> Registry:
    found = load_plugins()
    found.add(
        [
            Component("augmentation", "unchanged", f"{HERE}:Unchanged", "None"),
            Component("augmentation", "halved", f"{HERE}:Halved", "Other shape"),
        ],
        "ferkit_strange (ferkit-strange 1.0)",
    )
    return found


def images(*parts: Part, **options: Any) -> FaceImages:
    augmentation = Augmentation(parts, 24, registry()) if parts else None
    return FaceImages(FACES, LABELS, 24, augmentation=augmentation, **{"normalize": "facenet", **options})


def stack(found: FaceImages) -> Tensor:
    return found.stack([(1, place) for place in range(6)])[0]


@pytest.mark.parametrize("normalize", ["facenet", "imagenet"])
def test_a_batch_is_normalised_as_single_images_are(normalize: str) -> None:
    raw = images(Part(name="unchanged"), normalize=normalize)
    prepare = raw.on_device(torch.device("cpu"))
    assert prepare
    batch = stack(raw)
    assert batch.dtype == torch.uint8
    expected = stack(images(normalize=normalize))
    torch.testing.assert_close(prepare(batch, seed=0), expected, rtol=0, atol=1e-5)


def test_a_grey_batch_has_the_luma_of_single_images() -> None:
    raw = images(Part(name="unchanged"), color="grey")
    prepare = raw.on_device(torch.device("cpu"))
    assert prepare
    given = prepare(stack(raw), seed=0)
    torch.testing.assert_close(given, stack(images(color="grey")), rtol=0, atol=0.51 / 128)
    assert torch.equal(given[:, 0], given[:, 2])


def test_single_images_are_normalised_on_the_cpu() -> None:
    assert images(Part(name="HorizontalFlip")).on_device(torch.device("cpu")) is None
    assert images().on_device(torch.device("cpu")) is None


def test_a_result_of_another_shape_names_the_plugin() -> None:
    raw = images(Part(name="halved"))
    prepare = raw.on_device(torch.device("cpu"))
    assert prepare
    with pytest.raises(ComponentError, match="expected a float32 batch of shape"):
        prepare(stack(raw), seed=0)


def estimator(parts: list[Part], **options: Any) -> Any:
    made = tiny_estimator(**options)
    made.augmentation = Augmentation(parts, 24, registry())
    return made


def test_a_batched_step_takes_part_in_the_training() -> None:
    without, same = fit(estimator(BATCHED[:1])), fit(estimator([*BATCHED[:1], Part(name="unchanged")]))
    altered = fit(estimator(BATCHED))
    assert [one.train_loss for one in same] == pytest.approx([one.train_loss for one in without], abs=1e-4)
    assert abs(altered[0].train_loss - without[0].train_loss) > 1e-3


def test_a_resumed_training_is_the_same_bit_for_bit(tmp_path: Path) -> None:
    whole = estimator(BATCHED, epochs=4)
    epochs = fit(whole)
    file = tmp_path / "state.pt"
    begun = estimator(BATCHED, epochs=4, state_file=file).fit(FACES, FACES[::2])
    for _ in range(3):
        next(begun)  # the third call saves the state of the second epoch
    begun.close()
    resumed = estimator(BATCHED, epochs=4, state_file=file)
    rest = fit(resumed)
    assert [one.number for one in rest] == [3, 4]
    assert [one.train_loss for one in rest] == [one.train_loss for one in epochs[2:]]
    assert same_tensors(resumed._training.network.state_dict(), whole._training.network.state_dict())


@pytest.mark.slow
def test_worker_processes_change_nothing() -> None:
    losses = [[one.train_loss for one in fit(estimator(BATCHED, workers=n))] for n in (0, 2)]
    assert losses[0] == losses[1]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_gives_the_same_batches_each_time() -> None:
    raw = images(*BATCHED)
    prepare = raw.on_device(torch.device("cuda"))
    assert prepare
    batch = stack(raw).cuda()
    assert torch.equal(prepare(batch, seed=3), prepare(batch, seed=3))
    assert not torch.equal(prepare(batch, seed=3), prepare(batch, seed=4))
