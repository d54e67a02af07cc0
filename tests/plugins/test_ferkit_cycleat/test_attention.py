"""Attention maps with values computed by hand."""

from __future__ import annotations

import pytest
import torch
from ferkit_cycleat.attention import activation_attention, attention_loss, grad_cam_attention, teach_attention
from ferkit_cycleat.classifiers import make_classifier


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


# Two channels of two places: f² is 1, 16 and 9, 0; its mean over the channels 5 and 8.
MAPS = torch.tensor([[[[1.0, -4.0]], [[3.0, 0.0]]]])


def test_activation_is_the_mean_square_over_the_channels_made_of_length_one() -> None:
    length = (5**2 + 8**2) ** 0.5
    torch.testing.assert_close(activation_attention(MAPS), torch.tensor([[5 / length, 8 / length]]))


def test_activation_knows_no_scale_and_a_dead_map_gives_zero() -> None:
    torch.testing.assert_close(activation_attention(7 * MAPS), activation_attention(MAPS))
    assert activation_attention(torch.zeros(1, 2, 1, 2)).tolist() == [[0, 0]]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        # α is half of the class's row, the average being over two places. Class 0: 2·f₁ + 1·f₂ = 5, −8.
        (0, [1.0, 0.0]),
        # Class 1: −1·f₁ + 1·f₂ = 2, 4.
        (1, [2 / 20**0.5, 4 / 20**0.5]),
    ],
)
def test_grad_cam_of_a_linear_classifier_is_its_row_times_the_maps(
    chosen: int, expected: list[float]
) -> None:
    rows = torch.tensor([[2.0, 1.0], [-1.0, 1.0]])
    maps = MAPS.clone().requires_grad_()
    logits = maps.mean(dim=(2, 3)) @ rows.T
    found = grad_cam_attention(maps, logits, torch.tensor([chosen]))
    torch.testing.assert_close(found.detach(), torch.tensor([expected]))


def test_grad_cam_of_one_image_does_not_depend_on_the_others() -> None:
    classifier = make_classifier("small", 4, 3).eval()
    images, classes = torch.randn(3, 3, 16, 16), torch.tensor([0, 2, 1])
    together = teach_attention("grad_cam", classifier, images, classes)
    alone = [
        teach_attention("grad_cam", classifier, one[None], label[None])
        for one, label in zip(images, classes, strict=True)
    ]
    torch.testing.assert_close(together, torch.cat(alone))


def test_grad_cam_depends_on_the_class_and_activation_does_not() -> None:
    classifier = make_classifier("small", 4, 3).eval()
    images = torch.randn(1, 3, 16, 16)
    by_class = {
        kind: [teach_attention(kind, classifier, images, torch.tensor([k])) for k in (0, 1)]
        for kind in ("grad_cam", "activation")
    }
    assert not torch.allclose(*by_class["grad_cam"])
    assert torch.equal(*by_class["activation"])


def test_loss_is_the_mean_of_squared_differences() -> None:
    assert attention_loss(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])).item() == 1.0
    assert attention_loss(torch.tensor([[0.5, 0.5]]), torch.tensor([[0.5, 0.0]])).item() == 0.125


def test_student_learns_through_both_kinds_and_teacher_through_neither() -> None:
    for kind in ("activation", "grad_cam"):
        teacher, student = make_classifier("small", 4, 3), make_classifier("small", 4, 3)
        images, classes = torch.randn(2, 3, 32, 32), torch.tensor([0, 1])
        taught = teach_attention(kind, teacher, images, classes)
        assert not taught.requires_grad
        with torch.no_grad():
            student.classify.weight.abs_()  # else the ReLU of Grad-CAM may leave nothing of these few places
        maps, logits = student.look(images)
        seen = (
            activation_attention(maps) if kind == "activation" else grad_cam_attention(maps, logits, classes)
        )
        attention_loss(seen, taught).backward()
        gradients = [p.grad for p in student.trunk.parameters() if p.grad is not None]
        assert gradients
        assert sum(g.abs().sum() for g in gradients) > 0
        assert all(p.grad is None for p in teacher.parameters())
