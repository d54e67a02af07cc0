"""The bundled ONNX files, compared with facenet-pytorch's networks and a new export."""

from __future__ import annotations

import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from facenet_pytorch.models.mtcnn import ONet, PNet, RNet
from ferkit_detectors.mtcnn.export import PReLU, export
from ferkit_detectors.mtcnn.onnx_runtime import GRAPHS, Graph, OnnxRuntime
from numpy.typing import NDArray
from torch import nn

pytestmark = pytest.mark.slow

NETWORKS = {"pnet": PNet, "rnet": RNet, "onet": ONet}
SHAPES = {
    "pnet": [(1, 3, 12, 12), (2, 3, 13, 12), (1, 3, 55, 38)],
    "rnet": [(1, 3, 24, 24), (5, 3, 24, 24)],
    "onet": [(1, 3, 48, 48), (5, 3, 48, 48)],
}


def theirs(name: str) -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        made: nn.Module = NETWORKS[name]().eval()
    return made


def weights(graph: Path) -> list[NDArray[np.float32]]:
    """Those of more than one number, flat."""
    tensors = (onnx.numpy_helper.to_array(one) for one in onnx.load(graph).graph.initializer)
    return [one.ravel() for one in tensors if one.dtype == np.float32]


@pytest.fixture(scope="module")
def graphs() -> OnnxRuntime:
    return OnnxRuntime("cpu")


@pytest.mark.parametrize("name", NETWORKS)
@torch.inference_mode()
def test_a_graph_says_what_facenet_pytorchs_network_says(graphs: OnnxRuntime, name: str) -> None:
    network, graph = theirs(name), getattr(graphs, name)
    assert isinstance(graph, Graph)
    for shape in SHAPES[name]:
        images = torch.rand(shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
        *values, probabilities = network(images)
        joined = torch.cat(values, dim=1)
        scores, ours = graph(images.numpy())
        assert scores == pytest.approx(probabilities[:, 1].numpy(), abs=1e-5)
        assert ours == pytest.approx(np.moveaxis(joined.numpy(), 1, -1), abs=1e-5)


def test_onnxruntime_keeps_the_maps_of_pnet_in_its_blocked_layout(tmp_path: Path) -> None:
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "pnet.onnx")
    onnxruntime.InferenceSession(GRAPHS / "pnet.onnx", options, providers=["CPUExecutionProvider"])
    names = [node.op_type for node in onnx.load(tmp_path / "pnet.onnx").graph.node]
    if "ReorderOutput" not in names:
        pytest.skip("onnxruntime has no blocked layout on this processor")
    assert names.count("ReorderOutput") == 1


def test_the_graphs_say_whose_weights_they_have(graphs: OnnxRuntime) -> None:
    assert graphs.weights == f"weights of facenet-pytorch {version('facenet-pytorch')}, by onnxruntime"
    assert "Timothy Esler" in (GRAPHS / "LICENSE").read_text(encoding="utf-8")


def test_graphs_made_anew_have_the_same_steps_and_weights(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's exporter's, of itself
        export(tmp_path)
    for name in NETWORKS:
        brought, anew = (folder / f"{name}.onnx" for folder in (GRAPHS, tmp_path))
        steps = [[node.op_type for node in onnx.load(file).graph.node] for file in (brought, anew)]
        assert steps[0] == steps[1]
        pairs = zip(weights(brought), weights(anew), strict=True)
        assert all(np.array_equal(one, other) for one, other in pairs)


@pytest.mark.parametrize("slopes", [(-1.3, 0.0, 1.0), (-0.5, 0.4, 1.3)])
@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 4, 5)])
def test_prelu_in_quick_steps_is_prelu(slopes: tuple[float, ...], shape: tuple[int, ...]) -> None:
    prelu = nn.PReLU(3)
    prelu.weight = nn.Parameter(torch.tensor(slopes))
    maps = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(PReLU(prelu.weight.detach())(maps), prelu(maps), atol=1e-6)


@pytest.mark.parametrize(
    ("asked", "expected"), [("3", 3), ("5,2", 5), ("", None), ("0", None), ("many", None)]
)
def test_as_many_images_are_worked_on_at_once_as_openmp_is_told(
    asked: str, expected: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    cores = OnnxRuntime("cpu").threads()
    monkeypatch.setenv("OMP_NUM_THREADS", asked)
    assert OnnxRuntime("cpu").threads() == (expected or cores)
