"""Mean of RBF kernels, one for each block of features."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.preprocessing import StandardScaler

Block = NDArray[np.float64]
"""Features (N, D)."""


class BlockDistances:
    """Mean squared distances between faces, for each block, standardised on the training faces.

    Args:
        train: A block (N, D) of the training faces for each kind of feature.
    """

    def __init__(self, train: Sequence[Block]) -> None:
        self.scalers = [StandardScaler().fit(block) for block in train]
        self.train = self._standardise(train)

    def __call__(self, blocks: Sequence[Block]) -> NDArray[np.float64]:
        """Return (blocks, M, N) distances of M faces to the N training faces.

        A distance is the mean over the D features of a block. Between independent faces it is about 2.
        """
        pairs = zip(self._standardise(blocks), self.train, strict=True)
        return np.stack(
            [euclidean_distances(one, known, squared=True) / one.shape[1] for one, known in pairs]
        )

    def _standardise(self, blocks: Sequence[Block]) -> list[Block]:
        pairs = zip(self.scalers, blocks, strict=True)
        return [np.asarray(scaler.transform(block)) for scaler, block in pairs]


def mean_kernel(distances: NDArray[np.float64], gamma: float) -> NDArray[np.float64]:
    """Return (M, N): the mean over the blocks of exp(−gamma·distance)."""
    kernel: NDArray[np.float64] = np.exp(-gamma * distances).mean(axis=0)
    return kernel
