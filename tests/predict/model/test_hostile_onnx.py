"""ONNX files with a description of ferkit, and a graph that no export writes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from ferkit.errors import RunError
from ferkit.predict.model.load import load_model
from tests.predict.drawn import LABELS, describe

SIDE = describe().model.image_size
FLOAT = TensorProto.FLOAT
IMAGES = ("images", FLOAT, ["batch", 3, SIDE, SIDE])
PROBABILITIES = ("probabilities", FLOAT, ["batch", len(LABELS)])
WEIGHT = numpy_helper.from_array(np.ones((3, len(LABELS)), np.float32), "w")
LOGITS = [
    helper.make_node("GlobalAveragePool", ["images"], ["pooled"]),
    helper.make_node("Flatten", ["pooled"], ["flat"]),
    helper.make_node("MatMul", ["flat", "w"], ["logits"]),
]
SOFTMAX = helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1)
OWN = helper.make_opsetid("own", 1)


def write(
    file: Path,
    nodes: Sequence[Any] = (*LOGITS, SOFTMAX),
    inputs: Sequence[tuple[str, int, Any]] = (IMAGES,),
    outputs: Sequence[tuple[str, int, Any]] = (PROBABILITIES,),
    functions: Sequence[Any] = (),
) -> Path:
    given, answers = ([helper.make_tensor_value_info(*one) for one in some] for some in (inputs, outputs))
    graph = helper.make_graph(list(nodes), "g", given, answers, [WEIGHT])
    opsets = [helper.make_opsetid("", 17), OWN]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8, functions=list(functions))
    helper.set_model_props(model, {"ferkit": json.dumps(describe().as_table())})
    onnx.save(model, file)
    return file


def test_the_graph_is_valid_before_it_is_spoiled(tmp_path: Path) -> None:
    model = load_model(write(tmp_path / "m.onnx"), device="cpu")
    found = model.classify(np.ones((2, SIDE, SIDE, 3), np.float32))
    np.testing.assert_allclose(found, 1 / len(LABELS))


WRONG: Mapping[str, tuple[dict[str, Any], str]] = {
    "name": ({"inputs": [("x", *IMAGES[1:])], "nodes": []}, "expected the input images, .* got x,"),
    "rank": ({"inputs": [("images", FLOAT, ["b", SIDE, SIDE])], "nodes": []}, r"got images, .*any, \d+, \d+"),
    "side": ({"inputs": [("images", FLOAT, ["b", 3, 999, 999])]}, r"got .*\(any, 3, 999, 999\)"),
    "last": ({"inputs": [("images", FLOAT, ["b", SIDE, SIDE, 3])], "nodes": []}, "expected the input"),
    "type": ({"inputs": [("images", TensorProto.UINT8, IMAGES[2])], "nodes": []}, r"got .*tensor\(uint8\)"),
    "batch": ({"inputs": [("images", FLOAT, [1, 3, SIDE, SIDE])]}, r"expected .*\(any, 3.*got .*\(1, 3"),
    "two": ({"inputs": [IMAGES, ("more", FLOAT, ["b"])]}, "got images, .* more"),
    "none": ({"inputs": [], "nodes": []}, "got none"),
    "answers": ({"outputs": [PROBABILITIES, ("logits", FLOAT, ["b", 3])]}, "expected the output .* logits"),
    "integers": (
        {"nodes": [*LOGITS, helper.make_node("Cast", ["logits"], ["probabilities"], to=TensorProto.INT64)]}
        | {"outputs": [("probabilities", TensorProto.INT64, PROBABILITIES[2])]},
        r"expected the output .* got .*tensor\(int64\)",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_other_inputs_or_outputs_are_refused_by_both_shapes(tmp_path: Path, name: str) -> None:
    change, expected = WRONG[name]
    constant = helper.make_node(
        "Constant", [], ["constant"], value=numpy_helper.from_array(np.ones((1, 3), np.float32))
    )
    if change.get("nodes") == []:  # the graph must fit its inputs
        change = {**change, "nodes": [constant, helper.make_node("Softmax", ["constant"], ["probabilities"])]}
    with pytest.raises(RunError, match=rf"m\.onnx: .*{expected}.*Export it again"):
        load_model(write(tmp_path / "m.onnx", **change), device="cpu")


def test_a_loop_is_refused(tmp_path: Path) -> None:
    values = [("i", TensorProto.INT64, []), ("go", TensorProto.BOOL, []), ("x", FLOAT, ["b", 3])]
    answers = [("go_on", TensorProto.BOOL, []), ("y", FLOAT, ["b", 3])]
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["go_on"]), helper.make_node("Identity", ["x"], ["y"])],
        "body",
        *([helper.make_tensor_value_info(*one) for one in some] for some in (values, answers)),
    )
    loop = helper.make_node("Loop", ["", "", "logits"], ["probabilities"], body=body)
    with pytest.raises(RunError, match=r"m\.onnx: it has a loop"):
        load_model(write(tmp_path / "m.onnx", [*LOGITS, loop]), device="cpu")


def test_functions_that_expand_without_bound_are_refused(tmp_path: Path) -> None:
    twice = [
        helper.make_node("F", ["x"], ["z"], domain="own"),
        helper.make_node("F", ["z"], ["y"], domain="own"),
    ]
    function = helper.make_function("own", "F", ["x"], ["y"], twice, [helper.make_opsetid("", 17), OWN])
    call = helper.make_node("F", ["logits"], ["probabilities"], domain="own")
    with pytest.raises(RunError, match=r"m\.onnx: it has local functions"):
        load_model(write(tmp_path / "m.onnx", [*LOGITS, call], functions=[function]), device="cpu")


def test_onnxruntime_writes_no_names_of_the_file(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    shape = numpy_helper.from_array(np.array([2**44]))
    nodes = [
        helper.make_node("Constant", [], ["shape"], value=shape),
        helper.make_node("ConstantOfShape", ["shape"], ["huge"], name="\x1b[2Jevil"),
        helper.make_node("ReduceSum", ["huge"], ["sum"], keepdims=0),
        helper.make_node("Add", ["logits", "sum"], ["probabilities"]),
    ]
    model = load_model(write(tmp_path / "m.onnx", [*LOGITS, *nodes]), device="cpu")
    with pytest.raises(Exception, match="ConstantOfShape"):
        model.classify(np.ones((2, SIDE, SIDE, 3), np.float32))
    assert capfd.readouterr().err == ""
