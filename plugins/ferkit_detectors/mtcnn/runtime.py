"""What the cascade leaves to torch or onnxruntime; what lies between the networks is written once."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = Any
"""A torch tensor or a numpy array. What both have, https://data-apis.org/array-api, has no types."""


class ProposalNetwork(Protocol):
    """P-Net, on windows of 12 pixels, 2 apart."""

    def __call__(self, images: Array, /) -> tuple[Array, Array]:
        """(N, 3, h, w) -> each window's score (N, y, x) in 0..1, and its features (N, y, x, F)."""

    def offsets(self, features: Array) -> Array:
        """(M, F) of the windows that matter -> (M, 4), by how much to move x0 y0 x1 y1."""


class CropNetwork(Protocol):
    """R-Net or O-Net. values: how many numbers it gives of a crop beside the score."""

    values: int

    def __call__(self, crops: Array, /) -> tuple[Array, Array]:
        """(B, 3, side, side) -> scores (B,) in 0..1, and values (B, 4 or 14)."""


class Runtime(Protocol):
    """xp: the array API's functions, for arrays on the device; weights: where the networks' are from, and by
    what they are run if not by torch; strip: pixels that P-Net is given at once, so that 50 megapixels take
    no more memory than one; chunk: crops that R-Net and O-Net are given at most at once.
    """

    xp: Any
    device: Any
    weights: str
    strip: int
    pnet: ProposalNetwork
    rnet: CropNetwork
    onet: CropNetwork
    chunk: int

    def inference(self) -> AbstractContextManager[object]:
        """In which all is computed."""

    def threads(self) -> int:
        """How many images to work on at a time; 1 where those of one size go through the networks
        together.
        """

    def work_alone(self) -> None:
        """Called first in each thread: what it computes is to begin no further ones."""

    def summed_area(self, images: NDArray[np.uint8]) -> Array:
        """(N, H, W, 3) -> (N, H + 1, W + 1, 3) int32, where the runtime computes: see `area.summed_area`."""

    def to_numpy(self, array: Array) -> NDArray[Any]:
        """On the CPU."""

    def take(self, array: Array, places: Array, axis: int) -> Array:
        """The array API's `take`, of places that are not negative: array-api-compat looks for such first."""

    def suppress(self, boxes: Array, scores: Array, groups: Array, overlap: float) -> Array:
        """Non-maximum suppression within each group -> indices of the boxes kept, best first.

        A box goes whose intersection over union with a better one is more than `overlap`, in float64; of
        equal scores the first is the better one.
        """
