"""Small model files of installed components, in every format, and the same with other headers or bytes."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import torch

from ferkit.components.discovery import load_plugins
from ferkit.components.part import Part
from ferkit.neural.build import build_model
from ferkit.neural.checkpoint import save_network
from ferkit.neural.options import Model
from ferkit.predict.model.description import Description
from ferkit.predict.model.export import export_model

LABELS = ("anger", "happiness", "neutral")
KEY = "ferkit"


def write_model(file: Path) -> Path:
    """Write a model of the smallest network in timm, with random weights."""
    backbone = Part(name="timm", model="test_resnet", pretrained=False)
    model = Model(image_size=32, normalize="imagenet", backbone=backbone, head=Part(name="linear"))
    description = Description(labels=LABELS, model=model, detector=Part(name="whole_image"))
    torch.manual_seed(3)
    network = build_model(model, load_plugins(), LABELS)
    save_network(file, network.state_dict(), LABELS, 1.5, ["ab" * 32], description.as_table())
    return file


def export(model: Path, file: Path) -> Path:
    """The model as .onnx or .pt2."""
    export_model(model, file)
    return file


def split(content: bytes) -> tuple[dict[str, object], bytes]:
    """The header and the tensors of a .safetensors file."""
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def join(header: object, tensors: bytes) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + tensors
