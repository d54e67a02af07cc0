"""ONNX files that read other files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from ferkit.errors import RunError
from ferkit.runtime.onnx import open_session
from ferkit.runtime.onnx_external import check_onnx


def external(location: str, name: str = "w") -> TensorProto:
    tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=[4], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value=location)
    return tensor


def write(file: Path, tensor: TensorProto, is_constant: bool = False) -> Path:
    """images + tensor; the tensor is an initializer, or the value of a node in the branches of an If."""
    shown, given = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [4]) for n in ("images", "out"))
    add = helper.make_node("Add", ["images", "w"], ["out"])
    if is_constant:
        inner = helper.make_node("Constant", [], ["w"], value=tensor)
        branch = helper.make_graph([inner], "b", [], [helper.make_tensor_value_info("w", 1, [4])])
        chosen = helper.make_node("If", ["c"], ["w"], then_branch=branch, else_branch=branch)
        truth = helper.make_tensor("c", TensorProto.BOOL, [], [True])
        graph = helper.make_graph([chosen, add], "g", [shown], [given], [truth])
    else:
        graph = helper.make_graph([add], "g", [shown], [given], [tensor])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    file.write_bytes(model.SerializeToString())
    return file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder, with a file next to it that is none of the model's business."""
    np.arange(4, dtype=np.float32).tofile(tmp_path / "secret.bin")
    (tmp_path / "model").mkdir()
    return tmp_path / "model"


@pytest.mark.parametrize("is_constant", [False, True])
@pytest.mark.parametrize(
    "kind", ["absolute", "../secret.bin", "sub/../../secret.bin", "link", "*/_ORT_MEM_ADDR_/*"]
)
def test_data_outside_the_folder_are_refused_by_name(folder: Path, kind: str, is_constant: bool) -> None:
    location = str(folder.parent / "secret.bin") if kind == "absolute" else kind
    if kind == "link":
        (folder / "link").symlink_to(folder.parent / "secret.bin")
    file = write(folder / "m.onnx", external(location), is_constant)
    with pytest.raises(RunError, match=r"m\.onnx: it reads the file .* outside its folder"):
        open_session(file, "cpu")


def test_data_in_the_folder_are_read(folder: Path) -> None:
    np.full(4, 2, np.float32).tofile(folder / "own.bin")
    session = open_session(write(folder / "m.onnx", external("own.bin")), "cpu")
    (found,) = session.run(None, {"images": np.ones(4, np.float32)})
    assert found.tolist() == [3, 3, 3, 3]


def test_a_file_with_its_own_data_passes(folder: Path) -> None:
    tensor = onnx.numpy_helper.from_array(np.ones(4, np.float32), "w")
    check_onnx(write(folder / "m.onnx", tensor))


@pytest.mark.parametrize("content", [b"nothing", b"\x3a" + b"\xff" * 11, b"\x3a\x05ab", b"\x3a", b"\x0b"])
def test_a_file_that_is_no_protocol_buffer_is_refused_by_name(folder: Path, content: bytes) -> None:
    (folder / "m.onnx").write_bytes(content)
    with pytest.raises(RunError, match=r"m\.onnx"):
        open_session(folder / "m.onnx", "cpu")


def test_a_graph_in_a_graph_without_end_is_refused(folder: Path) -> None:
    content = b""
    for _ in range(40):  # a graph in an attribute of a node
        for tag in (0x32, 0x2A, 0x0A):
            content = bytes([tag]) + _length(len(content)) + content
    content = b"\x3a" + _length(len(content)) + content
    (folder / "m.onnx").write_bytes(content)
    with pytest.raises(RunError, match=r"m\.onnx"):
        check_onnx(folder / "m.onnx")


def _length(number: int) -> bytes:
    made = bytearray()
    while number > 127:
        made.append(number & 127 | 128)
        number >>= 7
    return bytes([*made, number])
