"""facenet-pytorch's three networks, computed in fewer and quicker steps; the weights are its own.

Channels last throughout: max pooling of planes takes torch longer on a CPU than all the convolutions.
"""

from __future__ import annotations

import torch
from facenet_pytorch.models.mtcnn import ONet, PNet, RNet
from torch import Tensor, nn
from torch.nn import functional as F

PHASES = ((0, 0), (0, 1), (1, 0), (1, 1))
"""The four places of a 2 × 2 pooling window, y and x."""
LAST = 3
"""The side of R-Net's and O-Net's last maps."""


class ProposalNetwork(nn.Module):
    """P-Net. Its 2 × 2 max pooling is folded into the first convolution.

    One convolution of stride 2, whose 4 × 4 kernels hold the 3 × 3 ones in four places, gives a pooling
    window's four values as four groups of channels; their maximum is taken without moving anything. (To pool
    before the PReLU would be less work, but six of its ten slopes are negative: the order matters.)
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
        """(N, 3, h, w) -> each window's score (N, y, x) in 0..1, and its features (N, y, x, 32)."""
        features = self.theirs.prelu2(self.theirs.conv2(self._pooled(images)))
        features = self.theirs.prelu3(self.theirs.conv3(features)).permute(0, 2, 3, 1)
        # The softmax of two is the sigmoid of their difference.
        return torch.sigmoid(features @ self.face + self.face_bias), features

    def offsets(self, features: Tensor) -> Tensor:
        """(M, 32) of the windows that matter -> (M, 4), by how much to move x0 y0 x1 y1."""
        return F.linear(features, self.theirs.conv4_2.weight.flatten(1), self.theirs.conv4_2.bias)

    def _pooled(self, images: Tensor) -> Tensor:
        odd_rows, odd_columns = (side % 2 for side in images.shape[2:])
        if odd_rows or odd_columns:
            images = F.pad(images, (0, odd_columns, 0, odd_rows))
        values = F.prelu(F.conv2d(images, self.kernel, self.bias, stride=2), self.slopes).permute(0, 2, 3, 1)
        channels = values.shape[3] // len(PHASES)
        # A window that reaches beyond the edge has the values inside alone.
        if odd_rows:
            values[:, -1, :, 2 * channels :] = values[:, -1, :, : 2 * channels]
        if odd_columns:
            values[:, :, -1, channels : 2 * channels] = values[:, :, -1, :channels]
            values[:, :, -1, 3 * channels :] = values[:, :, -1, 2 * channels : 3 * channels]
        rows = torch.maximum(values[..., : 2 * channels], values[..., 2 * channels :])
        return torch.maximum(rows[..., :channels], rows[..., channels:]).permute(0, 3, 1, 2)


class MaxPool(nn.Module):
    """Max pooling, 3 × 3 with stride 2, windows at the edge cut off: by rows, then by columns."""

    def forward(self, maps: Tensor) -> Tensor:
        rows = _largest_of_three(maps)
        return _largest_of_three(rows.transpose(2, 3)).transpose(2, 3)


def _largest_of_three(maps: Tensor) -> Tensor:
    """(B, C, h, w) -> (B, C, h // 2, w): the maximum of rows 0 to 2, of 2 to 4, and so on."""
    second, third = maps[:, :, 1::2], maps[:, :, 2::2]
    largest = torch.maximum(maps[:, :, : 2 * second.shape[2] : 2], second)
    there = largest[:, :, : third.shape[2]]
    torch.maximum(there, third, out=there)
    return largest


class CropNetwork(nn.Module):
    """R-Net or O-Net: convolutions, one dense layer, and all that follows it as one matrix.

    trunk: all before the dense layer, which takes (width, height, channels), turned here to the order in
    which channels-last memory holds them; heads: the first tells face from other, the rest gives
    `values` numbers.
    """

    def __init__(
        self, trunk: list[nn.Module], dense: nn.Linear, prelu: nn.PReLU, heads: list[nn.Linear]
    ) -> None:
        super().__init__()
        self.trunk = nn.Sequential(*trunk).to(memory_format=torch.channels_last)
        self.dense, self.prelu = dense, prelu
        transposed = dense.weight.view(dense.out_features, LAST, LAST, -1).transpose(1, 2)
        dense.weight = nn.Parameter(transposed.flatten(1).contiguous())
        outputs = sum(head.out_features for head in heads)
        self.values = outputs - 2
        self.heads = nn.Linear(dense.out_features, outputs)
        self.heads.weight = nn.Parameter(torch.cat([head.weight for head in heads]))
        self.heads.bias = nn.Parameter(torch.cat([head.bias for head in heads]))

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, side, side) -> scores (B,) in 0..1, and the other heads' values (B, 4 or 14)."""
        features = self.trunk(crops).permute(0, 2, 3, 1).flatten(1)
        values = self.heads(self.prelu(self.dense(features)))
        return values[:, :2].softmax(dim=1)[:, 1], values[:, 2:]


def refinement_network(rnet: RNet) -> CropNetwork:
    """R-Net: crops of 24 pixels -> scores and offsets (B, 4)."""
    trunk = [rnet.conv1, rnet.prelu1, MaxPool(), rnet.conv2, rnet.prelu2, MaxPool(), rnet.conv3, rnet.prelu3]
    return CropNetwork(trunk, rnet.dense4, rnet.prelu4, [rnet.dense5_1, rnet.dense5_2])


def output_network(onet: ONet) -> CropNetwork:
    """O-Net: crops of 48 pixels -> scores, and offsets and five points' x and y (B, 14)."""
    trunk = [onet.conv1, onet.prelu1, MaxPool(), onet.conv2, onet.prelu2, MaxPool()]
    trunk += [onet.conv3, onet.prelu3, onet.pool3, onet.conv4, onet.prelu4]
    return CropNetwork(trunk, onet.dense5, onet.prelu5, [onet.dense6_1, onet.dense6_2, onet.dense6_3])
