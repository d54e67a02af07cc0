"""Faces -> batches of normalised images, the same ones whatever process prepares them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from ferkit.interfaces import Face, Sample
from ferkit.neural.augment import Augmentation
from ferkit.neural.device import derive_seed
from ferkit.neural.preprocessing import Normalisation, resize_square

Target = int | NDArray[np.float32]
"""Of one image: its label's index, or a share (K,) for each label."""


class FaceImages(Dataset[tuple[Tensor, Target]]):
    """Faces as (image (3, side, side) float32, target); asked for by (epoch, position).

    Targets are label indices or, if any face has a soft target, distributions (K,) float32 for all: those of
    faces without one give all to the label.

    The epoch and the position seed the augmentation, so that an image is altered in the same way
    whichever process does it, and a training that is gone on with sees what it would have seen.
    """

    def __init__(
        self,
        faces: Sequence[Face],
        labels: Sequence[str],
        side: int,
        normalize: str,
        augmentation: Augmentation | None = None,
        seed: int = 0,
        color: str = "rgb",
    ) -> None:
        self.faces = faces
        self.indices = [labels.index(face.sample.label) for face in faces]
        self.soft = soft_targets([face.sample for face in faces], labels)
        self.class_counts: list[int] | list[float] = (
            np.bincount(self.indices, minlength=len(labels)).tolist()
            if self.soft is None
            else self.soft.sum(axis=0, dtype=np.float64).tolist()
        )
        self.side = side
        self.normalise = Normalisation(normalize, color)
        self.augmentation = augmentation
        self.seed = seed

    def __len__(self) -> int:
        return len(self.faces)

    def __getitem__(self, key: tuple[int, int]) -> tuple[Tensor, Target]:
        epoch, position = key
        # Square before it is altered, as facenet-pytorch's MTCNN hands faces on: otherwise a random crop of
        # square shape would show the network faces less stretched than those that it is tested on.
        image = resize_square(self.faces[position].image, self.side)
        if self.augmentation:
            altered = self.augmentation(image, derive_seed(self.seed, epoch, position))
            image = resize_square(altered, self.side)
        target = self.indices[position] if self.soft is None else self.soft[position]
        return torch.from_numpy(self.normalise(image).transpose(2, 0, 1)), target


def soft_targets(samples: Sequence[Sample], labels: Sequence[str]) -> NDArray[np.float32] | None:
    """(samples, labels), each row adding up to 1, or None where no sample has a soft target."""
    if not any(sample.soft_target for sample in samples):
        return None
    shares = [sample.soft_target or {sample.label: 1.0} for sample in samples]
    return np.array([[one.get(label, 0.0) for label in labels] for one in shares], dtype=np.float32)


class EpochSampler(Sampler[tuple[int, int]]):
    """(epoch, position) pairs in an order that the seed and the epoch decide; in order without a seed."""

    def __init__(self, size: int, seed: int | None) -> None:
        self.size = size
        self.seed = seed
        self.epoch = 0

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[tuple[int, int]]:
        order: Sequence[int] = range(self.size)
        if self.seed is not None:
            order = np.random.default_rng([self.seed, self.epoch]).permutation(self.size).tolist()
        return ((self.epoch, position) for position in order)


def stack_images(items: Sequence[tuple[Tensor, Target]]) -> tuple[Tensor, Tensor]:
    """(3, side, side) images of one batch -> (B, 3, side, side), channels last in memory, and their targets:
    indices (B,) int64, or (B, K) float32.

    By numpy: torch would do it on as many threads as the training has, and they would wait for each other.
    """
    stacked = np.stack([image.numpy().transpose(1, 2, 0) for image, _ in items])
    targets = torch.from_numpy(np.stack([target for _, target in items]))
    return torch.from_numpy(stacked).permute(0, 3, 1, 2), targets


def make_loader(
    images: FaceImages, batch_size: int, workers: int, seed: int | None
) -> tuple[DataLoader[tuple[Tensor, Target]], EpochSampler]:
    """A loader and the sampler that is to be told each epoch's number; shuffled if there is a seed.

    A last batch of one image is left out of training: batch norm can't be trained on it.
    """
    sampler = EpochSampler(len(images), seed)
    is_single = seed is not None and len(images) > 1 and len(images) % batch_size == 1
    loader = DataLoader(
        images,
        batch_size=batch_size,
        sampler=sampler,
        num_workers=workers,
        drop_last=is_single,
        collate_fn=stack_images,
    )
    return loader, sampler
