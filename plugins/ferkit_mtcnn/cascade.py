"""The cascade of three networks, step by step as facenet-pytorch takes it.

K. Zhang, Z. Zhang, Z. Li, Y. Qiao, "Joint face detection and alignment using multitask cascaded convolutional
networks", IEEE Signal Processing Letters 23, 2016.
"""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import torch
from facenet_pytorch.models.mtcnn import ONet, PNet, RNet
from numpy.typing import NDArray
from torch import Tensor, nn

from ferkit_mtcnn.area import resize_boxes, summed_area
from ferkit_mtcnn.boxes import Candidates, make_square, shift, suppress, suppress_nested, to_pixels
from ferkit_mtcnn.networks import CropNetwork, ProposalNetwork, output_network, refinement_network
from ferkit_mtcnn.proposals import OVERLAP, propose, pyramid

VERSION = 1
"""To be raised with every change that may change an answer."""
CHUNK, STEP = 64, 4
"""At most so many crops go through a network at once, and a multiple of so many: oneDNN prepares itself anew
for every number of crops that it has not met."""


class Cascade(nn.Module):
    """min_face_size in pixels; thresholds of the networks, 0..1; factor between the pyramid's scales."""

    def __init__(self, min_face_size: int, thresholds: tuple[float, float, float], factor: float) -> None:
        super().__init__()
        self.min_face_size, self.thresholds, self.factor = min_face_size, thresholds, factor
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # its torch.load, of its own wheel's files
            pnet, rnet, onet = PNet(), RNet(), ONet()
        self.pnet = ProposalNetwork(pnet)
        self.rnet = refinement_network(rnet)
        self.onet = output_network(onet)
        self.requires_grad_(False).eval()

    @torch.inference_mode()
    def forward(self, images: NDArray[np.uint8]) -> Candidates:
        """(N, H, W, 3) RGB, N at least 1 -> the faces of all; their values are landmarks (M, 5, 2)."""
        device = self.pnet.kernel.device
        scales = pyramid(images.shape[1:3], self.min_face_size, self.factor)
        if not scales:
            return Candidates.none(5, 2, device=device)
        sums = summed_area(images, device)
        return self._output(self._refine(propose(self.pnet, sums, scales, self.thresholds[0]), sums), sums)

    def _refine(self, proposals: Candidates, sums: Tensor) -> Candidates:
        """Second stage: fewer squares."""
        judged = _judge(self.rnet, proposals, sums, 24, self.thresholds[1])
        kept = suppress(judged, judged.images, OVERLAP)
        return replace(kept, boxes=make_square(shift(kept.boxes, kept.values, extra=1)))

    def _output(self, squares: Candidates, sums: Tensor) -> Candidates:
        """Third stage: boxes and landmarks, which O-Net gives relative to the square."""
        judged = _judge(self.onet, squares, sums, 48, self.thresholds[2])
        offsets, points = judged.values[:, :4], judged.values[:, 4:].view(-1, 2, 5).transpose(1, 2)
        corners = judged.boxes[:, None, :2]
        landmarks = points * (judged.boxes[:, None, 2:] - corners + 1) + corners - 1
        faces = replace(judged, boxes=shift(judged.boxes, offsets, extra=1), values=landmarks)
        return suppress_nested(faces, OVERLAP)


def _judge(
    network: CropNetwork, candidates: Candidates, sums: Tensor, side: int, threshold: float
) -> Candidates:
    """Those that the network takes for faces, seen at `side` pixels, with its scores and values."""
    pixels = to_pixels(candidates.boxes, (sums.shape[1] - 1, sums.shape[2] - 1))
    is_inside = (pixels[:, 2:] > pixels[:, :2]).all(dim=1)
    candidates, pixels = candidates[is_inside], pixels[is_inside]
    scores, values = [candidates.scores[:0]], [sums.new_zeros(0, network.values, dtype=torch.float32)]
    for first in range(0, len(pixels), CHUNK):
        count = min(CHUNK, len(pixels) - first)
        # The last box is repeated until there are enough.
        places = torch.arange(first, first + count + -count % STEP, device=pixels.device)
        places = places.clamp(max=len(pixels) - 1)
        answer = network(resize_boxes(sums, candidates.images[places], pixels[places], side))
        scores.append(answer[0][:count])
        values.append(answer[1][:count])
    judged = replace(candidates, scores=torch.cat(scores), values=torch.cat(values))
    return judged[judged.scores > threshold]
