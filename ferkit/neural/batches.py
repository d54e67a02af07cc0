"""Faces -> batches of normalised images, the same ones whatever process prepares them."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from ferkit.augment import Augmentation
from ferkit.interfaces import Face
from ferkit.neural.device import derive_seed
from ferkit.neural.preprocessing import Normalisation, resize_square

Batched = TypeVar("Batched")


class FaceImages(Dataset[tuple[Tensor, int]]):
    """Faces as (image (3, side, side) float32, label index); asked for by (epoch, position).

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
    ) -> None:
        self.faces = faces
        self.indices = [labels.index(face.sample.label) for face in faces]
        self.side = side
        self.normalise = Normalisation(normalize)
        self.augmentation = augmentation
        self.seed = seed

    def __len__(self) -> int:
        return len(self.faces)

    def __getitem__(self, key: tuple[int, int]) -> tuple[Tensor, int]:
        epoch, position = key
        # Square before it is altered, as facenet-pytorch's MTCNN hands faces on: otherwise a random crop of
        # square shape would show the network faces less stretched than those that it is tested on.
        image = resize_square(self.faces[position].image, self.side)
        if self.augmentation:
            altered = self.augmentation(image, derive_seed(self.seed, epoch, position))
            image = resize_square(altered, self.side)
        return torch.from_numpy(self.normalise(image).transpose(2, 0, 1)), self.indices[position]


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


def stack_images(items: Sequence[tuple[Tensor, int]]) -> tuple[Tensor, Tensor]:
    """(3, side, side) images of one batch -> (B, 3, side, side), channels last in memory, and their labels.

    By numpy: torch would do it on as many threads as the training has, and they would wait for each other.
    """
    stacked = np.stack([image.numpy().transpose(1, 2, 0) for image, _ in items])
    return torch.from_numpy(stacked).permute(0, 3, 1, 2), torch.tensor([label for _, label in items])


def fetch_ahead(batches: Iterable[Batched]) -> Generator[Batched, None, None]:
    """The same batches; while one is being used, a thread prepares the next."""
    iterator = iter(batches)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="ferkit-batches") as thread:
        coming = thread.submit(next, iterator, None)
        while (batch := coming.result()) is not None:
            coming = thread.submit(next, iterator, None)
            yield batch


def make_loader(
    images: FaceImages, batch_size: int, workers: int, seed: int | None
) -> tuple[DataLoader[tuple[Tensor, int]], EpochSampler]:
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
