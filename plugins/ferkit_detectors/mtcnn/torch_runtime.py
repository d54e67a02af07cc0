"""The cascade in torch, on a CPU or a GPU."""

from __future__ import annotations

import warnings
from contextlib import AbstractContextManager
from importlib.metadata import version
from typing import Any

import array_api_compat.torch
import numpy as np
import torch
from facenet_pytorch.models.mtcnn import ONet, PNet, RNet
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from torch import Tensor
from torch.nn.functional import pad
from torchvision.ops import batched_nms

from ferkit_detectors.mtcnn.area import summed_area
from ferkit_detectors.mtcnn.networks import ProposalNetwork, output_network, refinement_network
from ferkit_detectors.mtcnn.runtime import Runtime

STRIP = {"cpu": 1 << 18, "cuda": 1 << 23}
CHUNK = {"cpu": 64, "cuda": 2048}


class TorchRuntime(Runtime):
    """The runtime with torch. See `Runtime`.

    Args:
        device: "cpu", "cuda", or "auto" for a GPU if there is one.
    """

    xp: Any = array_api_compat.torch
    step = 4  # oneDNN has a setup cost for every new number of crops

    def __init__(self, device: str) -> None:
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        self.weights = f"weights of facenet-pytorch {version('facenet-pytorch')}"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # from torch.load in facenet-pytorch
            pnet, rnet, onet = PNet(), RNet(), ONet()
        self.pnet = ProposalNetwork(pnet)
        self.rnet, self.onet = refinement_network(rnet), output_network(onet)
        for network in (self.pnet, self.rnet, self.onet):
            network.requires_grad_(False).eval().to(device)
        self.device = self.pnet.kernel.device
        kind = "cpu" if self.device.type == "cpu" else "cuda"
        self.strip, self.chunk = STRIP[kind], CHUNK[kind]

    def inference(self) -> AbstractContextManager[object]:
        return torch.inference_mode()

    def threads(self) -> int:
        return torch.get_num_threads() if self.device.type == "cpu" else 1

    def work_alone(self) -> None:
        """Set the threads of this thread to 1; torch reads the number once, when it is first asked for."""
        torch.get_num_threads()
        threadpool_limits(1, user_api="openmp")

    def summed_area(self, images: NDArray[np.uint8]) -> Tensor:
        if self.device.type == "cpu":
            return torch.from_numpy(summed_area(images))
        return summed_by_torch(torch.as_tensor(images, device=self.device))

    def to_numpy(self, array: Tensor) -> NDArray[Any]:
        return np.asarray(array.cpu())

    def take(self, array: Tensor, places: Tensor, axis: int) -> Tensor:
        return array.index_select(axis, places)

    def suppress(self, boxes: Tensor, scores: Tensor, groups: Tensor, overlap: float) -> Tensor:
        """Apply torchvision's suppression in float64.

        torchvision separates groups by adding to the coordinates. In float32, results would depend on other
        images.
        """
        kept: Tensor = batched_nms(boxes.double(), scores.double(), groups, overlap)
        return kept


def summed_by_torch(pixels: Tensor) -> Tensor:
    """Compute `summed_area` on any device. On a CPU, OpenCV takes a tenth of the time."""
    sums = pixels.cumsum(1, dtype=torch.int32).cumsum(2, dtype=torch.int32)
    return pad(sums, (0, 0, 1, 0, 1, 0))
