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

from ferkit_detectors.mtcnn.onnx_runtime import WEIGHTS

OPSET = 18
ANY_SIZE = {0: Dim("count"), 2: Dim("height"), 3: Dim("width")}
ANY_NUMBER = {0: Dim("count")}


class PReLU(nn.Module):
    """PReLU in operations that are fast in onnxruntime. Its PRelu took half of the time."""

    def __init__(self, theirs: nn.PReLU) -> None:
        super().__init__()
        self.slopes = theirs.weight
        self.is_convex = bool((theirs.weight <= 1).all())

    def forward(self, maps: Tensor) -> Tensor:
        slopes = self.slopes.view(-1, *[1] * (maps.ndim - 2))
        if self.is_convex:
            return torch.maximum(maps, slopes * maps)
        positive = torch.relu(maps)
        return positive + slopes * (maps - positive)


class Windows(nn.Module):
    """P-Net with the outputs scores (N, y, x) and offsets (N, y, x, 4)."""

    def __init__(self, theirs: PNet) -> None:
        super().__init__()
        self.theirs = theirs

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        offsets, probabilities = self.theirs(images)
        return probabilities[:, 1], offsets.permute(0, 2, 3, 1)


class Crops(nn.Module):
    """R-Net or O-Net with the outputs scores (B,) and values (B, 4 or 14)."""

    def __init__(self, theirs: RNet | ONet) -> None:
        super().__init__()
        self.theirs = theirs

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        *values, probabilities = self.theirs(images)
        return probabilities[:, 1], torch.cat(values, dim=1)


def export(folder: Path) -> None:
    """Write pnet.onnx for images of any size, rnet.onnx for 24-pixel and onet.onnx for 48-pixel crops."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # from torch.load of facenet-pytorch's files
        pnet, rnet, onet = PNet(), RNet(), ONet()
    folder.mkdir(parents=True, exist_ok=True)
    _export(Windows(pnet), torch.zeros(3, 3, 41, 50), ANY_SIZE, folder / "pnet.onnx")
    _export(Crops(rnet), torch.zeros(3, 3, 24, 24), ANY_NUMBER, folder / "rnet.onnx")
    _export(Crops(onet), torch.zeros(3, 3, 48, 48), ANY_NUMBER, folder / "onet.onnx")


def _export(network: Windows | Crops, images: Tensor, free: dict[int, Dim], file: Path) -> None:
    for name, module in list(network.theirs.named_children()):
        if isinstance(module, nn.PReLU):
            setattr(network.theirs, name, PReLU(module))
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
