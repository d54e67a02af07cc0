"""Operations on boxes, in torch and numpy, compared with facenet-pytorch's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from facenet_pytorch.models.utils.detect_face import batched_nms_numpy, bbreg, pad, rerec
from ferkit_detectors.mtcnn.boxes import Candidates, make_square, shift, suppress, suppress_nested, to_pixels
from ferkit_detectors.mtcnn.runtime import Runtime
from ferkit_detectors.mtcnn.suppression import suppress_by_numpy
from ferkit_detectors.mtcnn.torch_runtime import TorchRuntime
from numpy.typing import NDArray
from torch import Tensor


@pytest.fixture
def boxes() -> Tensor:
    drawn = torch.Generator().manual_seed(0)
    corners = torch.rand(60, 2, generator=drawn) * 120 - 20
    return torch.cat([corners, corners + 2 + torch.rand(60, 2, generator=drawn) * 60], dim=1)


def candidates(boxes: Tensor, images: Tensor) -> Candidates:
    """In numpy."""
    scores = torch.rand(len(boxes), generator=torch.Generator().manual_seed(1))
    parts = (boxes, scores, images, torch.arange(len(boxes)).float()[:, None])
    return Candidates(*(part.numpy() for part in parts))


def given_to(runtime: Runtime, found: Candidates) -> Candidates:
    parts = (found.boxes, found.scores, found.images, found.values)
    return Candidates(*(runtime.xp.asarray(part) for part in parts))


def test_edges_move_as_facenet_pytorch_moves_them(runtime: Runtime, boxes: Tensor) -> None:
    offsets = torch.rand(60, 4, generator=torch.Generator().manual_seed(2)) - 0.5
    ours = shift(runtime.xp, *(runtime.xp.asarray(one.numpy()) for one in (boxes, offsets)), extra=1)
    assert np.allclose(runtime.to_numpy(ours), bbreg(boxes.clone(), offsets), atol=1e-4)


def test_squares_are_facenet_pytorchs(runtime: Runtime, boxes: Tensor) -> None:
    ours = make_square(runtime.xp, runtime.xp.asarray(boxes.numpy()))
    assert np.allclose(runtime.to_numpy(ours), rerec(boxes.clone()), atol=1e-4)


def test_what_reaches_beyond_the_picture_is_cut_off_as_facenet_pytorch_does(
    runtime: Runtime, boxes: Tensor
) -> None:
    y0, y1, x0, x1 = pad(boxes, 90, 70)
    ours = runtime.to_numpy(to_pixels(runtime, runtime.xp.asarray(boxes.numpy()), (70, 90)))
    assert ours.tolist() == np.stack([x0 - 1, y0 - 1, x1, y1], axis=1).tolist()
    assert ours[:, :2].min() == 0
    assert ours[:, 2:].max(axis=0).tolist() == [90, 70]


def test_a_box_outside_the_picture_comes_out_empty(runtime: Runtime) -> None:
    x0, y0, x1, y1 = to_pixels(runtime, runtime.xp.asarray([[-30.0, 5.0, -3.0, 20.0]]), (50, 50))[0]
    assert x0 >= x1
    assert y0 < y1


@pytest.mark.parametrize("images", [1, 3])
def test_nested_boxes_are_suppressed_as_by_facenet_pytorch(boxes: Tensor, images: int) -> None:
    given = candidates(boxes, torch.arange(60) % images)
    tensors = (torch.from_numpy(part) for part in (given.boxes, given.scores, given.images))
    theirs = batched_nms_numpy(*tensors, 0.7, "Min")
    ours = suppress_nested(given, 0.7)
    assert 10 < len(ours) < 60
    assert ours.values[:, 0].astype(int).tolist() == theirs.tolist()


def test_a_box_inside_another_is_suppressed_by_the_smaller_area_alone(runtime: Runtime) -> None:
    boxes = np.array([[0, 0, 100, 100], [40, 40, 60, 60]], np.float32)
    scores = np.array([0.8, 0.9], np.float32)
    given = Candidates(boxes, scores, np.zeros(2, np.int64), np.zeros((2, 4), np.float32))
    asked = given_to(runtime, given)
    assert len(suppress(runtime, asked, asked.images, 0.7)) == 2
    assert suppress_nested(given, 0.7).scores.tolist() == pytest.approx([0.9])


def test_suppression_does_not_depend_on_the_other_images(runtime: Runtime, boxes: Tensor) -> None:
    alone = given_to(runtime, candidates(boxes, torch.zeros(60).long()))
    far = Candidates.joined(
        runtime.xp,
        (Candidates(alone.boxes, alone.scores, alone.images + number, alone.values) for number in range(500)),
    )
    kept = suppress(runtime, far, far.images, 0.5)
    last = runtime.to_numpy(kept[kept.images == 499].boxes)
    assert np.array_equal(last, runtime.to_numpy(suppress(runtime, alone, alone.images, 0.5).boxes))


def test_of_nothing_nothing_is_left(runtime: Runtime) -> None:
    nothing = Candidates.none(5, 2)
    asked = given_to(runtime, nothing)
    assert len(suppress(runtime, asked, asked.images, 0.5)) == len(suppress_nested(nothing, 0.5)) == 0
    assert nothing.values.shape == (0, 5, 2)


def windows(many: int, side: int) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
    """Whole pixels and few scores, as P-Net's: equal overlaps and equal scores are frequent."""
    drawn = np.random.default_rng(many)
    corners = drawn.integers(0, side, (many, 2))
    boxes = np.concatenate([corners, corners + drawn.integers(0, 24, (many, 2))], axis=1)
    scores = drawn.integers(60, 100, many) / 100
    return boxes.astype(np.float32), scores.astype(np.float32), drawn.integers(0, 3, many)


@pytest.mark.parametrize("overlap", [0.5, 0.7])
@pytest.mark.parametrize(("many", "side"), [(1, 9), (127, 40), (128, 40), (300, 30), (900, 40), (3000, 90)])
def test_numpy_keeps_what_torchvision_keeps(many: int, side: int, overlap: float) -> None:
    given = windows(many, side)
    theirs = TorchRuntime("cpu").suppress(*(torch.from_numpy(one) for one in given), overlap)
    ours = suppress_by_numpy(*given, overlap)
    assert sorted(ours.tolist()) == sorted(theirs.tolist())
    assert len(ours) < many or many == 1
    order = [(-given[1][one], one) for one in ours.tolist()]
    assert order == sorted(order)
    if many <= 1000:  # torchvision puts equal scores of more boxes in any order
        assert ours.tolist() == theirs.tolist()


def test_an_overlap_of_just_the_limit_is_not_more_than_it(runtime: Runtime) -> None:
    side_by_side = runtime.xp.asarray(np.array([[0, 0, 3, 2], [1, 0, 4, 2]], np.float32))  # 4 of 8
    scores, groups = runtime.xp.asarray(np.ones(2, np.float32)), runtime.xp.asarray([0, 0])
    assert runtime.suppress(side_by_side, scores, groups, 0.5).tolist() == [0, 1]
    assert runtime.suppress(side_by_side, scores, groups, 0.49).tolist() == [0]
