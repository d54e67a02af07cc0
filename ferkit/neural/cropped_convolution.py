"""A convolution without the taps of its kernel that only meet padding."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional as F


class Axis(NamedTuple):
    """One axis of a convolution, as it is computed.

    Attributes:
        first: The first tap that is kept.
        taps: How many taps are kept from there.
        before: Zeros before the map. A negative number cuts values off.
        after: Zeros after the map, likewise.
        stride: Steps between two outputs.
    """

    first: int
    taps: int
    before: int
    after: int
    stride: int


class CroppedConv2d(nn.Conv2d):
    """An nn.Conv2d that crops its kernel on maps that are smaller than the kernel.

    Taps that only ever meet padding are left out. The padding that the others need is written as zeros
    first. A stride that is longer than the map becomes 1. Outputs and gradients are the same numbers, up
    to rounding. On a 1×1 map, a padded 3×3 kernel becomes its centre. Padding modes other than "zeros" are
    left to torch.

    The reason: with torch 2.14.1 on a CPU with AVX-512 or AMX, in bfloat16, nothing writes the weight
    gradient of such taps, or of some kernels with such a stride. It is freed memory: NaN, or finite rubbish.
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
        # A kernel within the map has such taps too where the stride skips the first values.
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
    """Keep the taps that meet one of `size` values, and the zeros that these need.

    A kernel of which no tap meets a value is left whole.
    """
    starts = range(-before, size + after - dilation * (kernel - 1), stride)
    met = [tap for tap in range(kernel) if any(0 <= start + tap * dilation < size for start in starts)]
    if not met:
        return Axis(0, kernel, before, after, stride)
    first, last = met[0], met[-1]
    after = starts[-1] + last * dilation + 1 - size
    return Axis(first, last - first + 1, before - first * dilation, after, stride if len(starts) > 1 else 1)
