"""A convolution that skips kernel elements (taps) which only cover padding."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional as F


class Axis(NamedTuple):
    """One axis of a cropped convolution.

    Attributes:
        first: Position of the first used tap.
        taps: Number of used taps.
        before: Zeros before the map. A negative number removes values.
        after: Zeros after the map. A negative number removes values.
        stride: Distance between two outputs.
    """

    first: int
    taps: int
    before: int
    after: int
    stride: int


class CroppedConv2d(nn.Conv2d):
    """An nn.Conv2d that crops its kernel on maps that are smaller than the kernel.

    It skips taps that only cover padding, and adds the padding of the others as zeros. On a 1×1 map, a padded
    3×3 kernel becomes its centre. A stride that is longer than the map becomes 1. Outputs and gradients stay
    the same, up to rounding. torch handles padding modes other than "zeros".

    The reason is a bug of torch 2.14.1 in bfloat16 on a CPU with AVX-512 or AMX. The weight gradient of such
    taps, or of some kernels with such a stride, is uninitialised memory.
    """

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:  # noqa: A002
        if self.padding_mode != "zeros" or not (self._is_cropped(0, input) or self._is_cropped(1, input)):
            whole: Tensor = super()._conv_forward(input, weight, bias)
            return whole
        rows, columns = self._crop(0, input), self._crop(1, input)
        padded = F.pad(input, (columns.before, columns.after, rows.before, rows.after))
        kept = weight.narrow(2, rows.first, rows.taps).narrow(3, columns.first, columns.taps)
        return F.conv2d(padded, kept, bias, (rows.stride, columns.stride), 0, self.dilation, self.groups)

    def _is_cropped(self, axis: int, maps: Tensor) -> bool:
        before, after = self._padding_of(axis)
        size, reach = maps.shape[axis - 2], self.dilation[axis] * (self.kernel_size[axis] - 1)
        stride = self.stride[axis]
        # A kernel inside the map has such taps too if the stride skips the first values.
        has_idle_taps = after > 0 and (size <= max(reach, after) or stride > before + 1)
        return has_idle_taps or stride > size

    def _crop(self, axis: int, maps: Tensor) -> Axis:
        kernel, stride, dilation = self.kernel_size[axis], self.stride[axis], self.dilation[axis]
        return crop_axis(maps.shape[axis - 2], kernel, stride, *self._padding_of(axis), dilation)

    def _padding_of(self, axis: int) -> tuple[int, int]:
        if not isinstance(self.padding, str):
            return self.padding[axis], self.padding[axis]
        total = self.dilation[axis] * (self.kernel_size[axis] - 1) if self.padding == "same" else 0
        return total // 2, total - total // 2


def crop_axis(size: int, kernel: int, stride: int, before: int, after: int, dilation: int) -> Axis:
    """Select the taps that cover one of `size` values, with the padding that they need.

    If no tap covers a value, the kernel stays unchanged.
    """
    starts = range(-before, size + after - dilation * (kernel - 1), stride)
    met = [tap for tap in range(kernel) if any(0 <= start + tap * dilation < size for start in starts)]
    if not met:
        return Axis(0, kernel, before, after, stride)
    first, last = met[0], met[-1]
    after = starts[-1] + last * dilation + 1 - size
    return Axis(first, last - first + 1, before - first * dilation, after, stride if len(starts) > 1 else 1)
