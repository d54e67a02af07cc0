"""Area interpolation from summed areas, in torch and numpy, compared with torch's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ferkit_detectors.mtcnn.area import bins, resize, resize_boxes, summed_area
from ferkit_detectors.mtcnn.runtime import Runtime
from ferkit_detectors.mtcnn.torch_runtime import TorchRuntime, summed_by_torch
from numpy.typing import NDArray
from torch.nn.functional import interpolate

ALL = slice(None)


def noise(*shape: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)


def torchs(images: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.float32]:
    maps = torch.from_numpy(images).permute(0, 3, 1, 2).float()
    return np.asarray((interpolate(maps, size=size, mode="area") - 127.5) / 128)


def crops(
    runtime: Runtime, images: NDArray[np.uint8], which: list[int], boxes: list[tuple[int, ...]]
) -> NDArray[np.float32]:
    xp, sums = runtime.xp, runtime.summed_area(images)
    return runtime.to_numpy(resize_boxes(runtime, sums, xp.asarray(which), xp.asarray(boxes), 24))


@pytest.mark.parametrize("size", [(29, 41), (17, 13), (1, 1), (30, 41), (60, 50), (5, 41)])
def test_images_are_resized_as_torch_does(runtime: Runtime, size: tuple[int, int]) -> None:
    images = noise(2, 29, 41)
    ours = resize(runtime, runtime.summed_area(images), size, ALL)
    assert np.allclose(runtime.to_numpy(ours), torchs(images, size), atol=1e-6)


def test_some_rows_are_those_of_the_whole(runtime: Runtime) -> None:
    sums = runtime.summed_area(noise(1, 50, 40))
    whole = resize(runtime, sums, (33, 21), ALL)
    some = resize(runtime, sums, (33, 21), slice(7, 19))
    assert np.array_equal(runtime.to_numpy(some), runtime.to_numpy(whole[:, :, 7:19]))


def test_boxes_of_all_sizes_are_resized_as_torch_does_each_alone(runtime: Runtime) -> None:
    images = noise(3, 70, 90)
    boxes = [(0, 0, 90, 70), (5, 6, 29, 30), (10, 9, 11, 60), (3, 40, 80, 41), (89, 69, 90, 70), (1, 2, 8, 7)]
    which = [0, 1, 2, 0, 1, 2]
    ours = crops(runtime, images, which, boxes)
    for crop, image, (x0, y0, x1, y1) in zip(ours, which, boxes, strict=True):
        assert np.allclose(crop, torchs(images[image : image + 1, y0:y1, x0:x1], (24, 24))[0], atol=1e-6)


def test_results_lie_in_torchs_memory_with_channels_last() -> None:
    runtime = TorchRuntime("cpu")
    sums = runtime.summed_area(noise(2, 30, 30))
    assert resize(runtime, sums, (20, 20), ALL).is_contiguous(memory_format=torch.channels_last)
    boxes = torch.tensor([[0, 0, 9, 9]] * 2)
    found = resize_boxes(runtime, sums, torch.tensor([0, 1]), boxes, 24)
    assert found.is_contiguous(memory_format=torch.channels_last)


def test_a_picture_whose_sums_exceed_32_bits_is_resized_all_the_same(runtime: Runtime) -> None:
    white = np.full((1, 2000, 4300, 3), 255, np.uint8)
    sums = runtime.summed_area(white)
    assert sums.min() < 0  # they have wrapped around
    assert np.allclose(crops(runtime, white, [0], [(4200, 1900, 4300, 2000)]), 127.5 / 128)
    assert np.allclose(runtime.to_numpy(resize(runtime, sums, (30, 20), ALL)), 127.5 / 128)


def test_sums_are_the_same_by_opencv_and_by_torch() -> None:
    images = noise(2, 9, 7)
    sums = summed_area(images)
    assert (sums.shape, sums.dtype) == ((2, 10, 8, 3), np.int32)
    assert sums[1, -1, -1].tolist() == images[1].sum(axis=(0, 1)).tolist()
    by_torch = summed_by_torch(torch.from_numpy(images))
    assert by_torch.dtype == torch.int32
    assert np.array_equal(sums, by_torch.numpy())


def test_bins_cover_every_pixel_and_share_one_where_they_do_not_fit(runtime: Runtime) -> None:
    starts, ends = bins(runtime, runtime.xp.asarray([7, 6]), 3)
    assert starts.tolist() == [[0, 2, 4], [0, 2, 4]]
    assert ends.tolist() == [[3, 5, 7], [2, 4, 6]]
