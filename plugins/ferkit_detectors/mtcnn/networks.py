"""facenet-pytorch's three networks with fewer and faster operations, and the same weights.

Memory is channels-last. With planar memory, max pooling on a CPU takes longer than the convolutions.
"""

from __future__ import annotations

import torch
from facenet_pytorch.models.mtcnn import ONet, PNet, RNet
from torch import Tensor, nn
from torch.nn import functional as F

PHASES = ((0, 0), (0, 1), (1, 0), (1, 1))
"""The four positions of a 2 × 2 pooling window, y and x."""
LAST = 3
"""Side of R-Net's and O-Net's last feature maps."""


class ProposalNetwork(nn.Module):
    """P-Net with its 2 × 2 max pooling folded into the first convolution.

    One convolution of stride 2 has 4 × 4 kernels with the 3 × 3 kernels in four positions. It computes the
    four values of a pooling window as four groups of channels. Pooling takes their maximum without moving
    memory. Pooling before the PReLU would be wrong, because six of its ten slopes are negative.
    """

    kernel: Tensor
    bias: Tensor
    slopes: Tensor
    face: Tensor
    face_bias: Tensor

    def __init__(self, theirs: PNet) -> None:
        super().__init__()
        self.theirs = theirs.to(memory_format=torch.channels_last)
        kernel = theirs.conv1.weight
        folded = kernel.new_zeros(len(PHASES), *kernel.shape[:2], 4, 4)
        for place, (y, x) in enumerate(PHASES):
            folded[place, :, :, y : y + 3, x : x + 3] = kernel
        self.register_buffer("kernel", folded.flatten(0, 1).contiguous(memory_format=torch.channels_last))
        self.register_buffer("bias", theirs.conv1.bias.repeat(len(PHASES)))
        self.register_buffer("slopes", theirs.prelu1.weight.repeat(len(PHASES)))
        face, other = theirs.conv4_1.weight[1].flatten(), theirs.conv4_1.weight[0].flatten()
        self.register_buffer("face", face - other)
        self.register_buffer("face_bias", theirs.conv4_1.bias[1] - theirs.conv4_1.bias[0])

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Map images (N, 3, h, w) to each window's score (N, y, x) from 0 to 1 and features (N, y, x, 32)."""
        features = self.theirs.prelu2(self.theirs.conv2(self._pooled(images)))
        features = self.theirs.prelu3(self.theirs.conv3(features)).permute(0, 2, 3, 1)
        # A softmax of two values is the sigmoid of their difference.
        return torch.sigmoid(features @ self.face + self.face_bias), features

    def offsets(self, features: Tensor) -> Tensor:
        """Map features (M, 32) of the selected windows to offsets (M, 4) of x0 y0 x1 y1."""
        return F.linear(features, self.theirs.conv4_2.weight.flatten(1), self.theirs.conv4_2.bias)

    def _pooled(self, images: Tensor) -> Tensor:
        odd_rows, odd_columns = (side % 2 for side in images.shape[2:])
        if odd_rows or odd_columns:
            images = F.pad(images, (0, odd_columns, 0, odd_rows))
        values = F.prelu(F.conv2d(images, self.kernel, self.bias, stride=2), self.slopes).permute(0, 2, 3, 1)
        channels = values.shape[3] // len(PHASES)
        # At the edge, a pooling window has the values inside the image only.
        if odd_rows:
            values[:, -1, :, 2 * channels :] = values[:, -1, :, : 2 * channels]
        if odd_columns:
            values[:, :, -1, channels : 2 * channels] = values[:, :, -1, :channels]
            values[:, :, -1, 3 * channels :] = values[:, :, -1, 2 * channels : 3 * channels]
        rows = torch.maximum(values[..., : 2 * channels], values[..., 2 * channels :])
        return torch.maximum(rows[..., :channels], rows[..., channels:]).permute(0, 3, 1, 2)


class MaxPool(nn.Module):
    """Max pooling, 3 × 3 with stride 2, by rows and then by columns. Windows at the edge are cut off."""

    def forward(self, maps: Tensor) -> Tensor:
        rows = _largest_of_three(maps)
        return _largest_of_three(rows.transpose(2, 3)).transpose(2, 3)


def _largest_of_three(maps: Tensor) -> Tensor:
    """Return the maximum of rows 0 to 2, 2 to 4 and so on: (B, C, h, w) -> (B, C, h // 2, w)."""
    second, third = maps[:, :, 1::2], maps[:, :, 2::2]
    largest = torch.maximum(maps[:, :, : 2 * second.shape[2] : 2], second)
    there = largest[:, :, : third.shape[2]]
    torch.maximum(there, third, out=there)
    return largest


class CropNetwork(nn.Module):
    """R-Net or O-Net: convolutions, a dense layer, and the output layers as one matrix.

    Args:
        convolutions: Convolutional layers, before the dense layer.
        dense: The dense layer. Its input order (width, height, channels) is changed to channels-last.
        prelu: Activation of the dense layer.
        heads: Output layers. The first one has two scores, the others have `values` outputs in total.
    """

    def __init__(
        self, convolutions: list[nn.Module], dense: nn.Linear, prelu: nn.PReLU, heads: list[nn.Linear]
    ) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(*convolutions).to(memory_format=torch.channels_last)
        self.dense, self.prelu = dense, prelu
        transposed = dense.weight.view(dense.out_features, LAST, LAST, -1).transpose(1, 2)
        dense.weight = nn.Parameter(transposed.flatten(1).contiguous())
        outputs = sum(head.out_features for head in heads)
        self.values = outputs - 2
        self.heads = nn.Linear(dense.out_features, outputs)
        self.heads.weight = nn.Parameter(torch.cat([head.weight for head in heads]))
        self.heads.bias = nn.Parameter(torch.cat([head.bias for head in heads]))

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        """Map crops (B, 3, side, side) to scores (B,) from 0 to 1 and values (B, 4 or 14)."""
        features = self.convolutions(crops).permute(0, 2, 3, 1).flatten(1)
        values = self.heads(self.prelu(self.dense(features)))
        return values[:, :2].softmax(dim=1)[:, 1], values[:, 2:]


def refinement_network(rnet: RNet) -> CropNetwork:
    """Return R-Net: 24-pixel crops -> scores and offsets (B, 4)."""
    convolutions = [
        rnet.conv1,
        rnet.prelu1,
        MaxPool(),
        rnet.conv2,
        rnet.prelu2,
        MaxPool(),
        rnet.conv3,
        rnet.prelu3,
    ]
    return CropNetwork(convolutions, rnet.dense4, rnet.prelu4, [rnet.dense5_1, rnet.dense5_2])


def output_network(onet: ONet) -> CropNetwork:
    """Return O-Net: 48-pixel crops -> scores, and offsets with x and y of five landmarks (B, 14)."""
    convolutions = [onet.conv1, onet.prelu1, MaxPool(), onet.conv2, onet.prelu2, MaxPool()]
    convolutions += [onet.conv3, onet.prelu3, onet.pool3, onet.conv4, onet.prelu4]
    return CropNetwork(convolutions, onet.dense5, onet.prelu5, [onet.dense6_1, onet.dense6_2, onet.dense6_3])
