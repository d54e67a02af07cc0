"""Export of facenet-pytorch's three networks to ONNX: `python -m ferkit_detectors.mtcnn.export FOLDER`.

It wrote the files in graphs/. A test compares them with the networks in facenet-pytorch's wheel.
"""

from __future__ import annotations

import sys
import warnings
from importlib.metadata import version
from pathlib import Path

import onnx
import torch
from facenet_pytorch.models.mtcnn import ONet, PNet, RNet
from torch import Tensor, nn
from torch.export import Dim
from torch.nn import functional as F

from ferkit_detectors.mtcnn.onnx_runtime import WEIGHTS

OPSET = 18
BLOCK = 16
"""Channels of a block in onnxruntime's blocked layout, at most. It keeps whole blocks only in that layout."""
ANY_SIZE = {0: Dim("count"), 2: Dim("height"), 3: Dim("width")}
ANY_NUMBER = {0: Dim("count")}


class PReLU(nn.Module):
    """PReLU in operations that onnxruntime computes in its blocked layout (NCHWc).

    onnxruntime has no PRelu, maximum or product in that layout and converts the maps for each of them, which
    took half of the time. With slope s, PReLU(y) is y + relu((s - 1) y), or y - relu((1 - s) y) if s > 1.
    On maps, the factors are depthwise convolutions.
    """

    def __init__(self, slopes: Tensor) -> None:
        super().__init__()
        self.factors = -(slopes - 1).abs()
        self.signs = None if (slopes <= 1).all() else torch.where(slopes <= 1, 1.0, -1.0)

    def forward(self, maps: Tensor) -> Tensor:
        bent = torch.relu(times(self.factors, maps))
        return maps + (bent if self.signs is None else times(self.signs, bent))


def times(factors: Tensor, maps: Tensor) -> Tensor:
    """Multiply each channel by its factor: vectors (B, C) or maps (B, C, h, w)."""
    if maps.ndim == 2:
        return maps * factors
    return F.conv2d(maps, factors.view(-1, 1, 1, 1), groups=len(factors))


class Windows(nn.Module):
    """P-Net with the outputs scores (N, y, x) and offsets (N, 4, y, x).

    PReLU follows the pooling, whose maps are a quarter as large. If a slope s is negative, the maximum of
    PReLU(y) over a window is max(p, -s q), where p is the maximum of y and q that of -y. The first
    convolution computes -y for these channels too. max(p, -s q) is p + relu(-s q - p).
    """

    def __init__(self, theirs: PNet) -> None:
        super().__init__()
        slopes, channels = theirs.prelu1.weight, theirs.conv1.out_channels
        (falling,) = torch.nonzero(slopes < 0, as_tuple=True)
        own, spare = torch.arange(channels), torch.arange(channels, channels + len(falling))
        weight, bias = (
            torch.cat([part, -part[falling]]) for part in (theirs.conv1.weight, theirs.conv1.bias)
        )
        self.conv1 = convolution(weight, bias, outputs=BLOCK)
        bend = torch.zeros(BLOCK, BLOCK, 1, 1)
        bend[own, own, 0, 0] = torch.where(slopes < 0, -1.0, -(slopes - 1).abs())
        bend[falling, spare, 0, 0] = -slopes[falling]
        self.bend = convolution(bend)
        self.signs = F.pad(torch.where(slopes <= 1, 1.0, -1.0), (0, BLOCK - channels), value=1)
        self.conv2 = convolution(theirs.conv2.weight, theirs.conv2.bias, inputs=BLOCK)
        self.conv3 = theirs.conv3
        self.prelu2, self.prelu3 = PReLU(theirs.prelu2.weight), PReLU(theirs.prelu3.weight)
        # A softmax of two values is the sigmoid of their difference.
        heads = zip(theirs.conv4_1.parameters(), theirs.conv4_2.parameters(), strict=True)
        weight, bias = (torch.cat([(scores[1] - scores[0])[None], offsets]) for scores, offsets in heads)
        self.last = convolution(weight, bias, outputs=BLOCK)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        pooled = F.max_pool2d(self.conv1(images), 2, 2, ceil_mode=True)
        maps = pooled + times(self.signs, torch.relu(self.bend(pooled)))
        maps = self.prelu3(self.conv3(self.prelu2(self.conv2(maps))))
        values = self.last(maps)
        return torch.sigmoid(values[:, 0]), values[:, 1:5]


def convolution(weight: Tensor, bias: Tensor | None = None, inputs: int = 0, outputs: int = 0) -> nn.Conv2d:
    """Return a convolution with at least these channels. The weights of the added ones are zero."""
    more_in, more_out = max(0, inputs - weight.shape[1]), max(0, outputs - len(weight))
    weight = F.pad(weight, (0, 0, 0, 0, 0, more_in, 0, more_out))
    made = nn.Conv2d(weight.shape[1], len(weight), weight.shape[2], bias=bias is not None)
    made.weight = nn.Parameter(weight)
    if bias is not None:
        made.bias = nn.Parameter(F.pad(bias, (0, more_out)))
    return made


class Crops(nn.Module):
    """R-Net or O-Net with the outputs scores (B,) and values (B, 4 or 14)."""

    def __init__(self, theirs: RNet | ONet) -> None:
        super().__init__()
        self.theirs = theirs
        channels = theirs.conv1.out_channels
        wide = channels + -channels % BLOCK
        theirs.conv1 = convolution(theirs.conv1.weight, theirs.conv1.bias, outputs=wide)
        theirs.conv2 = convolution(theirs.conv2.weight, theirs.conv2.bias, inputs=wide)
        for name, module in list(theirs.named_children()):
            if isinstance(module, nn.PReLU):
                slopes = F.pad(module.weight, (0, wide - channels if name == "prelu1" else 0))
                setattr(theirs, name, PReLU(slopes))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        *values, probabilities = self.theirs(images)
        return probabilities[:, 1], torch.cat(values, dim=1)


def export(folder: Path) -> None:
    """Write pnet.onnx for images of any size, rnet.onnx for 24-pixel and onet.onnx for 48-pixel crops."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # from torch.load of facenet-pytorch's files
        pnet, rnet, onet = (network().requires_grad_(False) for network in (PNet, RNet, ONet))
    folder.mkdir(parents=True, exist_ok=True)
    _export(Windows(pnet), torch.zeros(3, 3, 41, 50), ANY_SIZE, folder / "pnet.onnx")
    _export(Crops(rnet), torch.zeros(3, 3, 24, 24), ANY_NUMBER, folder / "rnet.onnx")
    _export(Crops(onet), torch.zeros(3, 3, 48, 48), ANY_NUMBER, folder / "onet.onnx")


def _export(network: Windows | Crops, images: Tensor, free: dict[int, Dim], file: Path) -> None:
    program = torch.onnx.export(
        network.requires_grad_(False).eval(),
        (images,),
        dynamo=True,
        opset_version=OPSET,
        input_names=["images"],
        output_names=["scores", "values"],
        dynamic_shapes=(free,),
        external_data=False,
        verbose=False,
    )
    assert program is not None
    made = program.model_proto
    _leave_out_notes(made.graph)
    onnx.helper.set_model_props(made, {WEIGHTS: f"facenet-pytorch {version('facenet-pytorch')}"})
    onnx.save(made, file)


def _leave_out_notes(graph: onnx.GraphProto) -> None:
    """Remove the exporter's stack traces and dimension names, which differ between exports."""
    del graph.value_info[:]
    for part in (*graph.node, *graph.input, *graph.output):
        del part.metadata_props[:]
    for length in (length for part in graph.output for length in part.type.tensor_type.shape.dim):
        if length.dim_param:
            length.Clear()


if __name__ == "__main__":
    export(Path(sys.argv[1]))
