"""Boxes between the networks, held against facenet-pytorch's own functions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from facenet_pytorch.models.utils.detect_face import batched_nms_numpy, bbreg, pad, rerec
from ferkit_mtcnn.boxes import Candidates, make_square, shift, suppress, suppress_nested, to_pixels
from torch import Tensor


@pytest.fixture
def boxes() -> Tensor:
    drawn = torch.Generator().manual_seed(0)
    corners = torch.rand(60, 2, generator=drawn) * 120 - 20
    return torch.cat([corners, corners + 2 + torch.rand(60, 2, generator=drawn) * 60], dim=1)


def candidates(boxes: Tensor, images: Tensor) -> Candidates:
    scores = torch.rand(len(boxes), generator=torch.Generator().manual_seed(1))
    return Candidates(boxes, scores, images, torch.arange(len(boxes)).float()[:, None])


def test_edges_move_as_facenet_pytorch_moves_them(boxes: Tensor) -> None:
    offsets = torch.rand(60, 4, generator=torch.Generator().manual_seed(2)) - 0.5
    assert torch.allclose(shift(boxes, offsets, extra=1), bbreg(boxes.clone(), offsets), atol=1e-4)


def test_squares_are_facenet_pytorchs(boxes: Tensor) -> None:
    assert torch.allclose(make_square(boxes), rerec(boxes.clone()), atol=1e-4)


def test_what_reaches_beyond_the_picture_is_cut_off_as_facenet_pytorch_does(boxes: Tensor) -> None:
    y0, y1, x0, x1 = pad(boxes, 90, 70)
    ours = to_pixels(boxes, (70, 90))
    assert ours.tolist() == np.stack([x0 - 1, y0 - 1, x1, y1], axis=1).tolist()
    assert ours[:, :2].min() == 0
    assert ours[:, 2:].amax(dim=0).tolist() == [90, 70]


def test_a_box_outside_the_picture_comes_out_empty() -> None:
    x0, y0, x1, y1 = to_pixels(torch.tensor([[-30.0, 5.0, -3.0, 20.0]]), (50, 50))[0]
    assert x0 >= x1
    assert y0 < y1


@pytest.mark.parametrize("images", [1, 3])
def test_nested_boxes_are_suppressed_as_by_facenet_pytorch(boxes: Tensor, images: int) -> None:
    given = candidates(boxes, torch.arange(60) % images)
    theirs = batched_nms_numpy(given.boxes, given.scores, given.images, 0.7, "Min")
    ours = suppress_nested(given, 0.7)
    assert 10 < len(ours) < 60
    assert ours.values[:, 0].long().tolist() == theirs.tolist()


def test_a_box_inside_another_is_suppressed_by_the_smaller_area_alone() -> None:
    boxes = torch.tensor([[0.0, 0.0, 100.0, 100.0], [40.0, 40.0, 60.0, 60.0]])
    given = Candidates(boxes, torch.tensor([0.8, 0.9]), torch.zeros(2).long(), torch.zeros(2, 4))
    assert len(suppress(given, given.images, 0.7)) == 2
    assert suppress_nested(given, 0.7).scores.tolist() == pytest.approx([0.9])


def test_suppression_does_not_depend_on_the_other_images(boxes: Tensor) -> None:
    alone = candidates(boxes, torch.zeros(60).long())
    far = Candidates.joined(
        Candidates(alone.boxes, alone.scores, alone.images + number, alone.values) for number in range(500)
    )
    kept = suppress(far, far.images, 0.5)
    last = kept[kept.images == 499]
    assert torch.equal(last.boxes, suppress(alone, alone.images, 0.5).boxes)


def test_of_nothing_nothing_is_left() -> None:
    nothing = Candidates.none(5, 2, device=torch.device("cpu"))
    assert len(suppress(nothing, nothing.images, 0.5)) == len(suppress_nested(nothing, 0.5)) == 0
    assert nothing.values.shape == (0, 5, 2)
