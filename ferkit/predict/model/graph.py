"""The ONNX graph of a .safetensors model, without weights: `python -m ferkit.predict.model.graph FILE`.

It wrote ferkit/models/default.onnx. Its external data are the weights in the .safetensors file, so that they
are stored once. onnxruntime converts them to float32 and folds batch norms when it opens the graph.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import onnx
from onnx import GraphProto, NodeProto, TensorProto, helper

from ferkit.errors import RunError
from ferkit.neural.checkpoint import read_header
from ferkit.predict.model.export import export_program
from ferkit.predict.model.load import KEY, load_network
from ferkit.runtime.atomic_write import atomic_path

PREFIX = "network."
"""Prefix of the network's tensors in the exported program."""
TYPES = {"F16": TensorProto.FLOAT16, "F32": TensorProto.FLOAT}


def write_graph(weights: Path) -> Path:
    """Write the graph next to the weights, with the same name.

    Args:
        weights: A model file of `ferkit export`, with the suffix .safetensors.

    Raises:
        RunError: The file is no such model, or a tensor of the network is not in it.
    """
    loaded = load_network(weights)
    made = export_program(loaded.network, loaded.description, optimize=False)
    _store_outside(made.graph, weights)
    onnx.helper.set_model_props(made, {KEY: json.dumps(loaded.description.as_table())})
    file = weights.with_suffix(".onnx")
    with atomic_path(file) as part:
        onnx.save(made, part)
    return file


def _store_outside(graph: GraphProto, weights: Path) -> None:
    """Replace the values of the tensors by places in the .safetensors file; drop nodes without effect."""
    nodes = _used(graph)
    needed = {name for node in nodes for name in node.input}
    header, start = _read_places(weights)
    casts, tensors = [], []
    for one in graph.initializer:
        if one.name not in needed:
            continue
        name = one.name.removeprefix(PREFIX)
        if name not in header or header[name]["dtype"] not in TYPES:
            raise RunError(f"Cannot write the graph of {weights}: it does not have the tensor {name}.")
        tensors.append(_outside(name, one, header[name], weights, start))
        casts.append(helper.make_node("Cast", [name], [one.name], to=TensorProto.FLOAT))
    for part, values in ((graph.node, [*casts, *nodes]), (graph.initializer, tensors)):
        del part[:]
        part.extend(values)
    del graph.value_info[:]
    for value in (*graph.input, *graph.output):
        del value.metadata_props[:]


def _used(graph: GraphProto) -> list[NodeProto]:
    """Return the nodes that the output depends on, without the biases of zeros of convolutions."""
    makers = {name: node for node in graph.node for name in node.output}
    needed, kept = {one.name for one in graph.output}, []
    for node in reversed(graph.node):
        if not needed.intersection(node.output):
            continue
        if node.op_type == "Conv" and len(node.input) == 3 and node.input[2] in makers:
            del node.input[2]
        needed.update(node.input)
        del node.metadata_props[:]
        node.ClearField("doc_string")
        node.ClearField("name")
        kept.append(node)
    return kept[::-1]


def _read_places(weights: Path) -> tuple[dict[str, dict[str, Any]], int]:
    """Return the header of a .safetensors file, and the position of the first tensor in bytes."""
    read_header(weights)  # checks the file
    with weights.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        header: dict[str, dict[str, Any]] = json.loads(stream.read(length))
    return header, 8 + length


def _outside(name: str, values: TensorProto, place: dict[str, Any], weights: Path, start: int) -> TensorProto:
    first, last = place["data_offsets"]
    tensor = TensorProto(
        name=name,
        data_type=TYPES[place["dtype"]],
        dims=values.dims,
        data_location=TensorProto.EXTERNAL,
    )
    for key, value in {"location": weights.name, "offset": start + first, "length": last - first}.items():
        tensor.external_data.add(key=key, value=str(value))
    return tensor


if __name__ == "__main__":
    print(write_graph(Path(sys.argv[1])))
