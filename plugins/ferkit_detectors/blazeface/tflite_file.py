"""Read the networks of MediaPipe's TFLite files as a list of operations. Needs the package tflite."""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy as np
import tflite
from numpy.typing import NDArray
from tflite import BuiltinOperator as Op

Operation = dict[str, Any]
RELU = tflite.ActivationFunctionType.RELU
OPTIONS = {
    Op.CONV_2D: tflite.Conv2DOptions,
    Op.DEPTHWISE_CONV_2D: tflite.DepthwiseConv2DOptions,
    Op.ADD: tflite.AddOptions,
    Op.MAX_POOL_2D: tflite.Pool2DOptions,
    Op.RESIZE_BILINEAR: tflite.ResizeBilinearOptions,
    Op.DEPTH_TO_SPACE: tflite.DepthToSpaceOptions,
}


class TfliteNetwork:
    """The operations and weights of a TFLite file, in NCHW.

    Args:
        content: The file's bytes.

    Attributes:
        operations: One dictionary for each operation: "op", "in" (names), "out" (name), and its parameters.
        weights: float16 arrays by name: kernels (out, in / groups, height, width) and biases (out,).
        outputs: Names of the outputs: scores (N, anchors, 1) and values (N, anchors, 16).

    Raises:
        ValueError: The file has an operation that BlazeFace does not need.
    """

    def __init__(self, content: bytes) -> None:
        self.model = tflite.Model.GetRootAsModel(content, 0)
        self.graph = self.model.Subgraphs(0)
        self.operations: list[Operation] = []
        self.weights: dict[str, NDArray[np.float16]] = {}
        self.constants: dict[int, NDArray[np.float16]] = {}
        self.borders: dict[int, tuple[int, list[int]]] = {}
        for number in range(self.graph.OperatorsLength()):
            self._read(self.graph.Operators(number))
        outputs = [self.graph.Outputs(number) for number in range(self.graph.OutputsLength())]
        self.outputs = [_name(one) for one in sorted(outputs, key=lambda one: self._shape(one)[-1])]
        self.side = self._shape(self.graph.Inputs(0))[1]
        self.input = _name(self.graph.Inputs(0))

    def _read(self, operator: Any) -> None:
        code = self.model.OperatorCodes(operator.OpcodeIndex())
        kind = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        places = operator.InputsAsNumpy().tolist()
        source, out = places[0], operator.Outputs(0)
        options = _options(operator, kind)
        if kind in (Op.DENSIFY, Op.DEQUANTIZE):
            self.constants[out] = self._constant(source)
        elif kind in (Op.CONV_2D, Op.DEPTHWISE_CONV_2D):
            self._add_convolution(places, out, options, is_depthwise=kind == Op.DEPTHWISE_CONV_2D)
        elif kind == Op.ADD:
            self._add("add", places, out, relu=options.FusedActivationFunction() == RELU)
        elif kind == Op.RELU:
            self._add("relu", places, out)
        elif kind == Op.PAD:
            self._add_padding(source, places[1], out)
        elif kind == Op.MAX_POOL_2D:
            _expect(options.FilterHeight() == options.StrideH() == 2, "max pooling of 2 × 2 pixels")
            self._add("pool", places, out)
        elif kind == Op.RESIZE_BILINEAR:
            _expect(options.HalfPixelCenters() and not options.AlignCorners(), "resizing by pixel centres")
            factor = self._shape(out)[1] // self._shape(source)[1]
            self._add("resize", places[:1], out, factor=factor)
        elif kind == Op.DEPTH_TO_SPACE:
            self._add("depth_to_space", places, out, block=options.BlockSize())
        elif kind == Op.RESHAPE:
            self._add("flatten", places[:1], out, values=self._shape(out)[-1])
        elif kind == Op.CONCATENATION:
            self._add("concat", places, out)
        else:
            raise ValueError(f"operation {kind} of TFLite is not supported")

    def _add(self, op: str, places: list[int], out: int, **parameters: Any) -> None:
        self.operations.append(
            {"op": op, "in": [_name(one) for one in places], "out": _name(out), **parameters}
        )

    def _add_padding(self, source: int, amounts: int, out: int) -> None:
        """Add a padding of channels. A padding of pixels becomes part of the next convolution."""
        buffer = self.model.Buffers(self.graph.Tensors(amounts).Buffer()).DataAsNumpy()
        _, (top, bottom), (left, right), (_, channels) = buffer.view("<i4").reshape(4, 2).tolist()
        if channels:
            self._add("widen", [source], out, channels=channels)
        else:
            self.borders[out] = (source, [top, left, bottom, right])

    def _add_convolution(self, places: list[int], out: int, options: Any, is_depthwise: bool) -> None:
        source, kernel, bias = places
        stride, side = options.StrideH(), self._shape(source)[1]
        weights = self.constants[kernel].transpose((3, 0, 1, 2) if is_depthwise else (0, 3, 1, 2))
        if options.Padding() == tflite.Padding.SAME:
            total = max((ceil(side / stride) - 1) * stride + weights.shape[-1] - side, 0)
            pads = [total // 2, total // 2, total - total // 2, total - total // 2]
        else:
            source, pads = self.borders.get(source, (source, [0, 0, 0, 0]))
        name = _name(out)
        self.weights[f"{name}.kernel"] = np.ascontiguousarray(weights)
        self.weights[f"{name}.bias"] = self.constants[bias]
        groups = len(weights) if is_depthwise else 1
        relu = options.FusedActivationFunction() == RELU
        self._add("conv", [source], out, stride=stride, pads=pads, groups=groups, relu=relu)

    def _constant(self, place: int) -> NDArray[np.float16]:
        """Return a constant tensor. A sparse one has rows of the last dimension in CSR."""
        if place in self.constants:
            return self.constants[place]
        tensor, shape = self.graph.Tensors(place), self._shape(place)
        _expect(tensor.Type() == tflite.TensorType.FLOAT16, "weights of float16")
        numbers: NDArray[np.float16] = self.model.Buffers(tensor.Buffer()).DataAsNumpy().view("<f2")
        if tensor.Sparsity() is None:
            return numbers.reshape(shape)
        last = tensor.Sparsity().DimMetadata(len(shape) - 1)
        starts = _vector(last.ArraySegments(), last.ArraySegmentsType())
        columns = _vector(last.ArrayIndices(), last.ArrayIndicesType())
        rows = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
        dense = np.zeros((len(starts) - 1, shape[-1]), np.float16)
        dense[rows, columns] = numbers[: len(columns)]
        return dense.reshape(shape)

    def _shape(self, place: int) -> list[int]:
        shape: list[int] = self.graph.Tensors(place).ShapeAsNumpy().tolist()
        return shape


def _options(operator: Any, kind: int) -> Any:
    if kind not in OPTIONS:
        return None
    made, table = OPTIONS[kind](), operator.BuiltinOptions()
    made.Init(table.Bytes, table.Pos)
    return made


def _vector(table: Any, kind: int) -> NDArray[np.int64]:
    """Return the indices of a sparse dimension, stored as int32, uint16 or uint8."""
    vectors = {1: tflite.Int32Vector, 2: tflite.Uint16Vector, 3: tflite.Uint8Vector}
    made = vectors[kind]()
    made.Init(table.Bytes, table.Pos)
    values: NDArray[np.int64] = made.ValuesAsNumpy().astype(np.int64)
    return values


def _name(place: int) -> str:
    return f"t{place}"


def _expect(is_right: bool, wanted: str) -> None:
    if not is_right:
        raise ValueError(f"expected {wanted}")
