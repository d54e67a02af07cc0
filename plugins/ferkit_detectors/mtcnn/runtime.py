"""The interface of torch and onnxruntime for the cascade. All code between the networks uses it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = Any
"""A torch tensor or a numpy array. The array API, https://data-apis.org/array-api, has no types."""


class ProposalNetwork(Protocol):
    """P-Net on 12-pixel windows with a stride of 2."""

    def __call__(self, images: Array, /) -> tuple[Array, Array]:
        """Map images (N, 3, h, w) to each window's score (N, y, x) from 0 to 1 and features (N, y, x, F)."""

    def offsets(self, features: Array) -> Array:
        """Map features (M, F) of the selected windows to offsets (M, 4) of x0 y0 x1 y1."""


class CropNetwork(Protocol):
    """R-Net or O-Net. Its attribute `values` is the number of outputs besides the score."""

    values: int

    def __call__(self, crops: Array, /) -> tuple[Array, Array]:
        """Map crops (B, 3, side, side) to scores (B,) from 0 to 1 and values (B, 4 or 14)."""


class Runtime(Protocol):
    """The networks and array operations of the cascade.

    Attributes:
        xp: Functions of the array API, for arrays on the device.
        device: The device of the arrays.
        weights: Origin of the weights, and the runtime if it is not torch.
        strip: Maximum number of pixels in a call of P-Net. It limits the memory for large images.
        pnet: First network.
        rnet: Second network.
        onet: Third network.
        chunk: Maximum number of crops in a call of R-Net and O-Net.
        step: The number of crops in a call is a multiple of this.
    """

    xp: Any
    device: Any
    weights: str
    strip: int
    pnet: ProposalNetwork
    rnet: CropNetwork
    onet: CropNetwork
    chunk: int
    step: int

    def inference(self) -> AbstractContextManager[object]:
        """Return the context for all computations."""

    def threads(self) -> int:
        """Return the number of images to process at once; 1 for batches of images of one size."""

    def work_alone(self) -> None:
        """Prepare a thread so that its computations start no further threads."""

    def summed_area(self, images: NDArray[np.uint8]) -> Array:
        """Compute `area.summed_area` on the device: (N, H, W, 3) -> (N, H + 1, W + 1, 3) int32."""

    def to_numpy(self, array: Array) -> NDArray[Any]:
        """Return the array as a numpy array on the CPU."""

    def take(self, array: Array, places: Array, axis: int) -> Array:
        """Apply the array API's `take` without its check for negative indices."""

    def suppress(self, boxes: Array, scores: Array, groups: Array, overlap: float) -> Array:
        """Apply non-maximum suppression within each group; return the indices of the kept boxes, best first.

        A box is dropped if its intersection over union with a better box exceeds `overlap`, in float64. Of
        equal scores, the first is better.
        """
