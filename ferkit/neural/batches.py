"""Batches of normalised images from faces. They do not depend on the number of workers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import BatchSampler, DataLoader, Dataset, Sampler

from ferkit.interfaces import Face, Sample
from ferkit.neural.augment import Augmentation
from ferkit.neural.batch_augmentation import BatchAugmentation
from ferkit.neural.device import derive_seed
from ferkit.neural.options import Normalize
from ferkit.neural.preprocessing import Normalisation, resize_square
from ferkit.neural.shard import Shard, ShardSampler

Target = int | NDArray[np.float32]
"""Target of an image: index of the label, or (K,) probabilities."""


class FaceImages(Dataset[tuple[Tensor, Target]]):
    """A dataset of (image, target), indexed by (epoch, position). The image is (3, side, side) float32.

    With an augmentation of batches, images are uint8 and not normalised: `BatchAugmentation` does it.

    Targets are indices of labels. If any face has a soft target, all targets are (K,) float32, one-hot for
    faces without a soft target.

    Epoch and position seed the augmentation. An image is augmented in the same way in any process, and in a
    resumed training.

    Args:
        faces: The faces.
        labels: The K labels, in order.
        side: Width and height of the images, in pixels.
        normalize: Normalisation with known values, such as `network.normalize`.
        augmentation: Augmentation, or None for evaluation.
        seed: Seed of the augmentation.
        color: "rgb" or "grey".
    """

    def __init__(
        self,
        faces: Sequence[Face],
        labels: Sequence[str],
        side: int,
        normalize: Normalize,
        augmentation: Augmentation | None = None,
        seed: int = 0,
        color: str = "rgb",
    ) -> None:
        self.faces = faces
        self.indices = [labels.index(face.sample.label) for face in faces]
        self.soft = soft_targets([face.sample for face in faces], labels)
        self.class_counts = count_classes([face.sample for face in faces], labels)
        self.side = side
        self.normalise = Normalisation(normalize, color)
        self.augmentation = augmentation
        self.is_raw = augmentation is not None and augmentation.has_batched
        self.seed = seed

    def __len__(self) -> int:
        return len(self.faces)

    def take(self, positions: Sequence[int]) -> FaceImages:
        """Return the images at these positions, without augmentation. They keep their order."""
        taken = copy(self)
        taken.faces = [self.faces[place] for place in positions]
        taken.indices = [self.indices[place] for place in positions]
        taken.soft = None if self.soft is None else self.soft[list(positions)]
        taken.augmentation, taken.is_raw = None, False
        return taken

    @property
    def has_image_steps(self) -> bool:
        """True if the augmentation transforms images on the CPU."""
        return self.augmentation is not None and self.augmentation.has_single

    def on_device(self, device: torch.device) -> BatchAugmentation | None:
        """Return the transform from raw batches to network input. None if images are normalised already."""
        if self.augmentation is None or not self.is_raw:
            return None
        return BatchAugmentation(self.augmentation, self.normalise, device)

    def __getitem__(self, key: tuple[int, int]) -> tuple[Tensor, Target]:
        epoch, position = key
        # Resized to a square before augmentation, as facenet-pytorch's MTCNN does. Otherwise, faces in square
        # random crops would be less stretched than test faces.
        image = resize_square(self.faces[position].image, self.side)
        if self.augmentation:
            altered = self.augmentation(image, derive_seed(self.seed, epoch, position))
            image = resize_square(altered, self.side)
        target = self.indices[position] if self.soft is None else self.soft[position]
        # A copy, because torch warns about read-only arrays.
        pixels = image.copy() if self.is_raw else self.normalise(image)
        return torch.from_numpy(pixels.transpose(2, 0, 1)), target

    def stack(self, keys: Sequence[tuple[int, int]]) -> tuple[Tensor, Tensor]:
        """Return the images as (B, 3, side, side), channels last in memory, and (B,) or (B, K) targets.

        Each image is put in its place as soon as it is made, so that the batch is in memory once. numpy is
        faster here: the threads of torch would compete with those of the training.
        """
        stacked = np.empty(
            (len(keys), self.side, self.side, 3), dtype=np.uint8 if self.is_raw else np.float32
        )
        targets = []
        for place, key in enumerate(keys):
            image, target = self[key]
            stacked[place] = image.numpy().transpose(1, 2, 0)
            targets.append(target)
        return torch.from_numpy(stacked).permute(0, 3, 1, 2), torch.from_numpy(np.stack(targets))


def count_classes(samples: Sequence[Sample], labels: Sequence[str]) -> list[int] | list[float]:
    """Return the number of images of each label; sums of probabilities if any sample has a soft target."""
    soft = soft_targets(samples, labels)
    if soft is not None:
        sums: list[float] = soft.sum(axis=0, dtype=np.float64).tolist()
        return sums
    indices = [labels.index(sample.label) for sample in samples]
    counts: list[int] = np.bincount(indices, minlength=len(labels)).tolist()
    return counts


def soft_targets(samples: Sequence[Sample], labels: Sequence[str]) -> NDArray[np.float32] | None:
    """Return (samples, labels) probabilities, or None if no sample has a soft target."""
    if not any(sample.soft_target for sample in samples):
        return None
    targets = [sample.soft_target or {sample.label: 1.0} for sample in samples]
    return np.array([[one.get(label, 0.0) for label in labels] for one in targets], dtype=np.float32)


def balanced_weights(indices: Sequence[int], balance: float) -> NDArray[np.float64]:
    """Return (images,) probabilities, proportional to (number of images of the label) ** -balance."""
    counts = np.bincount(indices)
    weights = counts[np.asarray(indices)].astype(np.float64) ** -balance
    found: NDArray[np.float64] = weights / weights.sum()
    return found


class EpochSampler(Sampler[tuple[int, int]]):
    """(epoch, position) pairs, shuffled by seed and epoch, or in order without a seed.

    Args:
        size: Number of images.
        seed: Seed of the order, or None.
        weights: (size,) probabilities. The images are then drawn with replacement.
    """

    def __init__(self, size: int, seed: int | None, weights: NDArray[np.float64] | None = None) -> None:
        self.size = size
        self.seed = seed
        self.weights = weights
        self.epoch = 0

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[tuple[int, int]]:
        order: Sequence[int] = range(self.size)
        if self.seed is not None:
            random = np.random.default_rng([self.seed, self.epoch])
            if self.weights is None:
                order = random.permutation(self.size).tolist()
            else:
                order = random.choice(self.size, self.size, p=self.weights).tolist()
        return ((self.epoch, position) for position in order)


class _Stacked(Dataset[tuple[Tensor, Target]]):
    """A dataset for a DataLoader that takes whole batches from images."""

    def __init__(self, images: FaceImages) -> None:
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def __getitems__(self, keys: Sequence[tuple[int, int]]) -> tuple[Tensor, Tensor]:
        return self.images.stack(keys)


def _unchanged(batch: Any) -> Any:
    return batch


def make_loader(
    images: FaceImages,
    batch_size: int,
    workers: int,
    seed: int | None,
    balance: float = 0.0,
    shard: Shard | None = None,
) -> tuple[DataLoader[tuple[Tensor, Target]], EpochSampler]:
    """Return a loader, shuffled if there is a seed, and its sampler. Set `sampler.epoch` before each epoch.

    Training drops a last batch of one image, because batch norm cannot train on it. `balance` is that of
    `[fit]`. With a shard, batches are the same, and the loader yields this process's rows of each.
    """
    sampler = EpochSampler(len(images), seed, balanced_weights(images.indices, balance) if balance else None)
    is_single = seed is not None and len(images) > 1 and len(images) % batch_size == 1
    batches = BatchSampler(sampler, batch_size, drop_last=is_single)  # type: ignore[arg-type]
    loader = DataLoader(
        _Stacked(images),
        batch_sampler=ShardSampler(batches, shard or Shard()),
        num_workers=workers,
        collate_fn=_unchanged,
    )
    return loader, sampler
